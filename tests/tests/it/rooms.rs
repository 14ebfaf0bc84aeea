//! Rooms of all kinds: replaced, closed, encrypted, made by configuration.

use anyhow::Result;
use bridge_tests::{
    matrix::{MatrixUser, NewRoom},
    stack::Stack,
    wait,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_room_upgrade_is_followed() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#moving").await?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let powers = json!({"users": {ann.id(): 100, &bot: 50}});
    let old = NewRoom::default().public().version("10").set("power_level_content_override", powers);
    let old = ann.create_room(old).await?;
    let _stack = linked(stack, "#moving", &old).await?;
    say_both_ways(&ann, &bob, &old, "#moving", "before").await?;

    let new = ann.upgrade(&old, "12").await?;
    // Said at once, when the bridge may not be there yet.
    ann.send_text(&new, "who follows?").await?;
    bob.wait_for("the first words", |line| line.is_message("#moving", "who follows?")).await?;
    say_both_ways(&ann, &bob, &new, "#moving", "after").await?;
    assert!(ann.state(&new, "m.bridge", &bridge_key("#moving")).await.is_ok());

    // A room that takes an invite: the bridge says so and waits for it.
    ann.set_state(&new, "m.room.join_rules", "", json!({"join_rule": "invite"})).await?;
    let newest = ann.upgrade(&new, "12").await?;
    ann.wait_for("the request", |event| {
        event.room == new && event.msgtype() == "m.notice" && event.body().contains(&bot)
    })
    .await?;
    ann.invite(&newest, &bot).await?;
    ann.wait_for("the bot", |event| event.is_membership(&newest, &bot, "join")).await?;
    say_both_ways(&ann, &bob, &newest, "#moving", "at last").await?;
    Ok(())
}

#[tokio::test]
async fn ghosts_are_invited_into_closed_rooms_or_the_room_is_told() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let open = ann.create_room(NewRoom::default().public()).await?;
    let rule = |content: Value| {
        NewRoom::default()
            .invite(&[&bot])
            .set(
                "initial_state",
                json!([{
                    "type": "m.room.join_rules", "state_key": "", "content": content
                }]),
            )
            .set("power_level_content_override", json!({"invite": 0}))
    };
    let restricted = json!({"join_rule": "restricted",
                            "allow": [{"type": "m.room_membership", "room_id": open}]});
    let rooms = [
        ("#invite", ann.create_room(rule(json!({"join_rule": "invite"}))).await?),
        ("#restricted", ann.create_room(rule(restricted)).await?),
        ("#knock", ann.create_room(rule(json!({"join_rule": "knock"}))).await?),
    ];
    let locked = rule(json!({"join_rule": "invite"}))
        .set("power_level_content_override", json!({"invite": 50}));
    let locked = ann.create_room(locked).await?;
    for channel in ["#invite", "#restricted", "#knock", "#locked"] {
        bob.join(channel).await?;
    }
    let mut links: serde_json::Map<String, Value> =
        rooms.iter().map(|(channel, room)| ((*channel).to_owned(), json!(room))).collect();
    links.insert("#locked".to_owned(), json!(locked));
    let mut stack = stack;
    stack.bridge.set("irc.networks.local.rooms", Value::Object(links))?;
    stack.bridge.restart().await?;
    reading(&stack, 4.0).await?;

    for (channel, room) in &rooms {
        say_both_ways(&ann, &bob, room, channel, "through the door").await?;
    }
    bob.privmsg("#locked", "let me in").await?;
    let why = ann
        .wait_for("the reason", |event| {
            event.room == locked && event.body().contains("the power to invite")
        })
        .await?;
    assert_eq!((why.sender(), why.msgtype()), (bot.as_str(), "m.notice"));
    bob.privmsg("#locked", "let me in, please").await?;
    wait::until("both lines are given up", wait::PATIENCE, async || {
        let dead = stack.bridge.metric("bridge_dead_total", &[("direction", "to_matrix")]).await?;
        Ok((dead.to_string() == "2").then_some(()))
    })
    .await?;
    ann.send_text(&locked, "the other way is free").await?;
    bob.wait_for("ann", |line| line.is_message("#locked", "the other way is free")).await?;
    let told = ann.events().into_iter().filter(|it| it.body().contains("the power to invite"));
    assert_eq!(told.count(), 1, "it is said once");
    Ok(())
}

#[tokio::test]
async fn what_is_said_in_a_linked_room_before_the_bot_is_there_arrives() -> Result<()> {
    let mut stack = Stack::irc().proxied().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#early").await?;
    let room = ann.create_room(NewRoom::default().public().name("early")).await?;
    ann.send_text(&room, "before the bridge").await?;
    stack.bridge.set("irc.networks.local.rooms", json!({ "#early": room }))?;
    stack.bridge.stop().await?;
    // The bridge is ready, and its bot still stands at the door.
    let door = bridge_tests::rig::Rule::Hang("/join".to_owned());
    stack.proxies()?.to_homeserver.add(door);
    stack.bridge.start_again().await?;
    for words in ["one", "two", "three"] {
        ann.send_text(&room, words).await?;
    }
    stack.proxies()?.to_homeserver.clear_rules();
    bob.wait_for("the third", |line| line.is_message("#early", "three")).await?;
    let said = |words: &str| ("ann[m]".to_owned(), words.to_owned());
    assert_eq!(bob.said_in("#early"), ["one", "two", "three"].map(said));
    Ok(())
}

