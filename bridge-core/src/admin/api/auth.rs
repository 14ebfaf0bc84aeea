//! Whether a request comes from an admin.

use std::{fs, path::Path};

use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::ApiError;

/// The token of the API, of which only the hash is kept; or why there is none.
#[derive(Clone)]
pub(crate) struct AdminToken(Result<[u8; 32], String>);

impl AdminToken {
    /// Reads `admin.token_file`. Without it nobody is let in.
    pub(crate) fn read(file: &Path) -> Self {
        let fix = "write a long random word into it, readable for the bridge alone, and restart";
        let token = match fs::read_to_string(file) {
            Ok(token) if !token.trim().is_empty() => Ok(hash(token.trim())),
            Ok(_) => Err(format!("admin.token_file {} is empty: {fix}", file.display())),
            Err(error) => {
                Err(format!("admin.token_file {} cannot be read ({error}): {fix}", file.display()))
            }
        };
        if let Err(why) = &token {
            tracing::warn!(why, "the admin API lets nobody in");
        }
        Self(token)
    }

    /// Checks a token, in a time that tells nothing about the right one.
    fn admits(&self, token: Option<&str>) -> Result<(), ApiError> {
        let right = self.0.as_ref().map_err(|why| {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_token_file", why.clone())
        })?;
        let Some(token) = token else {
            let what = "the request carries no token; send `Authorization: Bearer …` with the \
                        word in admin.token_file";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "no_token", what));
        };
        if bool::from(hash(token).ct_eq(right)) {
            return Ok(());
        }
        let what = "this is not the token in admin.token_file of the running bridge";
        Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_token", what))
    }
}

/// Lets a request pass that shows the token; the body of others stays unread.
pub(super) async fn check(
    State(token): State<AdminToken>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token.admits(shown) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Lets a browser pass whose user gives the token as the password, under any name.
pub(crate) async fn ask_browser(
    State(token): State<AdminToken>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| {
        let (scheme, pair) = value.split_once(' ')?;
        let pair = STANDARD.decode(pair.trim()).ok().filter(|_| scheme == "Basic")?;
        Some(String::from_utf8(pair).ok()?.split_once(':')?.1.to_owned())
    });
    match token.admits(shown.as_deref()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let mut refusal = error.into_response();
            if refusal.status() != StatusCode::SERVICE_UNAVAILABLE {
                *refusal.status_mut() = StatusCode::UNAUTHORIZED;
                let realm =
                    HeaderValue::from_static("Basic realm=\"the token in admin.token_file\"");
                refusal.headers_mut().insert(WWW_AUTHENTICATE, realm);
            }
            refusal
        }
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware, routing::get};

    use super::*;
    use crate::http_test::Server;

    async fn serve(token: AdminToken) -> Server {
        let routes = Router::new().route("/", get(async || "in"));
        Server::start(routes.layer(middleware::from_fn_with_state(token, check))).await
    }

    async fn status(server: &Server, header: &str) -> u16 {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        server.send(&request).await.status
    }

    #[tokio::test]
    async fn only_the_token_opens() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.token");
        fs::write(&file, "s3cret\n").unwrap();
        let server = serve(AdminToken::read(&file)).await;
        for (header, expected) in [
            ("Authorization: Bearer s3cret\r\n", 200),
            ("authorization: bearer s3cret\r\n", 200),
            ("", 401),
            ("Authorization: Basic s3cret\r\n", 401),
            ("Authorization: Bearer s3cre\r\n", 403),
            ("Authorization: Bearer \r\n", 401),
        ] {
            assert_eq!(status(&server, header).await, expected, "{header:?}");
        }
    }

    #[tokio::test]
    async fn without_a_token_nobody_gets_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.token");
        for text in [None, Some(""), Some("\n")] {
            if let Some(text) = text {
                fs::write(&file, text).unwrap();
            }
            let server = serve(AdminToken::read(&file)).await;
            assert_eq!(status(&server, "Authorization: Bearer \r\n").await, 503, "{text:?}");
        }
    }
}
