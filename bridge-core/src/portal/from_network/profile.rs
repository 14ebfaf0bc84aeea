//! Names and pictures of remote users and channels.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::PerformError;
use crate::{
    core::Core,
    homeserver::As,
    media::inward,
    network::{File, FileSource, RemoteUser},
    store::{Batch, Op, Portal, StoreError},
};

/// Brings a ghost's name and picture up to date. A user who never spoke gets no ghost for it.
pub(super) async fn of_user(
    core: &Core,
    user: &RemoteUser,
    avatar: Option<&File>,
) -> Result<(), PerformError> {
    if core.ghosts.find(&user.key).await?.is_none() {
        return Ok(());
    }
    let ghost = core.ghosts.ensure(core, user).await?;
    let Some(file) = avatar else { return Ok(()) };
    let scope = format!("core/avatar/{}", ghost.user_id);
    if !is_new(core, &scope, file).await? {
        return Ok(());
    }
    if let Some(mxc) = inward::picture(core, file).await? {
        core.homeserver.set_avatar(As::User(&ghost.user_id), &mxc).await?;
    }
    keep(core, scope, Some(file)).await?;
    Ok(())
}

/// Gives a room the channel's picture, or takes it away.
pub(super) async fn of_room(
    core: &Core,
    portal: &Portal,
    by: Option<&RemoteUser>,
    avatar: Option<&File>,
) -> Result<(), PerformError> {
    let scope = format!("core/room_avatar/{}", portal.lane.0);
    let content = match avatar {
        Some(file) if !is_new(core, &scope, file).await? => return Ok(()),
        Some(file) => match inward::picture(core, file).await? {
            Some(mxc) => json!({ "url": mxc }),
            None => return keep(core, scope, avatar).await.map_err(PerformError::from),
        },
        None => json!({}),
    };
    core.intents.set_state(core, portal, by, "m.room.avatar", &content).await?;
    keep(core, scope, avatar).await?;
    Ok(())
}

async fn is_new(core: &Core, scope: &str, file: &File) -> Result<bool, StoreError> {
    Ok(core.store.cursor(scope).await?.as_deref() != Some(&*digest(file)))
}

async fn keep(core: &Core, scope: String, file: Option<&File>) -> Result<(), StoreError> {
    let op = Op::Cursor { scope, value: file.map(digest) };
    core.store.commit(Batch::settled(vec![op])).await.map(drop)
}

/// Names a picture by where it is, or by its bytes.
fn digest(file: &File) -> String {
    let digest = match &file.source {
        FileSource::Url(url) => Sha256::digest(url.as_bytes()),
        FileSource::Bytes(bytes) => Sha256::digest(bytes),
    };
    URL_SAFE_NO_PAD.encode(&digest[..16])
}