#[tokio::test]
async fn portals_are_as_the_configuration_says() -> Result<()> {
    let stack = Stack::irc()
        .set("portals.join_rule", "knock")
        .set("portals.history_visibility", "joined")
        .set("portals.guest_access", "can_join")
        .set("portals.room_version", "10")
        .set("portals.encryption_power", 75)
        .start()
        .await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#made").await?;
    // Nobody may join it, but the query makes the room; the bot lets whoever knocks see it.
    assert!(ann.join(&stack.alias("#made")).await.is_err());
    let room = ann.resolve(&stack.alias("#made")).await?;
    let token = stack.bridge.token("as_token")?;
    let bot = MatrixUser::with_token(stack.synapse.url(), token).await?;
    let state = async |kind: &str| bot.state(&room, kind, "").await;
    assert_eq!(state("m.room.join_rules").await?["join_rule"], "knock");
    assert_eq!(state("m.room.history_visibility").await?["history_visibility"], "joined");
    assert_eq!(state("m.room.guest_access").await?["guest_access"], "can_join");
    assert_eq!(state("m.room.create").await?["room_version"], "10");
    let powers = state("m.room.power_levels").await?;
    assert_eq!(powers["events"]["m.room.encryption"], 75);
    Ok(())
}

#[tokio::test]
async fn encryption_is_refused_in_portals_and_told_elsewhere() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#plain").await?;
    let secret = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    let portal = ann.join(&stack.alias("#plain")).await?;
    let powers = ann.state(&portal, "m.room.power_levels", "").await?;
    assert_eq!(powers["events"]["m.room.encryption"], 100);
    assert!(ann.set_state(&portal, "m.room.encryption", "", secret.clone()).await.is_err());

    // A conversation that is opened encrypted: one notice, and another room.
    let ghost = stack.ghost("bob");
    let room = ann
        .create_room(NewRoom::default().direct().invite(&[&ghost]).set(
            "initial_state",
            json!([{"type": "m.room.encryption", "state_key": "", "content": secret}]),
        ))
        .await?;
    let invite = ann
        .wait_for("the other room", |it| {
            it.room != room && it.is_membership(&it.room, ann.id(), "invite")
        })
        .await?;
    assert_eq!(invite.sender(), ghost);
    let other = ann.join(&invite.room).await?;
    let notice = ann.wait_for("the notice", |it| it.room == other && it.msgtype() == "m.notice");
    assert!(notice.await?.body().contains("encrypted"));
    assert!(ann.state(&other, "m.room.encryption", "").await.is_err());
    ann.send_text(&other, "in clear, then").await?;
    let line = bob.wait_for("the words", |line| line.is_message("bob", "in clear, then")).await?;
    bob.privmsg(line.nick(), "fine").await?;
    ann.wait_for("the answer", |event| event.says(&other, "fine")).await?;

    // A linked room that turns it on is told, once.
    let ours = ann.create_room(NewRoom::default().public()).await?;
    let stack = linked(stack, "#plain2", &ours).await?;
    let told = |event: &bridge_tests::matrix::Event| {
        event.room == ours && event.msgtype() == "m.notice" && event.body().contains("encrypted")
    };
    ann.set_state(&ours, "m.room.encryption", "", secret.clone()).await?;
    ann.wait_for("the notice", told).await?;
    for n in 0..2 {
        let content = json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": n});
        ann.send(&ours, "m.room.encrypted", content).await?;
    }
    bob.join("#plain2").await?;
    ann.send_text(&ours, "in clear").await?;
    bob.wait_for("the words", |line| line.is_message("#plain2", "in clear")).await?;
    assert_eq!(ann.events().iter().filter(|event| told(event)).count(), 1);
    drop(stack);
    Ok(())
}

async fn say_both_ways(
    ann: &MatrixUser,
    bob: &bridge_tests::irc::IrcUser,
    room: &str,
    channel: &str,
    words: &str,
) -> Result<()> {
    let (to_irc, to_matrix) = (format!("{words}, to IRC"), format!("{words}, to Matrix"));
    ann.send_text(room, &to_irc).await?;
    bob.wait_for(&to_irc, |line| line.is_message(channel, &to_irc)).await?;
    bob.privmsg(channel, &to_matrix).await?;
    ann.wait_for(&to_matrix, |event| event.says(room, &to_matrix)).await?;
    Ok(())
}

/// Restarts the bridge with a link, and waits until the channel is read.
async fn linked(mut stack: Stack, channel: &str, room: &str) -> Result<Stack> {
    let before = stack.bridge.metric("bridge_channels_joined", &[]).await?;
    stack.bridge.set("irc.networks.local.rooms", json!({ channel: room }))?;
    stack.bridge.restart().await?;
    let bot = format!("@_ircbot:{}", stack.synapse.server_name());
    let admin = stack.matrix_user("watcher").await?;
    wait::until("the bot is in the room", wait::PATIENCE, async || {
        if admin.join(room).await.is_err() {
            return Ok(None);
        }
        Ok(admin.members(room).await?.contains_key(&bot).then_some(()))
    })
    .await?;
    reading(&stack, before + 1.0).await?;
    Ok(stack)
}

async fn reading(stack: &Stack, channels: f64) -> Result<()> {
    wait::until(format_args!("{channels} channels are read"), wait::PATIENCE, async || {
        let read = stack.bridge.metric("bridge_channels_joined", &[]).await?;
        Ok((read.to_string() == channels.to_string()).then_some(()))
    })
    .await
}

fn bridge_key(channel: &str) -> String {
    format!("irc://local/{channel}")
}
