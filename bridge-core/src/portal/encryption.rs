//! Rooms that turn encryption on: the bridge cannot read them, and says so once.

use std::sync::Arc;

use super::{from_network::PerformError, notice};
use crate::{
    core::Core,
    homeserver::As,
    store::{Batch, Op, Portal, PortalKind},
};

const IN_ROOM: &str = "This room is encrypted, and the bridge cannot read encrypted messages: \
                       nothing said here reaches the other side. Please use a room without \
                       encryption.";
const IN_NEW_ROOM: &str = "The room you opened is encrypted, and the bridge cannot read encrypted \
                           messages. Please talk here instead.";

/// Whether a room is encrypted.
pub(crate) async fn is_on(
    core: &Core,
    portal: &Portal,
    reader: &ruma::UserId,
) -> Result<bool, PerformError> {
    let Some(room) = &portal.room_id else { return Ok(false) };
    match core.homeserver.state(room, As::User(reader), "m.room.encryption", "").await {
        Ok(content) => Ok(content.is_some()),
        Err(error) if error.is_retryable() => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// Tells a room about its encryption, once.
pub(crate) async fn tell(core: &Arc<Core>, portal: &Portal) -> Result<(), PerformError> {
    let Some(room) = &portal.room_id else { return Ok(()) };
    let scope = format!("core/encrypted/{room}");
    if core.store.cursor(&scope).await?.is_some() {
        return Ok(());
    }
    let reader = core.intents.reader(portal).await;
    let moved =
        matches!(portal.kind, PortalKind::Direct { .. }) && !is_on(core, portal, &reader).await?;
    let text = if moved { IN_NEW_ROOM } else { IN_ROOM };
    let ops = vec![
        Op::Cursor { scope, value: Some("told".to_owned()) },
        notice::in_room(core, portal, text)?,
    ];
    core.store.commit(Batch::durable(ops)).await?;
    Ok(())
}
