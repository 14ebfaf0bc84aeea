//! A stanza as a client sees it.

use std::fmt;

use serde_json::Value;

/// A message or presence, as a tree.
#[derive(Clone, PartialEq)]
pub struct Stanza(pub(super) Value);

impl Stanza {
    /// `message` or `presence`, or the name of a child.
    pub fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or_default()
    }

    /// An attribute; empty if it is missing.
    pub fn attr(&self, name: &str) -> &str {
        self.0["attrs"][name].as_str().unwrap_or_default()
    }

    /// The text of the element itself.
    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }

    /// All children.
    pub fn children(&self) -> Vec<Self> {
        self.0["children"].as_array().into_iter().flatten().cloned().map(Self).collect()
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<Self> {
        self.children().into_iter().find(|child| child.name() == name)
    }

    /// The text of a child; empty if it is missing.
    pub fn text_of(&self, child: &str) -> String {
        self.child(child).map(|child| child.text().to_owned()).unwrap_or_default()
    }

    /// The body of a message.
    pub fn body(&self) -> String {
        self.text_of("body")
    }

    /// The nick of the occupant who sent it.
    pub fn nick(&self) -> &str {
        self.attr("from").split_once('/').map_or("", |(_, nick)| nick)
    }

    /// The room that it comes from.
    pub fn room(&self) -> &str {
        self.attr("from").split('/').next().unwrap_or_default()
    }

    /// The id that the room has given it.
    pub fn stanza_id(&self) -> String {
        self.child("stanza-id").map(|child| child.attr("id").to_owned()).unwrap_or_default()
    }

    /// Whether it is a groupchat message of this room with a body.
    pub fn is_said_in(&self, room: &str) -> bool {
        self.name() == "message"
            && self.attr("type") == "groupchat"
            && self.room() == room
            && self.child("body").is_some()
    }

    /// Whether it says this in a room.
    pub fn says(&self, room: &str, body: &str) -> bool {
        self.is_said_in(room) && self.body() == body
    }

    /// Whether it is the presence of this occupant; `kind` is empty for one who is there.
    pub fn is_presence(&self, room: &str, nick: &str, kind: &str) -> bool {
        self.name() == "presence"
            && self.room() == room
            && self.nick() == nick
            && self.attr("type") == kind
    }

    /// The status codes of a presence.
    pub fn statuses(&self) -> Vec<String> {
        let of = |x: Self| x.children().into_iter().filter(|child| child.name() == "status");
        let all = self.children().into_iter().filter(|child| child.name() == "x").flat_map(of);
        all.map(|status| status.attr("code").to_owned()).collect()
    }
}

impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} {}>{}", self.name(), self.0["attrs"], self.text())?;
        for child in self.children() {
            write!(f, "{child:?}")?;
        }
        Ok(())
    }
}
