//! From a command of `irc::proto` to a message.

use irc::proto::Command;

use super::Message;

impl From<Command> for Message {
    /// Takes the parameters over one by one, so that none can run into its neighbour.
    fn from(command: Command) -> Self {
        let list = |params: &[Option<String>]| params.iter().flatten().cloned().collect::<Vec<_>>();
        match command {
            Command::PASS(password) => Self::new("PASS", [password]),
            Command::NICK(nick) => Self::new("NICK", [nick]),
            Command::USER(user, mode, name) => Self::new("USER", [user, mode, "*".into(), name]),
            Command::QUIT(reason) => Self::new("QUIT", reason),
            Command::JOIN(channels, keys, _) => Self::new("JOIN", list(&[Some(channels), keys])),
            Command::PART(channels, reason) => Self::new("PART", list(&[Some(channels), reason])),
            Command::TOPIC(channel, topic) => Self::new("TOPIC", list(&[Some(channel), topic])),
            Command::NAMES(channels, _) => Self::new("NAMES", channels),
            Command::INVITE(nick, channel) => Self::new("INVITE", [nick, channel]),
            Command::KICK(channel, nick, why) => {
                Self::new("KICK", list(&[Some(channel), Some(nick), why]))
            }
            Command::PRIVMSG(target, text) => Self::new("PRIVMSG", [target, text]),
            Command::NOTICE(target, text) => Self::new("NOTICE", [target, text]),
            Command::PING(token, server) => Self::new("PING", list(&[Some(token), server])),
            Command::PONG(token, server) => Self::new("PONG", list(&[Some(token), server])),
            Command::AWAY(reason) => Self::new("AWAY", reason),
            Command::ISON(nicks) => Self::new("ISON", nicks),
            Command::MONITOR(what, nicks) => Self::new("MONITOR", list(&[Some(what), nicks])),
            Command::CAP(_, verb, version, names) => {
                Self::new("CAP", list(&[Some(verb.to_str().to_owned()), version, names]))
            }
            Command::AUTHENTICATE(data) => Self::new("AUTHENTICATE", [data]),
            Command::Raw(command, params) => Self::new(&command, params),
            // Commands that the bridge does not send; their own form is good enough.
            other => Self::parse(&String::from(&other)).unwrap_or_default(),
        }
    }
}
