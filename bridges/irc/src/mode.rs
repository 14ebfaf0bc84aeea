//! Channel modes: which are there, and what a `MODE` changes.
//!
//! Whether a mode takes a parameter is for the server to say, in `CHANMODES=A,B,C,D` and `PREFIX`;
//! without that `MODE #c +fo 5:30 nick` gives the wrong person the `o`.

pub use self::prefix::Prefixes;

mod prefix;
#[cfg(test)]
mod tests;

/// The modes of channels by kind, from `CHANMODES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChanModes {
    list: String,
    always: String,
    on_set: String,
}

/// What a mode is, which says when it takes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeKind {
    /// A rank of a member; always with a nick.
    Rank,
    /// An entry of a list, such as a ban; without a parameter it asks for the list (type A).
    List,
    /// Always with a parameter, such as the key (type B).
    Always,
    /// With a parameter when it is set, such as the limit (type C).
    OnSet,
    /// Never with a parameter (type D, and whatever is unknown).
    Flag,
}

/// Whether a mode is given or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Set,
    /// `-`
    Unset,
}

/// One change out of a `MODE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeChange {
    /// Given or taken.
    pub sign: Sign,
    /// The letter.
    pub mode: char,
    /// What the letter is.
    pub kind: ModeKind,
    /// Its parameter, if it takes one and the server sent it.
    pub param: Option<String>,
}

impl ChanModes {
    /// Reads the value of `CHANMODES`.
    pub fn parse(value: &str) -> Self {
        let mut kinds = value.split(',').map(str::to_owned);
        let mut next = || kinds.next().unwrap_or_default();
        Self { list: next(), always: next(), on_set: next() }
    }

    /// What a letter is that stands for no rank.
    fn kind(&self, mode: char) -> ModeKind {
        if self.list.contains(mode) {
            ModeKind::List
        } else if self.always.contains(mode) {
            ModeKind::Always
        } else if self.on_set.contains(mode) {
            ModeKind::OnSet
        } else {
            ModeKind::Flag
        }
    }
}

impl Default for ChanModes {
    /// The modes that every server has.
    fn default() -> Self {
        Self::parse("beI,k,l,imnpst")
    }
}

/// Reads the parameters of a `MODE` behind its channel: letters, then what they take.
pub fn parse_changes(params: &[String], modes: &ChanModes, ranks: &Prefixes) -> Vec<ModeChange> {
    let mut changes = Vec::new();
    let mut params = params.iter();
    // More letters may follow the parameters of the first ones.
    while let Some(letters) = params.next() {
        let mut sign = Sign::Set;
        for letter in letters.chars() {
            let kind = match letter {
                '+' => {
                    sign = Sign::Set;
                    continue;
                }
                '-' => {
                    sign = Sign::Unset;
                    continue;
                }
                mode if ranks.contains(mode) => ModeKind::Rank,
                mode => modes.kind(mode),
            };
            let takes = match kind {
                ModeKind::Rank | ModeKind::List | ModeKind::Always => true,
                ModeKind::OnSet => sign == Sign::Set,
                ModeKind::Flag => false,
            };
            let param = if takes { params.next().cloned() } else { None };
            changes.push(ModeChange { sign, mode: letter, kind, param });
        }
    }
    changes
}
