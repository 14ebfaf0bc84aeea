//! Paths of requests that are put together by hand.
//!
//! Each segment is encoded whole. ruma leaves `%` as it is, so that an alias or a state key that
//! holds one would reach the homeserver as something else.

use std::fmt::Write;

use ruma::UserId;

use super::As;

/// A path below `/_matrix/client`, and its query.
pub(super) struct Path {
    text: String,
    has_query: bool,
}

impl Path {
    /// Starts a path with `prefix`, which is taken as it is.
    pub(super) fn new(prefix: &str) -> Self {
        // Most paths name a room, an event type and a transaction, for a user.
        let mut text = String::with_capacity(256);
        text.push_str(prefix);
        Self { text, has_query: false }
    }

    /// Adds a segment.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        self.text.push('/');
        encode(&mut self.text, segment, is_plain_in_path);
        self
    }

    /// Adds a pair to the query.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        encode(&mut self.text, value, is_plain_in_query);
        self
    }

    /// Asserts the identity of a user.
    pub(super) fn acting(self, as_user: As<'_>) -> Self {
        match as_user.asserted().map(UserId::as_str) {
            Some(user_id) => self.query("user_id", user_id),
            None => self,
        }
    }

    /// Asks for a timestamp of the event, in milliseconds since the Unix epoch.
    ///
    /// Spec: <https://spec.matrix.org/v1.16/application-service-api/#timestamp-massaging>
    pub(super) fn stamped(self, ts: Option<u64>) -> Self {
        match ts {
            Some(ts) => self.query("ts", &ts.to_string()),
            None => self,
        }
    }

    /// The finished path with its query.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

fn encode(text: &mut String, part: &str, is_plain: fn(u8) -> bool) {
    let mut rest = part;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        text.push_str(&rest[..at]);
        let Some(odd) = rest[at..].chars().next() else { break };
        for byte in odd.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
        rest = &rest[at + odd.len_utf8()..];
    }
    text.push_str(rest);
}

/// `pchar` of RFC 3986 section 3.3, without the percent sign.
fn is_plain_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

/// Those of RFC 3986 section 3.4 that mean nothing in a form.
fn is_plain_in_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:@!$/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn segments_and_query_survive_whatever_they_hold() {
        let path = Path::new("/_matrix/client/v3/directory/room")
            .segment("#50%ab/ü?:s")
            .query("ts", "1")
            .acting(As::User(user_id!("@_irc_a=5f+b:s")));
        assert_eq!(
            path.into_text(),
            "/_matrix/client/v3/directory/room/%2350%25ab%2F%C3%BC%3F:s?ts=1&user_id=@_irc_a%3D5f%2Bb:s"
        );
    }

    #[test]
    fn nothing_is_added_for_the_bot_and_the_present_time() {
        let path = Path::new("/a").segment("!r:s").acting(As::Bot).stamped(None);
        assert_eq!(path.into_text(), "/a/!r:s");
    }
}
