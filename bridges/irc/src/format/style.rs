//! How a piece of text looks.

use super::Token;

/// What can be switched on and off, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(u8);

impl Attributes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// `\x02`
    pub const BOLD: Self = Self(1);
    /// `\x1d`
    pub const ITALIC: Self = Self(2);
    /// `\x1f`
    pub const UNDERLINE: Self = Self(4);
    /// `\x1e`
    pub const STRIKE: Self = Self(8);
    /// `\x11`
    pub const MONOSPACE: Self = Self(16);
    /// `\x16`: foreground and background change places.
    pub const REVERSE: Self = Self(32);

    /// Each attribute with its code.
    pub(super) const CODES: [(Self, char); 6] = [
        (Self::BOLD, '\x02'),
        (Self::ITALIC, '\x1d'),
        (Self::UNDERLINE, '\x1f'),
        (Self::STRIKE, '\x1e'),
        (Self::MONOSPACE, '\x11'),
        (Self::REVERSE, '\x16'),
    ];

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The attributes of both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The attributes of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The attributes of one set alone.
    #[must_use]
    pub const fn toggled(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the 99 numbered ones, 0 to 98.
    Number(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// Bold and the like.
    pub attributes: Attributes,
    /// The colour of the text; `None` for the reader's own.
    pub foreground: Option<Colour>,
    /// The colour behind the text; `None` for the reader's own.
    pub background: Option<Colour>,
}

impl Style {
    /// A style of attributes alone.
    pub const fn of(attributes: Attributes) -> Self {
        Self { attributes, foreground: None, background: None }
    }

    /// Whether it is no style at all.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in one token; text changes nothing.
    pub fn apply(&mut self, token: &Token<'_>) {
        match *token {
            Token::Text(_) => {}
            Token::Toggle(attribute) => self.attributes = self.attributes.toggled(attribute),
            Token::Reset => *self = Self::default(),
            Token::NoColours => (self.foreground, self.background) = (None, None),
            Token::Colours { foreground, background } => {
                self.foreground = foreground;
                if let Some(background) = background {
                    self.background = background;
                }
            }
        }
    }
}
