//! The configuration files. They are YAML to Synapse, so JSON will do.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Value, json};

pub(super) const DATABASE: &str = "homeserver.db";

/// A configuration without limits and without other servers.
pub(super) fn homeserver(dir: &Path, server_name: &str, port: u16) -> Value {
    let file = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let unlimited = json!({"per_second": 100_000, "burst_count": 100_000});
    let mut config = json!({
        "server_name": server_name,
        "public_baseurl": format!("http://127.0.0.1:{port}"),
        "listeners": [{
            "port": port,
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"], "compress": false}],
        }],
        "pid_file": file("synapse.pid"),
        "database": {"name": "sqlite3", "args": {"database": file(DATABASE)}},
        "media_store_path": file("media"),
        "log_config": file("log.yaml"),
        "signing_key_path": file("signing.key"),
        "macaroon_secret_key": "rig",
        "form_secret": "rig",
        "registration_shared_secret": super::SECRET,
        "bcrypt_rounds": 4,
        "report_stats": false,
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "suppress_key_server_warning": true,
        "presence": {"enabled": true},
        "room_list_publication_rules": [{"action": "allow"}],
        // A repeated first sync would otherwise be answered from two minutes ago.
        "caches": {"sync_response_cache_duration": "0s"},
        // A burst of messages must not come as a gap in the timeline.
        "filter_timeline_limit": 10_000,
        "max_upload_size": "200M",
        "user_directory": {"search_all_users": true},
    });
    for name in [
        "rc_message",
        "rc_registration",
        "rc_admin_redaction",
        "rc_joins_per_room",
        "rc_3pid_validation",
        "rc_media_create",
        "rc_presence",
        "rc_room_creation",
        "rc_profile",
        "rc_reports",
        "rc_registration_token_validity",
    ] {
        config[name] = unlimited.clone();
    }
    config["rc_presence"] = json!({"per_user": unlimited});
    config["rc_login"] =
        json!({"address": unlimited, "account": unlimited, "failed_attempts": unlimited});
    config["rc_joins"] = json!({"local": unlimited, "remote": unlimited});
    config["rc_invites"] =
        json!({"per_room": unlimited, "per_user": unlimited, "per_issuer": unlimited});
    config
}

/// Warnings to the standard error stream, which is the process's log.
pub(super) fn log() -> Value {
    json!({
        "version": 1,
        "disable_existing_loggers": false,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    })
}

/// A fresh signing key in Synapse's format, a second quicker than having it made by Synapse.
pub(super) fn signing_key() -> String {
    let seed: [u8; 32] = rand::random();
    format!("ed25519 a_rig {}\n", STANDARD_NO_PAD.encode(seed))
}

/// What Python runs before anything else: a clock that is wrong.
pub(super) fn clock(ahead: u32) -> String {
    format!("import time\n_time = time.time\ntime.time = lambda: _time() + {ahead}\n")
}
