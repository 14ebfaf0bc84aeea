//! A conversation under everything that goes wrong, and what must be true of it afterwards.
//!
//! Matrix and IRC users talk in a channel that keeps its history (`+H`), while the bridge is
//! killed at random moments, the homeserver is restarted, answers 502 and loses what it had queued,
//! and the IRC server is restarted.
//!
//! # What is expected, and how it is known
//!
//! - **From Matrix**: every message that a sync of the room shows, in that order; messages that were
//!   sent at the same time may also stand as `/messages` has them, since that is where a bridge finds
//!   what the homeserver lost. It is to appear once on IRC, by the right puppet. The messages that were on their way when the IRC server
//!   ended are the exception: nobody can tell of them, so each may be missing if the bot has
//!   answered it with a notice.
//! - **From IRC**: every line that a bystander on IRC has seen, in that order; lines have msgids,
//!   and what the server plays back is counted once. It is to appear once in the room, by the right
//!   ghost. The exception are the last lines before the IRC server ended, which the bridge may not
//!   have been given any more: before the server is told to end, a line is awaited on Matrix, and
//!   what came after it may be missing, from some line on to the last.
//! - **Order**: [`Plan::full`] judges the order of all lines, [`Plan::small`] on IRC that of each
//!   sender: see [`Order`].
//! - Nobody touches the bridge but to start it again after a kill.

mod speakers;
mod strike;
mod verdict;
mod witness;

use std::{
    collections::BTreeSet,
    env, fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};

pub use self::verdict::Order;
use self::{speakers::Speakers, strike::Blows, verdict::Said, witness::Witness};
use crate::{
    matrix::{Event, MatrixUser},
    stack::Stack,
    wait,
};

const CHANNEL: &str = "#chaos";

/// Who speaks on Matrix.
const ON_MATRIX: [&str; 3] = ["ann", "bea", "cid"];

/// Who speaks on IRC.
const ON_IRC: [&str; 3] = ["dan", "eve", "fay"];

/// How much of a chaos is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the random moments are made of.
    pub seed: u64,
    /// How many messages are said on each side.
    pub messages: usize,
    /// How often the bridge is killed.
    pub kills: usize,
    /// How long the homeserver's proxy answers 502.
    pub outage: Duration,
    /// How long the rest may take to arrive once all is well again.
    pub deadline: Duration,
    /// Which order of the lines on IRC is judged.
    pub order: Order,
}

impl Plan {
    /// What a test has time for.
    pub fn small(seed: u64) -> Self {
        let (outage, deadline) = (Duration::from_secs(3), Duration::from_mins(1));
        Self { seed, messages: 240, kills: 5, outage, deadline, order: Order::OfEachSender }
    }

    /// The whole of it: a few minutes.
    pub fn full(seed: u64) -> Self {
        let (outage, deadline) = (Duration::from_secs(10), Duration::from_mins(5));
        Self { seed, messages: 2_000, kills: 20, outage, deadline, order: Order::Whole }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    plan: Plan,
    from_matrix: usize,
    from_irc: usize,
    uncertain: usize,
    unread: usize,
    took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan: Plan { seed, kills, .. }, .. } = self;
        let seconds = self.took.as_secs();
        writeln!(f, "seed {seed}: {kills} kills in {seconds} s")?;
        writeln!(
            f,
            "Matrix -> IRC: {} said; each once and in order, but {} that were on their way when the \
             IRC server ended and whose authors were told",
            self.from_matrix, self.uncertain
        )?;
        write!(
            f,
            "IRC -> Matrix: {} said; each once and in order, but {} that the ending IRC server no \
             longer gave to the bridge",
            self.from_irc, self.unread
        )
    }
}

/// Names a seed in place of a random one.
const SEED: &str = "BRIDGEWORK_CHAOS_SEED";

/// The seed of the environment, or a random one.
pub fn seed() -> Result<u64> {
    match env::var(SEED) {
        Ok(text) => text.parse().with_context(|| format!("{SEED} is {text:?}, which is no number")),
        Err(_) => Ok(u64::from(rand::random::<u32>())),
    }
}

