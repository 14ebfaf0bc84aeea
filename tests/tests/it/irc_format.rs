//! What text looks like on the other side.

use anyhow::Result;
use bridge_tests::stack::Stack;
use serde_json::{Value, json};

fn html(plain: &str, html: &str) -> Value {
    json!({
        "msgtype": "m.text", "body": plain,
        "format": "org.matrix.custom.html", "formatted_body": html,
    })
}

#[tokio::test]
async fn formats_cross_both_ways() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#format").await?;
    let room = ann.join(&stack.alias("#format")).await?;

    for (said, line) in [
        ("<b>bold</b> and <i>italic</i>", "\u{2}bold\u{f} and \u{1d}italic"),
        ("<u>u</u> <del>s</del> <code>c</code>", "\u{1f}u\u{f} \u{1e}s\u{f} \u{11}c"),
        (r##"<font color="#ff0000">5 red</font>"##, "\u{3}045 red"),
        (r#"<a href="https://example.org/a">there</a>"#, "there <https://example.org/a>"),
        (
            r#"the end: <span data-mx-spoiler="film">he dies</span>"#,
            "the end: [spoiler: film] \u{3}01,01he dies",
        ),
    ] {
        ann.send_message(&room, html("plain", said)).await?;
        bob.wait_for(line, |it| it.is_message("#format", line)).await?;
    }
    ann.send_message(&room, html("plain", "<ul><li>one</li><li><b>two</b></li></ul>")).await?;
    bob.wait_for("the list", |it| it.is_message("#format", "• \u{2}two")).await?;

    for (line, body, formatted) in [
        ("\u{2}bold\u{2} plain", "bold plain", "<strong>bold</strong> plain"),
        (
            "\u{3}52,98deep\u{3} \u{4}12ab34hex",
            "deep hex",
            r##"<span data-mx-color="#ff0000" data-mx-bg-color="#ffffff">deep</span> <span data-mx-color="#12ab34">hex</span>"##,
        ),
        ("\u{11}let x\u{11};", "let x;", "<code>let x</code>;"),
        ("\u{3}1,1he dies", "[spoiler]", r#"<span data-mx-spoiler="">he dies</span>"#),
    ] {
        bob.privmsg("#format", line).await?;
        let event = ann.wait_for(body, |event| event.says(&room, body)).await?;
        assert_eq!(event.content()["formatted_body"], formatted, "{line:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_long_text_is_cut_between_words_and_keeps_its_format() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#long").await?;
    let room = ann.join(&stack.alias("#long")).await?;
    let words: Vec<String> = (0..200).map(|n| format!("größe{n}")).collect();
    let text = words.join(" ");
    ann.send_message(&room, html(&text, &format!("<b>{text}</b> end"))).await?;
    bob.wait_for("the end", |it| it.text().ends_with(" end")).await?;
    let lines: Vec<String> = bob.said_in("#long").into_iter().map(|(_, line)| line).collect();
    assert!(lines.len() > 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with('\u{2}')), "{lines:?}");
    let said = lines.iter().map(|line| line.replace(['\u{2}', '\u{f}'], "")).collect::<Vec<_>>();
    assert_eq!(said.join(" "), format!("{text} end"));
    Ok(())
}
