//! What people do besides speaking in a channel: private messages, coming, going, renaming, topics.

use anyhow::Result;
use bridge_tests::{matrix::NewRoom, rig::NgIrcd, stack::Stack, wait};
use serde_json::json;

use crate::bad_input::Homeserver;

#[tokio::test]
async fn two_people_talk_in_private() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let ghost = stack.ghost("bob");
    let room = ann.create_room(NewRoom::default().direct().invite(&[&ghost])).await?;
    ann.wait_for("the ghost", |event| event.is_membership(&room, &ghost, "join")).await?;
    ann.send_text(&room, "psst").await?;
    let line = bob.wait_for("the private line", |line| line.is_message("bob", "psst")).await?;
    bob.privmsg(line.nick(), "what is it?").await?;
    let answer = ann.wait_for("the answer", |event| event.says(&room, "what is it?")).await?;
    assert_eq!(answer.sender(), ghost);
    Ok(())
}

#[tokio::test]
async fn who_comes_goes_and_renames_on_irc_does_so_on_matrix() -> Result<()> {
    let stack = Stack::irc().set("irc.networks.local.membership", "full").start().await?;
    let (ann, mut bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let room = ann.join(&stack.alias("#life")).await?;
    bob.join("#life").await?;
    let (old, new) = (stack.ghost("bob"), stack.ghost("robert"));
    ann.wait_for("the join", |event| event.is_membership(&room, &old, "join")).await?;
    bob.rename("robert").await?;
    ann.wait_for("the new name", |event| event.is_membership(&room, &new, "join")).await?;
    ann.wait_for("the end of the old", |event| event.is_membership(&room, &old, "leave")).await?;
    bob.part("#life", "enough").await?;
    ann.wait_for("the part", |event| event.is_membership(&room, &new, "leave")).await?;
    Ok(())
}

#[tokio::test]
async fn a_topic_set_on_irc_stands_on_matrix() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#topical").await?;
    let room = ann.join(&stack.alias("#topical")).await?;
    bob.topic("#topical", "news of today").await?;
    bob.wait_for("the topic", |line| line.command == "TOPIC").await?;
    ann.wait_for("the topic", |event| {
        event.kind() == "m.room.topic" && event.content()["topic"] == "news of today"
    })
    .await?;
    assert_eq!(ann.state(&room, "m.room.topic", "").await?["topic"], "news of today");
    Ok(())
}

#[tokio::test]
async fn an_irc_user_begins_a_conversation() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#meet").await?;
    let channel = ann.join(&stack.alias("#meet")).await?;
    ann.send_text(&channel, "I am here").await?;
    let nick = bob.wait_for("ann", |line| line.is_message("#meet", "I am here")).await?;
    let nick = nick.nick().to_owned();

    bob.privmsg(&nick, "a word in private").await?;
    let invite = ann
        .wait_for("the invite", |event| event.is_membership(&event.room, ann.id(), "invite"))
        .await?;
    let ghost = stack.ghost("bob");
    assert_eq!(invite.sender(), ghost);
    let room = ann.join(&invite.room).await?;
    ann.wait_for("the words", |event| event.says(&room, "a word in private")).await?;
    let mut members: Vec<_> = ann.members(&room).await?.into_keys().collect();
    members.sort();
    assert_eq!(members, [ghost.clone(), ann.id().to_owned()], "nobody else is there");

    ann.send_text(&room, "gladly").await?;
    let line = bob.wait_for("the answer", |line| line.is_message("bob", "gladly")).await?;
    assert_eq!(line.nick(), nick);
    bob.privmsg(&nick, "and again").await?;
    ann.wait_for("the third line", |event| event.says(&room, "and again")).await?;
    let said = |who: &str, words: &str| (who.to_owned(), words.to_owned());
    let all =
        [said(&ghost, "a word in private"), said(ann.id(), "gladly"), said(&ghost, "and again")];
    assert_eq!(ann.said_in(&room), all);
    assert_eq!(ann.said_in(&channel).len(), 1, "nothing of it is in the channel's room");
    Ok(())
}

