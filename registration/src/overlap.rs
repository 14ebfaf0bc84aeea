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

/// Every pair of overlapping entries of two registrations, rooms left out: nobody owns those.
pub(crate) fn between<'a>(
    ones: &'a [Claim<'a>],
    twos: &'a [Claim<'a>],
    server_name: Option<&str>,
) -> Vec<(&'a Claim<'a>, &'a Claim<'a>, Overlap)> {
    let mut found = Vec::new();
    for kind in [NamespaceKind::Users, NamespaceKind::Aliases] {
        let ids = claim::ids(kind, server_name);
        let of_kind = |claims: &'a [Claim<'a>]| claims.iter().filter(move |c| c.kind == kind);
        for one in of_kind(ones) {
            for two in of_kind(twos) {
                let overlap = ids.as_ref().map_or(Overlap::Undecided, |ids| find(one, two, ids));
                if overlap != Overlap::None {
                    found.push((one, two, overlap));
                }
            }
        }
    }
    found
}

/// Looks for one of `ids` that both entries claim, on one of the homeservers that both are read for.
fn find(one: &Claim<'_>, two: &Claim<'_>, ids: &Dfa) -> Overlap {
    let mut undecided = one.patterns.is_empty() || two.patterns.is_empty();
    for mine in &one.patterns {
        let Some(theirs) = two.pattern(mine.dialect) else {
            undecided = true;
            continue;
        };
        match common_id(mine, theirs, ids) {
            Search::Found(id) => {
                let dialects = Dialect::ALL.into_iter().filter(|&dialect| {
                    let matches =
                        |claim: &Claim<'_>| claim.pattern(dialect).is_some_and(|p| p.is_match(&id));
                    matches(one) && matches(two)
                });
                return Overlap::Witness { dialects: dialects.collect(), id };
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
