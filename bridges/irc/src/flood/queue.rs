//! Who writes next.

use std::collections::{HashMap, VecDeque};

use super::Priority;

/// The queue is full; what was to be queued comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// Items in lanes, with barriers between them. Holds at most as many as it was made for.
#[derive(Debug)]
pub struct Queue<T> {
    stages: VecDeque<Stage<T>>,
    len: usize,
    bound: usize,
}

#[derive(Debug)]
enum Stage<T> {
    Lanes(Lanes<T>),
    Barrier(T),
}

impl<T> Queue<T> {
    /// An empty queue for at most `bound` items.
    pub fn new(bound: usize) -> Self {
        Self { stages: VecDeque::new(), len: 0, bound }
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Queues an item; a barrier is in no lane.
    pub fn push(&mut self, priority: Priority, lane: u64, item: T) -> Result<(), Full<T>> {
        if self.len >= self.bound {
            return Err(Full(item));
        }
        self.len += 1;
        match (priority, self.stages.back_mut()) {
            (Priority::Barrier, _) => self.stages.push_back(Stage::Barrier(item)),
            (_, Some(Stage::Lanes(lanes))) => lanes.push(priority, lane, item),
            _ => {
                let mut lanes = Lanes::default();
                lanes.push(priority, lane, item);
                self.stages.push_back(Stage::Lanes(lanes));
            }
        }
        Ok(())
    }

    /// Whether the next item is a barrier.
    pub fn is_at_barrier(&self) -> bool {
        matches!(self.stages.front(), Some(Stage::Barrier(_)))
    }

    /// Takes the next item.
    pub fn pop(&mut self) -> Option<T> {
        let item = match self.stages.pop_front()? {
            Stage::Barrier(item) => item,
            Stage::Lanes(mut lanes) => {
                let item = lanes.pop()?;
                if !lanes.rings.iter().all(VecDeque::is_empty) {
                    self.stages.push_front(Stage::Lanes(lanes));
                }
                item
            }
        };
        self.len -= 1;
        Some(item)
    }

    /// Drops the items that do not pass.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.stages.retain_mut(|stage| match stage {
            Stage::Barrier(item) => keep(item),
            Stage::Lanes(lanes) => {
                lanes.retain(&keep);
                !lanes.lanes.is_empty()
            }
        });
        let count = |stage: &Stage<T>| match stage {
            Stage::Barrier(_) => 1,
            Stage::Lanes(lanes) => lanes.lanes.values().map(VecDeque::len).sum(),
        };
        self.len = self.stages.iter().map(count).sum();
    }
}

/// Lanes with something in them. Each stands in one ring, that of its head's priority.
#[derive(Debug)]
struct Lanes<T> {
    lanes: HashMap<u64, VecDeque<(Priority, T)>>,
    rings: [VecDeque<u64>; 3],
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { lanes: HashMap::new(), rings: Default::default() }
    }
}

impl<T> Lanes<T> {
    fn ring(&mut self, priority: Priority) -> &mut VecDeque<u64> {
        let [control, message, notice] = &mut self.rings;
        match priority {
            Priority::Barrier | Priority::Control => control,
            Priority::Message => message,
            Priority::Notice => notice,
        }
    }

    fn push(&mut self, priority: Priority, lane: u64, item: T) {
        let items = self.lanes.entry(lane).or_default();
        let was_empty = items.is_empty();
        items.push_back((priority, item));
        if was_empty {
            self.ring(priority).push_back(lane);
        }
    }

    fn pop(&mut self) -> Option<T> {
        let lane = self.rings.iter_mut().find_map(VecDeque::pop_front)?;
        let items = self.lanes.get_mut(&lane)?;
        let (_, item) = items.pop_front()?;
        match items.front() {
            Some(&(priority, _)) => self.ring(priority).push_back(lane),
            None => {
                self.lanes.remove(&lane);
            }
        }
        Some(item)
    }

    /// Drops items; lanes whose head changes keep their turn as far as they can.
    fn retain(&mut self, keep: &impl Fn(&T) -> bool) {
        let order: Vec<u64> = self.rings.iter().flatten().copied().collect();
        self.rings = Default::default();
        for lane in order {
            let Some(items) = self.lanes.get_mut(&lane) else { continue };
            items.retain(|(_, item)| keep(item));
            match items.front() {
                Some(&(priority, _)) => self.ring(priority).push_back(lane),
                None => {
                    self.lanes.remove(&lane);
                }
            }
        }
    }
}
