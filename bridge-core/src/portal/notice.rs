//! What the bridge itself tells people, in their own rooms.

use ruma::{OwnedEventId, OwnedUserId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::from_network::{PerformError, Task};
use crate::{
    core::Core,
    id::{Direction, Seq},
    inbox::Head,
    intent::Outbound,
    permission::Level,
    store::{Member, NewRow, Op, Portal, PortalKind, Row, RowState, StoreError},
};

/// A sentence from the bot, for the author of a message where there is one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<OwnedEventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<OwnedUserId>,
}

/// The write that tells the author of a row what became of it; none if nobody said it.
pub(crate) fn about_row(core: &Core, row: &Row, text: &str) -> Result<Option<Op>, StoreError> {
    let Ok(head) = Head::parse_str(&row.body) else { return Ok(None) };
    let notice =
        Notice { text: text.to_owned(), about: Some(head.event_id), author: Some(head.sender) };
    append(core, row.lane, &notice).map(Some)
}

/// The write that says something in a portal's room.
pub(crate) fn in_room(core: &Core, portal: &Portal, text: &str) -> Result<Op, StoreError> {
    append(core, portal.lane, &Notice { text: text.to_owned(), about: None, author: None })
}

/// The writes that tell the admins something: in their own rooms with the bot, else in the
/// portal's room.
pub(crate) async fn for_admins(
    core: &Core,
    portal: &Portal,
    text: &str,
) -> Result<Vec<Op>, StoreError> {
    let mut ops = Vec::new();
    for control in core.store.portals("control:").await? {
        let Some(room) = &control.room_id else { continue };
        let members = core.store.members(room).await?;
        let is_admin =
            |member: &Member| core.config.permissions.level(&member.user_id) == Level::Admin;
        if control.kind == PortalKind::Control && members.iter().any(is_admin) {
            ops.push(in_room(core, &control, text)?);
        }
    }
    if ops.is_empty() {
        ops.push(in_room(core, portal, text)?);
    }
    Ok(ops)
}

fn append(core: &Core, lane: crate::id::LaneId, notice: &Notice) -> Result<Op, StoreError> {
    Ok(Op::Append(NewRow {
        lane,
        direction: Direction::ToMatrix,
        key: None,
        body: Task::Notice(notice.clone()).to_body()?,
        created: core.clock.now(),
        state: RowState::New,
    }))
}

impl Notice {
    /// Says it, as an answer to the message that it is about.
    pub(crate) async fn post(
        &self,
        core: &Core,
        portal: &Portal,
        seq: Seq,
    ) -> Result<(), PerformError> {
        if portal.room_id.is_none() {
            return Ok(()); // nobody is there to hear it
        }
        let mut content = json!({ "msgtype": "m.notice", "body": self.text });
        if let Some(event_id) = &self.about {
            content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": event_id } });
        }
        if let Some(author) = &self.author {
            content["m.mentions"] = json!({ "user_ids": [author] });
        }
        // In a conversation of two the ghost speaks, since the bot is not there.
        let speaker = core.intents.reader(portal).await;
        let event = Outbound { event_type: "m.room.message", content, seq, part: "", at: None };
        core.intents.send(core, portal, &speaker, event).await?;
        Ok(())
    }
}
