//! Nick templates.

use std::str::FromStr;

use super::{Person, is_legal, legal};

/// How nicks are made: `{name}`, `{localpart}`, `{domain}`, `{hash4}` and fixed characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NickTemplate {
    parts: Vec<Part>,
    guard: char,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Name,
    Localpart,
    Domain,
    Hash4,
}

/// A template cannot make nicks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Something in braces is unknown.
    #[error(
        "`{{{0}}}` is no field of a nick; use {{name}}, {{localpart}}, {{domain}} or {{hash4}}"
    )]
    Field(String),
    /// A brace is not closed.
    #[error("a `{{` is not closed")]
    Unclosed,
    /// A character cannot stand in a nick.
    #[error("`{0}` cannot stand in a nick; use letters, digits and []\\^{{}}|_`-")]
    Character(char),
    /// All users would have the same nick.
    #[error(
        "the template names no field, so that all users would want one nick; put {{name}} into it"
    )]
    Constant,
    /// The fixed characters leave no room.
    #[error("the fixed characters alone take {0} bytes; leave room for the name")]
    Long(usize),
}

/// The most bytes of fixed characters: a server without `NICKLEN` allows 9 in all.
const MAX_FIXED: usize = 8;

impl FromStr for NickTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((fixed, field)) = rest.split_once('{') {
            let (field, after) = field.split_once('}').ok_or(TemplateError::Unclosed)?;
            parts.push(Part::Fixed(fixed.to_owned()));
            parts.push(match field {
                "name" => Part::Name,
                "localpart" => Part::Localpart,
                "domain" => Part::Domain,
                "hash4" => Part::Hash4,
                other => return Err(TemplateError::Field(other.to_owned())),
            });
            rest = after;
        }
        parts.push(Part::Fixed(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Fixed(text) if text.is_empty()));

        let fixed = parts.iter().filter_map(|part| match part {
            Part::Fixed(text) => Some(text.as_str()),
            _ => None,
        });
        if let Some(char) = fixed.clone().flat_map(str::chars).find(|&char| !is_legal(char)) {
            return Err(TemplateError::Character(char));
        }
        let length = fixed.clone().map(str::len).sum::<usize>();
        if fixed.count() == parts.len() {
            return Err(TemplateError::Constant);
        }
        if length > MAX_FIXED {
            return Err(TemplateError::Long(length));
        }
        Ok(Self { parts, guard: '_' })
    }
}

impl NickTemplate {
    /// Puts `guard` before nicks that would begin with a digit or `-`; `_` otherwise. Characters that
    /// no nick may begin with are refused.
    pub fn with_guard(mut self, guard: char) -> Result<Self, TemplateError> {
        if !is_legal(guard) || guard.is_ascii_digit() || guard == '-' {
            return Err(TemplateError::Character(guard));
        }
        self.guard = guard;
        Ok(self)
    }

    /// The nick for a person where nicks have at most `length` bytes.
    pub fn render(&self, person: &Person<'_>, length: usize) -> String {
        self.render_with(person, "", length)
    }

    /// The nicks to try one after the other, the first free one wins: with `_`, with a number, then with
    /// letters of the user's own. All differ.
    pub fn candidates(&self, person: &Person<'_>, length: usize) -> Vec<String> {
        let hash = person.hash4();
        let mut nicks: Vec<String> = Vec::new();
        for addition in ["", "_", "_2", "_3", "_4", "_5", hash.as_str()] {
            let nick = self.render_with(person, addition, length);
            if !nicks.contains(&nick) {
                nicks.push(nick);
            }
        }
        nicks
    }

    /// The nick with something added to its stem, and the guard before it where it needs one.
    fn render_with(&self, person: &Person<'_>, addition: &str, length: usize) -> String {
        let nick = self.assemble(person, addition, length);
        if nick.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            let room = length.saturating_sub(self.guard.len_utf8());
            return format!("{}{}", self.guard, self.assemble(person, addition, room));
        }
        nick
    }

    fn assemble(&self, person: &Person<'_>, addition: &str, length: usize) -> String {
        let mut texts: Vec<String> = self.parts.iter().map(|part| part.text(person)).collect();
        let is_stem = |part: &Part| matches!(part, Part::Name | Part::Localpart | Part::Domain);
        let stem = self.parts.iter().position(is_stem).unwrap_or(0);

        // The stem gives way first and keeps one character, then the other fields from the end.
        let whole = texts.iter().map(String::len).sum::<usize>() + addition.len();
        let mut over = whole.saturating_sub(length);
        let others = (0..texts.len()).rev().filter(|&index| index != stem);
        for index in std::iter::once(stem).chain(others) {
            let Some(text) = texts.get_mut(index) else { continue };
            if matches!(self.parts.get(index), Some(Part::Fixed(_))) {
                continue;
            }
            let least = text.len().min(usize::from(index == stem));
            let kept = text.len().saturating_sub(over).max(least);
            over -= text.len() - kept;
            text.truncate(kept);
        }
        if let Some(text) = texts.get_mut(stem) {
            text.push_str(addition);
        }
        let mut nick = texts.concat();
        nick.truncate(length);
        nick
    }
}

impl Part {
    /// The text of a field in characters that a nick may hold, never empty.
    fn text(&self, person: &Person<'_>) -> String {
        let or_user = |text: String| {
            if text.is_empty() { format!("user{}", person.hash4()) } else { text }
        };
        match self {
            Self::Fixed(text) => text.clone(),
            Self::Name => person.stem(),
            Self::Localpart => or_user(legal(person.localpart)),
            Self::Domain => {
                let legal_or_dash = |char| if is_legal(char) { char } else { '-' };
                or_user(person.domain.chars().map(legal_or_dash).collect())
            }
            Self::Hash4 => person.hash4(),
        }
    }
}
