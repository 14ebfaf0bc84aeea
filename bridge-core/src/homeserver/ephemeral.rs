//! Typing notifications and read receipts.

use std::time::Duration;

use ruma::{
    EventId, RoomId,
    api::client::{
        receipt::create_receipt::v3::{ReceiptType, Request as CreateReceipt},
        typing::create_typing_event::v3::{Request as CreateTyping, Typing, TypingInfo},
    },
};

use super::{As, Homeserver, HomeserverError};

/// How long a user counts as typing without further word.
const TYPING_FOR: Duration = Duration::from_secs(30);

impl Homeserver {
    /// `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`: the user writes, for 30 s at most.
    pub async fn start_typing(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
    ) -> Result<(), HomeserverError> {
        self.typing(room_id, as_user, Typing::Yes(TypingInfo::new(TYPING_FOR))).await
    }

    /// `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`: the user does not write any more.
    pub async fn stop_typing(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
    ) -> Result<(), HomeserverError> {
        self.typing(room_id, as_user, Typing::No).await
    }

    async fn typing(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        state: Typing,
    ) -> Result<(), HomeserverError> {
        let user = self.user_id(as_user).to_owned();
        let request = CreateTyping::new(user, room_id.to_owned(), state);
        self.call("typing", as_user, request).await.map(drop)
    }

    /// `POST /_matrix/client/v3/rooms/{roomId}/receipt/m.read/{eventId}`.
    pub async fn mark_read(
        &self,
        room_id: &RoomId,
        as_user: As<'_>,
        event_id: &EventId,
    ) -> Result<(), HomeserverError> {
        let request =
            CreateReceipt::new(room_id.to_owned(), ReceiptType::Read, event_id.to_owned());
        self.call("receipt", as_user, request).await.map(drop)
    }
}
