//! `logging`: what the bridge tells on its standard error.

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::{
    context::Context,
    node::Node,
    section::{Section, wrong},
};

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logging {
    /// A level, or a list of `target=level`; the variable `RUST_LOG` goes first.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Logging {
    let mut section = Section::open(root, "logging", context);
    let level = section.parsed("level", |text| match EnvFilter::try_new(text) {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong(
            "this is not a level",
            "use `error`, `warn`, `info`, `debug` or `trace`, \
             or a list such as `info,bridge_core::lane=debug`",
        )),
    });
    let format = section.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    section.finish();
    Logging { level: level.unwrap_or_else(|| Logging::default().level), format }
}
