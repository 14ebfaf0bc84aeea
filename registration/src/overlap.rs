//! Ids that two registrations claim both, each shown by an example.

use crate::{
    automaton::{Dfa, Search, common_text},
    claim::{self, Claim},
    dialect::{Dialect, NamespaceKind, Pattern},
};

#[cfg(test)]
mod tests;

/// What two entries have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Nothing, on any of the homeservers.
    None,
    /// This id, on these homeservers at least.
    Witness { id: String, dialects: Vec<Dialect> },
    /// The regexes are too large to be compared, or outside of what automata can express.
    Undecided,
}

/// Looks for an id that both entries claim, on one of the homeservers that both are read for.
pub(crate) fn find(one: &Claim<'_>, two: &Claim<'_>, server_name: Option<&str>) -> Overlap {
    if one.kind != two.kind {
        return Overlap::None;
    }
    let Some(ids) = claim::ids(one.kind, server_name) else { return Overlap::Undecided };
    let mut undecided = one.patterns.is_empty() || two.patterns.is_empty();
    for mine in &one.patterns {
        let Some(theirs) = two.pattern(mine.dialect) else {
            undecided = true;
            continue;
        };
        match common_id(mine, theirs, &ids) {
            Search::Found(id) => {
                let both_match = |dialect: &Dialect| {
                    let matches = |claim: &Claim<'_>| {
                        claim.pattern(*dialect).is_some_and(|p| p.is_match(&id))
                    };
                    matches(one) && matches(two)
                };
                let dialects = Dialect::ALL.into_iter().filter(both_match).collect();
                return Overlap::Witness { id, dialects };
            }
            Search::Nothing => {}
            Search::Undecided => undecided = true,
        }
    }
    if undecided { Overlap::Undecided } else { Overlap::None }
}

fn common_id(one: &Pattern, two: &Pattern, ids: &Dfa) -> Search {
    match (one.dfa(), two.dfa()) {
        (Some(one), Some(two)) => common_text(&[one, two, ids], &[]),
        _ => Search::Undecided,
    }
}

/// Every pair of overlapping entries of two registrations, rooms left out: nobody owns those.
pub(crate) fn between<'a>(
    ones: &'a [Claim<'a>],
    twos: &'a [Claim<'a>],
    server_name: Option<&'a str>,
) -> impl Iterator<Item = (&'a Claim<'a>, &'a Claim<'a>, Overlap)> {
    let pairs = ones.iter().flat_map(move |one| twos.iter().map(move |two| (one, two)));
    pairs
        .filter(|(one, _)| one.kind != NamespaceKind::Rooms)
        .map(move |(one, two)| (one, two, find(one, two, server_name)))
        .filter(|(_, _, overlap)| *overlap != Overlap::None)
}
