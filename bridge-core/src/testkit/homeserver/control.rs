//! Making the homeserver fail.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use ruma::{EventId, RoomId};
use serde_json::Value;

use super::{Fault, TestHomeserver, event::raw, world::read};

impl TestHomeserver {
    /// Makes requests of clients go wrong. The oldest fault that fits a request is the one it
    /// meets.
    pub fn inject(&self, fault: Fault) {
        self.world.faults.add(fault);
    }

    /// Ends all faults, and lets go what hangs.
    pub fn heal(&self) {
        self.world.faults.heal();
    }

    /// Cuts all connections and refuses new ones; nothing is pushed either.
    pub async fn down(&self) {
        self.world.doors.close().await;
    }

    /// Ends [`TestHomeserver::down`].
    pub async fn up(&self) {
        self.world.doors.open().await;
    }

    /// Restarts: connections are cut, the transaction ids of clients are forgotten, and events
    /// that are queued for application services but in no transaction yet are lost.
    pub async fn restart(&self) {
        self.down().await;
        for room in read(&self.world.rooms).values() {
            room.lock().forget_transactions();
        }
        for service in self.world.services().iter() {
            service.pusher.restart();
        }
        self.up().await;
    }

    /// Counts the transactions to a service from 1 again, as after the loss of a database table.
    pub fn reset_txn_counter(&self, appservice_id: &str) {
        if let Some(service) = self.world.service(appservice_id) {
            service.pusher.reset_counter();
        }
    }

    /// Moves a service to another address.
    pub fn set_appservice_url(&self, appservice_id: &str, url: impl Into<String>) {
        if let Some(service) = self.world.service(appservice_id) {
            service.set_url(url.into());
        }
    }

    /// Makes no new transactions to a service until [`TestHomeserver::release`].
    pub fn hold(&self, appservice_id: &str) {
        if let Some(service) = self.world.service(appservice_id) {
            service.pusher.hold();
        }
    }

    /// Ends [`TestHomeserver::hold`].
    pub fn release(&self, appservice_id: &str) {
        if let Some(service) = self.world.service(appservice_id) {
            service.pusher.release();
        }
    }

    /// Pushes an event once more, in another transaction.
    pub fn push_again(&self, appservice_id: &str, room_id: &RoomId, event_id: &EventId) {
        if let Some(service) = self.world.service(appservice_id)
            && let Some(room) = self.world.find_room(room_id)
        {
            let place = room.lock().place(event_id);
            if let Some(place) = place {
                service.pusher.push(&room, place);
            }
        }
    }

    /// Pushes elements that the homeserver made up, in their turn.
    pub fn push_elements(&self, appservice_id: &str, elements: &[Value]) {
        if let Some(service) = self.world.service(appservice_id) {
            service.pusher.push_raw(elements.iter().map(raw).collect());
        }
    }

    /// Puts any body to a service under any transaction id, out of turn, and tells the answer.
    ///
    /// # Errors
    /// Says why there is no answer.
    pub async fn push_body(
        &self,
        appservice_id: &str,
        txn_id: &str,
        body: impl Into<Bytes>,
    ) -> Result<StatusCode, String> {
        let service = self.world.service(appservice_id).ok_or("no such service")?;
        let path = format!("/_matrix/app/v1/transactions/{txn_id}");
        let answer = self.world.outcalls.call(&service, Method::PUT, &path, body.into()).await;
        answer.map(|(status, _)| status)
    }
}
