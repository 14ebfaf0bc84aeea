//! The client against the homeserver in memory.

use std::time::Duration;

use ruma::{
    OwnedRoomId, RoomId, UserId,
    api::{
        Direction,
        client::room::create_room::v3::{Request as CreateRoom, RoomPreset},
    },
    owned_server_name, room_alias_id, server_name, user_id,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testkit::homeserver::{Appservice, Fault, TestHomeserver};

const DEADLINE: Duration = Duration::from_secs(20);

fn ghost() -> &'static UserId {
    user_id!("@_irc_local_alice:localhost")
}

async fn homeserver() -> TestHomeserver {
    let homeserver = TestHomeserver::start().await.unwrap();
    let irc = Appservice::new("irc", "_ircbot", &["@_irc_.*:localhost"], &["#_irc_.*:localhost"]);
    homeserver.appservice(&irc).unwrap();
    homeserver
}

fn config(url: impl Into<String>) -> HomeserverConfig {
    let bot = user_id!("@_ircbot:localhost").to_owned();
    HomeserverConfig::new(url, owned_server_name!("localhost"), "irc", "as_irc", bot)
}

fn client(test: &TestHomeserver) -> Homeserver {
    Homeserver::new(&config(test.url()), Clock::system()).unwrap()
}

async fn public_room(client: &Homeserver, alias: Option<&str>) -> OwnedRoomId {
    let mut request = CreateRoom::new();
    request.preset = Some(RoomPreset::PublicChat);
    request.room_alias_name = alias.map(str::to_owned);
    client.create_room(request, As::Bot).await.unwrap()
}

async fn ghost_in(client: &Homeserver, room_id: &RoomId) {
    client.register("_irc_local_alice").await.unwrap();
    client.join(room_id.into(), &[], As::User(ghost())).await.unwrap();
}

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

async fn until(link: &mut tokio::sync::watch::Receiver<Link>, wanted: fn(&Link) -> bool) -> Link {
    tokio::time::timeout(DEADLINE, link.wait_for(wanted)).await.unwrap().unwrap().clone()
}

#[tokio::test]
async fn the_server_tells_who_we_are_and_what_it_can_do() {
    let test = homeserver().await;
    let client = client(&test);
    client.register("_irc_local_alice").await.unwrap();
    assert_eq!(client.whoami(As::Bot).await.unwrap(), "@_ircbot:localhost");
    assert_eq!(client.whoami(As::User(ghost())).await.unwrap(), ghost());
    assert_eq!(client.default_room_version().await.unwrap(), ruma::RoomVersionId::V12);
    assert!(client.versions().await.unwrap().versions.contains(&ruma::api::MatrixVersion::V1_11));
}

#[tokio::test]
async fn an_account_is_made_once_and_only_in_our_namespace() {
    let test = homeserver().await;
    let client = client(&test);
    assert_eq!(client.register("_irc_local_alice").await.unwrap(), Account::New);
    assert_eq!(client.register("_irc_local_alice").await.unwrap(), Account::Existing);
    assert!(client.register("alice").await.unwrap_err().is("M_EXCLUSIVE"));
    let stranger = client.whoami(As::User(user_id!("@alice:localhost"))).await.unwrap_err();
    assert!(stranger.is("M_FORBIDDEN") && !stranger.is_retryable());
}

#[tokio::test]
async fn a_profile_can_be_set_and_read() {
    let test = homeserver().await;
    let client = client(&test);
    assert_eq!(client.profile(ghost()).await.unwrap(), None);
    client.register("_irc_local_alice").await.unwrap();
    client.set_display_name(As::User(ghost()), "Alice 50%").await.unwrap();
    let profile = client.profile(ghost()).await.unwrap().unwrap();
    assert_eq!(profile.display_name.as_deref(), Some("Alice 50%"));
}