#[tokio::test]
async fn a_topic_of_matrix_is_set_on_irc_or_its_refusal_told() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#topics").await?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let powers = json!({"users": {bot: 50}});
    let room = NewRoom::default().public().set("power_level_content_override", powers);
    let room = ann.create_room(room).await?;
    link(stack, &room, "#topics", async |stack| {
        ann.send_text(&room, "hello").await?;
        bob.wait_for("ann", |line| line.is_message("#topics", "hello")).await?;
        // The channel is +t and ann no operator there.
        bob.mode("#topics", "+t").await?;
        let event = ann.set_state(&room, "m.room.topic", "", json!({"topic": "not yet"})).await?;
        let notice = ann.wait_for("the refusal", |it| it.msgtype() == "m.notice").await?;
        assert_eq!(notice.content()["m.relates_to"]["m.in_reply_to"]["event_id"], event.as_str());
        assert!(notice.body().contains("(482)"), "{notice:?}");

        bob.mode("#topics", "-t").await?;
        bob.wait_for("the mode", |line| line.command == "MODE" && line.param(1) == "-t").await?;
        ann.set_state(&room, "m.room.topic", "", json!({"topic": "the news"})).await?;
        let set = bob
            .wait_for("the topic", |line| line.command == "TOPIC" && line.text() == "the news")
            .await?;
        assert_eq!(set.nick(), "ann[m]");
        // It comes back as nothing: only bob's own topic does.
        bob.topic("#topics", "the old news").await?;
        let back =
            ann.wait_for("bob's topic", |it| it.content()["topic"] == "the old news").await?;
        let topics: Vec<_> = ann
            .events()
            .into_iter()
            .filter(|it| it.kind() == "m.room.topic" && it.room == room)
            .map(|it| it.content()["topic"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(topics, ["not yet", "the news", "the old news"], "{back:?}");
        let dead = stack.bridge.metric("bridge_dead_total", &[("direction", "to_network")]).await?;
        assert_eq!(dead.to_string(), "1");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn kicks_are_mirrored_both_ways_or_their_refusal_told() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob, carl) =
        tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"), stack.irc_user("carl"))?;
    bob.join("#kicks").await?;
    carl.join("#kicks").await?;
    let zed = stack.matrix_user("zed").await?;
    let room = ann.create_room(NewRoom::default().public().version("11")).await?;
    zed.join(&room).await?;
    link(stack, &room, "#kicks", async |stack| {
        let bot = format!("@_ircbot:{}", stack.synapse.server_name());
        let powers = json!({"users": {bot: 100, ann.id(): 50}, "kick": 50});
        ann.set_state(&room, "m.room.power_levels", "", powers).await?;
        let ghost = stack.ghost("carl");
        ann.send_text(&room, "hello").await?;
        bob.wait_for("ann", |line| line.is_message("#kicks", "hello")).await?;
        carl.privmsg("#kicks", "hi").await?;
        ann.wait_for("carl", |event| event.says(&room, "hi")).await?;

        // ann is no operator on IRC.
        let seen = ann.events().len();
        ann.kick(&room, &ghost, "no manners").await?;
        let told = ann.inbox().wait("the refusal", wait::PATIENCE, |events| {
            events[seen..].iter().find(|it| it.msgtype() == "m.notice").cloned()
        });
        let told = told.await?;
        assert!(told.body().contains("(482)"), "{told:?}");

        bob.mode("#kicks", "+o ann[m]").await?;
        bob.wait_for("the mode", |line| line.command == "MODE" && line.param(1) == "+o").await?;
        carl.privmsg("#kicks", "still here").await?;
        ann.wait_for("carl again", |event| event.says(&room, "still here")).await?;
        ann.kick(&room, &ghost, "out").await?;
        let kick = carl.wait_for("the kick", |line| line.command == "KICK").await?;
        assert_eq!((kick.nick(), kick.param(1), kick.text()), ("ann[m]", "carl", "out"));

        bob.raw("KICK #kicks ann[m] :your turn").await?;
        let left =
            ann.wait_for("the kick", |it| it.is_membership(&room, ann.id(), "leave")).await?;
        assert_eq!(left.content()["reason"], "kicked by bob: your turn");
        // Whoever was kicked is not brought back, not even by a restart.
        let seen = bob.lines().len();
        stack.bridge.restart().await?;
        let back = bob.inbox().wait("zed's return", wait::PATIENCE, |lines| {
            let joins =
                |line: &&bridge_tests::irc::Line| line.command == "JOIN" && line.nick() == "zed[m]";
            lines[seen..].iter().find(joins).cloned()
        });
        back.await?;
        assert!(!bob.names("#kicks").await?.contains(&"ann[m]".to_owned()));
        Ok(())
    })
    .await
}

/// Restarts the bridge with a room linked to a channel, and waits for the bot.
async fn link(
    mut stack: Stack,
    room: &str,
    channel: &str,
    then: impl AsyncFnOnce(&mut Stack) -> Result<()>,
) -> Result<()> {
    stack.bridge.set("irc.networks.local.rooms", json!({ channel: room }))?;
    stack.bridge.restart().await?;
    wait::until("the channel is read", wait::PATIENCE, async || {
        let read = stack.bridge.metric("bridge_channels_joined", &[("network", "local")]).await?;
        Ok((read > 0.0).then_some(()))
    })
    .await?;
    then(&mut stack).await
}

#[tokio::test]
async fn one_bridge_has_two_networks() -> Result<()> {
    let plain = NgIrcd::builder().start().await?;
    let other = json!({
        "servers": [format!("irc://{}", plain.address())], "nick": "bridge", "flood": "none"
    });
    let stack = Stack::irc().set("irc.networks.other", other).start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let eve = bridge_tests::irc::IrcUser::connect(plain.address(), "bob").await?;
    bob.join("#same").await?;
    eve.join("#same").await?;
    let domain = stack.synapse.server_name();
    let here = ann.join(&stack.alias("#same")).await?;
    let there = ann.join(&format!("#_irc_other_#same:{domain}")).await?;
    assert_ne!(here, there);
    ann.send_text(&here, "to the one").await?;
    ann.send_text(&there, "to the other").await?;
    bob.wait_for("the one", |line| line.is_message("#same", "to the one")).await?;
    eve.wait_for("the other", |line| line.is_message("#same", "to the other")).await?;
    bob.privmsg("#same", "from the one").await?;
    eve.privmsg("#same", "from the other").await?;
    let one = ann.wait_for("the one", |event| event.says(&here, "from the one")).await?;
    let other = ann.wait_for("the other", |event| event.says(&there, "from the other")).await?;
    assert_eq!(one.sender(), stack.ghost("bob"));
    assert_eq!(other.sender(), format!("@_irc_other_bob:{domain}"));
    assert_eq!((bob.said_in("#same").len(), eve.said_in("#same").len()), (1, 1));
    assert_eq!((ann.said_in(&here).len(), ann.said_in(&there).len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn third_party_lookups_lead_to_channels_and_people() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let ann = stack.matrix_user("ann").await?;
    let protocols = ann.third_party(&["protocols"], &[]).await?;
    assert_eq!(protocols["irc"]["instances"][0]["desc"], "IRC", "{protocols}");
    assert_eq!(ann.third_party(&["protocol", "irc"], &[]).await?["user_fields"][0], "network");
    let fields = [("network", "local"), ("channel", "#Rust")];
    let found = ann.third_party(&["location", "irc"], &fields).await?;
    assert_eq!(found[0]["alias"], stack.alias("#rust"), "{found}");
    let fields = [("network", "local"), ("nick", "Bob")];
    let found = ann.third_party(&["user", "irc"], &fields).await?;
    assert_eq!(found[0]["userid"], stack.ghost("bob"), "{found}");
    // Synapse asks these of nobody.
    let token = stack.bridge.token("hs_token")?;
    let hs = Homeserver { url: stack.bridge.appservice_url(), token: &token };
    let found = hs.get("thirdparty/user", &[("userid", &stack.ghost("bob"))]).await?;
    assert_eq!(found[0]["fields"]["nick"], "bob", "{found}");
    let found = hs.get("thirdparty/location", &[("alias", &stack.alias("#rust"))]).await?;
    assert_eq!(found[0]["fields"]["channel"], "#rust", "{found}");
    let none = [("network", "nowhere"), ("channel", "#rust")];
    assert_eq!(ann.third_party(&["location", "irc"], &none).await?, json!([]));
    Ok(())
}
