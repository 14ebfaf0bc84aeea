//! People who are addressed on Matrix, as the network knows them.

use ruma::UserId;

use super::Heard;
use crate::{
    content::{
        Doc, Mention, MentionTarget,
        mention::{self, Mentions},
    },
    network::Network,
    portal::from_network::PerformError,
};

/// Marks those whom `m.mentions` names and the text only mentions by their names.
pub(super) async fn mark<N: Network>(
    heard: Heard<'_, N>,
    doc: &mut Doc,
    mentions: &Mentions,
) -> Result<(), PerformError> {
    let shown = mention::collect(doc);
    let mut names = Vec::new();
    for user in mentions.user_ids.difference(&shown.user_ids) {
        let target = MentionTarget::User(user.clone());
        let name = heard.core.members.display_name(heard.core, &heard.head.room_id, user).await?;
        names.extend(name.map(|name| (name, target.clone())));
        names.push((user.to_string(), target.clone()));
        names.push((user.localpart().to_owned(), target));
    }
    if !names.is_empty() {
        mention::mark_names(doc, &names);
    }
    Ok(())
}

/// Puts the keys of ghosts, and the network's names of people, in the place of Matrix's.
pub(super) async fn resolve<N: Network>(
    heard: Heard<'_, N>,
    doc: &mut Doc,
) -> Result<(), PerformError> {
    let mut found = Vec::new();
    mention::resolve(doc, &mut |mention| {
        found.push(mention.target.clone());
        None
    });
    let mut known = Vec::new();
    for target in found {
        let there = match &target {
            MentionTarget::User(user) if heard.core.names.is_ghost(user) => {
                match heard.core.ghosts.key_of(heard.core, user).await? {
                    Some(key) => MentionTarget::Ghost(key.to_string()),
                    None => target.clone(),
                }
            }
            _ => target.clone(),
        };
        known.push((target, there));
    }
    mention::resolve(doc, &mut |mention| {
        let (_, there) = known.iter().find(|(target, _)| *target == mention.target)?;
        let name = heard.network.name_of(&heard.portal.key, there);
        let label = name.unwrap_or_else(|| mention.label.clone());
        Some(Mention { target: there.clone(), label })
    });
    Ok(())
}

/// The name of somebody in the room, as people on the network know them.
pub(super) async fn name<N: Network>(
    heard: Heard<'_, N>,
    user: &UserId,
) -> Result<String, PerformError> {
    let core = heard.core;
    let target = match core.ghosts.key_of(core, user).await? {
        Some(key) if core.names.is_ghost(user) => MentionTarget::Ghost(key.to_string()),
        _ => MentionTarget::User(user.to_owned()),
    };
    if let Some(name) = heard.network.name_of(&heard.portal.key, &target) {
        return Ok(name);
    }
    let name = core.members.display_name(core, &heard.head.room_id, user).await?;
    Ok(name.unwrap_or_else(|| user.localpart().to_owned()))
}
