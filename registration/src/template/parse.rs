//! From text to a template.

use super::{
    Template, TemplateError, TemplateKind,
    field::{Field, is_literal},
};

/// Whether a template must start with literal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// It must: people have accounts on the same server name.
    Required,
    /// It need not: the server name is the bridge's alone (`dedicated_server_name`).
    Optional,
}

impl Template {
    /// Parses a template that starts with literal text.
    pub fn parse(kind: TemplateKind, text: &str) -> Result<Self, TemplateError> {
        Self::parse_with(kind, text, Prefix::Required)
    }

    /// Parses a template; `prefix` says whether it must start with literal text.
    pub fn parse_with(
        kind: TemplateKind,
        text: &str,
        prefix: Prefix,
    ) -> Result<Self, TemplateError> {
        let template = || text.to_owned();
        if text.starts_with(kind.sigil()) {
            return Err(TemplateError::Sigil { template: template(), sigil: kind.sigil() });
        }
        let (mut literals, names) = split(text)?;
        if names.is_empty() {
            return Err(TemplateError::NoField { template: template() });
        }
        check_literals(text, kind, &literals)?;
        check_names(text, &names)?;
        if prefix == Prefix::Required && literals[0].is_empty() {
            return Err(TemplateError::Unprefixed { template: template() });
        }

        let fields: Vec<_> = names.iter().map(|name| Field::new(name, kind)).collect();
        let suffix = literals.pop().unwrap_or_default().to_owned();
        let separators: Vec<_> = literals[1..].iter().map(|&text| text.to_owned()).collect();
        check_separators(text, &fields, &separators)?;
        let pivot = find_pivot(text, &fields, &separators)?;
        let prefix = literals[0].to_owned();
        Ok(Self { kind, text: template(), prefix, fields, separators, suffix, pivot })
    }

    /// Translates a template of matrix-appservice-irc, such as `@$SERVER_$NICK` or
    /// `#irc_$SERVER_$CHANNEL`, for the IRC server that its configuration calls `server`.
    ///
    /// The result is text for [`Template::parse`]: `irc.example.net_{nick}`. That bridge keeps the
    /// upper case of nicks, which is no longer legal in new ids; ghosts of nicks in lower case keep
    /// their ids.
    pub fn from_irc_appservice(text: &str, server: &str) -> String {
        text.trim_start_matches(['@', '#'])
            .replace("$SERVER", server)
            .replace("$NICK", "{nick}")
            .replace("$CHANNEL", "{channel}")
    }
}

/// Splits into literals and field names; there is one literal more than there are names.
fn split(text: &str) -> Result<(Vec<&str>, Vec<&str>), TemplateError> {
    let brace = || TemplateError::Brace { template: text.to_owned() };
    let (mut literals, mut names) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(brace)?;
        literals.push(literal);
        names.push(name);
        rest = after;
    }
    literals.push(rest);
    if literals.iter().any(|literal| literal.contains('}')) {
        return Err(brace());
    }
    Ok((literals, names))
}

fn check_literals(text: &str, kind: TemplateKind, literals: &[&str]) -> Result<(), TemplateError> {
    let is_legal = |c: char| u8::try_from(c).is_ok_and(|byte| is_literal(byte, kind));
    match literals.iter().flat_map(|literal| literal.chars()).find(|&c| !is_legal(c)) {
        Some(character) => Err(TemplateError::Literal { template: text.to_owned(), character }),
        None => Ok(()),
    }
}

fn check_names(text: &str, names: &[&str]) -> Result<(), TemplateError> {
    for (n, name) in names.iter().enumerate() {
        let error = |name: &str| (text.to_owned(), name.to_owned());
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase()) {
            let (template, name) = error(name);
            return Err(TemplateError::FieldName { template, name });
        }
        if names[..n].contains(name) {
            let (template, name) = error(name);
            return Err(TemplateError::Repeated { template, name });
        }
    }
    Ok(())
}

fn check_separators(
    text: &str,
    fields: &[Field],
    separators: &[String],
) -> Result<(), TemplateError> {
    for (pair, separator) in fields.windows(2).zip(separators) {
        if separator.is_empty() {
            return Err(TemplateError::Adjacent {
                template: text.to_owned(),
                first: pair[0].name.clone(),
                second: pair[1].name.clone(),
            });
        }
    }
    Ok(())
}

/// The field that may hold anything. Those to its left must be unable to hold the first byte of the
/// separator behind them, so that the first match is the separator; those to its right must be
/// unable to hold the last byte of the separator before them, so that the last match is.
fn find_pivot(text: &str, fields: &[Field], separators: &[String]) -> Result<usize, TemplateError> {
    let ends_at_first = |n: usize| {
        separators[n].bytes().next().is_some_and(|byte| !fields[n].alphabet.may_hold(byte))
    };
    let starts_at_last = |n: usize| {
        separators[n].bytes().last().is_some_and(|byte| !fields[n + 1].alphabet.may_hold(byte))
    };
    let pivot = (0..separators.len()).take_while(|&n| ends_at_first(n)).count();
    match (pivot..separators.len()).find(|&n| !starts_at_last(n)) {
        None => Ok(pivot),
        Some(n) => Err(TemplateError::Ambiguous {
            template: text.to_owned(),
            first: fields[n].name.clone(),
            second: fields[n + 1].name.clone(),
            separator: separators[n].clone(),
        }),
    }
}
