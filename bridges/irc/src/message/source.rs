//! Who sent a message.

use std::fmt;

/// The source of a message: `nick!user@host`, or the name of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The nick, or the server's name.
    pub nick: String,
    /// The user name, with `~` where no ident server confirmed it.
    pub user: Option<String>,
    /// The host, or what the server shows in its place.
    pub host: Option<String>,
}

impl Source {
    /// Reads a source without its colon. Every text is one; an empty part counts as missing.
    pub fn parse(text: &str) -> Self {
        let (names, host) = match text.rsplit_once('@') {
            Some((names, host)) => (names, Some(host.to_owned())),
            None => (text, None),
        };
        let (nick, user) = match names.split_once('!') {
            Some((nick, user)) => (nick, Some(user.to_owned())),
            None => (names, None),
        };
        let some = |part: Option<String>| part.filter(|part| !part.is_empty());
        Self { nick: nick.to_owned(), user: some(user), host: some(host) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.nick)?;
        if let Some(user) = &self.user {
            write!(f, "!{user}")?;
        }
        if let Some(host) = &self.host {
            write!(f, "@{host}")?;
        }
        Ok(())
    }
}
