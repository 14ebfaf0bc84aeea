//! Files of the remote side on their way to the homeserver.
//!
//! A file is fetched and uploaded from the moment its event is committed, while the rows before it
//! are still being sent. When its turn comes the lane waits a little, and then goes on with a link.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use ruma::OwnedMxcUri;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};

use super::{
    fetch::{FetchError, Fetched, Fetcher},
    sniff,
};
use crate::{
    content::matrix::{Media, MediaKind},
    core::Core,
    homeserver::HomeserverError,
    id::Seq,
    network::{File, FileSource},
    patience::Patience,
    store::{Batch, Op, Row, StoreError},
};

/// How long the head of a lane waits for its file.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many files are in memory at a time.
const AT_ONCE: usize = 4;

/// How many files that are there already are remembered until their rows are sent.
const REMEMBERED: u64 = 10_000;

/// The most bytes of a file if the homeserver does not say.
const USUAL_LIMIT: u64 = 50 * 1024 * 1024;

/// Files on their way.
pub(crate) struct Inward {
    fetcher: Fetcher,
    permits: Semaphore,
    limit: OnceCell<u64>,
    uploaded: Cache<Seq, Media>,
}

/// What a row keeps about its file, so that every attempt says the same.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// It is on the homeserver.
    Media(Media),
    /// It is told by its link.
    Link,
}

/// Why a file is not on the homeserver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InwardError {
    #[error(transparent)]
    Fetch(#[from] Box<FetchFailure>),
    #[error(transparent)]
    Homeserver(#[from] HomeserverError),
}

/// Why a file was not fetched, for logs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FetchFailure(String);

impl From<FetchError> for InwardError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(Box::new(FetchFailure(error.to_string())))
    }
}

/// Begins with the file of a row that was just committed.
pub(crate) fn begin(core: &Arc<Core>, seq: Seq, file: File) {
    let core = core.clone();
    tokio::spawn(async move {
        if let Err(error) = core.inward.of_seq(&core, seq, &file).await {
            tracing::debug!(%error, seq = seq.0, "a file did not come at once");
        }
    });
}

impl Inward {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            permits: Semaphore::new(AT_ONCE),
            limit: OnceCell::new(),
            uploaded: Cache::new(REMEMBERED),
        }
    }

    async fn of_seq(&self, core: &Core, seq: Seq, file: &File) -> Result<Media, Arc<InwardError>> {
        self.uploaded.try_get_with(seq, self.carry(core, file)).await
    }

    /// Fetches a file and puts it on the homeserver.
    pub(crate) async fn carry(&self, core: &Core, file: &File) -> Result<Media, InwardError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let limit = self.limit.get_or_try_init(|| core.homeserver.upload_limit()).await;
        let limit = limit.copied().unwrap_or(USUAL_LIMIT);
        let fetched = match &file.source {
            FileSource::Url(url) => self.fetcher.fetch(url, limit).await?,
            FileSource::Bytes(bytes) => Fetched { bytes: bytes.clone(), mime: None },
        };
        let said = file.mime.as_deref().or(fetched.mime.as_deref());
        let mime = sniff::mime(&fetched.bytes, said);
        let kind = match (file.kind, sniff::kind(&mime)) {
            (Some(MediaKind::Voice), MediaKind::Audio) => MediaKind::Voice,
            (Some(MediaKind::Sticker), MediaKind::Image) => MediaKind::Sticker,
            (_, kind) => kind,
        };
        let name = name(file, &mime);
        let size = fetched.bytes.len() as u64;
        let mxc = core.homeserver.upload(&name, &mime, fetched.bytes).await?;
        let mut media = Media::new(kind, mxc, name);
        media.mime = Some(mime);
        media.size = Some(size);
        media.dimensions = file.dimensions;
        media.duration = file.duration;
        Ok(media)
    }
}

/// The file of a row whose turn has come; `None` if it is to be told by its link.
pub(crate) async fn of_row(
    core: &Core,
    row: &Row,
    file: &File,
) -> Result<Option<Media>, StoreError> {
    let kept = row.progress.as_deref().and_then(|kept| serde_json::from_str(kept).ok());
    match kept {
        Some(Kept::Media(media)) => return Ok(Some(media)),
        Some(Kept::Link) => return Ok(None),
        None => {}
    }
    let media = wait(core, row.seq, file).await;
    let kept = media.clone().map_or(Kept::Link, Kept::Media);
    let progress = serde_json::to_string(&kept).unwrap_or_default();
    core.store.commit(Batch::settled(vec![Op::Progress { seq: row.seq, progress }])).await?;
    Ok(media)
}

async fn wait(core: &Core, seq: Seq, file: &File) -> Option<Media> {
    let mut patience = Patience::default();
    loop {
        let carried = core.inward.of_seq(core, seq, file);
        let why = match tokio::time::timeout(PATIENCE, carried).await {
            Ok(Ok(media)) => return Some(media),
            Ok(Err(error)) => match &*error {
                // Nothing else could be sent either.
                InwardError::Homeserver(away) if away.is_retryable() => {
                    patience.wait(core, away).await;
                    continue;
                }
                error => error.to_string(),
            },
            Err(_) if !core.homeserver.link().borrow().is_up() => continue,
            Err(_) => format!("it did not come within {} s", PATIENCE.as_secs()),
        };
        metrics::counter!("bridge_media_refused_total").increment(1);
        tracing::warn!(why, seq = seq.0, "a file is told by its link");
        return None;
    }
}

/// Puts a picture on the homeserver; `None` if it cannot be had.
pub(crate) async fn picture(
    core: &Core,
    file: &File,
) -> Result<Option<OwnedMxcUri>, HomeserverError> {
    match core.inward.carry(core, file).await {
        Ok(media) if media.kind == MediaKind::Image => Ok(Some(media.mxc)),
        Ok(_) => Ok(None),
        Err(InwardError::Homeserver(error)) => Err(error),
        Err(error) => {
            tracing::info!(%error, "a picture is left out");
            Ok(None)
        }
    }
}

/// The name of a file: as given, else the end of its address, else by its type.
fn name(file: &File, mime: &str) -> String {
    let tidy = |name: &str| name.replace(char::is_control, " ").trim().to_owned();
    let given = tidy(&file.name);
    if !given.is_empty() {
        return given;
    }
    let path = file.url().and_then(|url| url.parse::<reqwest::Url>().ok());
    let last = path.as_ref().and_then(|url| url.path_segments()?.next_back().map(tidy));
    last.filter(|name| name.contains('.')).unwrap_or_else(|| {
        let extension = mime.split('/').nth(1).unwrap_or("bin");
        let kind = mime.split('/').next().unwrap_or("file");
        match kind {
            "application" => format!("file.{extension}"),
            "text" => "file.txt".to_owned(),
            kind => format!("{kind}.{extension}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_is_known() {
        let of = |name: &str, url: &str| {
            super::name(&File::new(name, FileSource::Url(url.to_owned())), "image/png")
        };
        assert_eq!(of("a\nb.png", "https://e.org/x.png"), "a b.png");
        assert_eq!(of("", "https://e.org/d/x.png?size=1"), "x.png");
        assert_eq!(of("", "https://e.org/download"), "image.png");
    }
}
