use bridge_core::content::{html::to_html_always, mention};
use mongodb::bson::{Document, doc, oid::ObjectId};

use super::*;

fn document(text: &str, html: &str) -> Document {
    doc! {
        "_id": ObjectId::parse_str("5f5e103d0000000000000008").unwrap(),
        "fromUserId": ObjectId::parse_str("5f5e10000000000000000001").unwrap(),
        "toTroupeId": ObjectId::parse_str("5f5e10000000000000000004").unwrap(),
        "text": text, "html": html, "sent": DateTime::from_millis(1_600_000_061_007),
        "mentions": [
            { "screenName": "carl", "userId": ObjectId::parse_str("5f5e10000000000000000002").unwrap() },
        ],
    }
}

fn read(document: &Document) -> Said {
    let message = Message::read(document).unwrap();
    said(&message)
}

#[test]
fn text_becomes_a_tree_by_its_html() {
    let said = read(&document("**bold** `x`", "<strong>bold</strong> <code>x</code>"));
    assert_eq!(to_html_always(&said.body), "<strong>bold</strong> <code>x</code>");
    assert_eq!(read(&document("only text", "")).body.plain(), "only text");
}

#[test]
fn shortcodes_become_emoji_outside_code() {
    let said = read(&document(":smile: `:smile:`", ":smile: <code>:smile:</code>"));
    assert_eq!(said.body.plain(), "\u{1f604} `:smile:`".replace('`', ""));
}

#[test]
fn mentions_address_whom_the_document_names() {
    let html = |name: &str| {
        format!(
            "<span data-link-type=\"mention\" data-screen-name=\"{name}\" class=\"mention\">@{name}</span> hi"
        )
    };
    let target = |said: &Said| match said.body.blocks.first() {
        Some(Block::Paragraph(line)) => match line.first() {
            Some(Inline::Mention(mention)) => Some(mention.target.clone()),
            _ => None,
        },
        _ => None,
    };
    let known = read(&document("@carl hi", &html("carl")));
    let carl = MentionTarget::Ghost("5f5e10000000000000000002".to_owned());
    assert_eq!(target(&known), Some(carl));
    let matrix = read(&document("@alice:hs.org hi", &html("alice:hs.org")));
    let alice = MentionTarget::User("@alice:hs.org".try_into().unwrap());
    assert_eq!(target(&matrix), Some(alice));
    let nobody = read(&document("@nobody hi", &html("nobody")));
    assert_eq!((target(&nobody), nobody.body.plain()), (None, "@nobody hi".to_owned()));
}

#[test]
fn everybody_is_addressed_by_those_who_may() {
    let html = "<span data-link-type=\"groupmention\" data-group-name=\"all\" class=\"groupmention\">@/all</span> up";
    let mut document = document("@/all up", html);
    assert!(!mention::collect(&read(&document).body).room);
    document.insert(
        "mentions",
        vec![doc! { "screenName": "all", "group": true, "announcement": true, "userIds": [] }],
    );
    assert!(mention::collect(&read(&document).body).room);
}

#[test]
fn an_emote_is_told_without_its_author() {
    let span =
        "<span data-link-type=\"mention\" data-screen-name=\"bob\" class=\"mention\">@bob</span>";
    let mut document = document("@bob waves", &format!("{span} waves"));
    document.insert("status", true);
    let said = read(&document);
    assert_eq!((said.kind, said.body.plain()), (MessageKind::Emote, "waves".to_owned()));
}

#[test]
fn a_formula_is_read_by_its_source() {
    let html = "a <span class=\"katex\"><span class=\"katex-mathml\"><math><semantics><mrow></mrow>\
                <annotation encoding=\"application/x-tex\">x^2</annotation></semantics></math></span>\
                <span class=\"katex-html\"><span>x2</span></span></span> b";
    let said = read(&document("a $$x^2$$ b", html));
    let Some(Block::Paragraph(line)) = said.body.blocks.first() else { panic!("{:?}", said.body) };
    assert!(line.contains(&Inline::Maths("x^2".to_owned())), "{line:?}");
}

#[test]
fn an_edit_is_known_by_its_time() {
    let mut document = document("new", "new");
    let user = || RemoteUser { key: "u".into(), name: "u".to_owned() };
    assert!(edit(&Message::read(&document).unwrap(), user()).is_none());
    document.insert("editedAt", DateTime::from_millis(1_600_000_300_000));
    let event = edit(&Message::read(&document).unwrap(), user()).unwrap();
    assert_eq!(event.id, Some("5f5e103d0000000000000008/1600000300000".into()));
}

#[test]
fn other_bridges_are_named() {
    let mut document = document("hi", "hi");
    document.insert("virtualUser", doc! { "type": "irc", "externalId": "x", "displayName": "Xe" });
    assert_eq!(read(&document).body.plain(), "Xe: hi");
}
