//! From bytes to text: UTF-8 first, then a fallback charset, never an error.

use std::{borrow::Cow, str::FromStr};

use encoding_rs::{Encoding, WINDOWS_1252};

/// How lines that are not UTF-8 are read. The default is windows-1252.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// A charset of that name is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no known charset; use a name such as windows-1252, iso-8859-15, koi8-r or gbk")]
pub struct UnknownCharset(String);

impl Default for Charset {
    fn default() -> Self {
        Self(WINDOWS_1252)
    }
}

impl FromStr for Charset {
    type Err = UnknownCharset;

    fn from_str(label: &str) -> Result<Self, Self::Err> {
        Encoding::for_label_no_replacement(label.as_bytes())
            .map(Self)
            .ok_or_else(|| UnknownCharset(label.to_owned()))
    }
}

impl Charset {
    /// The text of a line.
    ///
    /// InspIRCd cuts long lines at byte 512, even inside a character. A line of UTF-8 that ends in
    /// half a character loses that half and stays UTF-8, if the line proves elsewhere that it is.
    pub fn decode(self, line: &[u8]) -> Cow<'_, str> {
        let error = match std::str::from_utf8(line) {
            Ok(text) => return Cow::Borrowed(text),
            Err(error) => error,
        };
        if error.error_len().is_none()
            && let Some(whole) = line.get(..error.valid_up_to())
            && !whole.is_ascii()
        {
            return String::from_utf8_lossy(whole);
        }
        self.0.decode_without_bom_handling(line).0
    }
}
