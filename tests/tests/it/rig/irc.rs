use anyhow::Result;
use bridge_tests::{
    irc::{IrcLogin, IrcUser},
    rig::{InspIrcd, NgIrcd, Tls},
};

/// What any two users can do on any server.
async fn converse(mut ann: IrcUser, ben: IrcUser) -> Result<()> {
    ann.join("#talk").await?;
    ben.join("#talk").await?;
    ann.wait_for("ben's arrival", |it| it.command == "JOIN" && it.nick() == "ben").await?;
    ann.topic("#talk", "Of the day").await?;
    ben.wait_for("the topic", |it| it.command == "TOPIC" && it.text() == "Of the day").await?;
    ann.privmsg("#talk", "hello: all").await?;
    ben.wait_for("ann's words", |line| line.is_message("#talk", "hello: all")).await?;
    ben.action("#talk", "waves").await?;
    ann.wait_for("ben's wave", |line| line.action() == Some("waves")).await?;
    ann.rename("anna").await?;
    let mut names = ben.names("#talk").await?;
    names.sort();
    assert_eq!(names, ["anna", "ben"]);
    ben.part("#talk", "bye").await?;
    ann.wait_for("ben's parting", |it| it.command == "PART" && it.nick() == "ben").await?;
    ben.quit("gone").await?;
    assert_eq!(ann.said_in("#talk"), [("ben".to_owned(), "* waves".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn users_talk_on_inspircd_in_clear_and_over_tls() -> Result<()> {
    let tls = Tls::new()?;
    let server = InspIrcd::builder().tls(&tls).start().await?;
    let secure = server.tls_address().expect("it has a TLS listener");
    let (ann, ben) = tokio::try_join!(
        IrcUser::connect(server.address(), "ann"),
        IrcLogin::new(secure, "ben").tls(&tls).connect(),
    )?;
    converse(ann, ben).await
}

#[tokio::test]
async fn users_talk_on_ngircd_in_clear_and_over_tls() -> Result<()> {
    let tls = Tls::new()?;
    let mut server = NgIrcd::builder().tls(&tls).start().await?;
    let secure = server.tls_address().expect("it has a TLS listener").to_owned();
    let (ann, ben) = tokio::try_join!(
        IrcUser::connect(server.address(), "ann"),
        IrcLogin::new(&secure, "ben").tls(&tls).connect(),
    )?;
    converse(ann, ben).await?;
    server.process.restart().await?;
    IrcUser::connect(server.address(), "ann").await?;
    Ok(())
}

#[tokio::test]
async fn a_channel_with_history_replays_lines_with_their_msgids() -> Result<()> {
    const CAPABILITIES: &[&str] =
        &["batch", "echo-message", "labeled-response", "message-tags", "server-time"];
    let server = InspIrcd::builder().default_modes("notH 50:600").start().await?;
    let login = |nick| IrcLogin::new(server.address(), nick).capabilities(CAPABILITIES);
    let (ann, ben) = tokio::try_join!(login("ann").connect(), login("ben").connect())?;
    ann.join("#kept").await?;
    ann.raw("@label=one PRIVMSG #kept :for the record").await?;
    let echo = ann
        .wait_for("the echo", |line| line.tags.get("label").is_some_and(|it| it == "one"))
        .await?;
    ben.join("#kept").await?;
    let replay =
        ben.wait_for("the replay", |line| line.is_message("#kept", "for the record")).await?;
    assert_eq!(replay.tags["msgid"], echo.tags["msgid"]);
    let batch = ben
        .wait_for("the batch", |line| {
            line.command == "BATCH" && line.param(0) == format!("+{}", replay.tags["batch"])
        })
        .await?;
    assert_eq!(batch.param(1), "chathistory");
    Ok(())
}

#[tokio::test]
async fn two_thousand_lines_arrive_in_order_without_penalty() -> Result<()> {
    let server = InspIrcd::builder().start().await?;
    let (ann, ben) = tokio::try_join!(
        IrcUser::connect(server.address(), "ann"),
        IrcUser::connect(server.address(), "ben"),
    )?;
    tokio::try_join!(ann.join("#flood"), ben.join("#flood"))?;
    let expected: Vec<_> = (0..2000).map(|n| ("ann".to_owned(), format!("line {n}"))).collect();
    for (_, text) in &expected {
        ann.privmsg("#flood", text).await?;
    }
    ben.wait_for("the last line", |line| line.text() == "line 1999").await?;
    assert_eq!(ben.said_in("#flood"), expected);
    assert!(ben.inbox().closed().is_none());
    Ok(())
}
