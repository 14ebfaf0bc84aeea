//! Whose is this user, alias or room?

use std::fmt;

use thiserror::Error;

use crate::{
    claim::Claim,
    dialect::{Dialect, NamespaceKind},
    file::File,
};

#[cfg(test)]
mod tests;

/// Who claims an id. `Display` tells it in a few lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The id that was asked about.
    pub id: String,
    /// The application services that claim it, in the order of the files.
    pub holders: Vec<Holder>,
}

/// An application service that claims an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The id of the application service.
    pub service: String,
    /// The file, as it was named.
    pub file: String,
    /// Line of the entry, or of the sender.
    pub line: usize,
    /// Why.
    pub reason: Reason,
    /// Whether it keeps everybody else out.
    pub exclusive: bool,
    /// The homeservers that see it so.
    pub dialects: Vec<Dialect>,
}

/// Why an application service claims an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is its bot.
    Bot,
    /// It is in one of its namespaces, by this regex.
    Namespace(NamespaceKind, String),
}

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// It has no sigil.
    #[error("`{0}` is no id: ids start with `@`, `#` or `!`")]
    Sigil(String),
    /// It has no server name.
    #[error("`{0}` has no server name: write it in full, such as `{0}:example.org`")]
    ServerName(String),
}

/// Tells who claims `id`.
///
/// # Errors
/// If `id` is neither a user id nor an alias nor a room id.
pub fn explain(files: &[File], id: &str) -> Result<Explanation, IdError> {
    let kind = NamespaceKind::of_id(id).ok_or_else(|| IdError::Sigil(id.to_owned()))?;
    if kind != NamespaceKind::Rooms && !id.contains(':') {
        return Err(IdError::ServerName(id.to_owned()));
    }
    let holders = files.iter().flat_map(|file| {
        let bot = bot(file, id);
        bot.into_iter().chain(entry(file, kind, id))
    });
    Ok(Explanation { id: id.to_owned(), holders: holders.collect() })
}

/// The bot belongs to its service whatever the namespaces say.
fn bot(file: &File, id: &str) -> Option<Holder> {
    let sender = file.draft.sender_localpart.as_ref()?;
    let (localpart, _) = id.strip_prefix('@')?.split_once(':')?;
    (localpart == sender.value).then(|| Holder {
        service: file.service(),
        file: file.name(),
        line: sender.line,
        reason: Reason::Bot,
        exclusive: true,
        dialects: Dialect::ALL.to_vec(),
    })
}

/// The first entry that matches decides (Synapse); where homeservers disagree on which one that is,
/// there is one holder for each.
fn entry(file: &File, kind: NamespaceKind, id: &str) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    let claims = Claim::of_file(file, &Dialect::ALL);
    for dialect in Dialect::ALL {
        let is_hit = |claim: &&Claim<'_>| {
            claim.kind == kind && claim.pattern(dialect).is_some_and(|p| p.is_match(id))
        };
        let Some(claim) = claims.iter().find(is_hit) else { continue };
        match holders.iter_mut().find(|holder| holder.line == claim.line()) {
            Some(holder) => holder.dialects.push(dialect),
            None => holders.push(Holder {
                service: file.service(),
                file: file.name(),
                line: claim.line(),
                reason: Reason::Namespace(kind, claim.regex().to_owned()),
                exclusive: claim.is_exclusive(),
                dialects: vec![dialect],
            }),
        }
    }
    holders
}

impl Explanation {
    /// The services that keep everybody else out. With more than one of them none of them works.
    pub fn owners(&self) -> Vec<&str> {
        let mut owners: Vec<&str> = Vec::new();
        for holder in self.holders.iter().filter(|holder| holder.exclusive) {
            if !owners.contains(&&*holder.service) {
                owners.push(&holder.service);
            }
        }
        owners
    }

    fn verdict(&self) -> String {
        match (self.owners().as_slice(), self.holders.is_empty()) {
            ([], true) => "belongs to no application service".to_owned(),
            ([], false) => "belongs to nobody alone: people may have it too".to_owned(),
            ([owner], _) => format!("belongs to {owner}"),
            (owners, _) => {
                format!("is claimed by {} at once: each shuts the other out", owners.join(" and "))
            }
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.verdict())?;
        for holder in &self.holders {
            write!(f, "\n  {holder}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: ", self.file, self.line, self.service)?;
        match &self.reason {
            Reason::Bot => f.write_str("its bot")?,
            Reason::Namespace(kind, regex) => {
                let exclusive = if self.exclusive { "exclusive" } else { "not exclusive" };
                write!(f, "{kind}, {exclusive}, `{regex}`")?;
            }
        }
        if self.dialects.len() < Dialect::ALL.len() {
            let names: Vec<_> = self.dialects.iter().map(ToString::to_string).collect();
            write!(f, ", on {} only", names.join(" and "))?;
        }
        Ok(())
    }
}
