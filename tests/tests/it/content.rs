//! What Matrix has and plain IRC has not, as people on IRC read it.

use anyhow::Result;
use bridge_tests::stack::Stack;
use serde_json::{Value, json};

#[tokio::test]
async fn replies_edits_and_reactions_find_their_messages_after_a_restart() -> Result<()> {
    let mut stack = Stack::plain_irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#old").await?;
    let room = ann.join(&stack.alias("#old")).await?;
    bob.privmsg("#old", "who has the key?").await?;
    let asked = ann.wait_for("the question", |it| it.says(&room, "who has the key?")).await?;
    let answer = ann.send_text(&room, "I had it").await?;
    bob.wait_for("the answer", |line| line.is_message("#old", "I had it")).await?;
    stack.bridge.restart().await?;

    let relation = json!({"m.in_reply_to": {"event_id": asked.id()}});
    ann.send_message(&room, text("not me", &relation)).await?;
    bob.wait_for("the quote", |line| line.is_message("#old", "> <bob> who has the key?")).await?;
    bob.wait_for("the reply", |line| line.is_message("#old", "not me")).await?;
    let edit = |body: &str| {
        let mut edit =
            text(&format!("* {body}"), &json!({"rel_type": "m.replace", "event_id": answer}));
        edit["m.new_content"] = json!({"msgtype": "m.text", "body": body});
        edit
    };
    ann.send_message(&room, edit("I have it")).await?;
    bob.wait_for("the edit", |line| line.is_message("#old", "* I have it")).await?;
    // An edit of an edit names the first message as well.
    ann.send_message(&room, edit("I lost it")).await?;
    bob.wait_for("the second edit", |line| line.is_message("#old", "* I lost it")).await?;
    let reaction = json!({"rel_type": "m.annotation", "event_id": asked.id(), "key": "👀"});
    ann.send(&room, "m.reaction", json!({"m.relates_to": reaction})).await?;
    let reacted = "reacted with 👀 to bob: who has the key?";
    bob.wait_for("the reaction", |line| line.action() == Some(reacted)).await?;
    ann.redact(&room, &answer, "").await?;
    bob.wait_for("the removal", |line| line.action() == Some("deleted a message")).await?;
    Ok(())
}

#[tokio::test]
async fn every_kind_of_content_is_readable_on_plain_irc() -> Result<()> {
    let stack = Stack::plain_irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#kinds").await?;
    let room = ann.join(&stack.alias("#kinds")).await?;
    bob.privmsg("#kinds", "go on").await?;
    let first = ann.wait_for("the start", |it| it.says(&room, "go on")).await?;
    let ghost = stack.ghost("bob");

    let pill = format!("<a href=\"https://matrix.to/#/{ghost}\">bob</a>: hi");
    let mut mention = html("bob: hi", &pill);
    mention["m.mentions"] = json!({"user_ids": [ghost]});
    let table = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>";
    let threaded = json!({"rel_type": "m.thread", "event_id": first.id(), "is_falling_back": true,
                          "m.in_reply_to": {"event_id": first.id()}});
    let location =
        json!({"msgtype": "m.location", "body": "the harbour", "geo_uri": "geo:1.5,2.5"});
    let unknown = json!({"msgtype": "org.example.dance", "body": "a dance nobody knows"});
    for (content, shown) in [
        (mention, "bob: hi"),
        (html("x", "<ul><li>one</li></ul>"), "• one"),
        (html("x", table), "1 | 2"),
        (html("x", "<h2>Title</h2>"), "Title"),
        (html("x", "<span data-mx-maths=\"x^2\">x2</span>"), "x^2"),
        (text("in the thread", &threaded), "in the thread"),
        (location, "the harbour"),
        (unknown, "a dance nobody knows"),
    ] {
        ann.send_message(&room, content).await?;
        bob.wait_for(format!("{shown:?}"), |line| {
            line.command == "PRIVMSG" && line.text().contains(shown)
        })
        .await?;
    }
    let answers = json!([{"id": "1", "m.text": [{"body": "tea"}]},
                         {"id": "2", "m.text": [{"body": "rum"}]}]);
    let poll = json!({"m.text": [{"body": "What to drink?"}],
                      "m.poll": {"question": {"m.text": [{"body": "What to drink?"}]},
                                 "answers": answers, "kind": "m.disclosed", "max_selections": 1}});
    ann.send(&room, "m.poll.start", poll).await?;
    bob.wait_for("the poll", |line| line.text().contains("What to drink?")).await?;
    Ok(())
}

fn text(body: &str, relation: &Value) -> Value {
    json!({"msgtype": "m.text", "body": body, "m.relates_to": relation})
}

fn html(body: &str, html: &str) -> Value {
    json!({"msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
           "formatted_body": html})
}
