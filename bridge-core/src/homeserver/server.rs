//! What the homeserver is, and whether it knows us.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hyper::Method;
use ruma::{
    OwnedUserId, RoomVersionId,
    api::{
        SupportedVersions,
        client::{
            account::whoami,
            appservice::request_ping,
            discovery::{
                get_capabilities::{self, v3::Capabilities},
                get_supported_versions,
            },
        },
    },
};
use serde::de::IgnoredAny;

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

/// What is supported where nothing is known yet: the paths of v1.1.
pub(super) fn any_version() -> SupportedVersions {
    SupportedVersions::from_parts(&["v1.1".to_owned()], &BTreeMap::new())
}

impl Homeserver {
    /// `GET /_matrix/client/versions`: what the homeserver supports; kept for later calls.
    pub async fn versions(&self) -> Result<Arc<SupportedVersions>, HomeserverError> {
        let request = get_supported_versions::Request::new();
        let timeout = self.0.transport.timeout();
        let response =
            self.call_within("versions", As::Bot, request, &any_version(), timeout).await?;
        let versions = Arc::new(response.as_supported_versions());
        self.keep_versions(Arc::clone(&versions));
        Ok(versions)
    }

    /// `GET /_matrix/client/v3/account/whoami`: the user that the homeserver takes us for.
    pub async fn whoami(&self, as_user: As<'_>) -> Result<OwnedUserId, HomeserverError> {
        Ok(self.call("whoami", as_user, whoami::v3::Request::new()).await?.user_id)
    }

    /// `POST /_matrix/client/v1/appservice/{appserviceId}/ping`: has the homeserver call us, and
    /// tells how long that took.
    ///
    /// # Errors
    /// `M_CONNECTION_FAILED`, `M_CONNECTION_TIMEOUT` and `M_BAD_STATUS` say how our listener
    /// failed in the eyes of the homeserver.
    pub async fn ping(&self, txn_id: Option<&str>) -> Result<Duration, HomeserverError> {
        let mut request = request_ping::v1::Request::new(self.0.appservice_id.clone());
        request.transaction_id = txn_id.map(Into::into);
        Ok(self.call("ping", As::Bot, request).await?.duration)
    }

    /// `GET /_matrix/client/v3/capabilities`.
    pub async fn capabilities(&self) -> Result<Capabilities, HomeserverError> {
        let request = get_capabilities::v3::Request::new();
        Ok(self.call("capabilities", As::Bot, request).await?.capabilities)
    }

    /// The version of rooms that the homeserver makes unless asked for another one.
    pub async fn default_room_version(&self) -> Result<RoomVersionId, HomeserverError> {
        Ok(self.capabilities().await?.room_versions.default)
    }

    /// `POST /_matrix/app/v1/ping` with so many bytes, for a client whose address is that of an
    /// appservice and whose token is the `hs_token`: what the homeserver itself sends.
    pub(crate) async fn knock(&self, bytes: usize) -> Result<(), HomeserverError> {
        let endpoint = "knock";
        let body = to_body(endpoint, &serde_json::json!({ "padding": "x".repeat(bytes) }))?;
        let path = Path::new("/_matrix/app/v1/ping");
        self.json::<IgnoredAny>(endpoint, Method::POST, path, Some(body)).await?;
        Ok(())
    }
}
