//! The keys by which the core knows rooms, people and messages of Gitter.
//!
//! All are the `_id`s of documents, as 24 hexadecimal digits: they outlive every rename. What
//! people read, `#community_room` and `@username-userid`, is made from the names of the day.

use bridge_core::{
    id::{GhostKey, PortalKey, RemoteId},
    network::Fields,
};
use mongodb::bson::oid::ObjectId;

/// The key of a room.
pub fn portal_key(room: ObjectId) -> PortalKey {
    room.to_hex().into()
}

/// The room of a key.
pub fn room_of(key: &PortalKey) -> Option<ObjectId> {
    read(key.as_str())
}

/// The key of a person.
pub fn ghost_key(user: ObjectId) -> GhostKey {
    user.to_hex().into()
}

/// The person of a key.
pub fn user_of(key: &GhostKey) -> Option<ObjectId> {
    read(key.as_str())
}

/// The id of a message.
pub fn remote_id(message: ObjectId) -> RemoteId {
    message.to_hex().into()
}

/// The message of an id.
pub fn message_of(id: &RemoteId) -> Option<ObjectId> {
    read(id.as_str())
}

/// Reads exactly 24 hexadecimal digits.
pub fn read(text: &str) -> Option<ObjectId> {
    ObjectId::parse_str(text).ok()
}

/// The parts of a person's Matrix id.
///
/// Deleted people are called `ghost~…`; the tilde of others cannot stand in a localpart.
pub fn ghost_fields(username: &str, user: ObjectId) -> Fields {
    let lower = username.to_lowercase();
    let name =
        if lower.starts_with("ghost~") { "ghost".to_owned() } else { lower.replace('~', "---") };
    vec![("username".to_owned(), name), ("userid".to_owned(), user.to_hex())]
}

/// The parts of a room's alias: what stands before the first slash of its uri, and the rest with
/// `_` for further slashes.
///
/// A room without a slash has no community, and no alias.
pub fn alias_fields(uri: &str) -> Option<Fields> {
    let (community, room) = uri.split_once('/')?;
    if community.is_empty() || room.is_empty() {
        return None;
    }
    let room = room.replace('/', "_");
    Some(vec![("community".to_owned(), community.to_owned()), ("room".to_owned(), room)])
}

/// Where an alias may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The room's id, if the alias holds one.
    pub id: Option<ObjectId>,
    /// Uris in lower case, the likeliest first.
    pub uris: Vec<String>,
}

/// What the parts of an alias may mean: every `_` may have been a slash, and a uri has at most two
/// of them.
pub fn candidates(fields: &Fields) -> Option<Candidates> {
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let text = format!("{}_{}", value("community")?, value("room")?).to_lowercase();
    let id = text.rsplit_once('_').and_then(|(_, last)| read(last));
    let places: Vec<usize> = text.match_indices('_').map(|(at, _)| at).take(16).collect();
    let slashed = |at: &[usize]| {
        let mut uri = text.clone().into_bytes();
        for place in at {
            uri[*place] = b'/';
        }
        String::from_utf8(uri).unwrap_or_default()
    };
    let mut uris: Vec<String> = places.iter().map(|place| slashed(&[*place])).collect();
    for (n, first) in places.iter().enumerate() {
        uris.extend(places[n + 1..].iter().map(|second| slashed(&[*first, *second])));
    }
    Some(Candidates { id, uris })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(community: &str, room: &str) -> Fields {
        vec![("community".to_owned(), community.to_owned()), ("room".to_owned(), room.to_owned())]
    }

    #[test]
    fn an_alias_may_mean_several_uris() {
        let found = candidates(&fields("Foo", "bar_baz")).unwrap();
        assert_eq!(found.uris, ["foo/bar_baz", "foo_bar/baz", "foo/bar/baz"]);
        assert_eq!(found.id, None);
        let id = "5f5e10000000000000000004";
        assert_eq!(candidates(&fields("a", &format!("b_{id}"))).unwrap().id, read(id));
    }

    #[test]
    fn an_alias_is_made_of_a_uri() {
        assert_eq!(alias_fields("acme/rockets"), Some(fields("acme", "rockets")));
        assert_eq!(alias_fields("a/b/c"), Some(fields("a", "b_c")));
        assert_eq!(alias_fields("solo"), None);
    }

    #[test]
    fn people_are_named_by_username_and_id() {
        let id = read("5f5e10000000000000000001").unwrap();
        let name = |username| ghost_fields(username, id)[0].1.clone();
        assert_eq!(name("Bob"), "bob");
        assert_eq!(name("ghost~5f5e"), "ghost");
        assert_eq!(name("removed~x"), "removed---x");
        assert_eq!(ghost_fields("bob", id)[1].1, "5f5e10000000000000000001");
    }

    #[test]
    fn only_whole_ids_are_read() {
        assert!(read("cafe").is_none() && read("5f5e1000000000000000000x").is_none());
    }
}
