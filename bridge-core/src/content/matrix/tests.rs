use proptest::prelude::*;
use ruma::{event_id, mxc_uri, owned_user_id, user_id};
use serde_json::{Value, json};

use super::*;
use crate::content::{Inline, Mention, MentionTarget};

fn said(content: &Value) -> Message {
    read("m.room.message", &content.to_string()).unwrap()
}

#[test]
fn every_kind_of_message_has_a_text() {
    let poll = json!({
        "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Tea?" },
            "answers": [{ "id": "1", "org.matrix.msc1767.text": "yes" },
                        { "id": "2", "body": "no" }, {}],
        }
    });
    let stable_poll = json!({
        "m.poll": {
            "question": { "m.text": [{ "mimetype": "text/html", "body": "<b>Tea</b>?" },
                                     { "body": "Tea?" }] },
            "answers": [{ "m.id": "1", "m.text": [{ "body": "yes" }] }],
        }
    });
    let html = |msgtype: &str| {
        json!({ "msgtype": msgtype, "body": "x", "format": "org.matrix.custom.html",
                "formatted_body": "<ul><li>a</li></ul>" })
    };
    for (event_type, content, kind, text) in [
        ("m.room.message", json!({"msgtype": "m.text", "body": "hi"}), MessageKind::Text, "hi"),
        ("m.room.message", html("m.text"), MessageKind::Text, "• a"),
        ("m.room.message", html("m.notice"), MessageKind::Notice, "• a"),
        ("m.room.message", html("m.emote"), MessageKind::Emote, "• a"),
        ("m.room.message", json!({"body": "hi"}), MessageKind::Text, "hi"),
        ("m.room.message", json!({"msgtype": "x.y", "body": "hi"}), MessageKind::Text, "hi"),
        (
            "m.room.message",
            json!({"msgtype": "m.text", "body": "hi", "format": "org.matrix.custom.html",
                   "formatted_body": "<mx-reply>all of it"}),
            MessageKind::Text,
            "hi",
        ),
        (
            "m.room.message",
            json!({"msgtype": "m.text", "body": "hi", "formatted_body": 3,
                   "format": "org.matrix.custom.html"}),
            MessageKind::Text,
            "hi",
        ),
        (
            "m.room.message",
            json!({"msgtype": "m.location", "body": "Here", "geo_uri": "geo:51.5,-0.25;u=35"}),
            MessageKind::Text,
            "Here\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=-0.25#map=16/51.5/-0.25",
        ),
        (
            "m.room.message",
            json!({"msgtype": "m.location", "body": "Here", "geo_uri": "geo:<script>"}),
            MessageKind::Text,
            "Here",
        ),
        ("org.matrix.msc3381.poll.start", poll, MessageKind::Text, "Poll: Tea?\n1. yes\n2. no"),
        ("m.poll.start", stable_poll, MessageKind::Text, "Poll: Tea?\n1. yes"),
        ("x.y", json!({"m.text": [{"body": "hi"}]}), MessageKind::Text, "hi"),
        ("x.y", json!({"body": "hi"}), MessageKind::Text, "hi"),
    ] {
        let message = read(event_type, &content.to_string()).unwrap();
        assert_eq!((message.kind, message.doc.plain().as_str()), (kind, text), "{content}");
        assert_eq!(message.media, None);
    }
}

