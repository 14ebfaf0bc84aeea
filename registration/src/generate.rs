//! Making a registration.

use crate::{
    model::{Namespace, Namespaces, Registration},
    template::{Template, escape},
    token::Token,
};

#[cfg(test)]
mod tests;

/// What a registration is made from.
#[derive(Clone, Debug)]
pub struct Spec<'a> {
    /// Names the application service to the homeserver, for good.
    pub id: &'a str,
    /// Where the homeserver sends transactions; `None` if it is to send none.
    pub url: Option<&'a str>,
    /// Localpart of the bot.
    pub sender_localpart: &'a str,
    /// The homeserver's name in ids.
    pub server_name: &'a str,
    /// Templates of the ghosts' ids.
    pub user_templates: &'a [Template],
    /// Templates of the rooms' aliases.
    pub alias_templates: &'a [Template],
    /// Names for third-party look-ups.
    pub protocols: &'a [&'a str],
    /// Whether typing, receipts and presence are wanted.
    pub ephemeral: Ephemeral,
    /// A registration whose secrets stay in use; without one new secrets are drawn.
    pub tokens: Option<&'a Registration>,
}

/// Whether the homeserver sends typing, receipts and presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ephemeral {
    /// It does. Both the stable key and its predecessor are written.
    Receive,
    /// It does not.
    Ignore,
}

/// Makes a registration: exclusive namespaces from the templates, an entry of its own for the bot,
/// no rate limit, and secrets of 256 bits unless old ones stay in use.
pub fn generate(spec: &Spec<'_>) -> Registration {
    let mut rng = rand::rng();
    let (as_token, hs_token) = match spec.tokens {
        Some(old) => (old.as_token.clone(), old.hs_token.clone()),
        None => (Token::random(&mut rng), Token::random(&mut rng)),
    };
    let bot = format!("^@{}:{}$", escape(spec.sender_localpart), escape(spec.server_name));
    let claim = |template: &Template| Namespace::exclusive(template.regex(spec.server_name));
    let users = std::iter::once(Namespace::exclusive(bot))
        .chain(spec.user_templates.iter().map(claim))
        .collect();
    let ephemeral = (spec.ephemeral == Ephemeral::Receive).then_some(true);
    Registration {
        id: spec.id.to_owned(),
        url: spec.url.map(str::to_owned),
        as_token,
        hs_token,
        sender_localpart: spec.sender_localpart.to_owned(),
        namespaces: Namespaces {
            users,
            aliases: spec.alias_templates.iter().map(claim).collect(),
            ..Namespaces::default()
        },
        rate_limited: Some(false),
        protocols: spec.protocols.iter().map(|&name| name.to_owned()).collect(),
        receive_ephemeral: ephemeral,
        push_ephemeral: ephemeral,
        msc4190: None,
        msc3202: None,
        extra: Vec::new(),
    }
}
