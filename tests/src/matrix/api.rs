//! Requests to the client API.

use anyhow::{Context, Result};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, header::CONTENT_TYPE};
use serde_json::Value;

use crate::rig::http_client;

/// An answer that is not a success. Errors of [`MatrixUser`](super::MatrixUser) can be downcast to
/// it.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path}: {status} {errcode}: {error}")]
pub struct MatrixError {
    /// The request's method.
    pub method: Method,
    /// The request's path.
    pub path: String,
    /// The answer's status.
    pub status: StatusCode,
    /// `M_FORBIDDEN` and the like; empty if the answer names none.
    pub errcode: String,
    /// What the homeserver says of it.
    pub error: String,
}

/// A homeserver, as one user sees it.
#[derive(Clone, Debug)]
pub(super) struct Api {
    http: Client,
    base: Url,
    token: String,
}

impl Api {
    pub(super) fn new(url: &str, token: String) -> Result<Self> {
        Ok(Self { http: http_client()?, base: Url::parse(url)?, token })
    }

    /// Starts a request to `/_matrix/client/v3/` and these segments, which are escaped here.
    pub(super) fn request(&self, method: Method, segments: &[&str]) -> Result<Call> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .ok()
            .context("the homeserver's URL has no path")?
            .pop_if_empty()
            .extend(["_matrix", "client", "v3"])
            .extend(segments);
        let (path, request) = (url.path().to_owned(), self.http.request(method.clone(), url));
        Ok(Call { method, path, request: request.bearer_auth(&self.token) })
    }

    /// Uploads a file.
    pub(super) async fn upload(&self, name: &str, mime: &str, bytes: Vec<u8>) -> Result<Value> {
        let mut url = self.base.join("/_matrix/media/v3/upload")?;
        url.query_pairs_mut().append_pair("filename", name);
        let request = self.http.post(url).header(CONTENT_TYPE, mime).body(bytes);
        let request = request.bearer_auth(&self.token);
        Call { method: Method::POST, path: "upload".to_owned(), request }.send().await
    }

    pub(super) async fn get(&self, segments: &[&str]) -> Result<Value> {
        self.request(Method::GET, segments)?.send().await
    }

    pub(super) async fn post(&self, segments: &[&str], body: &Value) -> Result<Value> {
        self.request(Method::POST, segments)?.json(body).send().await
    }

    pub(super) async fn put(&self, segments: &[&str], body: &Value) -> Result<Value> {
        self.request(Method::PUT, segments)?.json(body).send().await
    }
}

/// A request being made.
pub(super) struct Call {
    method: Method,
    path: String,
    request: RequestBuilder,
}

impl Call {
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(super) async fn send(self) -> Result<Value> {
        let answer = self.request.send().await.with_context(|| self.path.clone())?;
        let status = answer.status();
        let body: Value = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let (errcode, error) = (text("errcode"), text("error"));
        Err(MatrixError { method: self.method, path: self.path, status, errcode, error }.into())
    }
}
