use std::slice;

use proptest::prelude::*;
use ruma::{event_id, owned_event_id};
use serde_json::json;

use super::*;
use crate::content::{matrix, split};

fn rungs(support: Support) -> Rungs {
    Rungs {
        text: TextCaps { format: TextFormat::Rich, ..TextCaps::default() },
        edit: support,
        reply: support,
        thread: support,
        media: support,
    }
}

fn read(content: &serde_json::Value) -> Message {
    matrix::read("m.room.message", &content.to_string()).unwrap()
}

fn said(text: &str, relation: &serde_json::Value) -> Message {
    read(&json!({"msgtype": "m.text", "body": text, "m.relates_to": relation}))
}

const LONG: &str = "the quick brown fox jumps over the lazy dog and goes on to sleep in the sun";

#[test]
fn every_rung_of_replies_and_threads() {
    use Relation::{Reply, Thread};
    use Support::{Fallback, Native, None as Not};
    let (root, target) = (owned_event_id!("$root"), owned_event_id!("$target"));
    let reply = json!({"m.in_reply_to": {"event_id": target}});
    let thread = json!({"rel_type": "m.thread", "event_id": root, "is_falling_back": true,
                        "m.in_reply_to": {"event_id": target}});
    let answer_in_thread = json!({"rel_type": "m.thread", "event_id": root,
                                  "m.in_reply_to": {"event_id": target}});
    let quote = "> <alice> hello\nhi";
    for (relation, thread_support, reply_support, text, kept) in [
        (json!(null), Native, Native, "hi", Relation::None),
        (reply.clone(), Not, Native, "hi", Reply(target.clone())),
        (reply.clone(), Not, Fallback, quote, Relation::None),
        (reply, Not, Not, "hi", Relation::None),
        (thread.clone(), Native, Not, "hi", Thread { root: root.clone(), reply_to: None }),
        (thread.clone(), Fallback, Native, "hi", Reply(root.clone())),
        (thread.clone(), Fallback, Fallback, quote, Relation::None),
        (thread, Not, Native, "hi", Relation::None),
        (
            answer_in_thread.clone(),
            Native,
            Native,
            "hi",
            Thread { root, reply_to: Some(target.clone()) },
        ),
        (answer_in_thread.clone(), Fallback, Native, "hi", Reply(target.clone())),
        (answer_in_thread, Not, Native, "hi", Reply(target)),
    ] {
        let caps = Rungs { thread: thread_support, reply: reply_support, ..rungs(Not) };
        let quoted = Quoted { author: "alice", doc: Some(&Doc::text("hello")) };
        let context = Context { quoted: Some(quoted), ..Context::default() };
        let lowered = message(said("hi", &relation), &caps, &context).unwrap();
        let outcome = (lowered.doc.plain(), lowered.relation);
        assert_eq!(outcome, (text.to_owned(), kept), "{relation} {caps:?}");
    }
}

