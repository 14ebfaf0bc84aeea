//! `POST /_synapse/admin/v1/register`: users by the shared secret.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use hmac::{Hmac, Mac};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;

#[derive(Clone, Copy)]
pub(super) enum Role {
    User,
    Admin,
}

/// Makes the user and returns an access token; logs in if there is such a user.
pub(super) async fn register(
    http: &Client,
    url: &str,
    secret: &str,
    localpart: &str,
    password: &str,
    role: Role,
) -> Result<String> {
    let endpoint = format!("{url}/_synapse/admin/v1/register");
    let answer: Value = http.get(&endpoint).send().await?.error_for_status()?.json().await?;
    let nonce = answer["nonce"].as_str().context("synapse gave no nonce")?;
    let admin = matches!(role, Role::Admin);
    let request = json!({
        "nonce": nonce,
        "username": localpart,
        "password": password,
        "admin": admin,
        "mac": mac(secret, &[nonce, localpart, password, if admin { "admin" } else { "notadmin" }])?,
    });
    let response = http.post(&endpoint).json(&request).send().await?;
    let status = response.status();
    let answer: Value = response.json().await?;
    if status == StatusCode::BAD_REQUEST && answer["errcode"] == "M_USER_IN_USE" {
        return log_in(http, url, localpart, password).await;
    }
    token(&answer).with_context(|| format!("{localpart} cannot be registered, {status}"))
}

async fn log_in(http: &Client, url: &str, localpart: &str, password: &str) -> Result<String> {
    let request = json!({
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": localpart},
        "password": password,
    });
    let login = http.post(format!("{url}/_matrix/client/v3/login")).json(&request);
    let answer: Value = login.send().await?.json().await?;
    token(&answer).with_context(|| format!("{localpart} cannot log in"))
}

fn token(answer: &Value) -> Result<String> {
    let Some(token) = answer["access_token"].as_str() else { bail!("{answer}") };
    Ok(token.to_owned())
}

/// The HMAC-SHA1 over the fields, each parted from the next by a zero byte.
fn mac(secret: &str, fields: &[&str]) -> Result<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes())?;
    mac.update(fields.join("\0").as_bytes());
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}
