//! What keeps a bridge from doing harm.

use anyhow::Result;
use bridge_tests::{
    bridge::Bridge,
    irc::IrcUser,
    matrix::NewRoom,
    rig::{InspIrcd, Synapse},
    stack::Stack,
    wait,
};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_flood_of_newcomers_makes_no_accounts_and_is_told_once() -> Result<()> {
    const MANY: usize = 300;
    let stack = Stack::irc().set("irc.networks.local.membership", "full").start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#flood").await?;
    let room = ann.join(&stack.alias("#flood")).await?;
    let mut coming = JoinSet::new();
    for number in 0..MANY {
        let address = stack.irc.address().to_owned();
        coming.spawn(async move { IrcUser::connect(&address, &format!("flood{number}")).await });
    }
    let mut crowd = Vec::new();
    while let Some(user) = coming.join_next().await {
        crowd.push(user??);
    }
    for user in &crowd {
        user.raw("JOIN #flood").await?;
    }
    ann.wait_for("the notice", |it| {
        it.is_message_in(&room) && it.body().starts_with("Very many people")
    })
    .await?;
    // One of them speaks, and all that was read before is done with.
    let speaker = crowd.pop().expect("there are many");
    wait::until("the speaker is in", wait::PATIENCE, async || {
        Ok(bob.names("#flood").await?.iter().any(|nick| nick == speaker.nick()).then_some(()))
    })
    .await?;
    speaker.privmsg("#flood", "hello").await?;
    ann.wait_for("the one who spoke", |it| it.says(&room, "hello")).await?;
    let members = ann.members(&room).await?;
    let ghosts = members.keys().filter(|user| user.contains("_flood")).count();
    assert_eq!(ghosts, 1, "{members:?}");
    let told = ann.said_in(&room).iter().filter(|(_, body)| body.starts_with("Very many")).count();
    assert_eq!(told, 1);
    Ok(())
}

#[tokio::test]
async fn policy_lists_and_server_acls_count_in_both_directions() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, mallory, bob, spammer) = tokio::try_join!(
        stack.matrix_user("ann"),
        stack.matrix_user("mallory"),
        stack.irc_user("bob"),
        stack.irc_user("spammer"),
    )?;
    tokio::try_join!(bob.join("#policy"), spammer.join("#policy"))?;
    let list = ann.create_room(NewRoom::default().public().name("bans")).await?;
    stack.bridge.set("policy_rooms", json!([list]))?;
    stack.bridge.restart().await?;
    let room = ann.join(&stack.alias("#policy")).await?;
    mallory.join(&room).await?;
    mallory.send_text(&room, "before").await?;
    bob.wait_for("words before the ban", |line| line.is_message("#policy", "before")).await?;

    let ban = |entity: String| json!({"entity": entity, "recommendation": "m.ban", "reason": "x"});
    ann.set_state(&list, "m.policy.rule.user", "1", ban(mallory.id().to_owned())).await?;
    ann.set_state(&list, "m.policy.rule.user", "2", ban(stack.ghost("spam*"))).await?;
    mallory.send_text(&room, "after").await?;
    ann.send_text(&room, "all clear").await?;
    bob.wait_for("words of others", |line| line.is_message("#policy", "all clear")).await?;
    assert!(!bob.lines().iter().any(|line| line.text().contains("after")));

    spammer.privmsg("#policy", "buy this").await?;
    spammer.privmsg("#policy", "and this").await?;
    // Both are in one channel, so that what bob says comes after it.
    bob.wait_for("the spam on IRC", |line| line.is_message("#policy", "and this")).await?;
    bob.privmsg("#policy", "ignore them").await?;
    ann.wait_for("words of others", |it| it.says(&room, "ignore them")).await?;
    assert!(!ann.events().iter().any(|it| it.body().contains("this")));

    // A rule that is taken back is none.
    ann.set_state(&list, "m.policy.rule.user", "1", json!({})).await?;
    mallory.send_text(&room, "again").await?;
    bob.wait_for("words after the ban", |line| line.is_message("#policy", "again")).await?;
    Ok(())
}

#[tokio::test]
async fn two_bridges_of_one_channel_do_not_go_round_in_circles() -> Result<()> {
    let irc = InspIrcd::builder().start().await?;
    let synapse = Synapse::builder();
    let bridge = |id: &str, prefix: &str, bot: &str, nick: &str| {
        Bridge::builder("bridge-irc")
            .homeserver(&synapse.url())
            .irc_server(&format!("irc://{}", irc.address()))
            .set("irc.networks.local.flood", "none")
            .set("irc.networks.local.nick", nick)
            .set("appservice.id", id)
            .set("appservice.bot", bot)
            .set("appservice.ghosts", format!("_{prefix}_{{network}}_{{nick}}"))
            .set("appservice.aliases", format!("_{prefix}_{{network}}_{{channel}}"))
    };
    let one = bridge("one", "one", "_onebot", "one").prepare().await?;
    let two = bridge("two", "two", "_twobot", "two").prepare().await?;
    let synapse =
        synapse.appservice(one.registration()).appservice(two.registration()).start().await?;
    let (mut one, mut two) = tokio::try_join!(one.run(), two.run())?;
    let ann = bridge_tests::matrix::MatrixUser::register(&synapse, "ann").await?;
    let bob = IrcUser::connect(irc.address(), "bob").await?;
    bob.join("#both").await?;
    let room = ann.create_room(NewRoom::default().public()).await?;
    for bridge in [&mut one, &mut two] {
        bridge.set("irc.networks.local.rooms", json!({"#both": room}))?;
        bridge.restart().await?;
    }
    for bot in ["_onebot", "_twobot"] {
        let bot = format!("@{bot}:{}", synapse.server_name());
        ann.wait_for("the bots", |it| it.is_membership(&room, &bot, "join")).await?;
    }
    for round in 0..3 {
        bob.privmsg("#both", &format!("question {round}")).await?;
        ann.wait_for("both bridges", |it| it.says(&room, &format!("question {round}"))).await?;
    }
    ann.wait_for("the name of the other bridge", |it| {
        it.is_message_in(&room) && it.body().contains("carries") && it.body().contains("bridge")
    })
    .await?;
    // Whoever speaks last is heard after everything that went round before.
    bob.privmsg("#both", "the end").await?;
    ann.wait_for("the end", |it| it.says(&room, "the end")).await?;
    for round in 0..3 {
        let text = format!("question {round}");
        let times = ann.said_in(&room).iter().filter(|(_, body)| *body == text).count();
        assert!(times <= 4, "{text} is there {times} times");
    }
    Ok(())
}
