//! A text that nobody should read in a log.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What stands in place of a secret wherever it is shown.
pub(crate) const REDACTED: &str = "<redacted>";

/// The name by which the reader of configurations knows a secret.
pub(super) const SECRET: &str = "$bridge_core::Secret";

/// A password, token or address with a password in it.
///
/// As a field `password: Secret` of a configuration it may also be given as `password_file`, a
/// file that holds it; white space at the file's end does not count. Shown as `<redacted>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Secret, D::Error> {
                String::deserialize(deserializer).map(Secret)
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret(text.to_owned()))
            }
        }

        deserializer.deserialize_newtype_struct(SECRET, Visitor)
    }
}

/// Replaces the password in an address such as `mongodb://user:password@host/`.
pub(super) fn redact_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (credentials, _) = authority.rsplit_once('@')?;
    let (user, _) = credentials.split_once(':')?;
    Some(format!("{scheme}://{user}:{REDACTED}{}", &rest[credentials.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_only_when_asked() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "<redacted>");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"<redacted>\"");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn only_the_password_of_an_address_goes() {
        assert_eq!(
            redact_url("mongodb://user:p@ss@host1,host2/db?x=1").unwrap(),
            "mongodb://user:<redacted>@host1,host2/db?x=1"
        );
        assert_eq!(redact_url("mongodb://host/db"), None);
        assert_eq!(redact_url("irc://127.0.0.1:6667"), None);
    }
}
