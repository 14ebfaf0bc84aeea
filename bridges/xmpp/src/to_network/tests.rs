use bridge_core::{
    id::Timestamp,
    network::{Author, Voice},
    ruma::{owned_event_id, user_id},
};

use super::*;

fn outgoing(action: Action) -> Outgoing {
    let author = Author {
        user_id: user_id!("@ann:s").to_owned(),
        display_name: Some("Ann".to_owned()),
        voice: Voice::Puppet,
    };
    Outgoing::new("r@muc".into(), author, owned_event_id!("$new"), Timestamp(0), action)
}

fn scene<'a>() -> Scene<'a> {
    Scene { from: "ann%s@b/m", to: "r@muc", room: "r@muc", id: "$new", ..Scene::default() }
}

fn target() -> Vec<RemoteId> {
    vec![id::by_room("17"), id::by_author(&id::OURS.into(), "$old")]
}

fn text_of(stanza: &Element, name: &str) -> String {
    xml::own_child(stanza, name).map(Element::text).unwrap_or_default()
}

#[test]
fn a_reply_quotes_and_says_where_the_quote_ends() {
    let mut message = Message::text("yes 😀");
    message.reply_to = Some(id::by_room("17"));
    let scene = Scene { quoted: Some(Quoted { nick: "bób", text: "is it?\n> old" }), ..scene() };
    let stanza = stanza(&outgoing(Action::Message(message)), &scene).unwrap();
    let body = text_of(&stanza, "body");
    assert_eq!(body, "> bób wrote:\n> is it?\nyes 😀");
    let fallback = xml::child(&stanza, "fallback", ns::FALLBACK).unwrap();
    let end: usize = xml::attr(fallback.children().next().unwrap(), "end").parse().unwrap();
    assert_eq!(body.chars().skip(end).collect::<String>(), "yes 😀");
    let reply = xml::child(&stanza, "reply", ns::REPLY).unwrap();
    assert_eq!((xml::attr(reply, "id"), xml::attr(reply, "to")), ("17", "r@muc/bób"));
}

#[test]
fn the_bot_says_words_as_core_has_worded_them() {
    let mut relayed = outgoing(Action::Message(Message::text("<Ann> hi")));
    relayed.author.voice = Voice::Relay;
    assert_eq!(text_of(&stanza(&relayed, &scene()).unwrap(), "body"), "<Ann> hi");
}

#[test]
fn a_correction_names_the_first_message_as_its_author_did() {
    let edit = Action::Edit { target: target(), message: Message::text("new") };
    let stanza = stanza(&outgoing(edit), &scene()).unwrap();
    assert_eq!(xml::attr(xml::child(&stanza, "replace", ns::CORRECT).unwrap(), "id"), "$old");
    assert_eq!(text_of(&stanza, "body"), "new");
}

#[test]
fn reactions_and_retractions_name_the_message_as_the_room_did() {
    let keys = ["👍".to_owned()];
    let scene = Scene { keys: &keys, ..scene() };
    let react = Action::React { target: target(), key: "👍".to_owned() };
    let reacted = stanza(&outgoing(react), &scene).unwrap();
    let reactions = xml::child(&reacted, "reactions", ns::REACTIONS).unwrap();
    assert_eq!((xml::attr(reactions, "id"), reactions.text().as_str()), ("17", ""));
    assert_eq!(reactions.children().next().unwrap().text(), "👍");
    let delete = Action::Delete { target: target(), reason: None };
    let removed = stanza(&outgoing(delete), &scene).unwrap();
    assert_eq!(xml::attr(xml::child(&removed, "retract", ns::RETRACT).unwrap(), "id"), "17");
}

#[test]
fn the_words_of_others_are_removed_by_moderators_alone() {
    let theirs = vec![id::by_room("17"), id::by_author(&"bob@x".into(), "1")];
    let delete = outgoing(Action::Delete { target: theirs, reason: Some("spam".to_owned()) });
    assert_eq!(stanza(&delete, &scene()), Err(Unsayable::NoModeration));
    let old = stanza(&delete, &Scene { moderation: Moderation::Old, ..scene() }).unwrap();
    assert_eq!((old.name(), xml::attr(&old, "type")), ("iq", "set"));
    assert_eq!(xml::attr(xml::child(&old, "apply-to", ns::FASTEN).unwrap(), "id"), "17");
}
