//! Two registrations of one program made one.

use thiserror::Error;

use crate::{
    claim::Claim,
    dialect::{Dialect, NamespaceKind},
    file::File,
    model::{Problem, Registration},
    overlap::{self, Overlap},
    yaml::Entry,
};

#[cfg(test)]
mod tests;

/// Why two registrations cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// One of them is wrong in itself.
    #[error("{file}: {problem}")]
    Problem {
        /// The file.
        file: String,
        /// What is wrong.
        problem: Problem,
    },
    /// They are for different programs.
    #[error(
        "the addresses differ, {one} and {two}: one registration has one `url`, so make them the \
         same first"
    )]
    Url {
        /// Of the first file.
        one: String,
        /// Of the second file.
        two: String,
    },
    /// Two entries claim the same ids.
    #[error("{one} and {two} both claim `{id}`: take one of the entries out")]
    Overlap {
        /// Place and regex of the entry in the first file.
        one: String,
        /// Place and regex of the entry in the second file.
        two: String,
        /// An id that both claim.
        id: String,
    },
    /// Two entries that cannot be compared.
    #[error("{one} and {two} cannot be compared: simplify them, or merge by hand")]
    Undecided {
        /// Place and regex of the entry in the first file.
        one: String,
        /// Place and regex of the entry in the second file.
        two: String,
    },
}

/// A merged registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The registration.
    pub registration: Registration,
    /// What the admin should know.
    pub notes: Vec<String>,
}

/// Unites the namespaces of `one` and `two`. Id, tokens, bot and flags are those of `one`; flags and
/// unknown keys that it lacks are taken from `two`.
///
/// # Errors
/// If one of the files is wrong, if they have different addresses, or if they claim common ids.
pub fn merge(one: &File, two: &File) -> Result<Merged, MergeError> {
    let read = |file: &File| {
        let problem = |problem| MergeError::Problem { file: file.name(), problem };
        file.registration().map_err(problem)
    };
    let (mut merged, other) = (read(one)?, read(two)?);
    let bare = |url: &Option<String>| url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
    if bare(&merged.url) != bare(&other.url) {
        let shown = |url: Option<String>| url.unwrap_or_else(|| "null".to_owned());
        return Err(MergeError::Url { one: shown(merged.url), two: shown(other.url) });
    }
    refuse_overlap(one, two)?;
    let notes = notes(two, &merged, &other);

    merged.namespaces.users.extend(other.namespaces.users);
    merged.namespaces.aliases.extend(other.namespaces.aliases);
    extend_new(&mut merged.namespaces.rooms, other.namespaces.rooms, |room| &room.regex);
    extend_new(&mut merged.namespaces.extra, other.namespaces.extra, |entry| &entry.key);
    extend_new(&mut merged.protocols, other.protocols, |protocol| protocol);
    extend_new(&mut merged.extra, other.extra, |entry: &Entry| &entry.key);
    merged.rate_limited = merged.rate_limited.or(other.rate_limited);
    merged.receive_ephemeral = either(merged.receive_ephemeral, other.receive_ephemeral);
    merged.push_ephemeral = either(merged.push_ephemeral, other.push_ephemeral);
    merged.msc4190 = either(merged.msc4190, other.msc4190);
    merged.msc3202 = either(merged.msc3202, other.msc3202);
    Ok(Merged { registration: merged, notes })
}

fn refuse_overlap(one: &File, two: &File) -> Result<(), MergeError> {
    let (ones, twos) = (Claim::of_file(one, &Dialect::ALL), Claim::of_file(two, &Dialect::ALL));
    let place =
        |claim: &Claim<'_>| format!("{}:{} (`{}`)", claim.file.name(), claim.line(), claim.regex());
    match overlap::between(&ones, &twos, None).into_iter().next() {
        None | Some((_, _, Overlap::None)) => Ok(()),
        Some((one, two, Overlap::Witness { id, .. })) => {
            Err(MergeError::Overlap { one: place(one), two: place(two), id })
        }
        Some((one, two, Overlap::Undecided)) => {
            Err(MergeError::Undecided { one: place(one), two: place(two) })
        }
    }
}

/// The second bot loses the standing that `sender_localpart` gave it.
fn notes(two: &File, merged: &Registration, other: &Registration) -> Vec<String> {
    let bot = &other.sender_localpart;
    if *bot == merged.sender_localpart {
        return Vec::new();
    }
    let ids = crate::claim::ids_of(NamespaceKind::Users, &crate::template::escape(bot), None);
    let claims = Claim::of_file(two, &Dialect::ALL);
    let is_covered = ids.is_some_and(|ids| {
        let mut users = claims.iter().filter(|claim| claim.kind == NamespaceKind::Users);
        users.any(|claim| claim.example(&ids).is_some())
    });
    let mut notes =
        vec![format!("the bot is `{}`; `{bot}` is one no more", merged.sender_localpart)];
    if !is_covered {
        notes.push(format!("no users entry covers `@{bot}`: add one if it is still needed"));
    }
    notes
}

fn extend_new<T>(list: &mut Vec<T>, more: Vec<T>, key: impl Fn(&T) -> &String) {
    for item in more {
        if !list.iter().any(|known| key(known) == key(&item)) {
            list.push(item);
        }
    }
}

fn either(one: Option<bool>, two: Option<bool>) -> Option<bool> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one || two),
        _ => one.or(two),
    }
}
