use super::*;
use crate::content::{Mention, MentionTarget};

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::text(text)]
}

fn paragraph(content: &str) -> Block {
    Block::Paragraph(text(content))
}

#[test]
fn plain_text_comes_back_as_it_was() {
    for text in ["", "one", "one\ntwo", "one\n\nthree", "  spaces  \n\n", "\n\n"] {
        assert_eq!(Doc::text(text).plain(), text);
    }
}

#[test]
fn every_block_has_a_plain_form() {
    let item = |label: &str| vec![paragraph(label)];
    for (block, plain) in [
        (Block::Heading { level: 2, content: text("Title") }, "Title"),
        (Block::Code { lang: None, text: "a\n  b".into() }, "a\n  b"),
        (Block::Quote(vec![paragraph("a"), paragraph("b")]), "> a\n>\n> b"),
        (Block::List { start: None, items: vec![item("a"), item("b")] }, "• a\n• b"),
        (Block::List { start: Some(9), items: vec![item("a"), item("b")] }, "9. a\n10. b"),
        (
            Block::List {
                start: Some(1),
                items: vec![vec![
                    paragraph("a"),
                    Block::List { start: None, items: vec![item("b"), item("c")] },
                ]],
            },
            "1. a\n   • b\n   • c",
        ),
        (
            Block::Table {
                head: vec![text("x"), text("y")],
                rows: vec![vec![text("1"), text("2")], vec![text("3")]],
            },
            "x | y\n1 | 2\n3",
        ),
        (Block::Maths("x^2".into()), "x^2"),
        (Block::Rule, "---"),
    ] {
        assert_eq!(Doc::from(vec![block]).plain(), plain);
    }
}

#[test]
fn paragraphs_stand_apart_and_other_blocks_do_not() {
    let doc = Doc::from(vec![paragraph("a"), paragraph("b"), Block::Rule, paragraph("c")]);
    assert_eq!(doc.plain(), "a\n\nb\n---\nc");
}

#[test]
fn a_link_says_its_address_once() {
    for (label, url, plain) in [
        ("here", "https://example.org/", "here <https://example.org/>"),
        ("https://example.org", "https://example.org", "https://example.org"),
        ("example.org", "https://example.org/", "https://example.org/"),
        ("", "https://example.org/", "https://example.org/"),
        ("me@example.org", "mailto:me@example.org", "me@example.org"),
    ] {
        let link = Inline::Link { url: url.into(), content: text(label) };
        assert_eq!(Doc::line(vec![link]).plain(), plain);
    }
}

#[test]
fn a_hidden_text_is_not_shown() {
    let hidden = Inline::Spoiler { reason: None, content: text("he dies") };
    let with_reason = Inline::Spoiler { reason: Some("film".into()), content: text("he dies") };
    let doc = Doc::line(vec![hidden, Inline::text(" "), with_reason]);
    assert_eq!(doc.plain(), "[spoiler] [spoiler: film]");
    let bars = PlainStyle { spoilers: Spoilers::Bars, ..PlainStyle::default() };
    assert_eq!(to_plain(&doc, &bars), "||he dies|| (film) ||he dies||");
}

#[test]
fn mentions_and_emoji_keep_their_names() {
    let doc = Doc::line(vec![
        Inline::Mention(Mention { target: MentionTarget::Room, label: "@room".into() }),
        Inline::text(" "),
        Inline::Emoji { shortcode: "party".into(), mxc: None },
    ]);
    assert_eq!(doc.plain(), "@room :party:");
}
