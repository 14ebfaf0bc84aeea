//! A homeserver that keeps hardly anything and answers at once.

mod event;
mod room;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::room::Room;
use super::{
    http::{Reply, Request, Server, Service},
    ledger::Ledger,
    push::Pusher,
};
use crate::rig::free_port;

pub use self::event::said;

/// The name in its ids.
pub const DOMAIN: &str = "localhost";

/// How many events homeservers put into one transaction at most.
pub const TRANSACTION: usize = 100;

/// A running stub. It takes whatever it is told, gives every send an event id, pushes the echo to the
/// appservice as homeservers do, and plays a room's last events back.
#[derive(Debug)]
pub struct StubHomeserver {
    port: u16,
    state: Arc<State>,
    _server: Server,
}

#[derive(Debug)]
struct State {
    ledger: Arc<Ledger>,
    rooms: RwLock<HashMap<String, Arc<Mutex<Room>>>>,
    /// Rooms whose sends are not answered.
    held: watch::Sender<HashSet<String>>,
    holding: AtomicU64,
    pusher: OnceLock<Pusher>,
    events: AtomicU64,
    sends: AtomicU64,
    others: Mutex<Vec<String>>,
}

impl StubHomeserver {
    /// Starts one; what ghosts say goes into `ledger`.
    pub async fn start(ledger: Arc<Ledger>) -> Result<Self> {
        let port = free_port();
        let state = Arc::new(State {
            ledger,
            rooms: RwLock::default(),
            held: watch::Sender::default(),
            holding: AtomicU64::new(0),
            pusher: OnceLock::new(),
            events: AtomicU64::new(1),
            sends: AtomicU64::new(0),
            others: Mutex::default(),
        });
        let server = Server::start(port, state.clone()).await?;
        Ok(Self { port, state, _server: server })
    }

    /// How it is reached.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on events go to the appservice on this port, in transactions of at most `size`.
    pub fn push_to(&self, port: u16, hs_token: &str, size: usize) {
        self.state.pusher.get_or_init(|| Pusher::start(port, hs_token, size));
    }

    /// A Matrix user says something in a room.
    pub fn say(&self, room: &str, sender: &str, text: &str) {
        let number = self.state.events.fetch_add(1, Ordering::Relaxed);
        self.push(event::said(number, room, sender, text));
    }

    /// Sends an event, as JSON, to the appservice.
    pub fn push(&self, event: String) {
        if let Some(pusher) = self.state.pusher.get() {
            pusher.push(event);
        }
    }

    /// How many events the appservice has taken.
    pub fn pushed(&self) -> u64 {
        self.state.pusher.get().map_or(0, Pusher::sent)
    }

    /// From now on no send into this room is answered, until [`StubHomeserver::release`].
    pub fn hold(&self, room: &str) {
        self.state.held.send_modify(|held| {
            held.insert(room.to_owned());
        });
    }

    /// Answers the sends of all rooms again, those that wait first.
    pub fn release(&self) {
        self.state.held.send_modify(HashSet::clear);
    }

    /// How many sends wait for [`StubHomeserver::release`].
    pub fn holding(&self) -> u64 {
        self.state.holding.load(Ordering::Relaxed)
    }

    /// How many sends were taken.
    pub fn sends(&self) -> u64 {
        self.state.sends.load(Ordering::Relaxed)
    }