/// Makes a chaos and looks at what came of it.
///
/// # Errors
/// If anything was lost, doubled, out of order, or by the wrong person; the error names the lines.
pub async fn run(plan: &Plan) -> Result<Report> {
    let mut scene = Scene::set(plan).await?;
    let start = Instant::now();
    scene.talk(plan).await?;
    let report = scene.judge(plan, start).await;
    report.with_context(|| format!("seed {}; blows: {:?}", plan.seed, scene.blows))
}

/// Everybody in their places.
struct Scene {
    stack: Stack,
    random: StdRng,
    blows: Blows,
    room: String,
    order: Order,
    witness: Witness,
    speakers: Speakers,
}

impl Scene {
    async fn set(plan: &Plan) -> Result<Self> {
        // Puppets come back fast enough for the seconds that a test has.
        let stack = Stack::irc()
            .inspircd(|server| server.default_modes("notH 20000:1h"))
            .set("irc.networks.local.connect", "none")
            .proxied();
        let stack = stack.start().await?;
        let witness = Witness::start(stack.irc.address(), CHANNEL).await?;
        let mut matrix = Vec::new();
        for name in ON_MATRIX {
            matrix.push(stack.matrix_user(name).await?);
        }
        let mut room = String::new();
        for user in &matrix {
            room = user.join(&stack.alias(CHANNEL)).await?;
        }
        let random = StdRng::seed_from_u64(plan.seed);
        let speakers =
            Speakers::start(plan.seed, stack.irc.address(), CHANNEL, &room, matrix).await?;
        let (blows, order) = (Blows::default(), plan.order);
        let scene = Self { stack, random, blows, room, order, witness, speakers };
        // One word of each, so that all are where they speak before anything goes wrong.
        scene.speakers.allow(3);
        scene.settled(plan).await?;
        Ok(scene)
    }

    /// Lets everybody speak while blow after blow falls.
    async fn talk(&mut self, plan: &Plan) -> Result<()> {
        let strikes = strike::strikes(plan, &mut self.random);
        let share = plan.messages.div_ceil(strikes.len());
        for strike in strikes {
            let before = self.speakers.said();
            self.speakers.allow(share);
            let moment = before + self.random.random_range(1..share * 2);
            wait::until("the moment of the next blow", wait::PATIENCE, async || {
                Ok((self.speakers.said() >= moment).then_some(()))
            })
            .await?;
            tokio::time::sleep(Duration::from_millis(self.random.random_range(0..200))).await;
            eprintln!("after {} lines: {strike:?}", self.speakers.said());
            self.strike(strike, plan).await.with_context(|| format!("{strike:?}"))?;
        }
        if self.stack.bridge.process.ended()?.is_some() {
            self.stack.bridge.process.spawn_again()?;
        }
        self.stack.bridge.process.wait_ready().await
    }

    /// Waits until everything said has arrived and compares.
    async fn judge(&mut self, plan: &Plan, start: Instant) -> Result<Report> {
        // After the blows everybody is connected again, or becomes so now.
        self.speakers.allow(3);
        self.settled(plan).await?;
        // What comes late and once too often comes before these.
        self.speakers.allow(3);
        self.settled(plan).await?;
        ensure!(self.speakers.said() >= 2 * plan.messages, "not all was said");
        self.numbers_came_again()?;
        let (from_matrix, from_irc) = (self.said_on_matrix(), self.witness.of(&ON_IRC));
        Ok(Report {
            plan: plan.clone(),
            uncertain: from_matrix.len() - self.heard_on_irc().len(),
            unread: from_irc.len() - self.heard_on_matrix().len(),
            from_matrix: from_matrix.len(),
            from_irc: from_irc.len(),
            took: start.elapsed(),
        })
    }

    /// Waits until nobody has anything left to say and all of it has arrived as it should.
    async fn settled(&self, plan: &Plan) -> Result<()> {
        wait::until("everybody has spoken", plan.deadline, async || Ok(self.speakers.done()))
            .await?;
        let mut complaints = Vec::new();
        let arrived = wait::until("everything has arrived", plan.deadline, async || {
            let history = self.observer().history(&self.room).await.unwrap_or_default();
            complaints = self.complaints(&self.words(&history));
            Ok(complaints.is_empty().then_some(()))
        });
        let arrived = arrived.await;
        arrived.with_context(|| complaints.join("\n"))
    }

