//! What a network can do with content, as far as the ladder of fallbacks needs it.

use serde::{Deserialize, Serialize};

/// How well a network has a feature.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Not at all: the event is dropped, or refused where its author would miss it.
    None,
    /// Core's ladder makes something of it that the network has.
    #[default]
    Fallback,
    /// The network has it.
    Native,
}

/// What kind of text a network takes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// Plain text only: a document comes as text and breaks.
    #[default]
    Plain,
    /// The network renders the tree in its own form.
    Rich,
}

/// Limits of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextCaps {
    /// The most bytes of one message, formatting included; with `max_lines`, of one line. A
    /// network that formats lines by codes leaves room for them. `None`: no limit that an event
    /// could reach.
    pub max_bytes: Option<usize>,
    /// The most lines that one event may become, for networks where each line is a message; what
    /// is longer is cut, and a link leads to the whole text. `None`: lines cost nothing.
    pub max_lines: Option<usize>,
    /// What kind of text it takes.
    pub format: TextFormat,
}
