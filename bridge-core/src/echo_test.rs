//! The echo example, run whole against the in-memory homeserver.

use std::{path::Path, sync::Arc, time::Duration};

use registration::{Ephemeral, Registration, Spec, generate};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::echo::Echo;
use crate::{
    bridge::{self, Parts, RunError},
    clock::Clock,
    config::{Config, Facts},
    network::{Network, NetworkEnv},
    testkit::homeserver::{Appservice, TestHomeserver},
};

#[path = "../examples/echo.rs"]
#[expect(dead_code, reason = "its `main` is the program's")]
mod echo;

const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    registration: Registration,
    url: String,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), RunError>>,
}

async fn start(
    homeserver: &TestHomeserver,
    folder: &Path,
    known: Option<&Registration>,
) -> Running {
    let appservice = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", appservice.local_addr().unwrap());
    let path = folder.join("config.yaml");
    let text = format!(
        "homeserver: {{url: \"{}\", domain: {}}}\nappservice: {{id: echo, url: \"{url}\"}}\n\
         permissions: {{\"*\": user}}\necho: {{voice: nymph}}\n",
        homeserver.url(),
        homeserver.domain(),
    );
    std::fs::write(&path, text).unwrap();
    let loaded =
        Config::load::<<Echo as Network>::Config>(&path, [], &Facts::of::<Echo>()).unwrap();
    let config = loaded.config;
    let registration = generate(&Spec {
        id: "echo",
        url: Some(&url),
        sender_localpart: &config.appservice.bot,
        server_name: homeserver.domain().as_str(),
        user_templates: std::slice::from_ref(&config.appservice.ghosts),
        alias_templates: std::slice::from_ref(&config.appservice.aliases),
        protocols: &["echo"],
        ephemeral: Ephemeral::Ignore,
        tokens: known,
    });
    match known {
        None => homeserver
            .appservice(&Appservice::from_yaml(&registration.to_yaml()).unwrap().at(&url))
            .unwrap(),
        Some(_) => homeserver.set_appservice_url("echo", &url),
    }
    let env = NetworkEnv {
        folder: folder.to_owned(),
        domain: config.homeserver.domain.clone(),
        clock: Clock::system(),
    };
    let network = Arc::new(Echo::new(loaded.network, env).unwrap());
    let clock = Clock::system();
    let media = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registration_file = registration.clone();
    let parts =
        Parts { config, registration: registration_file, network, appservice, admin, media, clock };
    let stop = CancellationToken::new();
    let task = tokio::spawn(bridge::run(parts, stop.clone()));
    Running { registration, url, stop, task }
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
    running.stop.cancel();
    running.task.await.unwrap().unwrap();

    let again = start(&homeserver, folder.path(), Some(&running.registration)).await;
    assert_ne!(again.url, running.url);
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
    again.stop.cancel();
    again.task.await.unwrap().unwrap();
}
