use anyhow::Result;
use bridge_tests::{
    matrix::{MatrixError, MatrixUser, NewRoom},
    nio::NioUser,
    rig::Synapse,
    wait::PATIENCE,
};
use serde_json::json;

#[tokio::test]
async fn three_users_talk_on_synapse_and_its_restart_loses_nothing() -> Result<()> {
    let mut synapse = Synapse::builder().room_version("11").start().await?;
    let (ann, ben, cleo) = tokio::try_join!(
        MatrixUser::register(&synapse, "ann"),
        MatrixUser::register(&synapse, "ben"),
        NioUser::register(&synapse, "cleo"),
    )?;
    let room = NewRoom::default().public().alias("talk").name("Talk").topic("Of the day");
    let room = ann.create_room(room).await?;
    assert!(room.ends_with(":localhost"), "version 11 has the server in its ids: {room}");
    assert_eq!(ben.join_via("#talk:localhost", "localhost").await?, room);
    assert_eq!(cleo.join("#talk:localhost").await?, room);

    ann.send_text(&room, "hello").await?;
    cleo.wait_for("ann's words", |event| event.says(&room, "hello")).await?;
    ben.send_emote(&room, "waves").await?;
    cleo.send_text(&room, "hi both").await?;
    let slip = ben.send_notice(&room, "a slip").await?;
    ben.redact(&room, &slip, "a slip").await?;
    ann.wait_for("the redaction", |event| event.content()["redacts"] == slip.as_str()).await?;
    ben.wait_for("cleo's words", |event| event.sender() == cleo.id() && event.body() == "hi both")
        .await?;

    synapse.process.restart().await?;
    let renaming = ben.set_state(&room, "m.room.name", "", json!({"name": "Mine"})).await;
    let refusal = renaming.expect_err("ben has no power").downcast::<MatrixError>()?;
    assert_eq!(refusal.errcode, "M_FORBIDDEN");
    ann.send_text(&room, "still here").await?;
    ben.wait_for("words after the restart", |event| event.says(&room, "still here")).await?;

    let bodies: Vec<String> = ann
        .history(&room)
        .await?
        .iter()
        .filter(|event| event.is_message_in(&room))
        .map(|event| event.body().to_owned())
        .collect();
    assert_eq!(bodies, ["hello", "waves", "hi both", "", "still here"]);
    assert_eq!(ben.members(&room).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_room_has_version_12_by_default_and_a_burst_leaves_no_gap() -> Result<()> {
    let synapse = Synapse::builder().start().await?;
    let (ann, ben) = tokio::try_join!(
        MatrixUser::register(&synapse, "ann"),
        MatrixUser::register(&synapse, "ben"),
    )?;
    let room = ann.create_room(NewRoom::default().invite(&[ben.id()])).await?;
    assert!(!room.contains(':'), "version 12 has no server in its ids: {room}");
    ben.wait_for("the invitation", |event| event.is_membership(&room, ben.id(), "invite")).await?;
    ben.join(&room).await?;
    let expected: Vec<_> =
        (0..60).map(|number| (ann.id().to_owned(), number.to_string())).collect();
    for (_, body) in &expected {
        ann.send_text(&room, body).await?;
    }
    ben.inbox()
        .wait("the last of the burst", PATIENCE, |_| {
            (ben.said_in(&room).len() == expected.len()).then_some(())
        })
        .await?;
    assert_eq!(ben.said_in(&room), expected);
    Ok(())
}
