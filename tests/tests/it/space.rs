//! A Space whose children are the bridged rooms.

use std::collections::BTreeSet;

use anyhow::Result;
use bridge_tests::{
    matrix::{MatrixUser, NewRoom},
    stack::Stack,
    wait,
};
use serde_json::json;

#[tokio::test]
async fn a_space_follows_the_links() -> Result<()> {
    let mut stack = Stack::irc()
        .set("portals.space", true)
        .set("permissions", json!({ "@ann:localhost": "admin", "*": "user" }))
        .start()
        .await?;
    let ann = stack.matrix_user("ann").await?;
    let plumbed = ann.create_room(NewRoom::default().public()).await?;
    let link = json!({ "remote": "local/#plumbed", "room": plumbed });
    let (status, answer) = stack.bridge.api("PUT", "links", &link).await?;
    assert_eq!(status, 200, "{answer}");
    let invite = ann
        .wait_for("the Space", |event| {
            event.kind() == "m.room.member" && event.content()["membership"] == "invite"
        })
        .await?;
    let space = ann.join(&invite.room).await?;
    assert_eq!(ann.state(&space, "m.room.create", "").await?["type"], "m.space");
    let opened = ann.join(&stack.alias("#opened")).await?;
    holds(&ann, &space, &[&plumbed, &opened]).await?;

    stack.bridge.restart().await?;
    let unlink = json!({ "room": plumbed });
    let (status, answer) = stack.bridge.api("POST", "links/unlink", &unlink).await?;
    assert_eq!(status, 200, "{answer}");
    holds(&ann, &space, &[&opened]).await?;
    let events = ann.events();
    let invites = events.iter().filter(|it| it.content()["membership"] == "invite");
    let spaces: BTreeSet<&str> = invites.map(|it| it.room.as_str()).collect();
    assert_eq!(spaces, BTreeSet::from([space.as_str()]), "there is one Space");
    Ok(())
}

async fn holds(ann: &MatrixUser, space: &str, rooms: &[&str]) -> Result<()> {
    let wanted: BTreeSet<&str> = rooms.iter().copied().collect();
    wait::until(format!("{wanted:?} stand in the Space"), wait::PATIENCE, async || {
        let state = ann.whole_state(space).await?;
        let present: BTreeSet<&str> = state
            .iter()
            .filter(|it| it["type"] == "m.space.child" && it["content"]["via"].is_array())
            .filter_map(|it| it["state_key"].as_str())
            .collect();
        Ok((present == wanted).then_some(()))
    })
    .await
}