#[tokio::test]
async fn an_event_is_sent_as_a_ghost_at_its_own_time_and_once() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    ghost_in(&client, &room_id).await;
    let alice = As::User(ghost());
    let content = text("hi");
    let send = || client.send(&room_id, alice, "m.room.message", "t/1", &content, Some(1000));
    let event_id = send().await.unwrap();
    assert_eq!(send().await.unwrap(), event_id);
    let log = test.log(&room_id);
    let said: Vec<_> = log.iter().filter(|event| event.kind == "m.room.message").collect();
    assert_eq!(said.len(), 1);
    assert_eq!((&*said[0].sender, said[0].origin_server_ts), (ghost(), 1000));
    assert_eq!(said[0].txn_id.as_deref(), Some("t/1"));

    let other = client.send(&room_id, alice, "m.room.message", "t/2", &content, None).await;
    assert_ne!(other.unwrap(), event_id);
}

#[tokio::test]
async fn a_raw_content_arrives_byte_for_byte() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    let content = serde_json::value::RawValue::from_string(r#"{ "a":1.50 }"#.to_owned()).unwrap();
    client.send(&room_id, As::Bot, "org.example", "t", &*content, None).await.unwrap();
    assert_eq!(test.log(&room_id).last().unwrap().content.get(), r#"{ "a":1.50 }"#);
}

#[tokio::test]
async fn a_redaction_empties_its_event() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    let message = text("secret");
    let event_id = client.send(&room_id, As::Bot, "m.room.message", "t", &message, None).await;
    let event_id = event_id.unwrap();
    client.redact(&room_id, As::Bot, &event_id, "r", Some("why")).await.unwrap();
    let event = client.event(&room_id, As::Bot, &event_id).await.unwrap().unwrap();
    assert_eq!(event.get_field::<Value>("content").unwrap().unwrap(), json!({}));
}

#[tokio::test]
async fn state_is_read_back_under_any_key() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    for key in ["", "a b/50%ab?#ü"] {
        assert_eq!(client.state(&room_id, As::Bot, "m.bridge", key).await.unwrap(), None);
        let content = json!({ "key": key });
        client.set_state(&room_id, As::Bot, "m.bridge", key, &content, Some(5)).await.unwrap();
        assert_eq!(client.state(&room_id, As::Bot, "m.bridge", key).await.unwrap(), Some(content));
    }
    assert_eq!(test.log(&room_id).last().unwrap().origin_server_ts, 5);
}

#[tokio::test]
async fn membership_goes_its_way() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = client.create_room(CreateRoom::new(), As::Bot).await.unwrap();
    client.register("_irc_local_alice").await.unwrap();
    let alice = As::User(ghost());
    let uninvited = client.join((*room_id).into(), &[], alice).await.unwrap_err();
    assert!(uninvited.is("M_FORBIDDEN"));
    client.invite(&room_id, As::Bot, ghost()).await.unwrap();
    let via = [server_name!("localhost").to_owned()];
    assert_eq!(client.join((*room_id).into(), &via, alice).await.unwrap(), room_id);
    assert!(client.joined_members(&room_id, As::Bot).await.unwrap().contains_key(ghost()));
    client.leave(&room_id, alice, Some("bye")).await.unwrap();
    assert!(!client.joined_members(&room_id, As::Bot).await.unwrap().contains_key(ghost()));
    client.invite(&room_id, As::Bot, ghost()).await.unwrap();
    client.kick(&room_id, As::Bot, ghost(), Some("out")).await.unwrap();
    let left = test.log(&room_id).last().unwrap().clone();
    assert_eq!((left.membership().unwrap().as_str(), &*left.sender), ("leave", client.bot()));
}

#[tokio::test]
async fn an_alias_leads_to_its_room_whatever_it_is_made_of() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, Some("_irc_local_#one")).await;
    let mut again = CreateRoom::new();
    again.room_alias_name = Some("_irc_local_#one".to_owned());
    assert!(client.create_room(again, As::Bot).await.unwrap_err().is("M_ROOM_IN_USE"));

    let alias = room_alias_id!("#_irc_local_#50%ab:localhost");
    assert_eq!(client.resolve_alias(alias).await.unwrap(), None);
    client.set_alias(alias, &room_id, As::Bot).await.unwrap();
    assert_eq!(client.resolve_alias(alias).await.unwrap(), Some(room_id.clone()));
    assert_eq!(client.join(alias.into(), &[], As::Bot).await.unwrap(), room_id);
    client.delete_alias(alias, As::Bot).await.unwrap();
    client.delete_alias(alias, As::Bot).await.unwrap();
    assert_eq!(client.resolve_alias(alias).await.unwrap(), None);
}

