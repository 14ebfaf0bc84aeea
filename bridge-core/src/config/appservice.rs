//! `appservice`: how the homeserver knows and reaches the bridge.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use registration::{Template, TemplateKind, template::Prefix};
use serde::{Serialize, Serializer};

use super::{
    Facts,
    address::{HttpUrl, listener},
    context::Context,
    node::Node,
    section::{Section, Wrong, wrong},
};

/// The application service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appservice {
    /// The id in the registration; names this instance.
    pub id: String,
    /// Where we listen for transactions.
    pub listen: SocketAddr,
    /// How the homeserver reaches us.
    pub url: HttpUrl,
    /// The registration file, where the tokens live.
    pub registration: PathBuf,
    /// The localpart of the bot.
    pub bot: String,
    /// The template of the localparts of ghosts.
    #[serde(serialize_with = "text")]
    pub ghosts: Template,
    /// The template of the localparts of aliases.
    #[serde(serialize_with = "text")]
    pub aliases: Template,
}

pub(super) fn read(root: &Node, facts: &Facts, context: &Context) -> Option<Appservice> {
    let mut section = Section::open(root, "appservice", context);
    let id = section.parsed("id", parse_id).unwrap_or_else(|| facts.kind.to_owned());
    let listen = section
        .parsed("listen", listener)
        .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 29331)));
    let url = section.parsed("url", HttpUrl::parse).unwrap_or_else(|| HttpUrl::of_listener(listen));
    let registration = section.path("registration", "registration.yaml");
    let descriptor = &facts.descriptor;
    let bot = section.parsed("bot", parse_localpart).unwrap_or_else(|| descriptor.bot.to_owned());
    let ghosts = template(&mut section, "ghosts", TemplateKind::User, descriptor.ghost_template);
    let aliases = template(&mut section, "aliases", TemplateKind::Alias, descriptor.alias_template);
    section.finish();
    Some(Appservice { id, listen, url, registration, bot, ghosts: ghosts?, aliases: aliases? })
}

/// Reads a template; it must have the fields of the network's own, or ids would lack a part.
fn template(
    section: &mut Section<'_>,
    key: &'static str,
    kind: TemplateKind,
    default: &str,
) -> Option<Template> {
    // Only a network whose own template starts with a field has a server name for itself.
    let prefix = if default.starts_with('{') { Prefix::Optional } else { Prefix::Required };
    let parse = |text: &str| {
        Template::parse_with(kind, text, prefix)
            .map_err(|error| wrong(error.to_string(), format!("the default is `{default}`")))
    };
    let default = match parse(default) {
        Ok(template) => template,
        Err(wrong) => {
            section.complain(key, wrong);
            return None;
        }
    };
    let fields =
        |template: &Template| template.fields().map(str::to_owned).collect::<BTreeSet<_>>();
    let given = section.parsed(key, |text| {
        let template = parse(text)?;
        if fields(&template) != fields(&default) {
            return Err(wrong(
                "the template must have the same fields as the default",
                format!("the default is `{default}`"),
            ));
        }
        Ok(template)
    });
    Some(given.unwrap_or_else(|| default.clone()))
}

fn text<S: Serializer>(template: &Template, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(template)
}

/// Synapse refuses `|` in ids, and other servers put them into addresses.
fn parse_id(text: &str) -> Result<String, Wrong> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if text.is_empty() || !text.chars().all(good) {
        return Err(wrong(
            "this is not an id",
            "use letters, digits, `.`, `_` and `-`, such as `irc`",
        ));
    }
    Ok(text.to_owned())
}

fn parse_localpart(text: &str) -> Result<String, Wrong> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._=/+-".contains(c);
    if text.is_empty() || !text.chars().all(good) {
        return Err(wrong(
            "this is not the localpart of a user id",
            "use lower-case letters, digits and `._=/+-`, without `@` and the domain",
        ));
    }
    Ok(text.to_owned())
}
