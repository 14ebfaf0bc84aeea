//! The store inside: one SQLite file, one thread that writes, a few that read.
//!
//! Nothing of it runs on the threads of the async runtime. Commits that are under way at the same
//! time share a transaction, and so the wait for the disk.

mod backup;
mod codec;
mod lock;
mod read;
mod readers;
mod schema;
mod url;
mod write;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    error::Error as StdError,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use futures_util::future::BoxFuture;
use ruma::{EventId, RoomId, UserId};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::mpsc;

pub(crate) use self::lock::is_in_use;
use self::{lock::StoreLock, readers::Readers, writer::Writer};
use super::{
    Backlog, Batch, Committed, Durability, Feed, Fence, Ghost, Mapping, Member, Portal, PortalBy,
    QueueFilter, Row, Step, Store, StoreError,
};
use crate::id::{Direction, GhostKey, LaneId, RemoteId, Seq, SessionGroup, Timestamp};

/// A store in one file, for one process.
///
/// Dropping it writes what is queued and closes the file; that blocks for a moment.
pub struct SqliteStore {
    // In the order in which they end: whoever is last to close the file tidies it up.
    readers: Readers,
    writer: Writer,
    path: Arc<Path>,
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens a store, or makes a new one, and brings its schema up to date. It blocks meanwhile.
    ///
    /// Rows that are appended from now on come out of the [`Feed`]; what was pending before does
    /// not ([`Store::pending_lanes`]).
    ///
    /// # Errors
    /// [`StoreError::InUse`] if a process has it open, [`StoreError::TooNew`] if a newer version
    /// wrote it, [`StoreError::Failed`] for everything that is wrong with the file.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Feed), StoreError> {
        let given = path.as_ref();
        let path: Arc<Path> =
            resolved(given).map_err(|error| failed("opening", given, error))?.into();
        let lock = lock::take(&path)?;
        if !path.exists() {
            lock::open_private(&path).map_err(|error| failed("making", &path, error))?;
        }
        let mut conn = open_writer(&path)?;
        schema::migrate(&mut conn, &path)?;
        let (rows, feed) = mpsc::unbounded_channel();
        let writer = Writer::spawn(conn, Arc::clone(&path), rows)?;
        let readers = Readers::spawn(Arc::clone(&path))?;
        Ok((Self { readers, writer, path, _lock: lock }, feed))
    }

    fn read<T, F>(&self, what: &'static str, read: F) -> BoxFuture<'_, Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        Box::pin(self.readers.read(what, read))
    }
}

