//! L5 and L11: whether we can listen, and whether somebody else is us already.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::Deserialize;
use tokio::net::TcpListener;

use super::Diagnosis;
use crate::{
    config::{Config, StoreUrl},
    store::sqlite,
};

/// How long our own health may take to answer.
const HEALTH: Duration = Duration::from_secs(5);

/// What was found out about this machine.
pub(super) struct Ports {
    pub(super) found: Vec<Diagnosis>,
    /// The port of the appservice, if it was free.
    pub(super) appservice: Option<TcpListener>,
}

pub(super) async fn examine(config: &Config) -> Ports {
    let mut found = Vec::new();
    let neighbour = instance_at(crate::cli::reachable(config.admin.listen)).await;
    if neighbour.as_deref() == Some(&*config.appservice.id) {
        return Ports { found, appservice: None };
    }
    if let StoreUrl::Sqlite(path) = &config.store.url
        && sqlite::is_in_use(path)
    {
        found.push(Diagnosis::error(
            "L11",
            "store.url",
            format!("another instance of this bridge has the store {} open", path.display()),
            "stop that instance, or give this one a store, an id and ports of its own",
        ));
    }
    let appservice = bind("appservice.listen", config.appservice.listen, None, &mut found).await;
    bind("admin.listen", config.admin.listen, neighbour.as_deref(), &mut found).await;
    bind("media.listen", config.media.listen, None, &mut found).await;
    Ports { found, appservice }
}

async fn bind(
    key: &str,
    address: SocketAddr,
    neighbour: Option<&str>,
    found: &mut Vec<Diagnosis>,
) -> Option<TcpListener> {
    let error = match TcpListener::bind(address).await {
        Ok(listener) => return Some(listener),
        Err(error) => error,
    };
    let what = match neighbour {
        Some(id) => format!("{address} is in use by another bridge, whose id is {id:?}"),
        None => format!("{address} cannot be listened on: {error}"),
    };
    let fix = "stop what listens there (`ss -ltnp` shows it), or choose another port; for \
               appservice.listen change appservice.url and the registration too";
    found.push(Diagnosis::error("L5", key, what, fix));
    None
}

/// The id of the bridge whose health is served at an address.
async fn instance_at(address: SocketAddr) -> Option<String> {
    #[derive(Deserialize)]
    struct Live {
        id: String,
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let asked = async {
        let url = format!("http://{address}/health/live").parse().ok()?;
        let body = client.get(url).await.ok()?.into_body().collect().await.ok()?;
        serde_json::from_slice::<Live>(&body.to_bytes()).ok()
    };
    Some(tokio::time::timeout(HEALTH, asked).await.ok()??.id)
}