    /// What is not as it should be, yet or for good.
    fn complaints(&self, history: &[Said]) -> Vec<String> {
        let told = self.told();
        let (said, heard) = (self.said_on_matrix(), self.heard_on_irc());
        let to_irc =
            verdict::compare(&said, history, &heard, self.order, |said| told.contains(&said.text));
        let unread = self.blows.unread(&self.witness);
        let heard = self.heard_on_matrix();
        let said = self.witness.of(&ON_IRC);
        let to_matrix = verdict::compare(&said, &said, &heard, Order::Whole, |said| {
            unread.iter().any(|life| life.contains(said))
        });
        // The server gives lines in their order, so what is missing is the end.
        let skipped = unread.iter().filter(|life| !verdict::is_beginning(life, &heard));
        let skipped = skipped.map(|_| "to Matrix: a line is missing amid those read".to_owned());
        let too_many = (told.len() > self.blows.in_flight_at_most())
            .then(|| format!("{} notices that a message may not have arrived", told.len()));
        let seen = self.words(&self.observer().events());
        let unseen = self.speakers.on_matrix().into_iter().filter(|said| !seen.contains(said));
        let seen = self.witness.of(&ON_IRC);
        let latest = self.speakers.latest_on_irc().into_iter();
        let unseen = unseen.chain(latest.filter(|said| !seen.contains(said)));
        let unseen = unseen.map(|said| format!("{said:?} is not even seen where it was said"));
        let to_irc = to_irc.into_iter().map(|it| format!("to IRC: {it}"));
        let to_matrix = to_matrix.into_iter().map(|it| format!("to Matrix: {it}"));
        to_irc.chain(to_matrix).chain(skipped).chain(too_many).chain(unseen).collect()
    }

    fn said_on_matrix(&self) -> Vec<Said> {
        let words = self.words(&self.observer().events()).into_iter();
        words.filter(|said| ON_MATRIX.contains(&said.who.as_str())).collect()
    }

    fn heard_on_matrix(&self) -> Vec<Said> {
        let ghost = |said: Said| {
            let who = said.who.strip_prefix("_irc_local_")?.to_owned();
            ON_IRC.contains(&&*who).then_some(Said { who, ..said })
        };
        self.words(&self.observer().events()).into_iter().filter_map(ghost).collect()
    }

    fn heard_on_irc(&self) -> Vec<Said> {
        let nicks = ON_MATRIX.map(|name| format!("{name}[m]"));
        let nicks = nicks.each_ref().map(String::as_str);
        let plain = |said: Said| Said { who: said.who.replace("[m]", ""), ..said };
        self.witness.of(&nicks).into_iter().map(plain).collect()
    }

    /// What is said in the room, by local part, without notices.
    fn words(&self, events: &[Event]) -> Vec<Said> {
        let said = |event: &Event| {
            let is_speech = event.is_message_in(&self.room) && event.msgtype() == "m.text";
            is_speech.then(|| Said {
                who: localpart(event.sender()).to_owned(),
                text: event.body().to_owned(),
            })
        };
        events.iter().filter_map(said).collect()
    }

    /// The messages of whose fate the bridge was not sure, and told their authors so.
    fn told(&self) -> BTreeSet<String> {
        let events = self.observer().events();
        let about = |notice: &Event| {
            let id = &notice.content()["m.relates_to"]["m.in_reply_to"]["event_id"];
            let event =
                events.iter().find(|event| event.id() == id.as_str().unwrap_or_default())?;
            Some(event.body().to_owned())
        };
        let unsure = "It is not known whether this message arrived";
        let notices = events.iter().filter(|event| event.body().starts_with(unsure));
        notices.filter_map(about).collect()
    }

    fn observer(&self) -> &Arc<MatrixUser> {
        self.speakers.observer()
    }
}

fn localpart(user: &str) -> &str {
    user.trim_start_matches('@').split(':').next().unwrap_or_default()
}
