//! What was said in a room, and what is new everywhere.

use std::time::Duration;

use ruma::{
    EventId, RoomId,
    api::{
        Direction,
        client::{
            context::get_context::v3 as get_context,
            filter::{FilterDefinition, RoomEventFilter},
            message::get_message_events::v3 as get_message_events,
            sync::sync_events::v3 as sync_events,
        },
    },
    events::AnyTimelineEvent,
    serde::Raw,
};

use super::{As, Homeserver, HomeserverError, send::room_path};

impl Homeserver {
    /// `GET /_matrix/client/v3/rooms/{roomId}/messages`: at most `limit` events from a token on,
    /// or from the start or end of what the user sees.
    pub async fn messages(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        from: Option<&str>,
        dir: Direction,
        limit: u32,
        filter: Option<RoomEventFilter>,
    ) -> Result<get_message_events::Response, HomeserverError> {
        let mut request = get_message_events::Request::new(room_id.to_owned(), dir);
        request.from = from.map(str::to_owned);
        request.limit = limit.into();
        request.filter = filter.unwrap_or_default();
        self.call("messages", as_user, request).await
    }

    /// `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}`: an event and at most `limit`
    /// around it, with the tokens on both sides; `None` if the user does not see the event.
    pub async fn context(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_id: &EventId,
        limit: u32,
    ) -> Result<Option<get_context::Response>, HomeserverError> {
        let mut request = get_context::Request::new(room_id.to_owned(), event_id.to_owned());
        request.limit = limit.into();
        match self.call("context", as_user, request).await {
            Ok(context) => Ok(Some(context)),
            Err(error) if error.is("M_NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`; `None` if the user does not see it.
    pub async fn event(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_id: &EventId,
    ) -> Result<Option<Raw<AnyTimelineEvent>>, HomeserverError> {
        let path = room_path(room_id).segment("event").segment(event_id.as_str());
        self.find("event", path.acting(as_user)).await
    }

    /// `GET /_matrix/client/v3/sync` of the bot: what is new since a token, waiting up to
    /// `timeout` for something to be.
    pub async fn sync(
        &self,
        since: Option<&str>,
        filter: Option<FilterDefinition>,
        timeout: Duration,
    ) -> Result<sync_events::Response, HomeserverError> {
        let mut request = sync_events::Request::new();
        request.since = since.map(str::to_owned);
        request.filter = filter.map(Into::into);
        request.timeout = Some(timeout);
        let patience = self.0.transport.timeout().saturating_add(timeout);
        let versions = super::server::any_version();
        self.call_within("sync", As::Bot, request, &versions, patience).await
    }
}
