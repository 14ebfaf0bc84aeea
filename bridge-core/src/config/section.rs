//! Reads the sections of the core key by key, so that all their errors are found at once.

use std::{path::PathBuf, time::Duration};

use serde::de::DeserializeOwned;

use super::{
    context::Context,
    fault::{hint, join},
    node::{Entry, Node, Origin, Value},
    read::{Form, Reader, value_origin},
    secret::Secret,
    suggest::nearest,
};

/// What is wrong with a value, and what would be right.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) fix: String,
}

/// Says what is wrong with a value, and what would be right.
pub(super) fn wrong(what: impl Into<String>, fix: impl Into<String>) -> Wrong {
    Wrong { what: what.into(), fix: fix.into() }
}

/// A map of known keys. [`Section::finish`] refuses all keys that nobody asked for.
pub(super) struct Section<'a> {
    path: String,
    origin: Origin,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    context: &'a Context,
}

impl<'a> Section<'a> {
    /// A section of the file; one that is not given is empty.
    pub(super) fn open(root: &'a Node, name: &'static str, context: &'a Context) -> Self {
        Self::of(root.find(name), name.to_owned(), context)
    }

    fn of(entry: Option<&'a Entry>, path: String, context: &'a Context) -> Self {
        let origin = entry.map(|entry| entry.origin.clone()).unwrap_or_default();
        let entries: &[Entry] = match entry.map(|entry| &entry.node.value) {
            None | Some(Value::Null) => &[],
            Some(Value::Map(entries)) => entries,
            Some(_) => {
                context.report(
                    &origin,
                    path.clone(),
                    "this must be a map of keys and values",
                    "compare with `config example`",
                );
                &[]
            }
        };
        Self { path, origin, entries, known: Vec::new(), context }
    }

    /// A map inside this section.
    pub(super) fn inner(&mut self, key: &'static str) -> Section<'a> {
        let entry = self.entry(key);
        Self::of(entry, join(&self.path, key), self.context)
    }

    /// The value of a key, or its default.
    pub(super) fn or<T: DeserializeOwned>(&mut self, key: &'static str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// The value of a key that may be left out or be null.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        let entry = self.given(key)?;
        self.value(entry, Form::Inline)
    }

    /// A secret, given under `key` or as a file under `key_file`, or left out.
    pub(super) fn optional_secret(
        &mut self,
        key: &'static str,
        key_file: &'static str,
    ) -> Option<Secret> {
        match (self.given(key), self.given(key_file)) {
            (Some(_), Some(file)) => {
                self.report(
                    file,
                    wrong(format!("both `{key}` and `{key_file}` are given"), "remove one of them"),
                );
                None
            }
            (Some(entry), None) => self.value(entry, Form::Inline),
            (None, Some(entry)) => self.value(entry, Form::File),
            (None, None) => None,
        }
    }

    /// A text that `parse` understands; `None` if the key is left out.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let entry = self.given(key)?;
        let text: String = self.value(entry, Form::Inline)?;
        parse(&text).map_err(|wrong| self.report(entry, wrong)).ok()
    }

    /// Like [`Section::parsed`], for a key that has no default.
    pub(super) fn required_parsed<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        if self.given(key).is_none() {
            return self.missing(key, example);
        }
        self.parsed(key, parse)
    }

    /// Each text of a list, as `parse` understands it.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let texts: Vec<String> = self.or(key, Vec::new());
        let Some(entry) = self.given(key) else { return Vec::new() };
        let Value::List(items) = &entry.node.value else { return Vec::new() };
        let mut values = Vec::with_capacity(texts.len());
        for (index, (text, item)) in texts.iter().zip(items).enumerate() {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(Wrong { what, fix }) => {
                    let key = format!("{}[{index}]", join(&self.path, key));
                    self.context.report(&item.origin, key, what, fix);
                }
            }
        }
        values
    }

    /// One of some words, or the first of them if the key is left out.
    pub(super) fn choice<T: Clone>(&mut self, key: &'static str, choices: &[(&str, T)]) -> T {
        self.parsed(key, |text| {
            let found = choices.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| value.clone()).ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                let near = nearest(text, words.iter().copied())
                    .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                let fix = format!("{near}allowed are `{}`", words.join("`, `"));
                wrong(format!("unknown value `{text}`"), fix)
            })
        })
        .unwrap_or_else(|| choices[0].1.clone())
    }

    /// A duration such as `30d`, or its default.
    pub(super) fn duration(&mut self, key: &'static str, default: Duration) -> Duration {
        self.optional_duration(key).unwrap_or(default)
    }

    /// A duration such as `30d`; `None` if the key is left out or null.
    pub(super) fn optional_duration(&mut self, key: &'static str) -> Option<Duration> {
        let entry = self.given(key)?;
        let parsed = match &entry.node.value {
            Value::Text(text) => super::duration::parse(text),
            _ => Err(wrong("a duration has a unit", super::duration::FIX)),
        };
        parsed.map_err(|wrong| self.report(entry, wrong)).ok()
    }

    /// A path, relative to the folder of the file, or its default.
    pub(super) fn path(&mut self, key: &'static str, default: &str) -> PathBuf {
        let text = self
            .parsed(key, |text| match text {
                "" => Err(wrong("the path is empty", format!("give one, such as `{default}`"))),
                _ => Ok(text.to_owned()),
            })
            .unwrap_or_else(|| default.to_owned());
        self.context.folder().join(text)
    }

    /// Reports a problem with the value of a key.
    pub(super) fn complain(&self, key: &'static str, wrong: Wrong) {
        if let Some(entry) = self.entries.iter().find(|entry| entry.key == key) {
            self.report(entry, wrong);
        } else {
            let key = join(&self.path, key);
            self.context.report(&self.origin, key, wrong.what, wrong.fix);
        }
    }

    /// All entries, for a section whose keys are the admin's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.entries.iter()
    }

    /// Reports a problem with an entry of this section.
    pub(super) fn report(&self, entry: &Entry, wrong: Wrong) {
        let key = join(&self.path, &entry.key);
        self.context.report(value_origin(entry), key, wrong.what, wrong.fix);
    }

    /// Refuses the keys that were not asked for.
    pub(super) fn finish(self) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                self.context.report(
                    &entry.origin,
                    join(&self.path, &entry.key),
                    "unknown key",
                    hint(&entry.key, &self.known),
                );
            }
        }
    }

    fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The entry of a key, unless it is left out or null.
    fn given(&mut self, key: &'static str) -> Option<&'a Entry> {
        self.entry(key).filter(|entry| !matches!(entry.node.value, Value::Null))
    }

    fn value<T: DeserializeOwned>(&self, entry: &'a Entry, form: Form) -> Option<T> {
        let key = join(&self.path, &entry.key);
        let mut reader = Reader::of(entry, key, self.context);
        reader.form = form;
        T::deserialize(reader).map_err(|fault| fault.report(self.context)).ok()
    }

    fn missing<T>(&self, key: &'static str, example: &str) -> Option<T> {
        self.context.report(
            &self.origin,
            join(&self.path, key),
            "this key is missing",
            format!("add `{key}: {example}`"),
        );
        None
    }
}
