use proptest::prelude::*;
use ruma::user_id;

use super::*;
use crate::content::{Block, Inline, MediaRef, Mention, MentionTarget, Rgb};

fn read(html: &str) -> Doc {
    from_html(html, &HtmlContext::default())
}

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::text(text)]
}

fn paragraph(content: &str) -> Block {
    Block::Paragraph(text(content))
}

#[test]
fn inline_elements_are_read() {
    let link = |url: &str, label: &str| Inline::Link { url: url.into(), content: text(label) };
    let mention = |label: &str| {
        let target = MentionTarget::User(user_id!("@bob:hs").to_owned());
        Inline::Mention(Mention { target, label: label.into() })
    };
    let colour = |fg, bg| Inline::Colour { fg, bg, content: text("x") };
    let red = Some(Rgb(255, 0, 0));
    for (html, expected) in [
        ("x", Inline::text("x")),
        ("a &lt;b&gt; &amp;amp; c", Inline::text("a <b> &amp; c")),
        ("<b>x</b>", Inline::Strong(text("x"))),
        ("<strong>x</strong>", Inline::Strong(text("x"))),
        ("<i>x</i>", Inline::Emphasis(text("x"))),
        ("<u>x</u>", Inline::Underline(text("x"))),
        ("<strike>x</strike>", Inline::Strike(text("x"))),
        ("<code>a  b</code>", Inline::Code("a  b".into())),
        ("<font color=\"red\">x</font>", colour(red, None)),
        ("<font data-mx-color=\"#f00\">x</font>", colour(red, None)),
        ("<span data-mx-bg-color='#ff0000'>x</span>", colour(None, red)),
        ("<span data-mx-spoiler>x</span>", Inline::Spoiler { reason: None, content: text("x") }),
        (
            "<span data-mx-spoiler=film>x</span>",
            Inline::Spoiler { reason: Some("film".into()), content: text("x") },
        ),
        ("<a href='https://a.b/?c=1&amp;d=2'>x</a>", link("https://a.b/?c=1&d=2", "x")),
        ("<a href='javascript:alert(1)'>x</a>", Inline::text("x")),
        ("<a href='https://matrix.to/#/@bob:hs'>Bob</a>", mention("Bob")),
        ("<a href='https://matrix.to/#/%40bob%3Ahs'><b>Bob</b></a>", mention("Bob")),
        ("<a href='matrix:u/bob:hs?action=chat'>Bob</a>", mention("Bob")),
        (
            "<a href='https://matrix.to/#/#r:hs'>#r:hs</a>",
            link("https://matrix.to/#/#r:hs", "#r:hs"),
        ),
        ("<span data-mx-maths='x^2'>x²</span>", Inline::Maths("x^2".into())),
        (
            "<img data-mx-emoticon src='mxc://hs/e' alt=':party:' height='32'>",
            Inline::Emoji { shortcode: "party".into(), mxc: Some("mxc://hs/e".into()) },
        ),
        (
            "<img src='mxc://hs/i' alt='cat'>",
            Inline::Media(MediaRef { uri: "mxc://hs/i".into(), alt: "cat".into() }),
        ),
        ("<img src='file:///etc/passwd' alt='cat'>", Inline::text("cat")),
        ("x<sup>2</sup> H<sub>2</sub>O", Inline::text("x² H₂O")),
        ("<blink>x</blink>", Inline::text("x")),
        ("<script>alert(1)</script>x<style>y</style>", Inline::text("x")),
        ("<mx-reply><blockquote>q</blockquote></mx-reply>x", Inline::text("x")),
        ("  a \n b  ", Inline::text("a b")),
        ("a&nbsp;&nbsp;b", Inline::text("a  b")),
    ] {
        assert_eq!(read(html), Doc::line(vec![expected]), "{html}");
    }
}