impl Store for SqliteStore {
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.writer.write(batch.durability, move |tx| tx.batch(batch)))
    }

    fn pending(
        &self,
        lane: LaneId,
        direction: Direction,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        self.read("reading the rows of a lane", move |conn| {
            read::pending(conn, lane, direction, after, limit)
        })
    }

    fn pending_lanes(&self) -> BoxFuture<'_, Result<Vec<LaneId>, StoreError>> {
        self.read("reading the lanes with unsettled rows", read::pending_lanes)
    }

    fn row(&self, seq: Seq) -> BoxFuture<'_, Result<Option<Row>, StoreError>> {
        self.read("reading a row", move |conn| read::row(conn, seq))
    }

    fn trail(&self, seq: Seq) -> BoxFuture<'_, Result<Vec<Step>, StoreError>> {
        self.read("reading the trail of a row", move |conn| {
            let trail = read::trail(conn, seq)?.unwrap_or_default();
            Ok(trail.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
        })
    }

    fn row_by_key<'a>(
        &'a self,
        direction: Direction,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        let key = key.to_owned();
        self.read("reading a row", move |conn| read::row_by_key(conn, direction, &key))
    }

    fn queue(
        &self,
        filter: QueueFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        self.read("reading the queue", move |conn| read::queue(conn, &filter, limit))
    }

    fn backlog(&self) -> BoxFuture<'_, Result<Backlog, StoreError>> {
        self.read("counting unsettled rows", read::backlog)
    }

    fn portal(&self, by: PortalBy) -> BoxFuture<'_, Result<Option<Portal>, StoreError>> {
        self.read("reading a portal", move |conn| read::portal(conn, &by))
    }

    fn portals<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Portal>, StoreError>> {
        let prefix = prefix.to_owned();
        self.read("reading portals", move |conn| read::portals(conn, &prefix))
    }

    fn ghost<'a>(&'a self, key: &'a GhostKey) -> BoxFuture<'a, Result<Option<Ghost>, StoreError>> {
        let key = key.clone();
        self.read("reading a ghost", move |conn| read::ghost(conn, &key))
    }

    fn ghost_by_user<'a>(
        &'a self,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Ghost>, StoreError>> {
        let user = user.to_owned();
        self.read("reading a ghost", move |conn| read::ghost_by_user(conn, &user))
    }

    fn member<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Member>, StoreError>> {
        let (room, user) = (room.to_owned(), user.to_owned());
        self.read("reading a membership", move |conn| read::member(conn, &room, &user))
    }

    fn members<'a>(&'a self, room: &'a RoomId) -> BoxFuture<'a, Result<Vec<Member>, StoreError>> {
        let room = room.to_owned();
        self.read("reading the members of a room", move |conn| read::members(conn, &room))
    }

    fn mappings_of_event<'a>(
        &'a self,
        event_id: &'a EventId,
    ) -> BoxFuture<'a, Result<Vec<Mapping>, StoreError>> {
        let event_id = event_id.to_owned();
        self.read("reading mappings", move |conn| read::mappings_of_event(conn, &event_id))
    }

    fn mappings_of_remote<'a>(
        &'a self,
        lane: LaneId,
        remote_id: &'a RemoteId,
    ) -> BoxFuture<'a, Result<Vec<Mapping>, StoreError>> {
        let remote_id = remote_id.clone();
        self.read("reading mappings", move |conn| read::mappings_of_remote(conn, lane, &remote_id))
    }

    fn cursor<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        let scope = scope.to_owned();
        self.read("reading a cursor", move |conn| read::cursor(conn, &scope))
    }

    fn cursors<'a>(
        &'a self,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(String, String)>, StoreError>> {
        let prefix = prefix.to_owned();
        self.read("reading cursors", move |conn| read::cursors(conn, &prefix))
    }

    fn acquire<'a>(
        &'a self,
        group: &'a SessionGroup,
        owner: &'a str,
        _lease: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        let (group, owner) = (group.clone(), owner.to_owned());
        Box::pin(
            self.writer.write(Durability::Process, move |tx| tx.acquire(group, &owner).map(Some)),
        )
    }

    fn renew<'a>(
        &'a self,
        fence: &'a Fence,
        _lease: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let fence = fence.clone();
        Box::pin(self.writer.write(Durability::Process, move |tx| tx.holds(&fence)))
    }

    fn release<'a>(&'a self, fence: &'a Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        let fence = fence.clone();
        Box::pin(self.writer.write(Durability::Process, move |tx| tx.release(&fence)))
    }

    /// It goes through the rows in short steps, between which others commit.
    fn trim(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let (mut after, mut removed) = (Seq(i64::MIN), 0);
            loop {
                let (upto, old) = self
                    .read("reading settled rows", move |conn| read::trimmable(conn, after, before))
                    .await?;
                let Some(upto) = upto else { return Ok(removed) };
                if old > 0 {
                    removed += self
                        .writer
                        .write(Durability::Process, move |tx| tx.trim((after, upto), before))
                        .await?;
                }
                after = upto;
            }
        })
    }
}

/// The file itself, whatever links lead to it: that is what is locked.
///
/// It is not opened for this. When a process closes a file, it loses all its locks on it, also
/// those of a store that is open.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(folder), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let folder = if folder == Path::new("") { Path::new(".") } else { folder };
            Ok(folder.canonicalize()?.join(name))
        }
        (found, ..) => found,
    }
}

/// A checkpoint of 1,000 pages takes 2 ms on a plain disk: short enough to be done by the writer,
/// and often enough that the log does not outgrow the few megabytes that are read with it.
fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(Duration::from_secs(10))?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA temp_store = MEMORY;
             PRAGMA secure_delete = ON;
             PRAGMA cache_size = -8192;
             PRAGMA wal_autocheckpoint = 1000;
             PRAGMA journal_size_limit = 67108864;",
        )?;
        Ok(conn)
    };
    open().doing("opening", path)
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(Duration::from_secs(10))?;
        conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")?;
        Ok(conn)
    };
    open().doing("opening", path)
}

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, StoreError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| StoreError::Failed {
        what: format!("starting the thread {name}"),
        source: Some(Box::new(error)),
    })
}

/// Says what was being done, and to which file, when the database failed.
trait Doing<T> {
    fn doing(self, what: &str, path: &Path) -> Result<T, StoreError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, what: &str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|error| failed(what, path, error))
    }
}

fn failed(
    what: &str,
    path: &Path,
    source: impl Into<Box<dyn StdError + Send + Sync>>,
) -> StoreError {
    StoreError::Failed { what: format!("{what} {}", path.display()), source: Some(source.into()) }
}
