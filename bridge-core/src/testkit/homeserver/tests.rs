//! The homeserver in memory against an application service and a client.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, Uri},
    routing::{get, put},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use ruma::{
    OwnedRoomId, RoomVersionId,
    api::client::room::create_room::v3::{Request as CreateRoom, RoomPreset},
    owned_server_name, user_id,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::{
    clock::Clock,
    homeserver::{As, Homeserver, HomeserverConfig},
};

const DEADLINE: Duration = Duration::from_secs(20);

/// An application service that writes down what it gets.
#[derive(Clone, Default)]
struct Bridge {
    /// Statuses to answer before 200.
    refusals: Arc<Mutex<VecDeque<StatusCode>>>,
    transactions: Arc<watch::Sender<Vec<(String, Value)>>>,
    queries: Arc<watch::Sender<Vec<String>>>,
    /// Makes the rooms that are asked for.
    maker: Option<Homeserver>,
}

impl Bridge {
    async fn listen(self, test: &TestHomeserver) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        test.set_appservice_url("irc", format!("http://{}", listener.local_addr().unwrap()));
        let router = Router::new()
            .route("/_matrix/app/v1/transactions/{txn}", put(transaction))
            .route("/_matrix/app/v1/rooms/{alias}", get(query))
            .route("/_matrix/app/v1/users/{user}", get(query))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Waits until the transactions are as wanted.
    async fn until(
        &self,
        wanted: impl FnMut(&Vec<(String, Value)>) -> bool,
    ) -> Vec<(String, Value)> {
        let mut transactions = self.transactions.subscribe();
        let wait = tokio::time::timeout(DEADLINE, transactions.wait_for(wanted));
        wait.await.expect("the transactions come").unwrap().clone()
    }
}

async fn transaction(
    State(bridge): State<Bridge>,
    Path(txn_id): Path<String>,
    Json(body): Json<Value>,
) -> (StatusCode, &'static str) {
    bridge.transactions.send_modify(|list| list.push((txn_id, body)));
    let refusal = bridge.refusals.lock().unwrap().pop_front();
    (refusal.unwrap_or(StatusCode::OK), "{}")
}

async fn query(State(bridge): State<Bridge>, Path(id): Path<String>, uri: Uri) -> StatusCode {
    assert!(!uri.path().contains(['#', '@']), "not encoded: {uri}");
    let localpart = id.trim_start_matches('#').split(':').next().unwrap().to_owned();
    bridge.queries.send_modify(|list| list.push(id));
    match &bridge.maker {
        Some(maker) if localpart.ends_with("open") => {
            let mut request = CreateRoom::new();
            request.preset = Some(RoomPreset::PublicChat);
            request.room_alias_name = Some(localpart);
            maker.create_room(request, As::Bot).await.unwrap();
            StatusCode::OK
        }
        _ => StatusCode::NOT_FOUND,
    }
}

/// The bodies of the messages in transactions, in order.
fn bodies(transactions: &[(String, Value)]) -> Vec<String> {
    transactions
        .iter()
        .flat_map(|(_, body)| body["events"].as_array().unwrap())
        .filter_map(|event| Some(event["content"]["body"].as_str()?.to_owned()))
        .collect()
}

async fn homeserver() -> TestHomeserver {
    homeserver_of(RoomVersionId::V12).await
}

async fn homeserver_of(room_version: RoomVersionId) -> TestHomeserver {
    let domain = owned_server_name!("localhost");
    let test = TestHomeserver::start_with(Options { domain, room_version }).await.unwrap();
    let users = ["@_irc_.*:localhost"];
    let irc = Appservice::new("irc", "_ircbot", &users, &["#_irc_.*:localhost"]);
    test.appservice(&irc).unwrap();
    test
}

fn client(test: &TestHomeserver) -> Homeserver {
    let bot = user_id!("@_ircbot:localhost").to_owned();
    let domain = owned_server_name!("localhost");
    let config = HomeserverConfig::new(test.url(), domain, "irc", "as_irc", bot);
    Homeserver::new(&config, Clock::system()).unwrap()
}

/// A public room with the bot and `alice` in it.
async fn shared_room(client: &Homeserver, alice: &TestUser) -> OwnedRoomId {
    let mut request = CreateRoom::new();
    request.preset = Some(RoomPreset::PublicChat);
    let room_id = client.create_room(request, As::Bot).await.unwrap();
    alice.join(room_id.as_str()).await.unwrap();
    room_id
}

#[tokio::test]
async fn events_are_pushed_once_in_order_and_at_most_a_hundred_at_a_time() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    bridge.clone().listen(&test).await;
    let alice = test.user("alice");
    let room_id = shared_room(&client(&test), &alice).await;
    let said: Vec<String> = (0..250).map(|number| number.to_string()).collect();
    for text in &said {
        alice.say(&room_id, text).unwrap();
    }
    let transactions = bridge.until(|list| bodies(list).len() >= said.len()).await;
    assert_eq!(bodies(&transactions), said);
    let ids: Vec<u64> = transactions.iter().map(|(id, _)| id.parse().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
    assert!(transactions.iter().all(|(_, body)| body["events"].as_array().unwrap().len() <= 100));
}

#[tokio::test]
async fn a_refused_transaction_comes_again_first_made_anew_and_without_ephemeral_data() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    let alice = test.user("alice");
    let room_id = shared_room(&client(&test), &alice).await;
    bridge.clone().listen(&test).await;
    test.wait_idle("irc", DEADLINE).await.unwrap();
    let past = bridge.transactions.borrow().len();
    test.hold("irc");
    let secret = alice.say(&room_id, "secret").unwrap();
    alice.type_in(&room_id, &[alice.user_id()]).unwrap();
    bridge.refusals.lock().unwrap().extend([StatusCode::BAD_GATEWAY; 3]);
    test.release("irc");
    bridge.until(|list| list.len() > past).await;
    alice.redact(&room_id, &secret).unwrap();
    alice.say(&room_id, "later").unwrap();
    let transactions = bridge.until(|list| bodies(list).last().is_some_and(|b| b == "later")).await;
    let (first, again) = (&transactions[past], &transactions[past + 3]);
    assert_eq!(first.0, again.0);
    assert_eq!(first.1["ephemeral"][0]["type"], "m.typing");
    assert!(again.1.get("ephemeral").is_none());
    assert_eq!(bodies(&transactions[..=past]), ["secret"]);
    assert_eq!(bodies(&transactions[past + 3..]), ["later"]);
    assert_ne!(transactions.last().unwrap().0, first.0);
    let attempts = test.attempts("irc");
    assert_eq!(attempts.iter().filter(|it| it.answer == Some(StatusCode::BAD_GATEWAY)).count(), 3);
}

