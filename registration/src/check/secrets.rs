//! E03: the two secrets.

use super::{At, Report, Scene, Text, text};
use crate::{
    file::{Access, File},
    finding::{Code, Severity},
    model::draft::Located,
    token::Token,
};

/// Below this a secret can be guessed.
const WEAK_BITS: usize = 128;
/// What a secret should have.
const GOOD_BITS: usize = 256;

/// Words of examples and manuals. Random hexadecimal digits and letters hardly ever spell them.
const EXAMPLE_WORDS: [&str; 10] = [
    "example",
    "changeme",
    "change_me",
    "change-me",
    "replace",
    "secret",
    "token",
    "generate",
    "random",
    "password",
];

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for (n, file) in scene.files.iter().enumerate() {
        for (key, token) in tokens(file) {
            if let Some((severity, text)) = weakness(&token.value) {
                report.add(file, Code::E03, severity, At(token.line, key), text);
            }
            let others = scene.neighbours.iter().chain(&scene.files[..n]);
            if let Some(text) = reuse(&token.value, others) {
                report.add(file, Code::E03, Severity::Error, At(token.line, key), text);
            }
        }
        if let (Some(ours), Some(theirs)) = (&file.draft.as_token, &file.draft.hs_token)
            && ours.value == theirs.value
        {
            let what = "hs_token is the same as as_token: who knows one side can play the other";
            let at = At(theirs.line, "hs_token");
            let text = text(what, "draw another secret for it");
            report.add(file, Code::E03, Severity::Error, at, text);
        }
        if file.access == Access::Everybody {
            let what = "everybody on this machine may read the file and the secrets in it";
            let fix = "chmod 640 it, with a group that the homeserver is in";
            report.add(file, Code::E03, Severity::Warning, At(1, ""), text(what, fix));
        }
    }
}

fn tokens(file: &File) -> impl Iterator<Item = (&'static str, &Located<Token>)> {
    let tokens = [("as_token", &file.draft.as_token), ("hs_token", &file.draft.hs_token)];
    tokens.into_iter().filter_map(|(key, token)| Some((key, token.as_ref()?)))
}

fn weakness(token: &Token) -> Option<(Severity, Text)> {
    const FIX: &str = "draw a new one, with `openssl rand -hex 32` or `registration generate`";
    let token = token.expose();
    let lower = token.to_ascii_lowercase();
    if let Some(word) = EXAMPLE_WORDS.iter().find(|word| lower.contains(**word)) {
        let what = format!("it holds the word \"{word}\" and looks like an example");
        return Some((Severity::Error, text(what, FIX)));
    }
    let bits = entropy_bits(token);
    let what = format!("it has at most {bits} bits of chance");
    match bits {
        0..WEAK_BITS => Some((Severity::Error, text(what + ", few enough to be guessed", FIX))),
        WEAK_BITS..GOOD_BITS => {
            Some((Severity::Warning, text(format!("{what}; {GOOD_BITS} is the custom"), FIX)))
        }
        _ => None,
    }
}

/// At most so many bits are in a text of these characters: its length times the bits of the
/// smallest usual alphabet that holds them. Few different characters count as few.
fn entropy_bits(token: &str) -> usize {
    let has = |is: fn(&char) -> bool| token.chars().any(|c| is(&c));
    let others = has(|c| !c.is_ascii_alphanumeric());
    let alphabet = if token.chars().all(|c| c.is_ascii_digit()) {
        10
    } else if token.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        || token.chars().all(|c| matches!(c, '0'..='9' | 'A'..='F'))
    {
        16
    } else {
        let sizes = [
            (has(char::is_ascii_lowercase), 26),
            (has(char::is_ascii_uppercase), 26),
            (has(char::is_ascii_digit), 10),
            (others, 2),
        ];
        sizes.iter().filter(|(present, _)| *present).map(|(_, size)| size).sum()
    };
    let mut distinct: Vec<_> = token.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let alphabet: usize = if distinct.len() < 6 { distinct.len() } else { alphabet };
    // Hundredths of a bit a character, so that no floating point is needed.
    let hundredths = match alphabet {
        0 | 1 => 0,
        2 => 100,
        3 => 158,
        4 => 200,
        5 => 232,
        6..=10 => 332,
        11..=16 => 400,
        17..=28 => 470,
        29..=38 => 517,
        39..=54 => 570,
        55..=62 => 596,
        _ => 600,
    };
    token.chars().count() * hundredths / 100
}

fn reuse<'a>(token: &Token, mut others: impl Iterator<Item = &'a File>) -> Option<Text> {
    let other = others.find_map(|file| {
        let (key, _) = tokens(file).find(|(_, other)| other.value == *token)?;
        Some((file, key))
    });
    let (file, key) = other?;
    let what = format!("it is the {key} of {} too", file.name());
    Some(text(what, "give each application service secrets of its own"))
}
