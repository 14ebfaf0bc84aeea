//! The two shared secrets of a registration.

use std::fmt::{self, Write};

use rand::RngCore;

/// An `as_token` or `hs_token`. It never shows in `Debug` output; [`Token::expose`] gives the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

impl Token {
    /// Takes a token that exists already.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Draws 256 bits from `rng` and writes them as 64 hexadecimal digits.
    ///
    /// `rng` must be cryptographically secure, such as `rand::rng()`.
    pub fn random(rng: &mut impl RngCore) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let text = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self(text)
    }

    /// The secret itself. It belongs into headers and registration files, nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