#[tokio::test]
async fn only_rooms_with_our_users_are_pushed() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    bridge.clone().listen(&test).await;
    let alice = test.user("alice");
    let room_id = shared_room(&client(&test), &alice).await;
    let private = alice.create_room(CreateRoom::new()).await.unwrap();
    alice.say(&private, "private").unwrap();
    alice.say(&room_id, "public").unwrap();
    client(&test).leave(&room_id, As::Bot, None).await.unwrap();
    alice.say(&room_id, "gone").unwrap();
    let transactions = bridge
        .until(|list| {
            let mut events = list.iter().flat_map(|(_, body)| body["events"].as_array().unwrap());
            events.any(|event| event["content"]["membership"] == "leave")
        })
        .await;
    assert_eq!(bodies(&transactions), ["public"]);
    test.wait_idle("irc", DEADLINE).await.unwrap();
    assert_eq!(bodies(&bridge.transactions.borrow()), ["public"]);
}

#[tokio::test]
async fn an_unknown_alias_of_a_namespace_is_asked_for_once_and_may_come_to_be() {
    let test = homeserver().await;
    let bridge = Bridge { maker: Some(client(&test)), ..Bridge::default() };
    bridge.clone().listen(&test).await;
    let alice = test.user("alice");
    let room_id = alice.join("#_irc_local_#open:localhost").await.unwrap();
    assert_eq!(alice.join("#_irc_local_#open:localhost").await.unwrap(), room_id);
    let refusal = alice.join("#_irc_local_#closed:localhost").await.unwrap_err();
    assert_eq!(refusal.errcode, "M_NOT_FOUND");
    let refusal = alice.join("#elsewhere:localhost").await.unwrap_err();
    assert_eq!(refusal.errcode, "M_NOT_FOUND");
    let asked = ["#_irc_local_#open:localhost", "#_irc_local_#closed:localhost"];
    assert_eq!(*bridge.queries.borrow(), asked);
}

#[tokio::test]
async fn an_invited_stranger_of_a_namespace_is_asked_for() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    bridge.clone().listen(&test).await;
    let alice = test.user("alice");
    let room_id = alice.create_room(CreateRoom::new()).await.unwrap();
    let ghost = user_id!("@_irc_local_bob:localhost");
    alice.invite(&room_id, ghost).await.unwrap();
    assert_eq!(*bridge.queries.borrow(), [ghost.as_str()]);
    let transactions = bridge.until(|list| !list.is_empty()).await;
    assert_eq!(transactions[0].1["events"][0]["state_key"], ghost.as_str());
}