#[test]
fn block_elements_are_read() {
    let item = |label: &str| vec![paragraph(label)];
    for (html, expected) in [
        ("<p>a</p>\n<p>b</p>", vec![paragraph("a"), paragraph("b")]),
        ("a<p>b", vec![paragraph("a"), paragraph("b")]),
        ("<h2>a</h2>b", vec![Block::Heading { level: 2, content: text("a") }, paragraph("b")]),
        ("<blockquote><p>a</p></blockquote>", vec![Block::Quote(vec![paragraph("a")])]),
        (
            "<ul><li>a<li>b</ul>",
            vec![Block::List { start: None, items: vec![item("a"), item("b")] }],
        ),
        (
            "<ol start=3>\n<li><p>a</p></li>\n</ol>",
            vec![Block::List { start: Some(3), items: vec![item("a")] }],
        ),
        (
            "<ul><li>a<ul><li>b</li></ul></li></ul>",
            vec![Block::List {
                start: None,
                items: vec![vec![
                    paragraph("a"),
                    Block::List { start: None, items: vec![item("b")] },
                ]],
            }],
        ),
        (
            "<pre><code class=\"hl language-rust\">fn f() {\n    1 &lt; 2\n}\n</code></pre>",
            vec![Block::Code { lang: Some("rust".into()), text: "fn f() {\n    1 < 2\n}".into() }],
        ),
        ("<pre>\na<b>b</b><br>c", vec![Block::Code { lang: None, text: "ab\nc".into() }]),
        (
            "<table><thead><tr><th>x<th>y</thead><tr><td>1<td><p>2</p><p>3</p></table>",
            vec![Block::Table {
                head: vec![text("x"), text("y")],
                rows: vec![vec![
                    text("1"),
                    vec![Inline::text("2"), Inline::Break, Inline::text("3")],
                ]],
            }],
        ),
        ("a<hr/>b", vec![paragraph("a"), Block::Rule, paragraph("b")]),
        ("<div data-mx-maths=\"a<b\"><div>x</div></div>", vec![Block::Maths("a<b".into())]),
        ("<details><summary>a</summary>b</details>", vec![paragraph("a"), paragraph("b")]),
        (
            "a<br> b<br/>",
            vec![Block::Paragraph(vec![Inline::text("a"), Inline::Break, Inline::text("b")])],
        ),
        ("<li>a", vec![Block::List { start: None, items: vec![item("a")] }]),
        ("", vec![]),
        ("<p> &nbsp; </p>", vec![]),
    ] {
        assert_eq!(read(html), Doc::from(expected), "{html}");
    }
}

#[test]
fn wrong_nesting_keeps_text_and_format() {
    let strong = |label: &str| Inline::Strong(text(label));
    let both = Inline::Strong(vec![Inline::Emphasis(text("b"))]);
    for (html, expected) in [
        (
            "<b>a<i>b</b>c</i>",
            vec![Block::Paragraph(vec![
                Inline::Strong(vec![Inline::text("a"), Inline::Emphasis(text("b"))]),
                Inline::Emphasis(text("c")),
            ])],
        ),
        ("</b>a</i></p></ul>", vec![paragraph("a")]),
        (
            "<b><p>a</p><p>b</p></b>c",
            vec![
                Block::Paragraph(vec![strong("a")]),
                Block::Paragraph(vec![strong("b")]),
                paragraph("c"),
            ],
        ),
        ("<b><i>b", vec![Block::Paragraph(vec![both])]),
    ] {
        assert_eq!(read(html), Doc::from(expected), "{html}");
    }
}

#[test]
fn the_room_is_mentioned_only_if_the_event_says_so() {
    let html = "@room <code>@room</code>";
    let mention = Mention { target: MentionTarget::Room, label: "@room".into() };
    let rest = [Inline::text(" "), Inline::Code("@room".into())];
    let context = HtmlContext { mentions: Mentions::with_room_mention() };
    let pieces = [&[Inline::Mention(mention)], rest.as_slice()].concat();
    assert_eq!(from_html(html, &context), Doc::line(pieces));
    assert_eq!(read(html).plain(), "@room @room");
}

