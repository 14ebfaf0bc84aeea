//! When two nicks or channel names are one: the server's `CASEMAPPING`.

use std::{fmt, sync::Arc};

/// How a server folds names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CaseMapping {
    /// A to Z.
    Ascii,
    /// Also `[]\^` to `{}|~`; what a server means that says nothing.
    #[default]
    Rfc1459,
    /// As [`CaseMapping::Rfc1459`] without `^` to `~`.
    StrictRfc1459,
    /// Lower case by Unicode: `rfc7613`, `rfc8265`, `precis` and whatever is unknown.
    Unicode,
}

impl CaseMapping {
    /// The mapping behind the value of `CASEMAPPING`.
    pub fn from_token(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "ascii" => Self::Ascii,
            "rfc1459" => Self::Rfc1459,
            "strict-rfc1459" => Self::StrictRfc1459,
            _ => Self::Unicode,
        }
    }

    /// The value of `CASEMAPPING` for this mapping, by which it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Rfc1459 => "rfc1459",
            Self::StrictRfc1459 => "strict-rfc1459",
            Self::Unicode => "unicode",
        }
    }

    /// The name under which a nick or channel is kept.
    pub fn fold(self, name: &str) -> Folded {
        let folded: String = match self {
            Self::Unicode => name.to_lowercase(),
            _ => name.chars().map(|char| self.fold_char(char)).collect(),
        };
        Folded(folded.into())
    }

    /// Whether two names are one.
    pub fn eq(self, a: &str, b: &str) -> bool {
        match self {
            Self::Unicode => a.to_lowercase() == b.to_lowercase(),
            _ => {
                a.len() == b.len()
                    && a.chars().map(|c| self.fold_char(c)).eq(b.chars().map(|c| self.fold_char(c)))
            }
        }
    }

    const fn fold_char(self, char: char) -> char {
        match (self, char) {
            (Self::Rfc1459 | Self::StrictRfc1459, '[') => '{',
            (Self::Rfc1459 | Self::StrictRfc1459, ']') => '}',
            (Self::Rfc1459 | Self::StrictRfc1459, '\\') => '|',
            (Self::Rfc1459, '^') => '~',
            _ => char.to_ascii_lowercase(),
        }
    }
}

/// A nick or channel name as [`CaseMapping::fold`] leaves it: the key of every map of names.
///
/// Folded names of different mappings must not meet: when a server announces another mapping, maps
/// are keyed anew.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folded(Arc<str>);

impl Folded {
    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Folded {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CaseMapping::{self, Ascii, Rfc1459, StrictRfc1459, Unicode};

    #[test]
    fn each_mapping_folds_its_own_characters() {
        for (mapping, folded) in [
            (Ascii, "ab[]\\^{}|~ÄÖ"),
            (Rfc1459, "ab{}|~{}|~ÄÖ"),
            (StrictRfc1459, "ab{}|^{}|~ÄÖ"),
            (Unicode, "ab[]\\^{}|~äö"),
        ] {
            assert_eq!(mapping.fold("Ab[]\\^{}|~ÄÖ").as_str(), folded, "{mapping:?}");
        }
    }

    #[test]
    fn tokens_name_mappings() {
        assert_eq!(CaseMapping::from_token("rfc1459"), Rfc1459);
        assert_eq!(CaseMapping::from_token("ASCII"), Ascii);
        assert_eq!(CaseMapping::from_token("strict-rfc1459"), StrictRfc1459);
        assert_eq!(CaseMapping::from_token("rfc8265"), Unicode);
        for mapping in [Ascii, Rfc1459, StrictRfc1459, Unicode] {
            assert_eq!(CaseMapping::from_token(mapping.as_str()), mapping);
        }
    }

    proptest! {
        #[test]
        fn names_are_equal_when_they_fold_alike(a in "[A-Da-d\\[\\]{}|~^ÄäİKß]{0,4}", b in "[A-Da-d\\[\\]{}|~^ÄäİKß]{0,4}") {
            for mapping in [Ascii, Rfc1459, StrictRfc1459, Unicode] {
                prop_assert_eq!(mapping.eq(&a, &b), mapping.fold(&a) == mapping.fold(&b));
                let once = mapping.fold(&a);
                prop_assert_eq!(mapping.fold(once.as_str()), once);
            }
        }
    }
}