#[tokio::test]
async fn history_is_read_forward_from_the_context_of_an_event() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let txn_id = number.to_string();
        let content = text(&txn_id);
        let event = client.send(&room_id, As::Bot, "m.room.message", &txn_id, &content, None);
        sent.push(event.await.unwrap());
    }
    let context = client.context(&room_id, As::Bot, &sent[1], 0).await.unwrap().unwrap();
    let from = context.end;
    let forward = Direction::Forward;
    let page = client.messages(&room_id, As::Bot, from.as_deref(), forward, 2, None).await.unwrap();
    let ids: Vec<String> =
        page.chunk.iter().map(|event| event.get_field("event_id").unwrap().unwrap()).collect();
    assert_eq!(ids, [sent[2].as_str(), sent[3].as_str()]);
    let rest = client.messages(&room_id, As::Bot, page.end.as_deref(), forward, 9, None);
    assert_eq!(rest.await.unwrap().chunk.len(), 1);
    let unknown = ruma::event_id!("$unknown");
    assert!(client.context(&room_id, As::Bot, unknown, 0).await.unwrap().is_none());
    assert!(client.event(&room_id, As::Bot, unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn sync_waits_for_what_is_new() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    let first = client.sync(None, None, Duration::ZERO).await.unwrap();
    assert!(first.rooms.join.contains_key(&room_id));
    let idle = client.sync(Some(&first.next_batch), None, Duration::ZERO).await.unwrap();
    assert!(idle.rooms.is_empty());
    let content = text("new");
    let (next, _) = tokio::join!(
        client.sync(Some(&first.next_batch), None, DEADLINE),
        client.send(&room_id, As::Bot, "m.room.message", "t", &content, None),
    );
    let next = next.unwrap();
    assert_eq!(next.rooms.join[&room_id].timeline.events.len(), 1);
}

#[tokio::test]
async fn a_limit_is_handed_to_the_caller() {
    let test = homeserver().await;
    let client = client(&test);
    client.versions().await.unwrap();
    test.inject(Fault::limited(Duration::from_millis(1234)).times(1));
    let error = client.whoami(As::Bot).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1234)));
    assert!(error.is_retryable() && error.is("M_LIMIT_EXCEEDED"));
    client.whoami(As::Bot).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_made_good_by_the_same_transaction() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    test.inject(Fault::lost_answer().on("/send/").times(1));
    let content = text("once");
    let send = || client.send(&room_id, As::Bot, "m.room.message", "t", &content, None);
    let error = send().await.unwrap_err();
    assert!(matches!(error, HomeserverError::Unavailable { .. }), "{error}");
    let event_id = send().await.unwrap();
    let log = test.log(&room_id);
    let once: Vec<_> = log.iter().filter(|event| event.body().is_some()).collect();
    assert_eq!(once.len(), 1);
    assert_eq!(once[0].event_id, event_id);
}

