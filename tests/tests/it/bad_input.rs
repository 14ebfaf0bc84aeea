//! Transactions as no homeserver should send them.

use anyhow::{Context, Result};
use bridge_tests::{rig::crypto, stack::Stack};
use reqwest::{Client, header::CONTENT_TYPE};
use serde_json::{Value, json};

#[tokio::test]
async fn bad_transactions_are_answered_and_do_no_harm() -> Result<()> {
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#input").await?;
    let room = ann.join(&stack.alias("#input")).await?;
    let token = stack.bridge.token("hs_token")?;
    let hs = Homeserver { url: stack.bridge.appservice_url(), token: &token };

    let good = message(&room, ann.id(), "$good", "from outside");
    let events = json!({ "events": [good] }).to_string();
    let refused = |(status, body): (u16, Value)| (status, body["errcode"].clone());
    let wrong = Homeserver { token: "wrong", ..hs.clone() };
    assert_eq!(refused(wrong.put("w", &events).await?), (403, json!("M_FORBIDDEN")));
    let missing = Homeserver { token: "", ..hs.clone() };
    assert_eq!(refused(missing.put("m", &events).await?).0, 401);
    let cut = &events[..events.len() / 2];
    assert_eq!(refused(hs.put("cut", cut).await?), (400, json!("M_NOT_JSON")));
    assert_eq!(refused(hs.put("empty", "").await?), (400, json!("M_NOT_JSON")));

    let odd = json!({ "events": [
        null, 7, "text", [], {}, {"type": 7}, {"type": "m.room.message"},
        {"type": "m.room.message", "event_id": "$bare", "room_id": room, "sender": "nobody"},
        {"type": "m.room.message", "event_id": "$list", "room_id": room, "sender": ann.id(),
         "content": [], "origin_server_ts": "now"},
        {"type": "org.example.unknown", "event_id": "$unknown", "room_id": room,
         "sender": ann.id(), "content": {"body": "unknown"}, "origin_server_ts": 1},
        good,
    ], "de.example.more": {"a": 1} });
    assert_eq!(hs.put("odd", &odd.to_string()).await?, (200, json!({})));
    // The same again, as after an answer that was lost, and under another number.
    for txn in ["odd", "other"] {
        assert_eq!(hs.put(txn, &odd.to_string()).await?, (200, json!({})));
    }

    ann.send_text(&room, "the last word").await?;
    bob.wait_for("a good message", |line| line.is_message("#input", "the last word")).await?;
    let said = |words: &str| ("ann[m]".to_owned(), words.to_owned());
    assert_eq!(bob.said_in("#input"), [said("from outside"), said("the last word")]);
    stack.bridge.health().await.map(|(status, _)| assert_eq!(status, 200))
}

/// Speaks to the bridge as a homeserver does, with any token; none if that is empty.
#[derive(Clone)]
struct Homeserver<'a> {
    url: String,
    token: &'a str,
}

impl Homeserver<'_> {
    async fn put(&self, txn: &str, body: &str) -> Result<(u16, Value)> {
        let url = format!("{}/_matrix/app/v1/transactions/bad-{txn}", self.url);
        crypto();
        let client = Client::builder().no_proxy().tls_built_in_root_certs(false).build()?;
        let mut request = client.put(url).header(CONTENT_TYPE, "application/json");
        if !self.token.is_empty() {
            request = request.bearer_auth(self.token);
        }
        let answer = request.body(body.to_owned()).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.context("the answer is JSON")?))
    }
}

fn message(room: &str, sender: &str, id: &str, body: &str) -> Value {
    json!({
        "type": "m.room.message", "event_id": id, "room_id": room, "sender": sender,
        "origin_server_ts": 1_700_000_000_000_u64,
        "content": {"msgtype": "m.text", "body": body},
    })
}
