use ruma::{OwnedUserId, user_id};
use serde_json::json;

use super::*;

fn user(id: &str) -> OwnedUserId {
    id.try_into().unwrap()
}

fn mention(target: MentionTarget, label: &str) -> Inline {
    Inline::Mention(Mention { target, label: label.into() })
}

#[test]
fn the_room_is_addressed_by_a_word_of_its_own() {
    let mut doc = Doc::text("@room, look: @roomy a@room @room:b.c");
    mark_room(&mut doc);
    let expected = vec![
        mention(MentionTarget::Room, "@room"),
        Inline::text(", look: @roomy a@room @room:b.c"),
    ];
    assert_eq!(doc, Doc::line(expected));
}

#[test]
fn names_are_found_longest_first_and_not_in_code_or_links() {
    let alice = MentionTarget::Ghost("alice".into());
    let alice_b = MentionTarget::Ghost("alice b".into());
    let names = [("alice".to_owned(), alice.clone()), ("alice b".to_owned(), alice_b.clone())];
    let link = Inline::Link { url: "https://a.b".into(), content: vec![Inline::text("alice")] };
    let mut doc = Doc::line(vec![
        Inline::text("alice: hi @alice b, malice"),
        Inline::Code("alice".into()),
        link.clone(),
    ]);
    mark_names(&mut doc, &names);
    let expected = vec![
        mention(alice, "alice"),
        Inline::text(": hi "),
        mention(alice_b, "@alice b"),
        Inline::text(", malice"),
        Inline::Code("alice".into()),
        link,
    ];
    assert_eq!(doc, Doc::line(expected));
}

#[test]
fn mentions_are_resolved_wherever_they_stand() {
    let ghost = mention(MentionTarget::Ghost("net/bob".into()), "bob");
    let mut doc = Doc::from(vec![super::super::Block::Quote(vec![
        super::super::Block::Paragraph(vec![Inline::Strong(vec![ghost])]),
    ])]);
    resolve(&mut doc, &mut |found| {
        assert_eq!(found.label, "bob");
        let target = MentionTarget::User(user_id!("@_irc_net_bob:hs").to_owned());
        Some(Mention { target, label: "Bob".into() })
    });
    assert_eq!(collect(&doc).user_ids, [user("@_irc_net_bob:hs")].into());
    assert_eq!(doc.plain(), "> Bob");
}

#[test]
fn what_is_wrong_in_m_mentions_is_passed_over() {
    let content = json!({"m.mentions": {"user_ids": ["@a:b", 3, "nobody"], "room": "yes"}});
    let mentions = from_content(&content);
    assert_eq!(mentions.user_ids, [user("@a:b")].into());
    assert!(!mentions.room);
    for content in [json!(null), json!({"m.mentions": 1}), json!({"m.mentions": {"user_ids": {}}})]
    {
        assert!(from_content(&content).user_ids.is_empty());
    }
    assert!(from_content(&json!({"m.mentions": {"room": true}})).room);
}