#[test]
fn deep_nesting_is_cut_and_survives_storage() {
    for tag in ["<b>", "<ul><li>", "<blockquote>", "<span data-mx-color=red data-mx-spoiler>"] {
        let doc = read(&format!("{}deep", tag.repeat(2_000)));
        assert!(doc.plain().contains("deep") || tag.contains("spoiler"), "{tag}");
        let json = serde_json::to_string(&doc).unwrap();
        assert_eq!(serde_json::from_str::<Doc>(&json).unwrap(), doc, "{tag}");
    }
}

#[test]
fn plain_documents_need_no_html() {
    let doc = Doc::text("a  < b\n\n*c*");
    assert_eq!(to_html(&doc), None);
    assert_eq!(to_html_always(&doc), "a &nbsp;&lt; b<br><br>*c*");
    assert_eq!(to_html(&Doc::line(vec![Inline::bare_link("https://a.b")])), None);
}

#[test]
fn html_is_written_as_matrix_allows_it() {
    for html in [
        "<strong>a</strong> <em>b</em> <del>c</del> <u>d</u> <code>e</code>",
        "<p>a</p><p>b<br>c</p>",
        "<h1>a</h1><p>b</p>",
        "a<blockquote>b<ul><li>c</li><li>d<ol start=\"2\"><li>e</li></ol></li></ul></blockquote>",
        "<pre><code class=\"language-c\">\n\n  a &lt; b\n</code></pre>",
        "<span data-mx-color=\"#010203\" data-mx-bg-color=\"#ffffff\">a</span>",
        "<span data-mx-spoiler=\"x &quot;y&quot;\">a</span>",
        "<span data-mx-spoiler=\"\">a</span>",
        "<a href=\"https://matrix.to/#/@bob:hs\">Bob</a>: hi",
        "<a href=\"https://a.b/?c=1&amp;d=2\">x</a>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td><td>c</td></tr></tbody></table>",
        "<span data-mx-maths=\"a&lt;b\"><code>a&lt;b</code></span>",
        "<div data-mx-maths=\"a\"><code>a</code></div>",
        "a<hr>",
        "<img data-mx-emoticon height=\"32\" src=\"mxc://hs/e\" alt=\":party:\" title=\":party:\">",
        "<img src=\"mxc://hs/e\" alt=\"cat\" title=\"cat\">",
    ] {
        assert_eq!(to_html_always(&read(html)), html);
    }
}

#[test]
fn addresses_that_clients_refuse_are_written_out() {
    let link = |url: &str| Inline::Link { url: url.into(), content: text("here") };
    let written = |url| to_html_always(&Doc::line(vec![link(url)]));
    assert_eq!(written("xmpp:room@muc.b?join"), "here &lt;xmpp:room@muc.b?join&gt;");
    assert_eq!(written("javascript:alert(1)"), "here");
}

fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

proptest! {
    #[test]
    fn any_string_is_read(html in "\\PC*") {
        let _ = to_html(&read(&html));
        crate::content::invariants::html(&html);
    }

    #[test]
    fn any_tag_soup_is_read_and_stays_within_bounds(
        html in "(</?(b|i|a href=\"https://a.b\"|ul|ol|li|table|tr|td|th|p|pre|code|h1|blockquote|\
                 br|hr|div|span data-mx-spoiler|span data-mx-color=red|sup|mx-reply|script)>|[a-z ]{1,3}){0,80}"
    ) {
        let doc = read(&html);
        let json = serde_json::to_string(&doc).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Doc>(&json).unwrap(), &doc);
        let again = read(&to_html_always(&doc));
        prop_assert_eq!(letters(&again.plain()), letters(&doc.plain()));
    }

    #[test]
    fn plain_text_comes_back_through_html(text in "[ a-z<>&\"'\n\u{e9}\u{1f600}]{0,60}[a-z]") {
        prop_assert_eq!(read(&to_html_always(&Doc::text(&text))).plain(), text);
    }
}
