//! Input as nobody should send it: nothing else changes, a figure counts it, and the log tells it.

use anyhow::{Context, Result};
use bridge_tests::{bridge::Bridge, rig::crypto, stack::Stack, wait};
use reqwest::{Client, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

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
    assert_eq!(refused(hs.put_half("half", &events).await?), (400, json!("M_NOT_JSON")));
    counted(&stack.bridge, "bridge_refused_requests_total", &[("reason", "wrong_token")], 1)
        .await?;
    counted(&stack.bridge, "bridge_refused_requests_total", &[("reason", "no_token")], 1).await?;
    let unreadable = [("outcome", "unreadable")];
    counted(&stack.bridge, "bridge_transactions_total", &unreadable, 3).await?;
    told(&stack.bridge, "refused a request");
    told(&stack.bridge, "a transaction cannot be read");

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
    let to_network = [("direction", "to_network")];
    counted(&stack.bridge, "bridge_dead_total", &to_network, 9).await?;
    counted(&stack.bridge, "bridge_ignored_total", &to_network, 1).await?;
    told(&stack.bridge, "an element nobody can read");
    told(&stack.bridge, "unknown event type");
    // The same again, as after an answer that was lost, and under another number.
    for txn in ["odd", "other"] {
        assert_eq!(hs.put(txn, &odd.to_string()).await?, (200, json!({})));
    }
    counted(&stack.bridge, "bridge_duplicates_total", &to_network, 20).await?;
    told(&stack.bridge, "events came again");

    // A counter that began anew: the id is old, the event is not.
    let newer = json!({ "events": [message(&room, ann.id(), "$newer", "under an old number")] });
    assert_eq!(hs.put("odd", &newer.to_string()).await?, (200, json!({})));
    bob.wait_for("the new event", |line| line.is_message("#input", "under an old number")).await?;
    counted(&stack.bridge, "bridge_transaction_ids_reused_total", &[], 1).await?;
    told(&stack.bridge, "an old transaction id brought new events");

    ann.send_text(&room, "the last word").await?;
    bob.wait_for("a good message", |line| line.is_message("#input", "the last word")).await?;
    let said = |words: &str| ("ann[m]".to_owned(), words.to_owned());
    let all = ["from outside", "under an old number", "the last word"];
    assert_eq!(bob.said_in("#input"), all.map(said));
    stack.bridge.health().await.map(|(status, _)| assert_eq!(status, 200))
}

#[tokio::test]
async fn bad_lines_are_passed_over_and_do_no_harm() -> Result<()> {
    let stack = Stack::irc().proxied().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#lines").await?;
    let room = ann.join(&stack.alias("#lines")).await?;
    ann.send_text(&room, "one").await?;
    bob.wait_for("the first line", |line| line.is_message("#lines", "one")).await?;
    let links = stack.proxies()?.irc.open();

    // Ten megabytes, on the reader's connection and on the puppet's.
    let mut line = b":mallory!m@h PRIVMSG #lines :".to_vec();
    line.resize(10 << 20, b'x');
    line.extend_from_slice(b"\r\n");
    stack.proxies()?.irc.inject(line);
    counted(&stack.bridge, "bridge_irc_overlong_lines_total", &[], 2).await?;
    told(&stack.bridge, "a line was too long to be read");
    // What is no message at all, and what breaks the framing.
    stack.proxies()?.irc.inject(b"\0\xff\xfe\r\n:\r\n: \r\n@\r\n\r\n\n:x 999\r\n".to_vec());

    bob.bytes(b"PRIVMSG #lines :caf\xe9 \xff\r\n").await?;
    ann.wait_for("the line that is not UTF-8", |it| it.says(&room, "caf\u{e9} \u{ff}")).await?;
    wait::until("the line is counted", wait::PATIENCE, async || {
        let count = stack.bridge.metric("bridge_irc_invalid_utf8_lines_total", &[]).await?;
        Ok((count >= 1.0).then_some(()))
    })
    .await?;
    told(&stack.bridge, "a line is not UTF-8");

    bob.privmsg("#lines", "two").await?;
    ann.wait_for("the last line from IRC", |event| event.says(&room, "two")).await?;
    ann.send_text(&room, "three").await?;
    bob.wait_for("the last line from Matrix", |line| line.is_message("#lines", "three")).await?;
    ann.wait_for("her own last line", |event| event.says(&room, "three")).await?;
    let by_bob = |words: &str| (stack.ghost("bob"), words.to_owned());
    let by_ann = |words: &str| (ann.id().to_owned(), words.to_owned());
    let all = [by_ann("one"), by_bob("caf\u{e9} \u{ff}"), by_bob("two"), by_ann("three")];
    assert_eq!(ann.said_in(&room), all);
    assert_eq!(stack.proxies()?.irc.open(), links, "no connection was lost");
    Ok(())
}

/// Waits until a metric has this value.
pub(crate) async fn counted(
    bridge: &Bridge,
    name: &str,
    labels: &[(&str, &str)],
    wanted: u32,
) -> Result<()> {
    wait::until(format_args!("{name} {labels:?} is {wanted}"), wait::PATIENCE, async || {
        let count = bridge.metric(name, labels).await?;
        Ok((count.to_string() == wanted.to_string()).then_some(()))
    })
    .await
}

/// The log has a line with these words.
fn told(bridge: &Bridge, words: &str) {
    let log = bridge.process.log();
    assert!(log.contains(words), "{words:?} is not in the log:\n{log}");
}

/// Speaks to the bridge as a homeserver does, with any token; none if that is empty.
#[derive(Clone)]
pub(crate) struct Homeserver<'a> {
    pub(crate) url: String,
    pub(crate) token: &'a str,
}

impl Homeserver<'_> {
    /// Announces the whole body and closes half-way through it.
    async fn put_half(&self, txn: &str, body: &str) -> Result<(u16, Value)> {
        let address = self.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await?;
        let head = format!(
            "PUT /_matrix/app/v1/transactions/bad-{txn} HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.token,
            body.len(),
        );
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(&body.as_bytes()[..body.len() / 2]).await?;
        socket.shutdown().await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        let status = answer.split(' ').nth(1).context("an answer has a status")?.parse()?;
        let (_, json) = answer.split_once("\r\n\r\n").context("an answer has a body")?;
        Ok((status, serde_json::from_str(json)?))
    }

    /// Asks, as for the third-party look-ups.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        crypto();
        let client = Client::builder().no_proxy().tls_built_in_root_certs(false).build()?;
        let url = format!("{}/_matrix/app/v1/{path}", self.url);
        let request = client.get(url).query(query).bearer_auth(self.token);
        Ok(request.send().await?.json().await?)
    }

    pub(crate) async fn put(&self, txn: &str, body: &str) -> Result<(u16, Value)> {
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

pub(crate) fn message(room: &str, sender: &str, id: &str, body: &str) -> Value {
    json!({
        "type": "m.room.message", "event_id": id, "room_id": room, "sender": sender,
        "origin_server_ts": 1_700_000_000_000_u64,
        "content": {"msgtype": "m.text", "body": body},
    })
}
