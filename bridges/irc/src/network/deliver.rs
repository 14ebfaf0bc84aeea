//! The way from a row to its lines.

use std::time::Duration;

use bridge_core::network::{
    Action, Delivery, Outgoing, Progress, Refusal, RetryScope, Ticket, Voice,
};
use tokio::sync::oneshot;

use super::One;
use crate::{
    casemap::Folded,
    echo::Expected,
    hub::{Command, NoSeat, Place, Seat, Who},
    id::{self, Target},
    message::Message,
    session::SendError,
    state::State,
    to_network,
};

/// How long a line waits for a puppet that is connecting, before others may overtake it.
const SEATED: Duration = Duration::from_secs(30);

/// How long to wait before a line is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl One {
    /// Says or does something: waits for the seat and the permit, records it, and writes.
    pub(super) async fn say(
        &self,
        mut outgoing: Outgoing,
        target: &Target,
        ticket: &Ticket,
    ) -> Delivery {
        let (place, name) = match target {
            Target::Channel(channel) => (Place::Channel(channel.clone()), channel.clone()),
            Target::Direct { nick, .. } => (Place::Nick, nick.clone()),
        };
        let seat = match self.seat(&outgoing, &place).await {
            Ok(seat) => seat,
            Err(none) => return none.into(),
        };
        let state = seat.handle.state().clone();
        let progress = match outgoing.progress.take() {
            Some(progress) => progress,
            None => Progress { parts: self.parts(&outgoing, &state, &name).await, arrived: 0 },
        };
        let lines = to_network::lines(&outgoing, &progress.parts, name.as_str());
        let lines: Vec<Message> = lines.into_iter().skip(progress.arrived).collect();
        let lane = u64::try_from(ticket.token().lane.0).unwrap_or_default();
        let left = lines.len();
        for (at, line) in lines.into_iter().enumerate() {
            let priority = crate::flood::Priority::of(&line);
            let Ok(permit) = seat.handle.permit(priority, lane).await else {
                return self.cut_off(ticket, at, "the connection closed");
            };
            if at == 0 {
                let parts = Some(&progress).filter(|progress| !progress.parts.is_empty());
                if let Err(error) = ticket.sending(parts).await {
                    return retry(RetryScope::Lane, &error.to_string());
                }
            }
            let label = permit.label();
            let (deed, text) = to_network::deed(&line);
            let expected = Expected {
                token: ticket.token(),
                left: left - at,
                deed,
                connection: seat.connection,
                target: name.clone(),
                label: label.clone(),
                text,
            };
            drop(self.commands.send(Command::Expect(expected)));
            let written = match &label {
                Some(label) => permit.write_labelled(line, label).await,
                None => permit.write(line).await,
            };
            match written {
                Ok(()) => bridge_core::failpoint::hit("irc.written"),
                Err(SendError::NotWritten) => {
                    return self.cut_off(ticket, at, "the connection closed");
                }
                Err(SendError::Interrupted) => return Delivery::AwaitEcho,
                Err(error) => {
                    drop(self.commands.send(Command::Forget(ticket.token())));
                    return refused(&error.to_string());
                }
            }
        }
        if left > 0 && seat.is_seen {
            Delivery::AwaitEcho
        } else {
            drop(self.commands.send(Command::Forget(ticket.token())));
            Delivery::Done { ids: Vec::new() }
        }
    }

    /// What the event's lines are made of: fixed at the first try.
    async fn parts(&self, outgoing: &Outgoing, state: &State, target: &Folded) -> Vec<String> {
        match &outgoing.action {
            Action::Power(changes) => {
                let view = self.viewer.borrow().clone();
                to_network::ranks(changes, state, &|user| view.puppets.get(user).cloned())
            }
            Action::Ban { target: ghost, .. } | Action::Unban { target: ghost } => {
                let Some((_, nick)) = id::read_nick(ghost) else { return Vec::new() };
                self.mask(target.clone(), nick).await
            }
            _ => {
                let colours = self.setup.config.colours;
                to_network::bodies(outgoing, state, target.as_str(), colours)
            }
        }
    }

    /// The mask by which somebody is kept out.
    async fn mask(&self, channel: Folded, nick: Folded) -> Vec<String> {
        let (answer, answered) = oneshot::channel();
        drop(self.commands.send(Command::Mask { channel, nick, answer }));
        answered.await.into_iter().collect()
    }

    /// A line could not be written. If none of the row was, all of it is tried again.
    fn cut_off(&self, ticket: &Ticket, written: usize, why: &str) -> Delivery {
        if written == 0 {
            drop(self.commands.send(Command::Forget(ticket.token())));
            return retry(RetryScope::Lane, why);
        }
        // The hub hears of the end as well, and settles the lines that were written.
        Delivery::AwaitEcho
    }

    async fn seat(&self, outgoing: &Outgoing, place: &Place) -> Result<Seat, NoSeat> {
        let who = match outgoing.author.voice {
            Voice::Puppet => Who::Puppet {
                user: outgoing.author.user_id.clone(),
                name: outgoing.author.display_name.clone(),
            },
            Voice::Relay => Who::Bot,
        };
        let (answer, answered) = oneshot::channel();
        drop(self.commands.send(Command::Seat { who, target: place.clone(), answer }));
        match tokio::time::timeout(SEATED, answered).await {
            Ok(Ok(seat)) => seat,
            Ok(Err(_)) => Err(NoSeat::Down("the network is stopped".to_owned())),
            Err(_) => Err(NoSeat::Slow),
        }
    }
}

impl From<NoSeat> for Delivery {
    fn from(none: NoSeat) -> Self {
        match none {
            NoSeat::Refused(why) => refused(&why),
            NoSeat::Unconnected(why) => Delivery::Relay { why },
            NoSeat::Full => Delivery::Relay {
                why: "there are as many connections as the bridge may have".to_owned(),
            },
            NoSeat::Down(why) => retry(RetryScope::Lane, &why),
            NoSeat::Slow => retry(RetryScope::Sender, "the puppet is still connecting"),
        }
    }
}

fn retry(scope: RetryScope, why: &str) -> Delivery {
    Delivery::Retry { after: AGAIN, scope, why: why.to_owned() }
}

pub(super) fn refused(why: &str) -> Delivery {
    Delivery::Refused(Refusal { why: why.to_owned(), text: why.to_owned() })
}
