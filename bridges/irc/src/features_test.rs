//! The column of `docs/features.md` is what this bridge says of its network.

use bridge_core::{
    clock::Clock,
    network::{Network as _, NetworkEnv, features},
};
use serde_json::json;

use crate::network::Irc;

#[test]
fn the_table_of_features_is_true() {
    let config = json!({ "networks": { "local": { "servers": ["irc://127.0.0.1:6667"] } } });
    let env = NetworkEnv {
        folder: ".".into(),
        domain: "localhost".try_into().unwrap(),
        clock: Clock::system(),
    };
    let irc = Irc::new(serde_json::from_value(config).unwrap(), env).unwrap();
    let docs = include_str!("../../../docs/features.md");
    let differences = features::differences(docs, "IRC", &irc.caps(&"local/#rust".into()));
    assert_eq!(differences, [""; 0], "mend docs/features.md");
}
