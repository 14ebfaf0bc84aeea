//! What a field may hold.

use super::TemplateKind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) alphabet: Alphabet,
}

/// The characters that stand for themselves in a field, and what becomes of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// A network's name in the configuration: 1 to 16 of `a-z 0-9 -`.
    Label,
    /// A MongoDB object id: 24 hexadecimal digits.
    ObjectId,
    /// 1 to 64 of `a-z 0-9`.
    Word,
    /// Anything, with `/` and `+` escaped, as matrix-appservice-bridge does it.
    NoSlash,
    /// Anything, with `_` escaped.
    NoUnderscore(TemplateKind),
    /// Anything.
    Any(TemplateKind),
}

impl Field {
    /// The name of a field tells what it holds; see the table in [`super`].
    pub(super) fn new(name: &str, kind: TemplateKind) -> Self {
        let alphabet = match name {
            "network" => Alphabet::Label,
            "userid" => Alphabet::ObjectId,
            "id" => Alphabet::Word,
            "occupant" => Alphabet::NoSlash,
            "mucdomain" | "server" | "community" => Alphabet::NoUnderscore(kind),
            _ => Alphabet::Any(kind),
        };
        Self { name: name.to_owned(), alphabet }
    }
}

impl Alphabet {
    /// Whether `byte` stands for itself.
    pub(super) fn keeps(self, byte: u8) -> bool {
        match self {
            Self::Label => matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'),
            Self::ObjectId => matches!(byte, b'a'..=b'f' | b'0'..=b'9'),
            Self::Word => matches!(byte, b'a'..=b'z' | b'0'..=b'9'),
            Self::NoSlash => {
                matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
            }
            Self::NoUnderscore(kind) => byte != b'_' && is_literal(byte, kind),
            Self::Any(kind) => is_literal(byte, kind),
        }
    }

    /// Whether other bytes become `=hh`; where they do not, values with such bytes are refused.
    pub(super) fn escapes(self) -> bool {
        matches!(self, Self::NoSlash | Self::NoUnderscore(_) | Self::Any(_))
    }

    /// Whether `byte` may appear in the encoded form.
    pub(super) fn may_hold(self, byte: u8) -> bool {
        self.keeps(byte)
            || self.escapes() && (byte == b'=' || matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// How many bytes a value of a closed alphabet has.
    pub(super) fn lengths(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Label => 1..=16,
            Self::ObjectId => 24..=24,
            Self::Word => 1..=64,
            Self::NoSlash | Self::NoUnderscore(_) | Self::Any(_) => 1..=usize::MAX,
        }
    }

    /// The rule in words, for error messages.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Label => "1 to 16 of a-z, 0-9 and -",
            Self::ObjectId => "24 of 0-9 and a-f",
            Self::Word => "1 to 64 of a-z and 0-9",
            Self::NoSlash | Self::NoUnderscore(_) | Self::Any(_) => "at least one character",
        }
    }
}

/// Whether `byte` is legal in new ids as it is. `=` is too, but there it starts an escape.
pub(super) fn is_literal(byte: u8, kind: TemplateKind) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' | b'+')
        || byte == b'#' && kind == TemplateKind::Alias
}
