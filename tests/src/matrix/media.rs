//! Files.

use anyhow::{Context, Result};

use super::MatrixUser;

impl MatrixUser {
    /// Uploads a file and returns its `mxc:` address.
    pub async fn upload(&self, name: &str, mime: &str, bytes: Vec<u8>) -> Result<String> {
        let answer = self.api.upload(name, mime, bytes).await?;
        Ok(answer["content_uri"].as_str().context("the answer names no file")?.to_owned())
    }
}
