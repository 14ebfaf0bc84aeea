//! What goes wrong.

use anyhow::{Context, Result, ensure};
use rand::{Rng, rngs::StdRng, seq::SliceRandom};

use super::{CHANNEL, ON_IRC, Plan, Scene, verdict::Said, witness::Witness};
use crate::{irc::IrcUser, rig::Mode, stack::Stack};

/// Who says the lines by which it is known what was read.
const MARKER: &str = "marker";

/// How many messages may be on their way to IRC when its server ends.
const IN_FLIGHT: usize = 64;

/// One blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// `kill -9` for the bridge.
    Kill,
    /// The homeserver is restarted in order.
    RestartHomeserver,
    /// The homeserver is killed, loses the transactions it had not delivered, and counts them from
    /// 1 again.
    ResetTransactions,
    /// Bridge and homeserver get a 502 from each other.
    BadGateway,
    /// The IRC server is restarted, and forgets everything.
    RestartIrc,
}

/// The blows of a plan: the kills of the bridge, and each of the others once, in random order.
pub(super) fn strikes(plan: &Plan, random: &mut StdRng) -> Vec<Strike> {
    let mut strikes = vec![
        Strike::RestartHomeserver,
        Strike::ResetTransactions,
        Strike::BadGateway,
        Strike::RestartIrc,
    ];
    strikes.resize(strikes.len() + plan.kills, Strike::Kill);
    strikes.shuffle(random);
    strikes
}

/// What fell, and what has to be known of it.
#[derive(Debug, Default)]
pub(super) struct Blows {
    fallen: Vec<Strike>,
    /// The last lines from IRC that were known to be read before its server ended.
    markers: Vec<String>,
}

impl Blows {
    /// The lines that the bridge may not have been given before the IRC server ended, of each of
    /// its lives.
    pub(super) fn unread(&self, witness: &Witness) -> Vec<Vec<Said>> {
        let after = |marker: &String| {
            let after = witness.after(marker).into_iter();
            after.filter(|said| ON_IRC.contains(&said.who.as_str())).collect()
        };
        self.markers.iter().map(after).collect()
    }

    /// How many messages may have been on their way when the IRC server ended.
    pub(super) fn in_flight_at_most(&self) -> usize {
        self.markers.len() * IN_FLIGHT
    }
}

impl Scene {
    pub(super) async fn strike(&mut self, strike: Strike, plan: &Plan) -> Result<()> {
        self.blows.fallen.push(strike);
        let Stack { bridge, synapse, .. } = &mut self.stack;
        match strike {
            Strike::Kill => {
                bridge.kill_9().await?;
                bridge.process.spawn_again()?;
                // One in three does not live to be ready before the next blow.
                if self.random.random_ratio(2, 3) {
                    bridge.process.wait_ready().await?;
                }
            }
            Strike::RestartHomeserver => synapse.process.restart().await?,
            Strike::ResetTransactions => {
                synapse.process.kill_9().await?;
                synapse.forget_transactions()?;
                synapse.process.start_again().await?;
            }
            Strike::BadGateway => {
                let proxies = self.stack.proxies()?;
                let links = [&proxies.to_homeserver, &proxies.from_homeserver];
                for link in links {
                    link.set(Mode::Answer(502));
                }
                tokio::time::sleep(plan.outage).await;
                for link in links {
                    link.set(Mode::Pass);
                }
            }
            Strike::RestartIrc => {
                self.mark().await?;
                self.stack.irc.process().restart().await?;
            }
        }
        Ok(())
    }

    /// Says a line on IRC and waits until it is on Matrix: all before it has been read then.
    async fn mark(&mut self) -> Result<()> {
        let text = format!("{MARKER} {}", self.blows.markers.len());
        let marker = IrcUser::connect(self.stack.irc.address(), MARKER).await?;
        marker.join(CHANNEL).await?;
        marker.privmsg(CHANNEL, &text).await?;
        let seen = self.observer().wait_for("the mark", |event| event.says(&self.room, &text));
        seen.await.context("the bridge does not read before the IRC server ends")?;
        self.blows.markers.push(text);
        Ok(())
    }

    /// The homeserver has used a number of a transaction again.
    pub(super) fn numbers_came_again(&self) -> Result<()> {
        let requests = self.stack.proxies()?.from_homeserver.requests().all();
        let numbers = requests.iter().filter_map(|it| it.split_once("/transactions/"));
        let numbers = numbers.filter_map(|(_, number)| number.split('?').next()?.parse().ok());
        let numbers: Vec<u64> = numbers.collect();
        let again = numbers.windows(2).any(|pair| pair[1] < pair[0]);
        ensure!(again, "the homeserver counted its transactions on: {numbers:?}");
        Ok(())
    }
}
