//! The names under which a Matrix user appears on IRC: nick, user name, real name.
//!
//! A nick is made from a template such as `{name}[m]`. Its stem, the name of the person, is brought to
//! the letters that IRC allows and cut so that the whole fits `NICKLEN`; what stands around it stays.

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub use self::{
    template::{NickTemplate, TemplateError},
    username::{realname, username},
};

mod template;
#[cfg(test)]
mod tests;
mod username;

/// The Matrix user behind a name.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The display name, if one is set.
    pub name: Option<&'a str>,
    /// The id's part between `@` and the first `:`.
    pub localpart: &'a str,
    /// The id's server name.
    pub domain: &'a str,
}

impl Person<'_> {
    /// Four letters or digits that belong to this user id, the same for ever.
    pub fn hash4(&self) -> String {
        let digest = Sha256::digest(format!("@{}:{}", self.localpart, self.domain));
        let digits = digest.iter().take(4).map(|byte| char::from_digit(u32::from(*byte) % 36, 36));
        digits.flatten().collect()
    }

    /// The display name in IRC's letters; the localpart where that would lose more than half of it.
    fn stem(&self) -> String {
        let from_name = self.name.and_then(|name| {
            let letters = decomposed(name).filter(|char| char.is_alphanumeric()).count();
            let nick = legal(name);
            let kept = nick.chars().filter(char::is_ascii_alphanumeric).count();
            (kept > 0 && kept * 2 >= letters).then_some(nick)
        });
        let stem = from_name.unwrap_or_else(|| legal(self.localpart));
        if stem.is_empty() { format!("user{}", self.hash4()) } else { stem }
    }
}

/// Whether a nick may hold this character.
const fn is_legal(char: char) -> bool {
    char.is_ascii_alphanumeric()
        || matches!(char, '[' | ']' | '\\' | '^' | '{' | '}' | '|' | '_' | '`' | '-')
}

/// Letters without their marks: `é` gives `e`, `ﬁ` gives `fi`.
fn decomposed(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|&char| !is_combining_mark(char))
}

fn legal(text: &str) -> String {
    decomposed(text).filter(|&char| is_legal(char)).collect()
}
