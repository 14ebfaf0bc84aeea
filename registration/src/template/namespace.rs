//! From a template to the regex of its namespace.

use std::fmt::Write;

use super::{Template, TemplateKind, field::Alphabet};

impl Template {
    /// The regex that matches every id of this template on `server_name`, and no id of a template
    /// with another prefix.
    ///
    /// It is anchored at both ends and holds nothing that Python's `re`, Go's RE2 and Rust's
    /// `regex` understand differently. Aliases are matched as people may type them, in upper case
    /// and unescaped, so that the homeserver asks us about those too.
    pub fn regex(&self, server_name: &str) -> String {
        self.regex_of(server_name, |alphabet| class(alphabet, self.kind))
    }

    /// The regex of the ids as [`Template::encode`] writes them.
    pub(crate) fn canonical_regex(&self, server_name: &str) -> String {
        self.regex_of(server_name, |alphabet| match alphabet {
            Alphabet::Any(TemplateKind::Alias) => "[a-z0-9._=/+#-]+",
            Alphabet::NoUnderscore(TemplateKind::Alias) => "[a-z0-9.=/+#-]+",
            _ => class(alphabet, TemplateKind::User),
        })
    }

    fn regex_of(&self, server_name: &str, class: impl Fn(Alphabet) -> &'static str) -> String {
        let mut out = format!("^{}{}", self.kind.sigil(), escape(&self.prefix));
        for (n, field) in self.fields.iter().enumerate() {
            if n > 0 {
                out.push_str(&escape(&self.separators[n - 1]));
            }
            out.push_str(class(field.alphabet));
        }
        let _ = write!(out, "{}:{}$", escape(&self.suffix), escape(server_name));
        out
    }
}

fn class(alphabet: Alphabet, kind: TemplateKind) -> &'static str {
    match (alphabet, kind) {
        (Alphabet::Label, TemplateKind::User) => "[a-z0-9-]{1,16}",
        (Alphabet::Label, TemplateKind::Alias) => "[A-Za-z0-9-]{1,16}",
        (Alphabet::ObjectId, TemplateKind::User) => "[0-9a-f]{24}",
        (Alphabet::ObjectId, TemplateKind::Alias) => "[0-9A-Fa-f]{24}",
        (Alphabet::Word, TemplateKind::User) => "[a-z0-9]{1,64}",
        (Alphabet::Word, TemplateKind::Alias) => "[A-Za-z0-9]{1,64}",
        (Alphabet::NoSlash, TemplateKind::User) => "[a-z0-9._=-]+",
        (Alphabet::NoUnderscore(_), TemplateKind::User) => "[a-z0-9.=/+-]+",
        (Alphabet::NoUnderscore(_), TemplateKind::Alias) => "[^_:]+",
        (Alphabet::Any(_), TemplateKind::User) => "[a-z0-9._=/+-]+",
        (Alphabet::NoSlash | Alphabet::Any(_), TemplateKind::Alias) => "[^:]+",
    }
}

/// Escapes what has a meaning in a regex, among the characters of localparts and server names.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
