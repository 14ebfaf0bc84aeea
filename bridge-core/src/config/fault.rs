//! An error of a typed value, on its way up to the place where it was written.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{context::Context, node::Origin, suggest::nearest};

/// What is wrong with a value, and where once that is known.
#[derive(Debug)]
pub(super) struct Fault {
    what: String,
    fix: String,
    /// A key below the place that reports the fault, such as a missing one.
    child: Option<&'static str>,
    at: Option<(String, Origin)>,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into(), child: None, at: None }
    }

    /// Says where the fault is, unless a place further down did so already.
    pub(super) fn at(mut self, key: &str, origin: &Origin) -> Self {
        if self.at.is_none() {
            let key = match self.child {
                Some(child) => join(key, child),
                None => key.to_owned(),
            };
            self.at = Some((key, origin.clone()));
        }
        self
    }

    /// Hands the fault to those who collect problems.
    pub(super) fn report(self, context: &Context) {
        let (key, origin) = self.at.unwrap_or_default();
        let fix =
            if self.fix.is_empty() { "compare with `config example`".to_owned() } else { self.fix };
        context.report(&origin, key, self.what, fix);
    }
}

/// The path of a key below another.
pub(super) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

/// What to do about a word that is none of the known ones.
pub(super) fn hint(word: &str, known: &[&str]) -> String {
    let all = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("known here: {all}"),
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.fix)
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), "")
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(
            format!("{} does not fit here", describe(found)),
            format!("give {}", wanted(expected)),
        )
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(
            format!("{} is not allowed here", describe(found)),
            format!("give {}", wanted(expected)),
        )
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value `{variant}`"), hint(variant, expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key `{field}`"), hint(field, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            what: "this key is missing".to_owned(),
            fix: format!("add `{field}: …`"),
            child: Some(field),
            at: None,
        }
    }
}

/// The kind of a value; never the value of a text, it may be a secret.
fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Unit | Unexpected::Option => "an empty value".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        _ => "this text".to_owned(),
    }
}

/// What serde expects, in the words of this file format.
fn wanted(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a string" => "a text, in quotes if it looks like something else".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "a map of keys and values".to_owned(),
        other => other.to_owned(),
    }
}