#[tokio::test]
async fn a_restart_forgets_transaction_ids_and_what_is_only_queued() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    let (alice, client) = (test.user("alice"), client(&test));
    let room_id = shared_room(&client, &alice).await;
    let content = json!({ "msgtype": "m.text", "body": "twice" });
    let send = || client.send(&room_id, As::Bot, "m.room.message", "t", &content, None);
    let first = send().await.unwrap();
    assert_eq!(send().await.unwrap(), first);
    test.hold("irc");
    alice.say(&room_id, "lost").unwrap();
    test.restart().await;
    assert_ne!(send().await.unwrap(), first);
    bridge.clone().listen(&test).await;
    test.release("irc");
    let transactions = bridge.until(|list| bodies(list).contains(&"twice".to_owned())).await;
    assert!(!bodies(&transactions).contains(&"lost".to_owned()));
}

#[tokio::test]
async fn events_come_again_out_of_turn_and_garbled_on_demand() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    bridge.clone().listen(&test).await;
    let alice = test.user("alice");
    let room_id = shared_room(&client(&test), &alice).await;
    let event_id = alice.say(&room_id, "hi").unwrap();
    let before = bridge.until(|list| bodies(list) == ["hi"]).await;
    test.push_again("irc", &room_id, &event_id);
    let after = bridge.until(|list| bodies(list) == ["hi", "hi"]).await;
    assert_ne!(before.last().unwrap().0, after.last().unwrap().0);

    test.push_elements("irc", &[json!(7), json!({ "content": { "body": "odd" } })]);
    let odd = bridge.until(|list| bodies(list).contains(&"odd".to_owned())).await;
    assert_eq!(odd.last().unwrap().1["events"][0], 7);

    test.reset_txn_counter("irc");
    alice.say(&room_id, "anew").unwrap();
    let anew = bridge.until(|list| bodies(list).contains(&"anew".to_owned())).await;
    assert_eq!(anew.last().unwrap().0, "1");
    let status = test.push_body("irc", "x", "{ no json").await.unwrap();
    assert!(status.is_client_error());
}

#[tokio::test]
async fn nothing_is_pushed_and_nobody_let_in_while_the_server_is_down() {
    let test = homeserver().await;
    let bridge = Bridge::default();
    bridge.clone().listen(&test).await;
    let (alice, client) = (test.user("alice"), client(&test));
    let room_id = shared_room(&client, &alice).await;
    bridge.until(|list| !list.is_empty()).await;
    test.down().await;
    alice.say(&room_id, "while down").unwrap();
    client.whoami(As::Bot).await.unwrap_err();
    assert!(bodies(&bridge.transactions.borrow()).is_empty());
    test.up().await;
    client.whoami(As::Bot).await.unwrap();
    bridge.until(|list| bodies(list) == ["while down"]).await;
}

#[tokio::test]
async fn a_room_is_made_with_what_was_asked_for_in_the_order_of_synapse() {
    for version in [RoomVersionId::V11, RoomVersionId::V12] {
        let test = homeserver_of(version.clone()).await;
        let (alice, bob) = (test.user("alice"), test.user("bob"));
        let mut request = CreateRoom::new();
        request.room_alias_name = Some("here".to_owned());
        request.topic = Some("about".to_owned());
        request.invite = vec![bob.user_id().to_owned()];
        let initial = json!({ "type": "m.bridge", "state_key": "k", "content": { "a": 1 } });
        request.initial_state = vec![serde_json::from_value(initial).unwrap()];
        let room_id = alice.create_room(request).await.unwrap();
        assert_eq!(room_id.server_name().is_some(), version == RoomVersionId::V11);
        let log = test.log(&room_id);
        let kinds: Vec<_> =
            log.iter().map(|event| event.kind.trim_start_matches("m.room.")).collect();
        assert_eq!(
            kinds,
            [
                "create",
                "member",
                "power_levels",
                "canonical_alias",
                "join_rules",
                "history_visibility",
                "guest_access",
                "m.bridge",
                "topic",
                "member",
            ]
        );
        let creator_is_listed = !log[2].content()["users"][alice.user_id().as_str()].is_null();
        assert_eq!(creator_is_listed, version == RoomVersionId::V11);
        bob.join(room_id.as_str()).await.unwrap();
        assert!(bob.set_state(&room_id, "m.room.topic", "", &json!({})).is_err());
        alice.kick(&room_id, bob.user_id()).unwrap();
        assert!(bob.say(&room_id, "still here").is_err());
    }
}

