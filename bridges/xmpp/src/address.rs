//! Addresses (JIDs), read leniently.
//!
//! What comes from the network is taken as it is: servers have checked it by rules that differ
//! from library to library, and an emoji in a nick must not make a stanza unreadable.

use std::fmt;

/// `local@domain/resource`; without a resource it is bare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// Before the `@`; empty if there is none.
    pub local: String,
    /// The server.
    pub domain: String,
    /// Behind the first `/`: a device, or the nick in a room. Empty if there is none.
    pub resource: String,
}

impl Address {
    /// Reads an address. The first `/` ends the bare part, and the first `@` in that the localpart.
    pub fn read(text: &str) -> Self {
        let (bare, resource) = text.split_once('/').unwrap_or((text, ""));
        let (local, domain) = bare.split_once('@').unwrap_or(("", bare));
        Self {
            local: local.to_lowercase(),
            domain: domain.to_lowercase(),
            resource: resource.to_owned(),
        }
    }

    /// Without the resource.
    pub fn bare(&self) -> String {
        if self.local.is_empty() {
            self.domain.clone()
        } else {
            format!("{}@{}", self.local, self.domain)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bare())?;
        if self.resource.is_empty() { Ok(()) } else { write!(f, "/{}", self.resource) }
    }
}

/// Whether a text can be the bare address of a room or a person: what servers refuse for certain
/// is refused here.
pub fn is_bare(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let legal_local = |c: char| !c.is_control() && !c.is_whitespace() && !"\"&'/:<>@".contains(c);
    let legal_domain = |c: char| c.is_alphanumeric() || ".-[]:".contains(c);
    !local.is_empty()
        && local.len() < 1024
        && local.chars().all(legal_local)
        && !domain.is_empty()
        && domain.len() < 1024
        && domain.chars().all(legal_domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_and_the_first_at_count() {
        let address = Address::read("Room@MUC.example/a@b/c: 🦀");
        assert_eq!(address.bare(), "room@muc.example");
        assert_eq!(address.resource, "a@b/c: 🦀");
        assert_eq!(address.to_string(), "room@muc.example/a@b/c: 🦀");
        assert_eq!(Address::read("example.org").bare(), "example.org");
        assert_eq!(Address::read(""), Address::default());
    }

    #[test]
    fn bare_addresses_are_told_from_others() {
        assert!(is_bare("room@muc.example") && is_bare("#a%b.c@x"));
        for bad in ["muc.example", "@muc", "a@", "a b@c", "a@b/c", "a:b@c", "a@b@c"] {
            assert!(!is_bare(bad), "{bad}");
        }
    }
}
