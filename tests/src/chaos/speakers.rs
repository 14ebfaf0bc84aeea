//! Those who speak: each says one line after the other, as far as they are allowed to.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{ON_IRC, ON_MATRIX, verdict::Said};
use crate::{irc::IrcUser, matrix::MatrixUser};

/// Pause before another attempt at a server that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two lines on IRC, about as long as a homeserver takes for three.
const BREATH_MS: u64 = 100;

/// Everybody who speaks, on both sides.
pub(super) struct Speakers {
    matrix: Side,
    irc: Side,
    observer: Arc<MatrixUser>,
    _tasks: JoinSet<()>,
}

/// One side: how many lines it may say, and which it has said.
#[derive(Clone)]
struct Side(Arc<Lines>);

struct Lines {
    allowed: AtomicUsize,
    permits: Semaphore,
    said: Mutex<Vec<Said>>,
}

impl Speakers {
    pub(super) async fn start(
        seed: u64,
        irc: &str,
        channel: &str,
        room: &str,
        matrix: Vec<MatrixUser>,
    ) -> Result<Self> {
        let mut tasks = JoinSet::new();
        let (on_matrix, on_irc) = (Side::new(), Side::new());
        let matrix: Vec<_> = matrix.into_iter().map(Arc::new).collect();
        let observer = matrix[0].clone();
        for (user, name) in matrix.into_iter().zip(ON_MATRIX) {
            tasks.spawn(speak_on_matrix(user, name, room.to_owned(), on_matrix.clone()));
        }
        for (number, nick) in (0_u64..).zip(ON_IRC) {
            let user = enter(irc, nick, channel).await?;
            let random = StdRng::seed_from_u64(seed.wrapping_add(number));
            let place = (irc.to_owned(), channel.to_owned());
            tasks.spawn(speak_on_irc(user, place, random, on_irc.clone()));
        }
        Ok(Self { matrix: on_matrix, irc: on_irc, observer, _tasks: tasks })
    }

    /// Allows as many more lines on each side.
    pub(super) fn allow(&self, lines: usize) {
        self.matrix.allow(lines);
        self.irc.allow(lines);
    }

    /// How many lines have been said on both sides.
    pub(super) fn said(&self) -> usize {
        self.matrix.said().len() + self.irc.said().len()
    }

    /// Everything that is allowed has been said.
    pub(super) fn done(&self) -> Option<()> {
        (self.matrix.is_done() && self.irc.is_done()).then_some(())
    }

    /// All that was said on Matrix.
    pub(super) fn on_matrix(&self) -> Vec<Said> {
        self.matrix.said().clone()
    }

    /// The latest line of each who speaks on IRC.
    pub(super) fn latest_on_irc(&self) -> Vec<Said> {
        let said = self.irc.said();
        let latest = |nick: &&str| said.iter().rfind(|said| said.who == *nick).cloned();
        ON_IRC.iter().filter_map(latest).collect()
    }

    /// The Matrix user whose syncs show the room.
    pub(super) fn observer(&self) -> &Arc<MatrixUser> {
        &self.observer
    }
}

impl Side {
    fn new() -> Self {
        let (allowed, said) = (AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Lines { allowed, permits: Semaphore::new(0), said }))
    }

    fn allow(&self, lines: usize) {
        self.0.allowed.fetch_add(lines, Ordering::Relaxed);
        self.0.permits.add_permits(lines);
    }

    /// Waits for the permission to say one more line.
    async fn turn(&self) {
        if let Ok(permit) = self.0.permits.acquire().await {
            permit.forget();
        }
    }

    fn note(&self, who: &str, text: String) {
        self.said().push(Said { who: who.to_owned(), text });
    }

    fn said(&self) -> MutexGuard<'_, Vec<Said>> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_done(&self) -> bool {
        self.said().len() >= self.0.allowed.load(Ordering::Relaxed)
    }
}

/// Says each line until the homeserver has it. A line whose answer was lost may stand in the room
/// twice then, as two messages of one number.
async fn speak_on_matrix(user: Arc<MatrixUser>, name: &'static str, room: String, side: Side) {
    for number in 1.. {
        side.turn().await;
        let text = format!("{name} {number}");
        for attempt in 0.. {
            let text = if attempt == 0 { text.clone() } else { format!("{text}, again {attempt}") };
            if user.send_text(&room, &text).await.is_ok() {
                side.note(name, text);
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Says each line once. One that was written to a server that ended is nobody's any more.
async fn speak_on_irc(
    mut user: IrcUser,
    (address, channel): (String, String),
    mut random: StdRng,
    side: Side,
) {
    let nick = user.nick().to_owned();
    for number in 1.. {
        side.turn().await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..BREATH_MS))).await;
        for attempt in 0.. {
            let text = format!("{nick} {number}.{attempt}");
            if user.inbox().closed().is_none() && user.privmsg(&channel, &text).await.is_ok() {
                side.note(&nick, text);
                break;
            }
            tokio::time::sleep(PAUSE).await;
            if let Ok(again) = enter(&address, &nick, &channel).await {
                user = again;
            }
        }
    }
}

async fn enter(address: &str, nick: &str, channel: &str) -> Result<IrcUser> {
    let user = IrcUser::connect(address, nick).await?;
    user.join(channel).await?;
    Ok(user)
}
