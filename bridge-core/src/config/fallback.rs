//! `fallback`: what becomes of things that a network has not, where there is a choice.

use serde::Serialize;

use super::{
    context::Context,
    node::Node,
    section::{Section, Wrong, wrong},
};

/// Choices of the ladder of fallbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fallback {
    /// Reactions where the network has none.
    pub reactions: FallbackChoice,
    /// Deletions where the network has none.
    pub deletions: FallbackChoice,
}

/// What is said of something that a network cannot do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FallbackChoice {
    /// Its author says it in words.
    #[default]
    Notice,
    /// Nothing.
    Nothing,
}

impl FallbackChoice {
    fn parse(text: &str) -> Result<Self, Wrong> {
        match text {
            "notice" => Ok(Self::Notice),
            "nothing" => Ok(Self::Nothing),
            _ => Err(wrong("there is no such choice", "write `notice` or `nothing`")),
        }
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Fallback {
    let mut section = Section::open(root, "fallback", context);
    let reactions = section.parsed("reactions", FallbackChoice::parse).unwrap_or_default();
    let deletions = section.parsed("deletions", FallbackChoice::parse).unwrap_or_default();
    section.finish();
    Fallback { reactions, deletions }
}
