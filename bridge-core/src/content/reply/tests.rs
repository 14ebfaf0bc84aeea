use super::*;

#[test]
fn the_old_fallback_is_taken_off_only_where_it_looks_like_one() {
    for (body, text) in [
        ("> <@alice:hs> hi\n> there\n\nhello", "hello"),
        ("> * <@alice:hs> waves\n\nhello", "hello"),
        ("> <@alice:hs> hi\nhello\n\n> mine", "hello\n\n> mine"),
        ("> a quote of mine\n\nhello", "> a quote of mine\n\nhello"),
        ("> <@alice:hs> hi", "> <@alice:hs> hi"),
        ("> <@alice:hs> hi\n\n ", "> <@alice:hs> hi\n\n "),
        ("hello", "hello"),
        ("", ""),
    ] {
        assert_eq!(strip_fallback(body), text, "{body}");
    }
}

#[test]
fn a_quote_repeats_the_beginning_of_the_answered_message() {
    let long = Doc::text(&format!("first line\n{}", "word ".repeat(40)));
    let plain = quote(Doc::text("yes"), &Quoted { author: "alice", doc: Some(&long) }).plain();
    let (quoted, reply) = plain.split_once('\n').unwrap();
    assert!(quoted.starts_with("> <alice> first line word word"), "{quoted}");
    assert!(quoted.ends_with('…') && quoted.chars().count() < 120, "{quoted}");
    assert_eq!(reply, "yes");
}

#[test]
fn quotes_are_not_quoted_and_spoilers_stay_hidden() {
    let mut doc = quote(Doc::text("yes"), &Quoted { author: "alice", doc: Some(&Doc::text("a")) });
    doc.blocks.push(Block::Paragraph(vec![Inline::Spoiler {
        reason: None,
        content: vec![Inline::text("he dies")],
    }]));
    assert_eq!(extract(&doc, 100), "yes [spoiler]");
}

#[test]
fn without_the_message_the_author_is_addressed_once() {
    let quoted = Quoted { author: "alice", doc: None };
    assert_eq!(quote(Doc::text("yes"), &quoted).plain(), "alice: yes");
    assert_eq!(quote(Doc::text("alice: yes"), &quoted).plain(), "alice: yes");
    assert_eq!(quote(Doc::text("@alice yes"), &quoted).plain(), "@alice yes");
    assert_eq!(quote(Doc::text("alicea yes"), &quoted).plain(), "alice: alicea yes");
}

#[test]
fn an_extract_is_cut_between_graphemes() {
    let family = "👨‍👩‍👧";
    let doc = Doc::text(&family.repeat(10));
    assert_eq!(extract(&doc, 12), format!("{family}{family}…"));
}
