//! `relay`: how the bot says the words of others.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{
    context::Context,
    node::Node,
    section::{Section, Wrong, wrong},
};

/// Relaying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relay {
    /// The form of what the bot says.
    pub format: RelayFormat,
}

/// A text with `{text}` once, and `{name}` as often as one likes: `<{name}> {text}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayFormat {
    before: String,
    after: String,
}

impl RelayFormat {
    /// What stands before and after the words of `name`.
    pub fn around(&self, name: &str) -> (String, String) {
        (self.before.replace("{name}", name), self.after.replace("{name}", name))
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        const FIX: &str = "write `{text}` once, and `{name}` where the name goes";
        let (before, after) =
            text.split_once("{text}").ok_or_else(|| wrong("`{text}` is missing", FIX))?;
        if after.contains("{text}") {
            return Err(wrong("`{text}` stands there twice", FIX));
        }
        for part in [before, after] {
            if part.replace("{name}", "").contains('{') {
                return Err(wrong("there is an unknown placeholder", FIX));
            }
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }
}

impl Default for RelayFormat {
    fn default() -> Self {
        Self { before: "<{name}> ".to_owned(), after: String::new() }
    }
}

impl fmt::Display for RelayFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{text}}{}", self.before, self.after)
    }
}

impl Serialize for RelayFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) fn read(root: &Node, context: &Context) -> Relay {
    let mut section = Section::open(root, "relay", context);
    let format = section.parsed("format", RelayFormat::parse).unwrap_or_default();
    section.finish();
    Relay { format }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_goes_around_the_words() {
        let format = RelayFormat::parse("<{name}> {text} -- {name}").map_err(|w| w.what).unwrap();
        assert_eq!(format.around("al{text}"), ("<al{text}> ".into(), " -- al{text}".into()));
        assert_eq!(format.to_string(), "<{name}> {text} -- {name}");
    }

    #[test]
    fn a_format_without_the_words_is_refused() {
        for text in ["", "<{name}>", "{text}{text}", "<{nick}> {text}"] {
            assert!(RelayFormat::parse(text).is_err(), "{text}");
        }
    }
}
