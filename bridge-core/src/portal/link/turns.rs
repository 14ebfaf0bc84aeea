//! Work that takes turns: what claims the same channel or room goes in the order of its arrival.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
};

use futures_util::future::BoxFuture;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// How many pieces of work are under way at a time.
const AT_ONCE: usize = 16;

/// Where work waits for its turn.
///
/// The channel is unbounded: each piece of work has somebody who waits for its outcome.
#[derive(Debug)]
pub(super) struct Turns(mpsc::UnboundedSender<Work>);

struct Work {
    claims: Vec<String>,
    work: BoxFuture<'static, ()>,
}

impl Turns {
    /// Work is done until `stop`; what is under way then is cut off.
    pub(super) fn new(stop: CancellationToken) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(stop.run_until_cancelled_owned(Owner::default().run(receiver)));
        Self(sender)
    }

    /// Does the work once nothing that came earlier claims the same.
    pub(super) fn queue(
        &self,
        claims: Vec<String>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        // A closed channel means that the bridge stops; whoever waits hears of it.
        drop(self.0.send(Work { claims, work: Box::pin(work) }));
    }
}

#[derive(Default)]
struct Owner {
    waiting: VecDeque<Work>,
    running: JoinSet<()>,
    claims: HashMap<Id, Vec<String>>,
}

impl Owner {
    async fn run(mut self, mut arrivals: mpsc::UnboundedReceiver<Work>) {
        loop {
            self.start();
            tokio::select! {
                arrival = arrivals.recv() => match arrival {
                    Some(work) => self.waiting.push_back(work),
                    None => return,
                },
                Some(ended) = self.running.join_next_with_id() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    self.claims.remove(&id);
                }
            }
        }
    }

    fn start(&mut self) {
        let mut claimed: HashSet<String> = self.claims.values().flatten().cloned().collect();
        let mut later = VecDeque::with_capacity(self.waiting.len());
        for work in std::mem::take(&mut self.waiting) {
            let is_free = self.claims.len() < AT_ONCE
                && work.claims.iter().all(|claim| !claimed.contains(claim));
            claimed.extend(work.claims.iter().cloned());
            if is_free {
                let id = self.running.spawn(work.work).id();
                self.claims.insert(id, work.claims);
            } else {
                later.push_back(work);
            }
        }
        self.waiting = later;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_on_one_thing_goes_in_order_and_holds_up_no_other() {
        let turns = Turns::new(CancellationToken::new());
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut held = Vec::new();
        let mut queue = |name: &'static str, claims: &[&str]| {
            let (go, gone) = oneshot::channel::<()>();
            let (ended, end) = oneshot::channel::<()>();
            let told = told.clone();
            turns.queue(claims.iter().map(ToString::to_string).collect(), async move {
                drop(gone.await);
                told.lock().unwrap().push(name);
                drop(ended);
            });
            held.push((Some(go), end));
        };
        queue("a1", &["a", "x"]);
        queue("a2", &["a"]);
        queue("x", &["x"]);
        queue("b", &["b"]);
        // The last may go although the first is held; the second may not.
        for at in [3, 1, 0] {
            held[at].0.take();
            if at != 1 {
                drop((&mut held[at].1).await);
            }
        }
        drop((&mut held[1].1).await);
        held[2].0.take();
        drop((&mut held[2].1).await);
        assert_eq!(*told.lock().unwrap(), ["b", "a1", "a2", "x"]);
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_claims() {
        let turns = Turns::new(CancellationToken::new());
        turns.queue(vec!["a".to_owned()], async { panic!("on purpose") });
        let (done, ended) = oneshot::channel();
        turns.queue(vec!["a".to_owned()], async move { done.send(()).unwrap() });
        ended.await.unwrap();
    }
}
