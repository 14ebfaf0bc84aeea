//! What can be wrong with a template, and with values for it.

use thiserror::Error;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// There is no field.
    #[error(
        "template `{template}` has no field, so all names would share one id: add one, such as {{nick}}"
    )]
    NoField {
        /// The template.
        template: String,
    },
    /// A brace without its partner.
    #[error("template `{template}` has a brace without its partner: fields are written {{name}}")]
    Brace {
        /// The template.
        template: String,
    },
    /// A field without a name, or with other characters than letters in it.
    #[error("template `{template}` has a field named `{name}`: names are lower-case letters")]
    FieldName {
        /// The template.
        template: String,
        /// The field's name.
        name: String,
    },
    /// A field that comes twice.
    #[error("template `{template}` uses {{{name}}} twice: once is enough")]
    Repeated {
        /// The template.
        template: String,
        /// The field's name.
        name: String,
    },
    /// Two fields with nothing between them.
    #[error(
        "template `{template}` has nothing between {{{first}}} and {{{second}}}: put `_` or `-` \
         between them"
    )]
    Adjacent {
        /// The template.
        template: String,
        /// The field on the left.
        first: String,
        /// The field on the right.
        second: String,
    },
    /// Two fields that may both hold what separates them.
    #[error(
        "template `{template}` is ambiguous: {{{first}}} and {{{second}}} may both hold \
         `{separator}`, so nobody can tell where one ends: use another separator, or a field that \
         cannot hold it (network, userid, id, server, mucdomain, community)"
    )]
    Ambiguous {
        /// The template.
        template: String,
        /// The field on the left.
        first: String,
        /// The field on the right.
        second: String,
        /// The text between them.
        separator: String,
    },
    /// Literal text that may not stand in an id.
    #[error(
        "template `{template}` holds `{character}`, which ids may not: use a-z, 0-9, and . _ - / + \
         (no upper case)"
    )]
    Literal {
        /// The template.
        template: String,
        /// The first such character.
        character: char,
    },
    /// The template starts with the sigil.
    #[error("template `{template}` starts with `{sigil}`: leave it out, it is added by itself")]
    Sigil {
        /// The template.
        template: String,
        /// The sigil.
        sigil: char,
    },
    /// No literal text before the first field.
    #[error(
        "template `{template}` has no text before its first field, so its namespace covers people's \
         own ids: start it with text such as `_irc_`, or set `dedicated_server_name: true` if no \
         people have accounts on this server name"
    )]
    Unprefixed {
        /// The template.
        template: String,
    },
}

/// Why values give no id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// No value for a field of the template.
    #[error("template `{template}` needs a value for {{{field}}}")]
    Missing {
        /// The template.
        template: String,
        /// The field.
        field: String,
    },
    /// A value that its field cannot hold.
    #[error("`{value}` cannot stand for {{{field}}}, which holds {rule}")]
    Value {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// What the field holds.
        rule: &'static str,
    },
    /// Even a shortened id would be too long.
    #[error(
        "an id of template `{template}` on server `{server_name}` would have more than 255 bytes: \
         use a shorter template"
    )]
    TooLong {
        /// The template.
        template: String,
        /// The server name.
        server_name: String,
    },
}