    /// The bodies of sends that were none of the ledger's, such as notices.
    pub fn others(&self) -> Vec<String> {
        self.state.others.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Service for State {
    async fn answer(&self, request: Request<'_>) -> Reply {
        let path = request.path.strip_prefix("/_matrix/client/").unwrap_or_default();
        let path = path.strip_prefix("v3/").or_else(|| path.strip_prefix("v1/")).unwrap_or(path);
        let mut parts = path.split('/');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (request.method, first) {
            ("GET", "versions") => {
                Reply::ok(json!({"versions": ["v1.1", "v1.11", "v1.13"]}).to_string())
            }
            ("POST", "register") => {
                let body: Value = serde_json::from_slice(request.body).unwrap_or_default();
                let name = body["username"].as_str().unwrap_or_default();
                Reply::ok(json!({"user_id": format!("@{name}:{DOMAIN}")}).to_string())
            }
            ("GET", "account") => {
                Reply::ok(json!({"user_id": format!("@_ircbot:{DOMAIN}")}).to_string())
            }
            ("POST", "appservice") => Reply::ok(r#"{"duration_ms":1}"#),
            ("POST", "createRoom") => {
                let number = self.events.fetch_add(1, Ordering::Relaxed);
                Reply::ok(json!({"room_id": format!("!made{number}:{DOMAIN}")}).to_string())
            }
            ("POST", "join") => Reply::ok(json!({"room_id": plain(second)}).to_string()),
            (_, "rooms") => self.room(&request, &plain(second), parts).await,
            ("GET", _) => Reply::not_found(),
            _ => Reply::ok("{}"),
        }
    }
}

impl State {
    /// What stands below `/rooms/{room}`.
    async fn room(
        &self,
        request: &Request<'_>,
        room: &str,
        mut path: std::str::Split<'_, char>,
    ) -> Reply {
        let what = path.next().unwrap_or_default();
        match (request.method, what) {
            ("PUT", "send") => {
                let (kind, txn) = (path.next().unwrap_or_default(), path.next());
                self.send(request, room, kind, txn.unwrap_or_default()).await
            }
            ("PUT", "state" | "redact") => {
                let number = self.events.fetch_add(1, Ordering::Relaxed);
                Reply::ok(format!(r#"{{"event_id":"{}"}}"#, event::id(number)))
            }
            ("GET", "messages") => {
                let backward = request.query.contains("dir=b");
                let chunk = match self.find(room) {
                    Some(room) if backward => {
                        room.lock().unwrap_or_else(PoisonError::into_inner).backward()
                    }
                    _ => String::new(),
                };
                Reply::ok(format!(r#"{{"start":"s","chunk":[{chunk}]}}"#))
            }
            ("GET", "joined_members") => Reply::ok(r#"{"joined":{}}"#),
            ("POST", "join") => Reply::ok(json!({"room_id": room}).to_string()),
            ("POST", _) => Reply::ok("{}"),
            _ => Reply::not_found(),
        }
    }

    async fn send(&self, request: &Request<'_>, room: &str, kind: &str, txn: &str) -> Reply {
        if self.held.borrow().contains(room) {
            self.holding.fetch_add(1, Ordering::Relaxed);
            let mut held = self.held.subscribe();
            // An error means that the stub is gone, and this request with it.
            let _ = held.wait_for(|held| !held.contains(room)).await;
            self.holding.fetch_sub(1, Ordering::Relaxed);
        }
        let content = String::from_utf8_lossy(request.body);
        let entry = self.find(room).unwrap_or_else(|| self.make(room));
        let mut entry = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = entry.sent_before(txn) {
            return Reply::ok(format!(r#"{{"event_id":"{known}"}}"#));
        }
        self.sends.fetch_add(1, Ordering::Relaxed);
        let known = event::body(&content).is_some_and(|text| self.ledger.note(text));
        if !known {
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            others.push(content.clone().into_owned());
        }
        let id = event::id(self.events.fetch_add(1, Ordering::Relaxed));
        let sender = request.query.split('&').find_map(|pair| pair.strip_prefix("user_id="));
        let sender = plain(sender.unwrap_or("@_ircbot:localhost"));
        let echo = event::whole(&id, room, &sender, kind, &content);
        entry.keep(txn, &id, &echo);
        drop(entry);
        if let Some(pusher) = self.pusher.get() {
            pusher.push(echo);
        }
        Reply::ok(format!(r#"{{"event_id":"{id}"}}"#))
    }

    fn find(&self, room: &str) -> Option<Arc<Mutex<Room>>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(room).cloned()
    }

    fn make(&self, room: &str) -> Arc<Mutex<Room>> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(room.to_owned()).or_default().clone()
    }
}

/// Undoes percent-encoding, as far as ids have it.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('%');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) if code.is_ascii() => {
                plain.push(char::from(code));
                plain.push_str(&part[2..]);
            }
            _ => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}
