//! Automata of whole texts, and texts that several of them accept.

use std::collections::HashSet;

use regex_automata::{
    Anchored, MatchKind,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson::{self, WhichCaptures},
    util::{primitives::StateID, start},
};
use regex_syntax::hir::Hir;

#[cfg(test)]
mod tests;

/// Bytes that one automaton may take.
const MAX_DFA_BYTES: usize = 1 << 20;
/// States of a product that are looked at before giving up.
const MAX_PRODUCT_STATES: usize = 60_000;
/// An id has no more bytes than this.
const MAX_TEXT: usize = crate::template::MAX_ID_BYTES;

/// A deterministic automaton that accepts or refuses whole texts.
pub(crate) struct Dfa(dense::DFA<Vec<u32>>);

/// What a search for a common text came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// A shortest text that fits.
    Found(String),
    /// There is none.
    Nothing,
    /// The automata are too large to tell.
    Undecided,
}

impl Dfa {
    /// The automaton of the texts that `hir` matches from end to end; `None` if it is too large.
    pub(crate) fn build(hir: &Hir) -> Option<Self> {
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .which_captures(WhichCaptures::None)
                    .nfa_size_limit(Some(MAX_DFA_BYTES)),
            )
            .build_from_hir(hir)
            .ok()?;
        let config = dense::Config::new()
            .accelerate(false)
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(MAX_DFA_BYTES))
            .determinize_size_limit(Some(MAX_DFA_BYTES));
        dense::Builder::new().configure(config).build_from_nfa(&nfa).ok().map(Self)
    }

    /// [`Dfa::build`] for a regex of our own making.
    pub(crate) fn of_regex(regex: &str) -> Option<Self> {
        Self::build(&regex_syntax::parse(regex).ok()?)
    }

    fn start(&self) -> Option<StateID> {
        self.0.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()
    }

    fn accepts_at(&self, state: StateID) -> bool {
        self.0.is_match_state(self.0.next_eoi_state(state))
    }
}

/// A shortest text that all of `required` accept and none of `forbidden` does.
///
/// The product of the automata is walked breadth first, letters before other bytes, so that the
/// text found is short and readable.
pub(crate) fn common_text(required: &[&Dfa], forbidden: &[&Dfa]) -> Search {
    let dfas: Vec<&Dfa> = required.iter().chain(forbidden).copied().collect();
    let Some(start) = dfas.iter().map(|dfa| dfa.start()).collect::<Option<Vec<_>>>() else {
        return Search::Undecided;
    };
    let is_hopeless =
        |states: &[StateID]| required.iter().zip(states).any(|(dfa, &s)| dfa.0.is_dead_state(s));
    let is_goal = |states: &[StateID]| {
        let mut accepted = dfas.iter().zip(states).map(|(dfa, &state)| dfa.accepts_at(state));
        accepted.by_ref().take(required.len()).all(|yes| yes) && !accepted.any(|yes| yes)
    };

    let mut reached = Reached::new(start);
    let bytes = telling_bytes(&dfas);
    let mut at = 0;
    while at < reached.steps.len() {
        let states = reached.steps[at].states.clone();
        if is_goal(&states) {
            return reached.text(at);
        }
        for &byte in &bytes {
            let next: Vec<_> =
                dfas.iter().zip(&*states).map(|(dfa, &s)| dfa.0.next_state(s, byte)).collect();
            if !is_hopeless(&next) {
                reached.add(next, at, byte);
            }
        }
        if reached.steps.len() > MAX_PRODUCT_STATES {
            return Search::Undecided;
        }
        at += 1;
    }
    Search::Nothing
}

/// The states of the product seen so far and the way to each of them.
struct Reached {
    steps: Vec<Step>,
    known: HashSet<Box<[StateID]>>,
}

struct Step {
    states: Box<[StateID]>,
    /// The step before and the byte that leads here; `None` for the start.
    from: Option<(usize, u8)>,
}

impl Reached {
    fn new(start: Vec<StateID>) -> Self {
        let states = start.into_boxed_slice();
        let known = HashSet::from([states.clone()]);
        Self { steps: vec![Step { states, from: None }], known }
    }

    fn add(&mut self, states: Vec<StateID>, from: usize, byte: u8) {
        let states = states.into_boxed_slice();
        if self.known.insert(states.clone()) {
            self.steps.push(Step { states, from: Some((from, byte)) });
        }
    }

    fn text(&self, mut at: usize) -> Search {
        let mut bytes = Vec::new();
        while let Some((from, byte)) = self.steps[at].from {
            bytes.push(byte);
            at = from;
        }
        bytes.reverse();
        if bytes.len() > MAX_TEXT {
            return Search::Nothing;
        }
        String::from_utf8(bytes).map_or(Search::Undecided, Search::Found)
    }
}

/// One byte for each set that no automaton tells apart, letters first.
fn telling_bytes(dfas: &[&Dfa]) -> Vec<u8> {
    let letters = (b'a'..=b'z').chain(b'0'..=b'9');
    let mut told = HashSet::new();
    let mut is_new = |byte: &u8| {
        let classes: Vec<_> = dfas.iter().map(|dfa| dfa.0.byte_classes().get(*byte)).collect();
        told.insert(classes)
    };
    letters.chain(0..=u8::MAX).filter(|byte| is_new(byte)).collect()
}
