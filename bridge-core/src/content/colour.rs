//! Colours of text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Why a text is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no colour: write `#rrggbb`, `#rgb` or an HTML colour name")]
pub struct ParseColourError(String);

impl fmt::Display for Rgb {
    /// As `#rrggbb`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(red, green, blue) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Rgb {
    type Err = ParseColourError;

    /// Takes `#rrggbb`, `#rgb` (both with or without `#` and alpha) and the names of HTML 4.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        named(text)
            .or_else(|| hex(text.strip_prefix('#').unwrap_or(text)))
            .ok_or_else(|| ParseColourError(text.chars().take(32).collect()))
    }
}

impl TryFrom<String> for Rgb {
    type Error = ParseColourError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Rgb> for String {
    fn from(colour: Rgb) -> Self {
        colour.to_string()
    }
}

fn hex(digits: &str) -> Option<Rgb> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    match *digits.as_slice() {
        [r, g, b] | [r, g, b, _] => Some(Rgb(r * 17, g * 17, b * 17)),
        [r1, r0, g1, g0, b1, b0] | [r1, r0, g1, g0, b1, b0, _, _] => {
            Some(Rgb(r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0))
        }
        _ => None,
    }
}

fn named(name: &str) -> Option<Rgb> {
    Some(match name.to_ascii_lowercase().as_str() {
        "aqua" | "cyan" => Rgb(0, 255, 255),
        "black" => Rgb(0, 0, 0),
        "blue" => Rgb(0, 0, 255),
        "brown" => Rgb(165, 42, 42),
        "fuchsia" | "magenta" => Rgb(255, 0, 255),
        "gray" | "grey" => Rgb(128, 128, 128),
        "green" => Rgb(0, 128, 0),
        "lime" => Rgb(0, 255, 0),
        "maroon" => Rgb(128, 0, 0),
        "navy" => Rgb(0, 0, 128),
        "olive" => Rgb(128, 128, 0),
        "orange" => Rgb(255, 165, 0),
        "pink" => Rgb(255, 192, 203),
        "purple" => Rgb(128, 0, 128),
        "red" => Rgb(255, 0, 0),
        "silver" => Rgb(192, 192, 192),
        "teal" => Rgb(0, 128, 128),
        "white" => Rgb(255, 255, 255),
        "yellow" => Rgb(255, 255, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_every_common_form() {
        for (text, colour) in [
            ("#ff8000", Rgb(255, 128, 0)),
            ("FF8000", Rgb(255, 128, 0)),
            ("#f80", Rgb(255, 136, 0)),
            ("#ff800080", Rgb(255, 128, 0)),
            (" Red ", Rgb(255, 0, 0)),
        ] {
            assert_eq!(text.parse(), Ok(colour), "{text}");
        }
        for text in ["", "#", "#12", "#12345", "#gggggg", "reddish", "#é12"] {
            assert!(text.parse::<Rgb>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_colour_is_written_as_it_is_read() {
        assert_eq!(Rgb(1, 32, 255).to_string().parse(), Ok(Rgb(1, 32, 255)));
    }
}
