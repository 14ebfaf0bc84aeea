//! Whether a channel may be linked: the bot is an operator there, or an operator says yes.

use std::collections::HashMap;

use bridge_core::network::OpenError;
use tokio::sync::oneshot;

use super::Hub;
use crate::{casemap::Folded, message::Message};

/// Who waits to hear whether a channel may be linked.
pub(super) type Asker = oneshot::Sender<Result<(), OpenError>>;

/// What is being asked, and what was agreed to, by channel.
#[derive(Debug, Default)]
pub(super) struct Consents {
    questions: HashMap<Folded, Question>,
}

/// A question to the operators of a channel.
#[derive(Debug)]
struct Question {
    /// The room that the channel is to be linked to.
    room: String,
    askers: Vec<Asker>,
    /// The operators in the list of names that is coming in.
    operators: Vec<Folded>,
    /// The question was put in the channel.
    is_put: bool,
    /// Who answered, and how, before it is known whether they are an operator.
    answer: Option<(Folded, Answer)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

impl Hub {
    /// Begins to find out whether a channel may be linked to a room.
    pub(super) async fn ask_consent(&mut self, key: &Folded, room: String, asker: Asker) {
        if !self.setup.config.ask_operators
            || self.remote.fact(&self.scope(key)).await.ok().flatten().as_ref() == Some(&room)
        {
            return drop(asker.send(Ok(())));
        }
        let question = self.consents.questions.entry(key.clone()).or_insert_with(|| Question {
            room: room.clone(),
            askers: Vec::new(),
            operators: Vec::new(),
            is_put: false,
            answer: None,
        });
        if question.room != room {
            question.room = room;
            question.is_put = false;
            question.answer = None;
            let why = "another room was asked about since".to_owned();
            for asker in question.askers.drain(..) {
                drop(asker.send(Err(OpenError::Refused(why.clone()))));
            }
        }
        question.askers.push(asker);
        self.look_for_operators(key);
    }

    /// Somebody spoke in a channel: perhaps it is an answer.
    pub(super) fn maybe_answer(&mut self, key: &Folded, nick: &Folded, text: &str) {
        let Some(bot) = self.bot_nick(key) else { return };
        let Some(question) = self.consents.questions.get_mut(key) else { return };
        if let Some(answer) = answer(&bot, text) {
            question.answer = Some((nick.clone(), answer));
            self.look_for_operators(key);
        }
    }

    /// A name in a list of names, with the symbols of its ranks.
    pub(super) fn note_operator(&mut self, key: &Folded, name: &str) {
        let prefixes = self.channels.get(key).and_then(|channel| {
            let handle = self.readers.get(channel.reader)?.handle.as_ref()?;
            Some(handle.state().isupport.prefixes())
        });
        let Some(question) = self.consents.questions.get_mut(key) else { return };
        let prefixes = prefixes.unwrap_or_default();
        let (modes, nick) = prefixes.split(name);
        let nick = self.casemap.fold(nick.split('!').next().unwrap_or(nick));
        let enough = prefixes.rank('o');
        if modes.iter().any(|mode| prefixes.rank(*mode) <= enough) {
            question.operators.push(nick);
        }
    }

    /// The list of names is complete.
    pub(super) async fn decide(&mut self, key: &Folded) {
        let Some(bot) = self.bot_nick(key) else { return };
        let scope = self.scope(key);
        let Some(question) = self.consents.questions.get_mut(key) else { return };
        let operators = std::mem::take(&mut question.operators);
        if operators.contains(&self.casemap.fold(&bot)) {
            return self.settle_consent(key, &Ok(()));
        }
        let answered = question.answer.take().filter(|(nick, _)| operators.contains(nick));
        match answered {
            Some((_, Answer::Yes)) => {
                let room = question.room.clone();
                if let Err(error) = self.remote.keep_fact(&scope, Some(&room)).await {
                    tracing::warn!(%error, "the yes of an operator is not kept");
                }
                self.settle_consent(key, &Ok(()));
            }
            Some((nick, Answer::No)) => {
                let why = format!("{nick}, an operator of {key}, says no");
                self.settle_consent(key, &Err(OpenError::Refused(why)));
            }
            None if operators.is_empty() => {
                let why = format!(
                    "{key} has no operator who could say yes; make {bot} one, or set \
                     ask_operators: false if the network is yours"
                );
                self.settle_consent(key, &Err(OpenError::Refused(why)));
            }
            None if question.is_put => {}
            None => {
                question.is_put = true;
                let text = format!(
                    "Somebody wants to link this channel to the Matrix room {}. An operator \
                     decides: say \"{bot}: yes\" or \"{bot}: no\".",
                    question.room
                );
                self.say_as_reader(key, &text);
            }
        }
    }

    fn settle_consent(&mut self, key: &Folded, outcome: &Result<(), OpenError>) {
        let Some(question) = self.consents.questions.remove(key) else { return };
        for asker in question.askers {
            drop(asker.send(outcome.clone()));
        }
    }

    fn look_for_operators(&mut self, key: &Folded) {
        if let Some(question) = self.consents.questions.get_mut(key) {
            question.operators.clear();
        }
        let Some(channel) = self.channels.get(key) else { return };
        let Some(reader) = self.readers.get(channel.reader) else { return };
        if let Some(handle) = reader.handle.clone() {
            self.post(&handle, Message::new("NAMES", [channel.name.as_str()]));
        }
    }

    fn say_as_reader(&self, key: &Folded, text: &str) {
        let Some(channel) = self.channels.get(key) else { return };
        let Some(reader) = self.readers.get(channel.reader) else { return };
        if let Some(handle) = reader.handle.clone() {
            self.post(&handle, Message::new("PRIVMSG", [channel.name.as_str(), text]));
        }
    }

    /// The nick of the reader of a channel.
    fn bot_nick(&self, key: &Folded) -> Option<String> {
        let reader = self.readers.get(self.channels.get(key)?.reader)?;
        Some(reader.handle.as_ref()?.state().nick.clone())
    }

    /// Where the yes of an operator is kept.
    fn scope(&self, key: &Folded) -> String {
        format!("irc/{}/consent/{key}", self.setup.name)
    }
}

/// Reads `bridge: yes`, in any case and with or without punctuation.
fn answer(bot: &str, text: &str) -> Option<Answer> {
    let rest = text.trim().get(bot.len()..)?;
    if !text.trim().get(..bot.len())?.eq_ignore_ascii_case(bot) {
        return None;
    }
    let word = rest.strip_prefix([':', ',', ' '])?.trim().trim_end_matches(['.', '!']);
    if word.eq_ignore_ascii_case("yes") {
        return Some(Answer::Yes);
    }
    word.eq_ignore_ascii_case("no").then_some(Answer::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_the_bot_is_an_answer() {
        for text in ["bridge: yes", "Bridge, YES!", " bridge yes. "] {
            assert_eq!(answer("bridge", text), Some(Answer::Yes), "{text}");
        }
        assert_eq!(answer("bridge", "bridge: no"), Some(Answer::No));
        for text in ["yes", "bridge: yes please", "bridges: yes", "é", "bridgeyes", "bridge"] {
            assert_eq!(answer("bridge", text), None, "{text}");
        }
    }
}
