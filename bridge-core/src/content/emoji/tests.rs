use proptest::prelude::*;

use super::*;

#[test]
fn known_shortcodes_become_emoji() {
    for (text, emoji) in [
        (":tada:", "🎉"),
        ("well :+1:, :tada::heart:", "well 👍, 🎉❤\u{fe0f}"),
        ("(:smile:)", "(😄)"),
        (":nosuch: :tada", ":nosuch: :tada"),
        ("10:30:45 a:tada:b std::tada::x foo:tada:", "10:30:45 a:tada:b std::tada::x foo:tada:"),
        ("https://a.b:tada:", "https://a.b:tada:"),
        (": :tada: :", ": 🎉 :"),
        (":é:tada:", ":é:tada:"),
        ("::", "::"),
    ] {
        assert_eq!(text_to_unicode(text), emoji, "{text}");
    }
}

#[test]
fn emoji_become_shortcodes() {
    for (emoji, text) in [
        ("🎉", ":tada:"),
        ("a❤\u{fe0f}b", "a:heart:b"),
        ("👍🏽 stays", "👍🏽 stays"),
        ("© é 1", "© é 1"),
    ] {
        assert_eq!(text_to_shortcodes(emoji), text, "{emoji}");
    }
    assert_eq!(shortcode("👍"), Some("+1"));
    assert_eq!(shortcode("hello"), None);
}

#[test]
fn code_links_and_custom_emoji_are_left_alone() {
    let kept = [
        Inline::Code(":tada:".into()),
        Inline::Link { url: "https://a.b".into(), content: vec![Inline::text(":tada:")] },
        Inline::Emoji { shortcode: "tada".into(), mxc: Some("mxc://a/b".into()) },
    ];
    let mut doc = Doc::line(kept.to_vec());
    to_unicode(&mut doc);
    assert_eq!(doc, Doc::line(kept.to_vec()));

    let mut doc = Doc::line(vec![
        Inline::Strong(vec![Inline::text(":tada:")]),
        Inline::Emoji { shortcode: "tada".into(), mxc: None },
    ]);
    to_unicode(&mut doc);
    assert_eq!(doc.plain(), "🎉🎉");
}

proptest! {
    #[test]
    fn any_text_is_taken(text in "(:|tada|[a-z]|\\PC){0,40}") {
        let _ = text_to_unicode(&text);
        let _ = text_to_shortcodes(&text);
    }
}
