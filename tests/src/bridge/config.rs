//! The configuration file, changed key by key. It is written back as JSON, which is YAML too.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    value: Value,
}

impl ConfigFile {
    pub(super) fn read(path: PathBuf) -> Result<Self> {
        let value = read(&path)?;
        Ok(Self { path, value })
    }

    /// Sets a key, given as the path to it with dots between; sections are made as needed.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        let place = key.split('.').fold(&mut self.value, |section, name| {
            if !section.is_object() {
                *section = json!({});
            }
            &mut section[name]
        });
        *place = value;
    }

    pub(super) fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.value)?;
        fs::write(&self.path, text).with_context(|| self.path.display().to_string())
    }
}

/// Reads a YAML file.
pub(super) fn read(path: &Path) -> Result<Value> {
    let name = || path.display().to_string();
    serde_saphyr::from_str(&fs::read_to_string(path).with_context(name)?).with_context(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_set_in_the_sections_that_lead_to_it() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("config.yaml");
        fs::write(&path, "admin:\n  listen: 127.0.0.1:29332 # health\nirc: null\n")?;
        let mut config = ConfigFile::read(path.clone())?;
        config.set("admin.listen", "127.0.0.1:1".into());
        config.set("irc.networks.local.flood", "none".into());
        config.write()?;
        let flood = json!({"networks": {"local": {"flood": "none"}}});
        assert_eq!(read(&path)?, json!({"admin": {"listen": "127.0.0.1:1"}, "irc": flood}));
        Ok(())
    }
}
