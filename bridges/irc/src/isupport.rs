//! What a server says about itself in numeric 005.
//!
//! Values are kept as they came and read when asked for. What a server leaves out has the default
//! that clients commonly assume: <https://modern.ircdocs.horse/#rplisupport-005>.

use std::collections::BTreeMap;

use crate::{
    casemap::CaseMapping,
    mode::{ChanModes, Prefixes},
};

#[cfg(test)]
mod tests;

/// More tokens than any server has; the rest is ignored, so that memory stays bounded.
const MAX_TOKENS: usize = 512;

/// The longest `LINELEN` that is believed.
const MAX_LINELEN: usize = 16_384;

/// The tokens of numeric 005.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isupport {
    tokens: BTreeMap<String, String>,
    announced: bool,
}

impl Isupport {
    /// Takes in the parameters of one 005: our nick, tokens, and a text. Says whether anything changed.
    pub fn apply(&mut self, params: &[String]) -> bool {
        let mut changed = !std::mem::replace(&mut self.announced, true);
        for token in params.iter().skip(1).filter(|token| !token.is_empty() && !token.contains(' '))
        {
            changed |= match token.strip_prefix('-') {
                Some(name) => self.tokens.remove(&name.to_ascii_uppercase()).is_some(),
                None => self.set(token),
            };
        }
        changed
    }

    fn set(&mut self, token: &str) -> bool {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        let (name, value) = (name.to_ascii_uppercase(), unescape(value));
        if name.is_empty() || (self.tokens.len() >= MAX_TOKENS && !self.tokens.contains_key(&name))
        {
            return false;
        }
        self.tokens.insert(name, value.clone()).as_ref() != Some(&value)
    }

