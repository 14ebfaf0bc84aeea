//! Events that refer to an event.

use ruma::{
    EventId, RoomId,
    api::client::relations::get_relating_events_with_rel_type::v1::Request as Relating,
    events::AnyMessageLikeEvent, events::relation::RelationType, serde::Raw,
};

use super::{As, Homeserver, HomeserverError};

impl Homeserver {
    /// `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}`: the newest 100.
    pub async fn relating(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_id: &EventId,
        relation: RelationType,
    ) -> Result<Vec<Raw<AnyMessageLikeEvent>>, HomeserverError> {
        let mut request = Relating::new(room_id.to_owned(), event_id.to_owned(), relation);
        request.limit = Some(100_u32.into());
        Ok(self.call("relations", as_user, request).await?.chunk)
    }
}
