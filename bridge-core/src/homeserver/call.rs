//! Any endpoint that ruma knows, in the name of any of our users.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use ruma::api::{
    AppserviceUserIdentity, IncomingResponseExt, OutgoingRequest, OutgoingRequestAppserviceExt,
    SupportedVersions,
    auth_scheme::{AuthScheme, SendAccessToken},
    error::IntoHttpError,
    path_builder::{PathBuilder, SinglePath, VersionHistory},
};

use super::{As, Homeserver, HomeserverError, answer::unreadable, transport::Answer};

/// How an endpoint chooses among its paths. Implemented for all that ruma has.
pub trait VersionedPath: PathBuilder {
    /// What the choice needs, made from what the homeserver supports.
    fn input(versions: &SupportedVersions) -> Self::Input<'_>;
}

impl VersionedPath for VersionHistory {
    fn input(versions: &SupportedVersions) -> Cow<'_, SupportedVersions> {
        Cow::Borrowed(versions)
    }
}

impl VersionedPath for SinglePath {
    fn input(_: &SupportedVersions) {}
}

impl Homeserver {
    /// Makes any request of the client-server API that ruma knows.
    ///
    /// `endpoint` names it in metrics and errors. The first call asks for the versions that the
    /// homeserver supports. ruma does not encode `%` in paths: escape it (`%25`) in arguments that
    /// may hold one.
    pub async fn call<R>(
        &self,
        endpoint: &'static str,
        as_user: As<'_>,
        request: R,
    ) -> Result<R::IncomingResponse, HomeserverError>
    where
        R: OutgoingRequest,
        R::PathBuilder: VersionedPath,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        let versions = self.supported_versions().await?;
        self.call_within(endpoint, as_user, request, &versions, self.0.transport.timeout()).await
    }

    /// Like [`Homeserver::call`], for requests that wait by design, or that choose the versions.
    pub(super) async fn call_within<R>(
        &self,
        endpoint: &'static str,
        as_user: As<'_>,
        request: R,
        versions: &SupportedVersions,
        timeout: Duration,
    ) -> Result<R::IncomingResponse, HomeserverError>
    where
        R: OutgoingRequest,
        R::PathBuilder: VersionedPath,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        let request = self
            .prepare(as_user, request, versions)
            .map_err(|error| HomeserverError::Unsendable { endpoint, source: Box::new(error) })?;
        let answer = self.exchange(endpoint, request, timeout).await?;
        read::<R>(endpoint, &answer)
    }

    pub(super) fn prepare<R>(
        &self,
        as_user: As<'_>,
        request: R,
        versions: &SupportedVersions,
    ) -> Result<super::transport::Outgoing, IntoHttpError>
    where
        R: OutgoingRequest,
        R::PathBuilder: VersionedPath,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        let identity = as_user.asserted().map_or_else(AppserviceUserIdentity::default, |user_id| {
            AppserviceUserIdentity::new(user_id)
        });
        let request = request.try_into_http_request_with_identity::<Vec<u8>>(
            self.0.transport.base_url(),
            SendAccessToken::Appservice(self.0.transport.as_token()),
            identity,
            <R::PathBuilder as VersionedPath>::input(versions),
        )?;
        Ok(request.map(|body| Full::new(Bytes::from(body))))
    }

    /// What the homeserver supports, asked once and anew after each outage.
    async fn supported_versions(&self) -> Result<Arc<SupportedVersions>, HomeserverError> {
        match self.known_versions() {
            Some(versions) => Ok(versions),
            None => self.versions().await,
        }
    }
}

pub(super) fn read<R: OutgoingRequest>(
    endpoint: &'static str,
    answer: &Answer,
) -> Result<R::IncomingResponse, HomeserverError> {
    let mut response = hyper::Response::new(&*answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers.clone();
    R::IncomingResponse::try_from_http_response(response)
        .map_err(|error| unreadable(endpoint, answer, error.to_string()))
}
