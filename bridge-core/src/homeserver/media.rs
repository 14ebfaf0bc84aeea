//! The content repository: files up and down.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method,
    body::Incoming,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
};
use ruma::{MxcUri, OwnedMxcUri};
use serde::Deserialize;
use serde_json::json;

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

/// How long an upload may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(5);

/// How long a download may pause.
const PAUSE: Duration = Duration::from_secs(30);

/// What is taken for the largest upload where the homeserver does not say.
const USUAL_LIMIT: u64 = 50 * 1024 * 1024;

/// A file that is being read from the homeserver.
pub(crate) struct Download {
    /// Its size in bytes, if the homeserver says.
    pub(crate) size: Option<u64>,
    body: Incoming,
}

impl Download {
    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        loop {
            let frame = match tokio::time::timeout(PAUSE, self.body.frame()).await {
                Ok(frame) => frame?,
                Err(_) => return Some(Err(std::io::ErrorKind::TimedOut.into())),
            };
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                Ok(Err(_)) => {} // trailers
                Err(error) => return Some(Err(std::io::Error::other(error))),
            }
        }
    }
}

impl Homeserver {
    /// `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`, or the path without a login
    /// where the homeserver knows no other; `None` if there is no such file.
    pub(crate) async fn download(&self, mxc: &MxcUri) -> Result<Option<Download>, HomeserverError> {
        let Ok((server, id)) = mxc.parts() else { return Ok(None) };
        for prefix in ["/_matrix/client/v1/media/download", "/_matrix/media/v3/download"] {
            let path = Path::new(prefix).segment(server.as_str()).segment(id);
            let request = self.0.transport.request(Method::GET, path, None).map_err(|error| {
                HomeserverError::Unsendable { endpoint: "download", source: Box::new(error) }
            })?;
            match self.0.transport.stream(request).await {
                Ok(response) => {
                    let size = response.headers().get(CONTENT_LENGTH);
                    let size = size.and_then(|size| size.to_str().ok()?.parse().ok());
                    return Ok(Some(Download { size, body: response.into_body() }));
                }
                Err(error) if error.is("M_UNRECOGNIZED") => {}
                Err(error) if error.is("M_NOT_FOUND") => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// `POST /_matrix/media/v3/upload`.
    pub(crate) async fn upload(
        &self,
        name: &str,
        mime: &str,
        bytes: Bytes,
    ) -> Result<OwnedMxcUri, HomeserverError> {
        #[derive(Deserialize)]
        struct Uploaded {
            content_uri: OwnedMxcUri,
        }
        let unsendable = |source: super::error::Source| HomeserverError::Unsendable {
            endpoint: "upload",
            source,
        };
        let path = Path::new("/_matrix/media/v3/upload").query("filename", name);
        let request = self
            .0
            .transport
            .request(Method::POST, path, None)
            .map_err(|error| unsendable(Box::new(error)))?;
        let mut request = request.map(|_| Full::new(bytes));
        let mime = HeaderValue::try_from(mime).map_err(|error| unsendable(Box::new(error)))?;
        request.headers_mut().insert(CONTENT_TYPE, mime);
        let answer = self.exchange("upload", request, UPLOAD_TIMEOUT).await?;
        let uploaded: Uploaded = serde_json::from_slice(&answer.body)
            .map_err(|error| super::answer::unreadable("upload", &answer, error))?;
        Ok(uploaded.content_uri)
    }

    /// `GET /_matrix/client/v1/media/config`: the most bytes of an upload.
    pub(crate) async fn upload_limit(&self) -> Result<u64, HomeserverError> {
        #[derive(Deserialize)]
        struct Limits {
            #[serde(rename = "m.upload.size")]
            upload_size: Option<u64>,
        }
        for path in ["/_matrix/client/v1/media/config", "/_matrix/media/v3/config"] {
            match self.json::<Limits>("media_config", Method::GET, Path::new(path), None).await {
                Ok(limits) => return Ok(limits.upload_size.unwrap_or(USUAL_LIMIT)),
                Err(error) if error.is("M_UNRECOGNIZED") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(USUAL_LIMIT)
    }

    /// `PUT /_matrix/client/v3/profile/{userId}/avatar_url`.
    pub(crate) async fn set_avatar(
        &self,
        as_user: As<'_>,
        mxc: &MxcUri,
    ) -> Result<(), HomeserverError> {
        let user = self.user_id(as_user);
        let path = Path::new("/_matrix/client/v3/profile").segment(user.as_str());
        let path = path.segment("avatar_url").acting(as_user);
        let body = to_body("set_avatar", &json!({ "avatar_url": mxc }))?;
        self.json::<serde::de::IgnoredAny>("set_avatar", Method::PUT, path, Some(body)).await?;
        Ok(())
    }
}