#[tokio::test]
async fn the_creator_of_a_room_of_version_12_stands_in_no_power_levels() {
    let test = homeserver().await;
    let alice = test.user("alice");
    let levels = json!({ "users": { alice.user_id().as_str(): 100 } });
    let mut request = CreateRoom::new();
    request.power_level_content_override = Some(serde_json::from_value(levels.clone()).unwrap());
    assert!(alice.create_room(request).await.is_err());
    let room_id = alice.create_room(CreateRoom::new()).await.unwrap();
    assert!(alice.set_state(&room_id, "m.room.power_levels", "", &levels).is_err());
}

#[tokio::test]
async fn people_see_each_other_and_waiting_ends_with_what_there_was() {
    let test = homeserver().await;
    let (alice, bob) = (test.user("alice"), test.user("bob"));
    let mut request = CreateRoom::new();
    request.preset = Some(RoomPreset::PublicChat);
    let room_id = alice.create_room(request).await.unwrap();
    assert!(bob.timeline(&room_id).is_empty());
    bob.join(room_id.as_str()).await.unwrap();
    let (seen, _) = tokio::join!(bob.wait_for_text(&room_id, DEADLINE, "hello"), async {
        alice.say(&room_id, "hello").unwrap()
    },);
    assert_eq!(seen.unwrap().sender, alice.user_id());
    alice.set_display_name("Alice").unwrap();
    let member = test.log(&room_id).last().unwrap().clone();
    assert_eq!(member.content()["displayname"], "Alice");
    let missed = bob.wait_for_text(&room_id, Duration::from_millis(1), "never").await.unwrap_err();
    assert!(missed.to_string().contains("hello"), "{missed}");
}

#[tokio::test]
async fn a_registration_file_is_read() {
    let file = "id: irc\nurl: http://127.0.0.1:1\nas_token: a\nhs_token: b\n\
                sender_localpart: _ircbot\nio.element.msc4190: true\nrate_limited: false\n\
                namespaces:\n  users:\n  - {exclusive: true, regex: '@_irc_.*:localhost'}\n";
    let appservice = Appservice::from_yaml(file).unwrap();
    let test = TestHomeserver::start().await.unwrap();
    test.appservice(&appservice).unwrap();
    assert!(Appservice::from_yaml("id: [").is_err());
    let broken = Appservice::new("x", "x", &["("], &[]);
    assert!(matches!(test.appservice(&broken), Err(RegistrationError::Namespace { .. })));
}

#[tokio::test]
async fn media_and_devices_are_kept() {
    let test = homeserver().await;
    let (status, sent) = ask(&test, "POST", "/_matrix/media/v3/upload", "cat").await;
    assert_eq!(status, StatusCode::OK);
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let media = sent["content_uri"].as_str().unwrap().strip_prefix("mxc://").unwrap();
    let path = format!("/_matrix/client/v1/media/download/{media}");
    assert_eq!(ask(&test, "GET", &path, "").await, (StatusCode::OK, "cat".into()));
    assert_eq!(ask(&test, "GET", &format!("{path}x"), "").await.0, StatusCode::NOT_FOUND);

    let device = "/_matrix/client/v3/devices/D";
    assert_eq!(ask(&test, "GET", device, "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&test, "PUT", device, "{}").await.0, StatusCode::CREATED);
    assert_eq!(ask(&test, "PUT", device, "{}").await.0, StatusCode::OK);
    assert_eq!(ask(&test, "GET", device, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_is_no_json_and_an_unknown_path_are_refused_in_words() {
    let test = homeserver().await;
    let (status, error) = ask(&test, "POST", "/_matrix/client/v3/createRoom", "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error.starts_with(b"{\"errcode\":\"M_"));
    let (status, error) = ask(&test, "GET", "/_matrix/client/v3/nothing", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(error.starts_with(b"{\"errcode\":\"M_UNRECOGNIZED\""));
}

/// Makes a request with the token of `irc`.
async fn ask(
    test: &TestHomeserver,
    method: &str,
    path: &str,
    body: &str,
) -> (StatusCode, bytes::Bytes) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = axum::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", test.url()))
        .header("Authorization", "Bearer as_irc")
        .body(Full::<bytes::Bytes>::from(body.to_owned()))
        .unwrap();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    (parts.status, body.collect().await.unwrap().to_bytes())
}
