//! The keys by which the core knows rooms, people and messages of XMPP.
//!
//! | what | key |
//! |---|---|
//! | room of XMPP | `room@muc.example.org` |
//! | room of Matrix that XMPP users have joined | `!id` of the room when it was first joined |
//! | person whose address is shown | `user@example.org` |
//! | occupant of a room whose address is hidden | `occ_` and a hash of the room and the occupant id |
//! | message, as the room names it | `a:` and the stanza id |
//! | message, as its author names it | `i:`, the author's key, and the attribute `id` |

use std::fmt::Write;

use bridge_core::id::{GhostKey, PortalKey, RemoteId};
use sha2::{Digest, Sha256};

use crate::address;

/// How many hexadecimal digits of the hash name an occupant.
const OCCUPANT_DIGITS: usize = 20;

/// What a portal of XMPP mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A room of XMPP, by its bare address.
    Muc(&'a str),
    /// A room of Matrix that XMPP users may join.
    Gateway(&'a str),
}

/// Reads the key of a portal.
pub fn read_portal(key: &PortalKey) -> Option<Target<'_>> {
    let key = key.as_str();
    if key.starts_with('!') {
        Some(Target::Gateway(key))
    } else if address::is_bare(key) {
        Some(Target::Muc(key))
    } else {
        None
    }
}

/// The key of a room of XMPP; `None` if the text is no address of one.
pub fn muc_key(room: &str) -> Option<PortalKey> {
    let room = room.to_lowercase();
    (address::is_bare(&room) && !room.starts_with('!')).then(|| room.into())
}

/// The key of a person whose address is known.
pub fn person_key(bare: &str) -> GhostKey {
    bare.to_lowercase().into()
}

/// The key of an occupant whose address is hidden: by the occupant id (XEP-0421) where the room
/// gives one, else by a name that the caller keeps over changes of nick.
pub fn occupant_key(room: &str, occupant: &str) -> GhostKey {
    let mut digest = Sha256::new();
    digest.update(room.as_bytes());
    digest.update([0]);
    digest.update(occupant.as_bytes());
    let mut key = "occ_".to_owned();
    for byte in digest.finalize().iter().take(OCCUPANT_DIGITS / 2) {
        let _ = write!(key, "{byte:02x}");
    }
    key.into()
}

/// Whether a text can be the key of a person or occupant.
pub fn is_ghost_key(text: &str) -> bool {
    match text.strip_prefix("occ_") {
        Some(hash) if !hash.contains('@') => {
            hash.len() == OCCUPANT_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        _ => address::is_bare(text),
    }
}

/// The id of a message that its room has given it (XEP-0359).
pub fn by_room(stanza_id: &str) -> RemoteId {
    format!("a:{stanza_id}").into()
}

/// The id of a message that its author has given it.
pub fn by_author(author: &GhostKey, id: &str) -> RemoteId {
    format!("i:{author} {id}").into()
}

/// The author of messages that come from Matrix, in place of a ghost.
pub const OURS: &str = "matrix";

/// The id that the room has given a message, if any is among these.
pub fn room_id(ids: &[RemoteId]) -> Option<&str> {
    ids.iter().find_map(|id| id.as_str().strip_prefix("a:"))
}

/// The id that the author has given a message, if any is among these.
pub fn author_id(ids: &[RemoteId]) -> Option<&str> {
    ids.iter().find_map(|id| id.as_str().strip_prefix("i:")?.split_once(' ').map(|(_, id)| id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let key = muc_key("Room@muc.example.org").unwrap();
        assert_eq!(read_portal(&key), Some(Target::Muc("room@muc.example.org")));
        assert_eq!(read_portal(&"!abc:s".into()), Some(Target::Gateway("!abc:s")));
        assert_eq!(read_portal(&"rust".into()), None);
        assert_eq!(muc_key("!a@b"), None);
    }

    #[test]
    fn an_occupant_is_another_in_another_room() {
        let key = occupant_key("a@muc", "x");
        assert_eq!(key, occupant_key("a@muc", "x"));
        assert_ne!(key, occupant_key("b@muc", "x"));
        assert_ne!(key, occupant_key("a@muc", "y"));
        assert!(is_ghost_key(key.as_str()), "{key}");
        assert!(is_ghost_key("bob@example.org") && !is_ghost_key("bob") && !is_ghost_key("occ_"));
    }

    #[test]
    fn the_two_ids_of_a_message_are_told_apart() {
        let ids = [by_room("17"), by_author(&OURS.into(), "$event id")];
        assert_eq!((room_id(&ids), author_id(&ids)), (Some("17"), Some("$event id")));
        assert_eq!((room_id(&ids[1..]), author_id(&ids[..1])), (None, None));
    }
}