#[test]
fn every_rung_of_edits() {
    let edit = |text: &str| {
        read(&json!({"msgtype": "m.text", "body": "* x",
                     "m.new_content": {"msgtype": "m.text", "body": text},
                     "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}))
    };
    let lowered = |support, text: &str, earlier: Option<&str>| {
        let earlier = earlier.map(Doc::text);
        let context = Context { earlier: earlier.as_ref(), ..Context::default() };
        message(edit(text), &rungs(support), &context).map(|l| (l.doc.plain(), l.relation))
    };
    let target = Relation::Edit(event_id!("$1").to_owned());
    assert_eq!(lowered(Support::Native, "new", Some("old")), Some(("new".into(), target)));
    assert_eq!(lowered(Support::None, "new", Some("old")), None);
    for (text, earlier, message) in [
        ("new", None, Some("* new")),
        ("new", Some("old"), Some("* new")),
        ("new", Some("new"), None),
        ("one\ntwo", Some("one\nthree"), Some("* one\ntwo")),
        (&LONG.replace("fox", "cat"), Some(LONG), Some("* … quick brown [fox → cat] jumps over …")),
        (&LONG.replace("the quick", "quick"), Some(LONG), Some("* [-the] quick brown …")),
        (&format!("{LONG} again"), Some(LONG), Some("* … the sun [+again]")),
        (LONG, Some("something else"), Some(&format!("* {LONG}"))),
    ] {
        let lowered = lowered(Support::Fallback, text, earlier);
        let expected = message.map(|message| (message.to_owned(), Relation::None));
        assert_eq!(lowered, expected, "{text}");
    }
}

#[test]
fn an_edit_of_a_list_still_says_that_it_is_one() {
    let list = Block::List { start: None, items: vec![Doc::text("a").blocks] };
    let edited = edit(Support::Fallback, Doc::from(vec![list]), None);
    assert_eq!(
        edited.map(|e| matches!(e, Edited::Message(doc) if doc.plain() == "*\n• a")),
        Some(true)
    );
}

#[test]
fn every_rung_of_reactions_and_deletions() {
    let doc = Doc::text(LONG);
    let full = Quoted { author: "alice", doc: Some(&doc) };
    let name = Quoted { author: "alice", doc: None };
    let plain = |support, quoted| reaction(support, "👍", quoted).map(|doc| doc.plain());
    assert_eq!(plain(Support::Native, Some(&full)), None);
    assert_eq!(plain(Support::None, Some(&full)), None);
    assert_eq!(plain(Support::Fallback, None).unwrap(), "reacted with 👍");
    assert_eq!(plain(Support::Fallback, Some(&name)).unwrap(), "reacted with 👍 to alice");
    assert_eq!(
        plain(Support::Fallback, Some(&full)).unwrap(),
        "reacted with 👍 to alice: the quick brown fox jumps over the lazy dog and g…"
    );
    assert_eq!(deletion(Support::Native, None), None);
    assert_eq!(deletion(Support::None, None), None);
    assert_eq!(deletion(Support::Fallback, None).unwrap().plain(), "deleted a message");
    assert_eq!(deletion(Support::Fallback, Some("a")).unwrap().plain(), "deleted a message of a");
}

#[test]
fn every_rung_of_files() {
    let content = json!({"msgtype": "m.image", "body": "My cat", "filename": "cat.png",
                         "url": "mxc://hs/1", "info": {"size": 1_234_567}});
    let lowered = |support, url| {
        let context = Context { file_url: url, ..Context::default() };
        message(read(&content), &rungs(support), &context)
            .map(|lowered| (lowered.doc.plain(), lowered.media.is_some()))
    };
    let url = Some("https://b.c/1");
    assert_eq!(lowered(Support::Native, url), Some(("My cat".into(), true)));
    let linked = "cat.png (1.2 MB): https://b.c/1\nMy cat";
    assert_eq!(lowered(Support::Fallback, url), Some((linked.into(), false)));
    assert_eq!(lowered(Support::Fallback, None), Some(("cat.png (1.2 MB)\nMy cat".into(), false)));
    assert_eq!(lowered(Support::None, url), Some(("My cat".into(), false)));

    let bare = read(&json!({"msgtype": "m.image", "body": "cat.png", "url": "mxc://hs/1"}));
    assert!(message(bare, &rungs(Support::None), &Context::default()).is_none());
}

#[test]
fn sizes_are_readable() {
    let size = |bytes| Doc::line(file_line("f", Some(bytes), None)).plain();
    assert_eq!(size(0), "f (0 B)");
    assert_eq!(size(999), "f (999 B)");
    assert_eq!(size(1_000), "f (1 kB)");
    assert_eq!(size(10_240), "f (10.2 kB)");
    assert_eq!(size(123_456_789), "f (123 MB)");
    assert_eq!(size(u64::MAX), "f (18446744073 GB)");
}

#[test]
fn rich_text_becomes_plain_where_the_network_has_no_other() {
    let content = json!({"msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html",
                         "formatted_body": "<b>a</b><ul><li>b</ul>"});
    let mut caps = rungs(Support::None);
    let rich = message(read(&content), &caps, &Context::default()).unwrap();
    assert!(matches!(rich.doc.blocks.as_slice(), [Block::Paragraph(_), Block::List { .. }]));
    caps.text.format = TextFormat::Plain;
    let plain = message(read(&content), &caps, &Context::default()).unwrap();
    assert_eq!(plain.doc, Doc::text("a\n• b"));
}

#[test]
fn long_text_is_cut_only_where_lines_count() {
    let text = [LONG; 4].join("\n");
    let lowered = |max_bytes, max_lines, url| {
        let caps = TextCaps { max_bytes, max_lines, format: TextFormat::Rich };
        shortened(Doc::text(&text), &caps, url).plain()
    };
    assert_eq!(lowered(Some(60), None, None), text);
    assert_eq!(lowered(Some(100), Some(4), None), text);
    assert_eq!(lowered(None, Some(3), None), format!("{LONG}… (cut)"));
    assert_eq!(
        lowered(Some(60), Some(3), Some("https://b.c/t")),
        "the quick brown fox jumps… (full message: https://b.c/t)"
    );
}

#[test]
fn a_cut_text_keeps_its_format() {
    let bold = Inline::Strong(vec![Inline::text(LONG)]);
    let doc = Doc::line(vec![bold]);
    let caps = TextCaps { max_bytes: Some(40), max_lines: Some(1), format: TextFormat::Rich };
    let expected = [
        Inline::Strong(vec![Inline::text("the quick brown fox jumps over")]),
        Inline::text("… (cut)"),
    ];
    let Doc { blocks } = shortened(doc, &caps, None);
    assert_eq!(blocks, slice::from_ref(&Block::Paragraph(expected.to_vec())));
}

proptest! {
    #[test]
    fn what_comes_out_fits(
        text in "([a-z\u{e9}]{1,12}| |\n|<b>|<ul><li>|<pre>|<blockquote>){0,60}",
        max_bytes in 80..200usize,
        max_lines in 1..5usize,
        plain in any::<bool>(),
    ) {
        let content = json!({"msgtype": "m.text", "body": "x", "formatted_body": text,
                             "format": "org.matrix.custom.html"});
        let mut caps = rungs(Support::Fallback);
        let format = if plain { TextFormat::Plain } else { TextFormat::Rich };
        caps.text = TextCaps { max_bytes: Some(max_bytes), max_lines: Some(max_lines), format };
        let context = Context { text_url: Some("https://b.c/t"), ..Context::default() };
        if let Some(lowered) = message(read(&content), &caps, &context) {
            let lines = split::split_plain(&lowered.doc.plain(), max_bytes);
            // A list or quote keeps the note on a line of its own.
            prop_assert!(lines.len() <= max_lines.max(2), "{lines:?}");
        }
    }
}
