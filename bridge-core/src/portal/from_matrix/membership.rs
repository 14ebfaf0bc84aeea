//! Joins, leaves, invites and kicks on Matrix.

use std::sync::Arc;

use serde::Deserialize;

use super::{Translated, outgoing};
use crate::{
    core::Core,
    inbox::{Head, MemberContent},
    network::{Action, Network, Support, Voice},
    permission::Level,
    portal::{control, create, encryption, from_network::PerformError, upgrade},
    safety::foreign::Verdict,
    store::{Membership, Portal, PortalKind, Row},
};

pub(super) async fn translate<N: Network>(
    core: &Arc<Core>,
    network: &N,
    portal: &Portal,
    row: &Row,
    head: &Head<'_>,
) -> Result<Translated, PerformError> {
    let (Some(target), Some(content)) = (head.target(), head.member()) else {
        return Ok(Translated::nothing());
    };
    if core.names.is_ours(&target) {
        core.intents.forget(&head.room_id, &target).await;
        return ours(core, network, portal, row, head, &target, &content).await;
    }
    core.members.note(&head.room_id, &target, content.displayname.clone()).await;
    let action = match (content.membership, previous(row)) {
        // Only the profile changed.
        (Membership::Join, Some(Membership::Join)) => None,
        (Membership::Join, _) => Some(Action::Join),
        (Membership::Leave | Membership::Ban, before) if before != Some(Membership::Invite) => {
            Some(Action::Leave { reason: content.reason })
        }
        _ => None,
    };
    if action.is_some() && matches!(portal.kind, PortalKind::Control | PortalKind::Direct { .. }) {
        return Ok(Translated::nothing());
    }
    let shown = network.caps(&portal.key).members != Support::None
        && core.config.permissions.level(&target) >= Level::User
        && core.safety.foreign.of_member(&target) == Verdict::Carry
        && !core.safety.policies.bans(&target, None);
    match action {
        Some(action) if shown => {
            let mut outgoing = outgoing(core, portal, row, head, Voice::Puppet, action).await?;
            outgoing.author.user_id = target.clone();
            outgoing.author.display_name =
                core.members.display_name(core, &head.room_id, &target).await?;
            Ok(Translated::Send { outgoing, mapping: None })
        }
        _ => Ok(Translated::nothing()),
    }
}

/// Somebody invited, kicked or banned a ghost or the bot.
async fn ours<N: Network>(
    core: &Arc<Core>,
    network: &N,
    portal: &Portal,
    row: &Row,
    head: &Head<'_>,
    target: &ruma::UserId,
    content: &MemberContent,
) -> Result<Translated, PerformError> {
    match content.membership {
        Membership::Invite => {
            if core.config.permissions.level(&head.sender) < Level::User {
                control::tell_blocked(core, portal, &head.sender).await?;
                return Ok(Translated::nothing());
            }
            core.ghosts.ensure_account(core, target).await?;
            if upgrade::accept(core, portal, &head.room_id, target).await? {
                return Ok(Translated::nothing());
            }
            core.intents.ensure_joined(core, portal, target).await?;
            if let PortalKind::Direct { user, ghost } = &portal.kind
                && encryption::is_on(core, portal, target).await?
            {
                let portal = create::direct_anew(core, portal, user, ghost).await?;
                encryption::tell(core, &portal).await?;
            }
            if portal.kind == PortalKind::Control {
                control::greet(core, portal).await?;
            }
            Ok(Translated::nothing())
        }
        Membership::Leave | Membership::Ban
            if *target != core.bot
                && matches!(previous(row), None | Some(Membership::Join))
                && core.config.permissions.level(&head.sender) >= Level::User
                && network.caps(&portal.key).members != Support::None =>
        {
            let Some(ghost) = core.ghosts.key_of(core, target).await? else {
                return Ok(Translated::nothing());
            };
            let action = Action::Kick { target: ghost, reason: content.reason.clone() };
            let outgoing = outgoing(core, portal, row, head, Voice::Puppet, action).await?;
            Ok(Translated::Send { outgoing, mapping: None })
        }
        _ => Ok(Translated::nothing()),
    }
}

/// The membership before this event, if the homeserver tells.
fn previous(row: &Row) -> Option<Membership> {
    #[derive(Deserialize)]
    struct Event {
        unsigned: Unsigned,
    }
    #[derive(Deserialize)]
    struct Unsigned {
        prev_content: Previous,
    }
    #[derive(Deserialize)]
    struct Previous {
        membership: Membership,
    }
    let event: Event = serde_json::from_str(&row.body).ok()?;
    Some(event.unsigned.prev_content.membership)
}
