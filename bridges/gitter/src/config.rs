//! The section `gitter` of the configuration.

use bridge_core::config::Secret;
use serde::{Deserialize, Deserializer};

/// What an admin says about the platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The connection string of the platform's own database.
    #[serde(deserialize_with = "secret")]
    pub mongodb: Secret,
    /// The user of the platform that owns what is said on Matrix.
    #[serde(default = "default_backing_user")]
    pub backing_user: String,
    /// The language that messages from Matrix are marked with.
    #[serde(default = "default_language")]
    pub language: String,
    /// The homeserver's name is the platform's alone.
    #[serde(default = "yes")]
    pub dedicated_server_name: bool,
    /// Whose joins Matrix sees.
    #[serde(default)]
    pub membership: Membership,
    /// Which rooms are bridged.
    #[serde(default)]
    pub rooms: Rooms,
}

/// Whose joins Matrix sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// Who speaks comes in, and goes when they leave the room.
    #[default]
    Active,
    /// Who joins the room comes in at once.
    Full,
}

/// Which rooms are bridged, by patterns of their uri.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rooms {
    /// Rooms that are bridged.
    #[serde(default = "everything")]
    pub allow: Vec<Pattern>,
    /// Rooms that are not, whatever `allow` says.
    #[serde(default)]
    pub deny: Vec<Pattern>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self { allow: everything(), deny: Vec::new() }
    }
}

impl Rooms {
    /// Whether a room of this uri is bridged.
    pub fn admit(&self, uri: &str) -> bool {
        let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(uri));
        fits(&self.allow) && !fits(&self.deny)
    }
}

/// A pattern of uris: `*` stands for any characters, case does not matter.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern(Vec<String>);

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self(text.to_lowercase().split('*').map(str::to_owned).collect())
    }
}

impl Pattern {
    fn fits(&self, uri: &str) -> bool {
        let uri = uri.to_lowercase();
        let Some((first, rest)) = self.0.split_first() else { return false };
        let Some(mut left) = uri.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
        for piece in middle {
            match left.find(piece.as_str()) {
                Some(at) => left = &left[at + piece.len()..],
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::from)
}

fn default_backing_user() -> String {
    "matrixbot".to_owned()
}

fn default_language() -> String {
    "en".to_owned()
}

fn everything() -> Vec<Pattern> {
    vec![Pattern::from("*".to_owned())]
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_admit_and_deny_rooms() {
        let rooms = |allow: &[&str], deny: &[&str]| Rooms {
            allow: allow.iter().map(|text| Pattern::from((*text).to_owned())).collect(),
            deny: deny.iter().map(|text| Pattern::from((*text).to_owned())).collect(),
        };
        assert!(Rooms::default().admit("acme/rockets"));
        assert!(rooms(&["acme/*"], &[]).admit("Acme/Rockets"));
        assert!(!rooms(&["acme/*"], &[]).admit("other/rockets"));
        assert!(!rooms(&["*"], &["*/secret"]).admit("acme/secret"));
        assert!(rooms(&["*"], &["*/secret"]).admit("acme/secrets"));
        assert!(rooms(&["a*c*e"], &[]).admit("abcde") && !rooms(&["a*c*e"], &[]).admit("abde"));
        assert!(!rooms(&["xy*yx"], &[]).admit("xyx"));
    }
}