#[tokio::test]
async fn a_request_that_hangs_ends_and_holds_up_no_other() {
    let test = homeserver().await;
    let mut config = config(test.url());
    config.timeout = Duration::from_secs(2);
    config.max_concurrency = 2;
    let client = Homeserver::new(&config, Clock::system()).unwrap();
    let (stuck, free) = (public_room(&client, None).await, public_room(&client, None).await);
    test.inject(Fault::hang().on(stuck.as_str()));
    let content = text("hi");
    let hanging = client.send(&stuck, As::Bot, "m.room.message", "t", &content, None);
    let others = async {
        for number in 0..20 {
            let txn_id = format!("o{number}");
            let send = client.send(&free, As::Bot, "m.room.message", &txn_id, &content, None);
            send.await.unwrap();
        }
    };
    let (hung, ()) = tokio::join!(hanging, others);
    let error = hung.unwrap_err();
    assert!(matches!(error, HomeserverError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("no answer within"), "{error}");
    test.heal();
}

#[tokio::test]
async fn one_broken_path_does_not_take_the_link_down() {
    let test = homeserver().await;
    let client = client(&test);
    let room_id = public_room(&client, None).await;
    let stop = CancellationToken::new();
    let prober = tokio::spawn({
        let (client, stop) = (client.clone(), stop.clone());
        async move { client.run_prober(stop).await }
    });
    test.inject(Fault::status(502).on("/send/"));
    let content = text("hi");
    for number in 0..5 {
        let txn_id = number.to_string();
        let send = client.send(&room_id, As::Bot, "m.room.message", &txn_id, &content, None);
        send.await.unwrap_err();
        client.versions().await.unwrap();
    }
    assert_eq!((client.outages(), client.link().borrow().clone()), (0, Link::Up));
    stop.cancel();
    prober.await.unwrap();
}

#[tokio::test]
async fn an_outage_is_seen_counted_and_ends_with_a_ping() {
    let test = homeserver().await;
    let client =
        Homeserver::new(&config(test.url()), Clock::fixed(crate::id::Timestamp(42))).unwrap();
    client.versions().await.unwrap();
    let stop = CancellationToken::new();
    let prober = tokio::spawn({
        let (client, stop) = (client.clone(), stop.clone());
        async move { client.run_prober(stop).await }
    });
    let (mut link, mut outages) = (client.link(), client.watch_outages());
    let mut pings = ping_listener(&test).await;

    test.down().await;
    let error = client.whoami(As::Bot).await.unwrap_err();
    assert!(matches!(error, HomeserverError::Unreachable { .. }), "{error}");
    let down = until(&mut link, |link| !link.is_up()).await;
    let Link::Down { since, why } = down else { panic!("{down:?}") };
    assert_eq!(since, crate::id::Timestamp(42));
    assert!(why.contains("refused"), "{why}");
    assert_eq!(client.outages(), 0);

    test.up().await;
    until(&mut link, Link::is_up).await;
    assert_eq!(*outages.wait_for(|outages| *outages > 0).await.unwrap(), 1);
    client.whoami(As::Bot).await.unwrap();
    tokio::time::timeout(DEADLINE, pings.recv()).await.unwrap().unwrap();
    stop.cancel();
    prober.await.unwrap();
}

#[tokio::test]
async fn a_ping_tells_how_the_homeserver_fails_to_reach_us() {
    let test = homeserver().await;
    let client = client(&test);
    assert!(client.ping(None).await.unwrap_err().is("M_URL_NOT_SET"));
    test.set_appservice_url("irc", "http://127.0.0.1:9");
    let error = client.ping(Some("t")).await.unwrap_err();
    assert!(error.is("M_CONNECTION_FAILED") && error.is_retryable());
    let mut pings = ping_listener(&test).await;
    assert!(client.ping(Some("mine")).await.unwrap() > Duration::ZERO);
    assert_eq!(pings.recv().await.unwrap()["transaction_id"], "mine");
}

#[tokio::test]
async fn the_token_is_shown_nowhere() {
    let test = homeserver().await;
    let mut config = config(test.url());
    config.as_token = "hunter2".to_owned();
    let client = Homeserver::new(&config, Clock::system()).unwrap();
    let error = client.whoami(As::Bot).await.unwrap_err();
    assert!(error.is("M_UNKNOWN_TOKEN"));
    let shown = format!("{config:?} {client:?} {error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    config.as_token = "with\nnewline".to_owned();
    assert!(matches!(Homeserver::new(&config, Clock::system()), Err(SetupError::Token)));
}

/// An application service that knows pings alone, registered as `irc`.
async fn ping_listener(test: &TestHomeserver) -> tokio::sync::mpsc::UnboundedReceiver<Value> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    test.set_appservice_url("irc", format!("http://{}", listener.local_addr().unwrap()));
    let ping = move |axum::Json(body): axum::Json<Value>| async move {
        sender.send(body).unwrap();
        "{}"
    };
    let router = axum::Router::new().route("/_matrix/app/v1/ping", axum::routing::post(ping));
    tokio::spawn(async move { axum::serve(listener, router).await });
    receiver
}