#[test]
fn what_says_nothing_is_an_error() {
    for (event_type, content) in [
        ("m.room.message", "{"),
        ("m.room.message", "{}"),
        ("m.room.message", "[]"),
        ("m.room.message", r#"{"msgtype":"m.text","body":" "}"#),
        ("m.room.message", r#"{"msgtype":"m.text","body":7}"#),
        ("m.room.message", r#"{"msgtype":"m.key.verification.request","body":"x"}"#),
        ("m.sticker", r#"{"body":"x"}"#),
        ("m.poll.response", r#"{"m.selections":["1"]}"#),
    ] {
        assert!(read(event_type, content).is_err(), "{content}");
    }
}

#[test]
fn files_are_read_with_their_captions() {
    let base = json!({"msgtype": "m.image", "body": "cat.png", "url": "mxc://hs/1",
                      "info": {"mimetype": "image/png", "size": 12, "w": 3, "h": 4}});
    let with = |changes: Value| {
        let mut content = base.clone();
        for (name, value) in changes.as_object().unwrap() {
            content[name] = value.clone();
        }
        content
    };
    let file = said(&base);
    let media = file.media.unwrap();
    assert!(file.doc.is_empty());
    assert_eq!((media.kind, media.name.as_str()), (MediaKind::Image, "cat.png"));
    assert_eq!((media.size, media.dimensions), (Some(12), Some((3, 4))));

    for (content, kind, name, caption) in [
        (with(json!({"filename": "cat.png"})), MediaKind::Image, "cat.png", ""),
        (with(json!({"filename": "1.png", "body": "My cat"})), MediaKind::Image, "1.png", "My cat"),
        (with(json!({"msgtype": "m.audio"})), MediaKind::Audio, "cat.png", ""),
        (
            with(json!({"msgtype": "m.audio", "org.matrix.msc3245.voice": {}})),
            MediaKind::Voice,
            "cat.png",
            "",
        ),
        (with(json!({"msgtype": "m.file", "body": ""})), MediaKind::File, "file", ""),
    ] {
        let message = said(&content);
        let media = message.media.unwrap();
        assert_eq!((media.kind, media.name.as_str()), (kind, name), "{content}");
        assert_eq!(message.doc.plain(), caption, "{content}");
    }

    let sticker = read("m.sticker", &base.to_string()).unwrap();
    assert_eq!(sticker.media.unwrap().kind, MediaKind::Sticker);
    assert!(sticker.doc.is_empty());

    // A file that cannot be fetched is still named.
    let broken = said(&with(json!({"url": "https://a.b/cat.png"})));
    assert_eq!((broken.media, broken.doc.plain().as_str()), (None, "cat.png"));
}

#[test]
fn relations_are_read() {
    let content = |relation: Value| json!({"msgtype": "m.text", "body": "> <@a:b> old\n\nnew", "m.relates_to": relation});
    let reply = said(&content(json!({"m.in_reply_to": {"event_id": "$1"}})));
    assert_eq!(reply.reply_to.as_deref(), Some(event_id!("$1")));
    assert_eq!(reply.doc.plain(), "new");

    let fallback = said(&content(json!({"rel_type": "m.thread", "event_id": "$0",
        "is_falling_back": true, "m.in_reply_to": {"event_id": "$1"}})));
    assert_eq!((fallback.reply_to, fallback.thread.as_deref()), (None, Some(event_id!("$0"))));

    let in_thread = said(&content(json!({"rel_type": "m.thread", "event_id": "$0",
        "m.in_reply_to": {"event_id": "$1"}})));
    assert_eq!(in_thread.reply_to.as_deref(), Some(event_id!("$1")));
    assert_eq!(in_thread.thread.as_deref(), Some(event_id!("$0")));

    let plain = said(&content(json!({"m.in_reply_to": {"event_id": 5}})));
    assert_eq!(
        (plain.reply_to.as_deref(), plain.doc.plain().as_str()),
        (None, "> <@a:b> old\n\nnew")
    );
}

#[test]
fn an_edit_brings_its_new_text_only() {
    let edit = said(&json!({
        "msgtype": "m.text", "body": "* new",
        "m.new_content": {"msgtype": "m.notice", "body": "@room new", "m.mentions": {"room": true}},
        "m.mentions": {},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"},
    }));
    assert_eq!(edit.replaces.as_deref(), Some(event_id!("$1")));
    assert_eq!((edit.kind, edit.doc.plain().as_str()), (MessageKind::Notice, "@room new"));
    assert!(edit.mentions.room);
}

#[test]
fn text_is_written_with_html_only_where_it_helps() {
    assert_eq!(
        text_content(MessageKind::Notice, &Doc::text("a\nb")),
        json!({"msgtype": "m.notice", "body": "a\nb", "m.mentions": {}})
    );
    let target = MentionTarget::User(user_id!("@bob:hs").to_owned());
    let mention = Inline::Mention(Mention { target, label: "Bob".into() });
    assert_eq!(
        text_content(MessageKind::Text, &Doc::line(vec![mention, Inline::text(" <3")])),
        json!({
            "msgtype": "m.text", "body": "Bob <3", "format": "org.matrix.custom.html",
            "formatted_body": "<a href=\"https://matrix.to/#/@bob:hs\">Bob</a> &lt;3",
            "m.mentions": {"user_ids": ["@bob:hs"]},
        })
    );
}

#[test]
fn files_come_back_as_they_were_written() {
    for kind in [MediaKind::Image, MediaKind::Voice, MediaKind::File, MediaKind::Sticker] {
        let mut media = Media::new(kind, mxc_uri!("mxc://hs/1").to_owned(), "name.bin");
        media.mime = Some("a/b".into());
        media.size = Some(9);
        media.duration = Some(std::time::Duration::from_millis(1500));
        media.dimensions = Some((1, 2));
        let caption = if kind == MediaKind::Image { "look" } else { "" };
        let content = media_content(&media, &Doc::text(caption));
        let message = read(media.event_type(), &content.to_string()).unwrap();
        assert_eq!(message.media, Some(media));
        assert_eq!(message.doc.plain(), caption);
    }
}

#[test]
fn relations_come_back_as_they_were_written() {
    let content = text_content(MessageKind::Text, &Doc::text("hi"));
    let (root, last, other) = (event_id!("$root"), event_id!("$last"), event_id!("$other"));

    let mut reply = content.clone();
    add_reply(&mut reply, other);
    assert_eq!(said(&reply).reply_to.as_deref(), Some(other));

    let mut thread = content.clone();
    add_thread(&mut thread, root, last, None);
    assert_eq!(thread["m.relates_to"]["m.in_reply_to"]["event_id"], "$last");
    let read = said(&thread);
    assert_eq!((read.thread.as_deref(), read.reply_to), (Some(root), None));

    let mut thread = content.clone();
    add_thread(&mut thread, root, last, Some(other));
    assert_eq!(said(&thread).reply_to.as_deref(), Some(other));
}

#[test]
fn an_edit_notifies_nobody_twice() {
    let mention = |id: &ruma::UserId, label: &str| {
        let target = MentionTarget::User(id.to_owned());
        Inline::Mention(Mention { target, label: label.into() })
    };
    let doc = Doc::line(vec![mention(user_id!("@a:b"), "a"), mention(user_id!("@c:d"), "c")]);
    let already = Mentions::with_user_ids([owned_user_id!("@a:b")]);
    let edit = replacement(text_content(MessageKind::Text, &doc), event_id!("$1"), &already);
    assert_eq!(edit["body"], "* ac");
    assert_eq!(edit["m.mentions"], json!({"user_ids": ["@c:d"]}));
    assert_eq!(edit["m.new_content"]["m.mentions"], json!({"user_ids": ["@a:b", "@c:d"]}));
    let message = said(&edit);
    assert_eq!(message.replaces.as_deref(), Some(event_id!("$1")));
    assert_eq!(message.doc, doc);
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}|geo:1,2|mxc://a/b|m\\.(text|image|location)|<b>x|\\$1".prop_map(Value::from),
    ];
    let name = "body|msgtype|format|formatted_body|url|info|geo_uri|filename|m\\.relates_to|\
                m\\.new_content|m\\.mentions|m\\.text|m\\.poll|question|answers|event_id|rel_type";
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_content_is_read(
        content in json_value(),
        event_type in "m\\.room\\.message|m\\.sticker|m\\.poll\\.start|x",
    ) {
        let _ = read(&event_type, &content.to_string());
    }

    #[test]
    fn any_string_is_read(content in "\\PC*") {
        let _ = read("m.room.message", &content);
    }
}
