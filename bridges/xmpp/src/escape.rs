//! Matrix ids within addresses.
//!
//! | Matrix | localpart of the address |
//! |---|---|
//! | `@alice:example.org` | `alice%example.org` |
//! | `#room:example.org` | `#room#example.org` |
//! | `!Opaque:example.org` | `!=opaque%example.org` |
//!
//! Localparts are folded to lower case by servers, and cannot hold ``"&'/:<>@`` and spaces. Those
//! are written `\hh` (XEP-0106); an upper-case letter becomes `=` and the small one, and `=` itself
//! `==`.

use std::fmt::Write;

use bridge_core::ruma::{OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};

const ESCAPED: &str = " \"&'/:<>@\\";

/// The localpart of a user.
pub fn user(user: &UserId) -> String {
    format!("{}%{}", escape(user.localpart()), escape(user.server_name().as_str()))
}

/// The user that a localpart names.
pub fn read_user(local: &str) -> Option<OwnedUserId> {
    let (name, server) = local.rsplit_once('%')?;
    UserId::parse(format!("@{}:{}", read(name)?, read(server)?)).ok()
}

/// The localpart of a room, by its alias.
pub fn alias(alias: &RoomAliasId) -> String {
    format!("#{}#{}", escape(alias.alias()), escape(alias.server_name().as_str()))
}

/// The localpart of a room, by its id.
pub fn room(room: &RoomId) -> String {
    let id = room.as_str().trim_start_matches('!');
    match id.split_once(':') {
        Some((id, server)) => format!("!{}%{}", escape(id), escape(server)),
        None => format!("!{}", escape(id)),
    }
}

/// A room as a localpart names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomName {
    /// By its id.
    Id(OwnedRoomId),
    /// By an alias.
    Alias(OwnedRoomAliasId),
}

/// The room that a localpart names.
pub fn read_room(local: &str) -> Option<RoomName> {
    if let Some(id) = local.strip_prefix('!') {
        let id = match id.rsplit_once('%') {
            Some((id, server)) => format!("!{}:{}", read(id)?, read(server)?),
            None => format!("!{}", read(id)?),
        };
        return RoomId::parse(id).ok().map(RoomName::Id);
    }
    let (name, server) = local.strip_prefix('#')?.rsplit_once('#')?;
    RoomAliasId::parse(format!("#{}:{}", read(name)?, read(server)?)).ok().map(RoomName::Alias)
}

fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '=' => written.push_str("=="),
            _ if char.is_ascii_uppercase() => {
                written.push('=');
                written.push(char.to_ascii_lowercase());
            }
            _ if ESCAPED.contains(char) || char == '%' => {
                let _ = write!(written, "\\{:02x}", u32::from(char));
            }
            _ => written.push(char),
        }
    }
    written
}

fn read(text: &str) -> Option<String> {
    let mut read = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '=' => read.push(chars.next()?.to_ascii_uppercase()),
            '\\' => {
                let code: String = chars.by_ref().take(2).collect();
                read.push(u8::from_str_radix(&code, 16).ok().map(char::from)?);
            }
            _ => read.push(char),
        }
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_written_as_the_table_says() {
        let alice = UserId::parse("@alice:example.org").unwrap();
        assert_eq!(user(&alice), "alice%example.org");
        assert_eq!(read_user("alice%example.org"), Some(alice));
        let port = UserId::parse("@A=b/c:localhost:8448").unwrap();
        assert_eq!(user(&port), "=a==b\\2fc%localhost\\3a8448");
        assert_eq!(read_user(&user(&port)), Some(port));
        let name = RoomAliasId::parse("#Room_1:example.org").unwrap();
        assert_eq!(alias(&name), "#=room_1#example.org");
        assert_eq!(read_room(&alias(&name)), Some(RoomName::Alias(name)));
        for id in ["!Opaque:example.org", "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"] {
            let id = RoomId::parse(id).unwrap();
            assert_eq!(read_room(&room(&id)), Some(RoomName::Id(id)));
        }
    }

    #[test]
    fn an_alias_may_hold_the_separator() {
        let name = RoomAliasId::parse("#a#b:example.org").unwrap();
        assert_eq!(read_room(&alias(&name)), Some(RoomName::Alias(name)));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for bad in ["", "alice", "%", "a\\zz%b", "a=", "alice%"] {
            assert_eq!(read_user(bad), None, "{bad}");
            assert_eq!(read_room(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[ -~]{0,40}") {
            let written = escape(&text);
            prop_assert_eq!(written.to_lowercase(), written.clone());
            prop_assert_eq!(read(&written), Some(text));
        }

        #[test]
        fn nothing_that_is_read_panics(text in any::<String>()) {
            let _ = (read_user(&text), read_room(&text));
        }
    }
}
