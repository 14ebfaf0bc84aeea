//! The way from a row to its lines: the seat, the permit, the record, the write.

use std::time::Duration;

use bridge_core::network::{
    Action, Delivery, MessageKind, Outgoing, Progress, Refusal, RetryScope, Ticket, Voice,
};
use tokio::sync::oneshot;

use super::One;
use crate::{
    casemap::Folded,
    echo::{Deed, Expected},
    hub::{Command, NoSeat, Place, Seat, Who},
    id::{self, Target},
    session::SendError,
    to_network,
};

/// How long a line waits for a puppet that is connecting, before others may overtake it.
const SEATED: Duration = Duration::from_secs(30);

/// How long to wait before a line is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl One {
    /// Says something: waits for the seat and the permit, records it, and writes.
    pub(super) async fn say(
        &self,
        outgoing: Outgoing,
        target: &Target,
        ticket: &Ticket,
    ) -> Delivery {
        let (place, name) = match target {
            Target::Channel(channel) => (Place::Channel(channel.clone()), channel.clone()),
            Target::Direct { nick, .. } => (Place::Nick, nick.clone()),
        };
        let mut outgoing = outgoing;
        let seat = match self.seat(&outgoing, &place).await {
            Ok(seat) => seat,
            Err(none) => return none.into(),
        };
        let kind = to_network::said(&outgoing).map_or(MessageKind::Text, |said| said.kind);
        let progress = outgoing.progress.take().unwrap_or_else(|| Progress {
            parts: to_network::bodies(
                &outgoing,
                &seat.handle.state(),
                name.as_str(),
                self.setup.config.colours,
            ),
            arrived: 0,
        });
        let lane = u64::try_from(ticket.token().lane.0).unwrap_or_default();
        let left = progress.parts.len().saturating_sub(progress.arrived);
        for (at, body) in progress.parts.iter().skip(progress.arrived).enumerate() {
            let line = to_network::line(kind, name.as_str(), body);
            let priority = crate::flood::Priority::of(&line);
            let Ok(permit) = seat.handle.permit(priority, lane).await else {
                return self.cut_off(ticket, at, "the connection closed");
            };
            if at == 0
                && let Err(error) = ticket.sending(Some(&progress)).await
            {
                return retry(RetryScope::Lane, &error.to_string());
            }
            let label = permit.label();
            let expected = Expected {
                token: ticket.token(),
                left: left - at,
                deed: Deed::Say,
                connection: seat.connection,
                target: name.clone(),
                label: label.clone(),
                text: body.clone(),
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

    /// A line could not be written. If none of the row was, all of it is tried again.
    fn cut_off(&self, ticket: &Ticket, written: usize, why: &str) -> Delivery {
        if written == 0 {
            drop(self.commands.send(Command::Forget(ticket.token())));
            return retry(RetryScope::Lane, why);
        }
        // The hub hears of the end as well, and settles the lines that were written.
        Delivery::AwaitEcho
    }

    /// Does what is no speech: a topic, a kick.
    pub(super) async fn command(
        &self,
        outgoing: &Outgoing,
        channel: &Folded,
        ticket: &Ticket,
    ) -> Delivery {
        let (deed, line, text) = match &outgoing.action {
            Action::Topic(topic) => {
                let topic = topic.replace(['\r', '\n'], " ");
                let line = crate::message::Message::new("TOPIC", [channel.as_str(), &topic]);
                (Deed::Topic, line, topic)
            }
            Action::Kick { target, reason } => {
                let Some((_, nick)) = id::read_nick(target) else {
                    return refused("there is no such person");
                };
                let reason = reason.as_deref().unwrap_or("kicked");
                let params = [channel.as_str(), nick.as_str(), reason];
                let line = crate::message::Message::new("KICK", params);
                (Deed::Kick, line, nick.as_str().to_owned())
            }
            _ => return Delivery::Done { ids: Vec::new() },
        };
        let place = Place::Channel(channel.clone());
        let seat = match self.seat(outgoing, &place).await {
            Ok(seat) => seat,
            Err(none) => return none.into(),
        };
        let lane = u64::try_from(ticket.token().lane.0).unwrap_or_default();
        let priority = crate::flood::Priority::of(&line);
        let Ok(permit) = seat.handle.permit(priority, lane).await else {
            return retry(RetryScope::Lane, "the connection closed");
        };
        if let Err(error) = ticket.sending(None).await {
            return retry(RetryScope::Lane, &error.to_string());
        }
        let label = permit.label();
        let expected = Expected {
            token: ticket.token(),
            left: 1,
            deed,
            connection: seat.connection,
            target: channel.clone(),
            label: label.clone(),
            text,
        };
        drop(self.commands.send(Command::Expect(expected)));
        let written = match &label {
            Some(label) => permit.write_labelled(line, label).await,
            None => permit.write(line).await,
        };
        match written {
            Ok(()) | Err(SendError::Interrupted) => Delivery::AwaitEcho,
            Err(SendError::NotWritten) => self.cut_off(ticket, 0, "the connection closed"),
            Err(error) => {
                drop(self.commands.send(Command::Forget(ticket.token())));
                refused(&error.to_string())
            }
        }
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
