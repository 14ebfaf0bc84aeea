//! The echo example, run whole against the in-memory homeserver.

use std::{path::Path, sync::Arc, time::Duration};

use registration::Registration;
use serde_json::json;

use self::echo::{Config, Echo};
use crate::{
    bridge_test::Running,
    clock::Clock,
    network::{Network, NetworkEnv},
    testkit::homeserver::TestHomeserver,
};

#[path = "../examples/echo.rs"]
#[expect(dead_code, reason = "its `main` is the program's")]
mod echo;

const PATIENCE: Duration = Duration::from_secs(20);

async fn start(
    homeserver: &TestHomeserver,
    folder: &Path,
    known: Option<&Registration>,
) -> Running {
    let env = NetworkEnv {
        folder: folder.to_owned(),
        domain: homeserver.domain().to_owned(),
        clock: Clock::system(),
    };
    let config: Config = serde_json::from_value(json!({ "voice": "nymph" })).unwrap();
    let echo = Echo::new(config, env).unwrap();
    Running::start(homeserver, folder, known, Arc::new(echo), "echo: {voice: nymph}").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_comes_back_once_also_over_a_restart() {
    let homeserver = TestHomeserver::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let running = start(&homeserver, folder.path(), None).await;
    let alice = homeserver.user("alice");
    let alias = format!("#_echo_deep:{}", homeserver.domain());
    let room = alice.join(&alias).await.unwrap();
    let mut told = vec!["one", "two", "three"];
    for text in &told.clone() {
        alice.say(&room, text).unwrap();
        homeserver
            .wait_until(&room, PATIENCE, |log| {
                log.iter()
                    .any(|e| e.sender != *alice.user_id() && e.body().as_deref() == Some(*text))
            })
            .await
            .unwrap();
    }
    let (url, registration) = (running.url.clone(), running.registration.clone());
    running.stop().await;

    let again = start(&homeserver, folder.path(), Some(&registration)).await;
    assert_ne!(again.url, url);
    alice.say(&room, "four").unwrap();
    told.push("four");
    homeserver
        .wait_until(&room, PATIENCE, |log| {
            log.iter().any(|e| e.sender != *alice.user_id() && e.body().as_deref() == Some("four"))
        })
        .await
        .unwrap();
    let echoes: Vec<String> = homeserver
        .log(&room)
        .iter()
        .filter(|event| event.sender.localpart() == "_echo_nymph")
        .filter_map(|event| event.body())
        .collect();
    assert_eq!(echoes, told);
    again.stop().await;
}
