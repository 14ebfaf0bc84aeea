//! A whole bridge in this process, between the in-memory homeserver and any network.

use std::{path::Path, sync::Arc};

use registration::{Ephemeral, Registration, Spec, generate};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    bridge::{self, Parts, RunError},
    clock::Clock,
    config::{Config, Facts},
    network::Network,
    testkit::homeserver::{Appservice, TestHomeserver},
};

/// A bridge at work.
pub(crate) struct Running {
    pub(crate) registration: Registration,
    pub(crate) url: String,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    /// Starts it in a folder, with the network's section and any other keys as lines of YAML; with
    /// `known` it is one that was registered before, at another address.
    pub(crate) async fn start<N: Network>(
        homeserver: &TestHomeserver,
        folder: &Path,
        known: Option<&Registration>,
        network: Arc<N>,
        keys: &str,
    ) -> Self {
        let appservice = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", appservice.local_addr().unwrap());
        let path = folder.join("config.yaml");
        let text = format!(
            "homeserver: {{url: \"{}\", domain: {}}}\nappservice: {{id: {}, url: \"{url}\"}}\n\
             permissions: {{\"*\": user}}\n{keys}\n",
            homeserver.url(),
            homeserver.domain(),
            N::KIND,
        );
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load::<N::Config>(&path, [], &Facts::of::<N>()).unwrap();
        let config = loaded.config;
        let registration = generate(&Spec {
            id: N::KIND,
            url: Some(&url),
            sender_localpart: &config.appservice.bot,
            server_name: homeserver.domain().as_str(),
            user_templates: std::slice::from_ref(&config.appservice.ghosts),
            alias_templates: std::slice::from_ref(&config.appservice.aliases),
            protocols: &[N::KIND],
            ephemeral: Ephemeral::Ignore,
            tokens: known,
        });
        match known {
            None => homeserver
                .appservice(&Appservice::from_yaml(&registration.to_yaml()).unwrap().at(&url))
                .unwrap(),
            Some(_) => homeserver.set_appservice_url(N::KIND, &url),
        }
        let media = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let parts = Parts {
            config,
            registration: registration.clone(),
            network,
            appservice,
            admin,
            media,
            clock: Clock::system(),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(bridge::run(parts, stop.clone()));
        Self { registration, url, stop, task }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}