    /// The value of a token, empty if it has none; `name` in upper case.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.tokens.get(name).map(String::as_str)
    }

    /// Whether a token was announced; `name` in upper case.
    pub fn has(&self, name: &str) -> bool {
        self.tokens.contains_key(name)
    }

    /// `CASEMAPPING`: when two names are one.
    pub fn casemapping(&self) -> CaseMapping {
        self.find("CASEMAPPING").map_or_else(CaseMapping::default, CaseMapping::from_token)
    }

    /// `PREFIX`: the ranks of members.
    pub fn prefixes(&self) -> Prefixes {
        self.find("PREFIX").map_or_else(Prefixes::default, Prefixes::parse)
    }

    /// `CHANMODES`: which channel modes take a parameter.
    pub fn chanmodes(&self) -> ChanModes {
        self.find("CHANMODES").map_or_else(ChanModes::default, ChanModes::parse)
    }

    /// Whether a target is a channel, by `CHANTYPES`.
    pub fn is_channel(&self, target: &str) -> bool {
        target.starts_with(|first| self.find("CHANTYPES").unwrap_or("#&").contains(first))
    }

    /// The channel behind a target such as `@#chan`, and the rank it is for, by `STATUSMSG`.
    pub fn statusmsg<'a>(&self, target: &'a str) -> Option<(char, &'a str)> {
        let symbol = target.chars().next()?;
        let channel = target.get(symbol.len_utf8()..)?;
        let known = self.find("STATUSMSG")?.contains(symbol);
        (known && self.is_channel(channel)).then_some((symbol, channel))
    }

    /// `CHANLIMIT`: how many channels of this one's type a connection may join; `None` for any number,
    /// as is ngIRCd's 0.
    pub fn channel_limit(&self, channel: &str) -> Option<usize> {
        let first = channel.chars().next()?;
        let by_type = self.find("CHANLIMIT").and_then(|limits| {
            let mut groups = limits.split(',').filter_map(|group| group.split_once(':'));
            groups.find(|(types, _)| types.contains(first)).map(|(_, limit)| limit)
        });
        by_type.or_else(|| self.find("MAXCHANNELS"))?.parse().ok().filter(|&limit| limit > 0)
    }

    /// `TARGMAX`: how many targets one command may have; [`usize::MAX`] for any number.
    pub fn max_targets(&self, command: &str) -> usize {
        let listed = self.find("TARGMAX").and_then(|limits| {
            let mut commands = limits.split(',').filter_map(|entry| entry.split_once(':'));
            commands.find(|(name, _)| name.eq_ignore_ascii_case(command)).map(|(_, limit)| limit)
        });
        match (listed, command) {
            (Some(limit), _) => limit.parse().unwrap_or(usize::MAX),
            (None, "JOIN" | "PART") => usize::MAX,
            (None, "PRIVMSG" | "NOTICE") => self.number("MAXTARGETS").unwrap_or(1),
            (None, _) => 1,
        }
    }

    /// `NICKLEN`. Before the server said anything 30 is assumed; a server that leaves it out means 9.
    pub fn nick_length(&self) -> usize {
        let said = self.number("NICKLEN").or_else(|| self.number("MAXNICKLEN"));
        said.unwrap_or(if self.announced { 9 } else { 30 })
    }

    /// `USERLEN`: bytes of a user name.
    pub fn user_length(&self) -> usize {
        self.number("USERLEN").unwrap_or(10)
    }

    /// `NAMELEN`: bytes of a real name.
    pub fn realname_length(&self) -> usize {
        self.number("NAMELEN").unwrap_or(48)
    }

    /// `LINELEN`: bytes of a line without its tags, with its end.
    pub fn line_length(&self) -> usize {
        self.number("LINELEN").unwrap_or(512).clamp(512, MAX_LINELEN)
    }

    /// `TOPICLEN`: bytes of a topic, if limited.
    pub fn topic_length(&self) -> Option<usize> {
        self.number("TOPICLEN")
    }

    /// `KICKLEN`: bytes of a kick's reason, if limited.
    pub fn kick_length(&self) -> Option<usize> {
        self.number("KICKLEN")
    }

    /// `AWAYLEN`: bytes of an away message, if limited.
    pub fn away_length(&self) -> Option<usize> {
        self.number("AWAYLEN")
    }

    /// `CHANNELLEN`: bytes of a channel's name.
    pub fn channel_length(&self) -> usize {
        self.number("CHANNELLEN").unwrap_or(200)
    }

    /// `MODES`: how many modes with a parameter one command may change.
    pub fn modes_per_line(&self) -> usize {
        match self.find("MODES") {
            Some("") => usize::MAX,
            Some(number) => number.parse().unwrap_or(3),
            None => 3,
        }
    }

    /// `MONITOR`: how many nicks may be watched; `None` without the command.
    pub fn monitor(&self) -> Option<usize> {
        self.find("MONITOR").map(|limit| limit.parse().unwrap_or(usize::MAX))
    }

    /// `BOT`: the user mode that marks bots.
    pub fn bot_mode(&self) -> Option<char> {
        self.find("BOT")?.chars().next()
    }

    /// `CHATHISTORY`: how many messages one answer may hold; `None` without the command.
    pub fn chathistory(&self) -> Option<usize> {
        let limit = self.find("CHATHISTORY").or_else(|| self.find("DRAFT/CHATHISTORY"))?;
        Some(limit.parse().ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX))
    }

    /// `NETWORK`: the network's name.
    pub fn network(&self) -> Option<&str> {
        self.find("NETWORK").filter(|name| !name.is_empty())
    }

    /// `UTF8ONLY`: the server refuses anything else. The bridge writes nothing else anyway.
    pub fn utf8_only(&self) -> bool {
        self.has("UTF8ONLY")
    }

    /// `soju.im/SAFERATE`: the server slows us down itself, so that nothing needs to be held back.
    pub fn safe_rate(&self) -> bool {
        self.has("SOJU.IM/SAFERATE")
    }

    /// `CLIENTTAGDENY`: whether the server passes on a client's tag, named without its `+`.
    pub fn passes_client_tag(&self, tag: &str) -> bool {
        let Some(denied) = self.find("CLIENTTAGDENY") else { return true };
        let mut entries = denied.split(',');
        if entries.clone().any(|entry| entry == "*") {
            entries.any(|entry| entry.strip_prefix('-') == Some(tag))
        } else {
            !entries.any(|entry| entry == tag)
        }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.find(name)?.parse().ok().filter(|&number| number > 0)
    }
}

/// The value behind its `\x20` escapes; anything else after a backslash stays.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("\\x") {
        out.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code.filter(u8::is_ascii) {
            out.push(char::from(code));
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push_str("\\x");
            rest = after;
        }
    }
    out + rest
}
