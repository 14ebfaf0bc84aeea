//! A Matrix user over plain HTTP: somebody else's client, without anything of the bridge's code.

mod api;
mod event;
mod media;
mod room;
mod send;
mod sync;
mod user;

pub use api::MatrixError;
pub use event::Event;
pub use room::NewRoom;
pub use user::MatrixUser;
pub(crate) use user::PASSWORD;
