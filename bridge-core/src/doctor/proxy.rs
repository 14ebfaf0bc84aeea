//! L8: whether large transactions get through to the bridge.

use super::{Diagnosis, Patient};
use crate::homeserver::{Homeserver, HomeserverConfig};

/// As large as transactions of a busy homeserver become: 100 events of up to 64 KiB.
const BYTES: usize = 8 * 1024 * 1024;

/// Sends a large request to `appservice.url`, as the homeserver would. If nothing is reached from
/// here that says nothing: the address need only work from the homeserver.
pub(super) async fn examine(patient: &Patient<'_>) -> Option<Diagnosis> {
    let url = patient.config.appservice.url.as_str();
    let client = HomeserverConfig::new(
        url,
        patient.config.homeserver.domain.clone(),
        patient.config.appservice.id.as_str(),
        patient.registration.hs_token.expose(),
        patient.homeserver.bot().to_owned(),
    );
    let client = Homeserver::new(&client, crate::clock::Clock::system()).ok()?;
    let error = client.knock(BYTES).await.err()?;
    error.is("M_TOO_LARGE").then(|| {
        let what = format!(
            "a proxy at {url} refuses requests of 8 MiB: large transactions would \
                            be lost, and everything behind them wait"
        );
        let fix = "raise the proxy's limit to 64 MiB (nginx: client_max_body_size 64m;)";
        Diagnosis::error("L8", "appservice.url", what, fix)
    })
}
