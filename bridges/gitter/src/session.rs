//! One life of the change stream: opened where the last one ended, read until it fails.

mod catch_up;
mod cursor;
mod route;

use std::time::{Duration, Instant};

use bridge_core::network::{LinkState, Network, Remote, RemoteEvent};
use mongodb::{
    bson::{Document, doc, oid::ObjectId},
    change_stream::{
        ChangeStream,
        event::{ChangeStreamEvent, OperationType, ResumeToken},
    },
    options::FullDocumentType,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) use self::route::channel_info;
use self::{cursor::Cursor, route::Router};
use crate::{
    config::Config,
    network::Gitter,
    platform::{Platform, PlatformError, code_of},
};

/// Under what the place in the change stream is kept.
const SCOPE: &str = "gitter/stream";

/// How many changes are committed at once, at most.
const BATCH: usize = 256;

/// How often the place in the stream is kept while nothing of ours happens: an old place may be
/// beyond what the database remembers.
const NOTE_EVERY: Duration = Duration::from_secs(30);

/// How long the database waits for a change before it answers that there is none.
const ROUND: Duration = Duration::from_secs(1);

type Changes = ChangeStream<ChangeStreamEvent<Document>>;

/// Reads what changes until `shutdown`.
///
/// # Errors
/// Whatever ends the stream; it is to be opened again then.
pub(crate) async fn run(
    platform: &Platform,
    config: &Config,
    remote: &Remote,
    shutdown: &CancellationToken,
) -> Result<(), PlatformError> {
    platform.prepare().await?;
    platform.backing_user(&config.backing_user).await?;
    let router = Router { platform, config, remote };
    let mut cursor = Cursor::read(remote.fact(SCOPE).await?.as_deref());
    let opened = open(&router, &mut cursor).await?;
    remote.link(Gitter::KIND, &LinkState::Up);
    let (sender, receiver) = mpsc::channel(BATCH);
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        read = read(opened, sender) => read,
        written = write(&router, cursor, receiver) => written,
    }
}

/// Something that the stream says.
enum News {
    Change(Box<ChangeStreamEvent<Document>>),
    /// Nothing of ours happened up to here.
    Place(ResumeToken),
}

/// Hands on what the stream says, in order; waits while the other side is behind.
async fn read(opened: Opened, sender: mpsc::Sender<News>) -> Result<(), PlatformError> {
    let (mut changes, mut early) = opened;
    let mut noted = Instant::now();
    while changes.is_alive() {
        let next = match early.take() {
            Some(early) => Some(early),
            None => changes.next_if_any().await?,
        };
        let news = match next {
            Some(change) => News::Change(Box::new(change)),
            None if noted.elapsed() < NOTE_EVERY => continue,
            None => {
                noted = Instant::now();
                match changes.resume_token() {
                    Some(place) => News::Place(place),
                    None => continue,
                }
            }
        };
        if sender.send(news).await.is_err() {
            return Ok(()); // the other side has failed, and says why
        }
    }
    Err(PlatformError::Ended)
}

/// Commits what changes, as much at a time as has gathered, together with the place behind it.
async fn write(
    router: &Router<'_>,
    mut cursor: Cursor,
    mut receiver: mpsc::Receiver<News>,
) -> Result<(), PlatformError> {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let mut events = Vec::new();
        let mut place = None;
        for news in batch.drain(..) {
            match news {
                News::Change(change) => {
                    place = Some(change.id.clone());
                    cursor.note(seen(&change));
                    events.extend(router.route(*change).await?);
                }
                News::Place(reached) => place = Some(reached),
            }
        }
        commit(router.remote, &mut cursor, place, &events).await?;
    }
    Ok(())
}

/// A stream, and the change that its first answer brought.
type Opened = (Changes, Option<ChangeStreamEvent<Document>>);

/// Opens the stream where the last one ended.
///
/// A place that the database does not know any more (its log has rolled over, or its data were
/// restored) leaves a gap. It is closed by looking through the messages themselves; what changes
/// meanwhile is in the new stream already.
async fn open(router: &Router<'_>, cursor: &mut Cursor) -> Result<Opened, PlatformError> {
    let platform = router.platform;
    if let Some(token) = cursor.token() {
        match begin(watch(platform).resume_after(token)).await {
            Ok(opened) => return Ok(opened),
            Err(error) if is_away(&error) => return Err(error.into()),
            Err(error) => tracing::warn!(
                %error,
                "the database does not know the place in its changes any more; \
                 looking through the messages instead"
            ),
        }
    }
    let (changes, early) = begin(watch(platform)).await?;
    catch_up::run(router, cursor).await?;
    if early.is_none() {
        commit(router.remote, cursor, changes.resume_token(), &[]).await?;
    }
    Ok((changes, early))
}

/// Opens a stream and asks it once: only then is it known that the database takes the place.
async fn begin(watch: mongodb::action::Watch<'_>) -> mongodb::error::Result<Opened> {
    let mut changes = watch.await?;
    let early = changes.next_if_any().await?;
    Ok((changes, early))
}

fn watch(platform: &Platform) -> mongodb::action::Watch<'_> {
    let collections = [
        "chatmessages",
        "trouperemovedusers",
        "troupes",
        "troupeusers",
        "users",
        "usertroupelastaccesses",
    ];
    platform
        .database
        .watch()
        .pipeline([doc! { "$match": { "ns.coll": { "$in": &collections[..] } } }])
        .full_document(FullDocumentType::UpdateLookup)
        .max_await_time(ROUND)
}

/// Whether the database cannot be reached, rather than refusing the place.
fn is_away(error: &mongodb::error::Error) -> bool {
    use mongodb::error::ErrorKind;
    /// Servers that end, or hand over to another.
    const PASSING: [i32; 12] =
        [6, 7, 89, 91, 189, 262, 9_001, 10_107, 11_600, 11_602, 13_435, 13_436];
    if code_of(error).is_some_and(|code| PASSING.contains(&code)) {
        return true;
    }
    matches!(
        &*error.kind,
        ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Authentication { .. }
    )
}

/// The id of a new message.
fn seen(change: &ChangeStreamEvent<Document>) -> Option<ObjectId> {
    let collection = change.ns.as_ref().and_then(|ns| ns.coll.as_deref());
    (change.operation_type == OperationType::Insert && collection == Some("chatmessages"))
        .then(|| change.document_key.as_ref()?.get_object_id("_id").ok())?
}

/// Commits events together with the place in the stream that covers them.
async fn commit(
    remote: &Remote,
    cursor: &mut Cursor,
    token: Option<ResumeToken>,
    events: &[RemoteEvent],
) -> Result<(), PlatformError> {
    if !cursor.advance(token) && events.is_empty() {
        return Ok(());
    }
    remote.push(events, Some((SCOPE, &cursor.to_text()))).await?;
    Ok(())
}
