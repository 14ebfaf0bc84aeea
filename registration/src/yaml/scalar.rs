//! How the YAML readers of the homeservers understand a plain word.

/// A leaf of the tree: its text and how it was written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text without its quotes.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bare: the reader guesses the type.
    Plain,
    /// In quotes, as a block, or tagged `!!str`: a string for certain.
    Quoted,
}

/// What a scalar is to a homeserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarKind {
    /// A string to every reader.
    String,
    /// Null: `null`, `~` or nothing.
    Null,
    /// `true` or `false` to every reader.
    Bool(bool),
    /// `yes`, `no`, `on`, `off`: a boolean to Synapse (YAML 1.1), a string to the others.
    OldBool(bool),
    /// An integer or a float to at least one reader.
    Number,
    /// A date to Synapse.
    Date,
}

impl Scalar {
    /// What this scalar is to a homeserver. Quoted text is always a string.
    pub fn kind(&self) -> ScalarKind {
        match self.style {
            Style::Quoted => ScalarKind::String,
            Style::Plain => ScalarKind::of_plain(&self.text),
        }
    }
}

/// Equal when every reader takes them for the same.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.kind() == other.kind()
    }
}

impl ScalarKind {
    /// What a bare word is to the readers of YAML 1.1 (Synapse) and 1.2 (the others) together: what
    /// one of them takes for a number is no safe string.
    pub fn of_plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Self::OldBool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => Self::OldBool(false),
            _ if looks_like_date(text) => Self::Date,
            _ if looks_like_number(text) => Self::Number,
            _ => Self::String,
        }
    }

    /// The kind in an admin's words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::OldBool(_) => "a word that only some readers take for a boolean",
            Self::Number => "a number",
            Self::Date => "a date",
        }
    }
}

/// Integers and floats of YAML 1.1 and 1.2: `12`, `-1_000`, `0x1f`, `0o17`, `0b1`, `1e9`, `1.5`,
/// `.5`, `.inf`, `.nan` and the base-60 numbers of 1.1 (`12:30`).
fn looks_like_number(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(body, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let based = |prefix: &str, is_digit: fn(char) -> bool| {
        body.strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(is_digit))
    };
    if based("0x", |c| c.is_ascii_hexdigit() || c == '_')
        || based("0o", |c| matches!(c, '0'..='7' | '_'))
        || based("0b", |c| matches!(c, '0' | '1' | '_'))
    {
        return true;
    }
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let dots = mantissa.chars().filter(|&c| c == '.').count();
    let starts_well = mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    starts_well
        && digits > 0
        && dots <= 1
        && mantissa.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_' | ':'))
        && exponent.is_none_or(is_exponent)
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// `2001-12-14`, alone or with a time behind it.
fn looks_like_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<_> = date.split('-').collect();
    let is_number = |part: &&str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
    };
    matches!(parts.as_slice(), [year, month, day]
        if is_number(year, 4..=4) && is_number(month, 1..=2) && is_number(day, 1..=2))
}
