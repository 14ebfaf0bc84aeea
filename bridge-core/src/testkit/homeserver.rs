//! A homeserver in memory, which behaves like Synapse as far as a bridge can tell.
//!
//! It listens on a loopback port and knows one domain. Application services are registered with
//! [`TestHomeserver::appservice`] and get their transactions in order, one at a time, at most 100
//! events each, again and again until they answer 200. People are [`TestUser`]s. Everything that
//! was accepted can be read back ([`TestHomeserver::log`]), and the server can be made to fail in
//! the ways that real ones do ([`Fault`], [`TestHomeserver::down`], [`TestHomeserver::restart`]).

mod alias;
mod caller;
mod control;
mod create;
mod event;
mod fault;
mod gate;
mod http;
mod membership;
mod outcall;
mod power;
mod profile;
mod push;
mod refusal;
mod room;
mod rules;
mod service;
mod user;
mod watch;
mod world;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use ruma::{OwnedServerName, RoomVersionId, ServerName};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::world::World;
pub use self::{
    event::Event,
    fault::Fault,
    push::Attempt,
    refusal::Refusal,
    service::{Appservice, RegistrationError},
    user::TestUser,
    watch::NotSeen,
};

/// What a homeserver in memory is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server name in ids.
    pub domain: OwnedServerName,
    /// The version of rooms that are made without asking for one: 12, or 11 and before.
    pub room_version: RoomVersionId,
}

impl Default for Options {
    fn default() -> Self {
        Self { domain: ruma::owned_server_name!("localhost"), room_version: RoomVersionId::V12 }
    }
}

/// A homeserver in memory. It ends when its last clone and the last [`TestUser`] are dropped.
#[derive(Clone, Debug)]
pub struct TestHomeserver {
    world: Arc<World>,
    address: SocketAddr,
    _running: Arc<DropGuard>,
}

impl TestHomeserver {
    /// Starts a homeserver for `localhost`.
    ///
    /// # Errors
    /// If no loopback port can be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a homeserver.
    ///
    /// # Errors
    /// If no loopback port can be had.
    pub async fn start_with(options: Options) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let world = Arc::new(World::new(options, stop.clone()));
        let gate = gate::Gate::open(world.doors.clone()).await?;
        let address = gate.address();
        let server = axum::serve(gate, http::router(Arc::clone(&world)));
        let (stopped, doors) = (stop.clone(), Arc::clone(&world.doors));
        tokio::spawn(async move {
            let _ = stopped.run_until_cancelled(server.into_future()).await;
            doors.cut();
        });
        Ok(Self { world, address, _running: Arc::new(stop.drop_guard()) })
    }

    /// Where clients reach it: `http://127.0.0.1:…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The server name in ids.
    pub fn domain(&self) -> &ServerName {
        &self.world.domain
    }

    /// Registers an application service. Its bot exists from then on.
    ///
    /// # Errors
    /// If a namespace is no regular expression, or the localpart of the bot makes no user id.
    pub fn appservice(&self, appservice: &Appservice) -> Result<(), RegistrationError> {
        self.world.add_service(appservice)
    }

    /// A person with an account here; the account is made if need be.
    ///
    /// # Panics
    /// If `localpart` makes no user id.
    pub fn user(&self, localpart: &str) -> TestUser {
        TestUser::new(self.clone(), localpart)
    }
}
