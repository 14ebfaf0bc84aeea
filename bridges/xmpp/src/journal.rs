//! What was read, on its way to disk.
//!
//! Entries are committed in the order in which they were read, together with how far the archives
//! of their rooms are read, as many at a time as have gathered while the batch before was written.

use std::{collections::BTreeMap, time::Duration};

use bridge_core::{
    id::RemoteId,
    network::{Reach, Remote, RemoteAction, RemoteEvent},
    store::StoreError,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many entries wait at most; when it is full, reading stops.
const WAITING: usize = 4_096;

/// How many entries one commit takes at most.
const BATCH: usize = 256;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Something to keep.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What happened.
    pub(crate) news: News,
    /// What holds once it is kept, such as how far an archive is read.
    pub(crate) facts: Vec<(String, Option<String>)>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum News {
    /// Nothing that Matrix must see.
    Nothing,
    /// An event.
    Event(Box<RemoteEvent>),
    /// All reactions that somebody has to a message now (XEP-0444); what they had before is kept,
    /// so that the difference can be told.
    Reactions {
        /// Where, who and when. Its action is not looked at.
        event: Box<RemoteEvent>,
        /// The message.
        target: RemoteId,
        /// The reactions.
        keys: Vec<String>,
    },
}

/// The way into the journal.
pub(crate) type Journal = mpsc::Sender<Entry>;

/// A journal and what is to be written from it.
pub(crate) fn journal() -> (Journal, mpsc::Receiver<Entry>) {
    mpsc::channel(WAITING)
}

/// Commits what is read until the other side is gone or `stop`.
pub(crate) async fn run(
    remote: Remote,
    mut entries: mpsc::Receiver<Entry>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        for part in batch.chunk_by(|_, next| !matches!(next.news, News::Reactions { .. })) {
            while let Err(error) = commit(&remote, part).await {
                tracing::error!(%error, "what was read on XMPP waits for the store");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
        batch.clear();
    }
}

/// Commits entries, of which only the first may be reactions: those need what was kept before.
async fn commit(remote: &Remote, part: &[Entry]) -> Result<(), StoreError> {
    let mut events = Vec::with_capacity(part.len());
    let mut facts = BTreeMap::new();
    for entry in part {
        match &entry.news {
            News::Nothing => {}
            News::Event(event) => events.push((**event).clone()),
            News::Reactions { event, target, keys } => {
                let scope = scope(event, target);
                let had = remote.fact(&scope).await?;
                let had = had.and_then(|had| serde_json::from_str(&had).ok()).unwrap_or_default();
                let (changes, has) = changes(event, target, keys, had);
                events.extend(changes);
                facts.insert(scope, (!has.is_empty()).then(|| to_text(&has)));
            }
        }
        facts.extend(entry.facts.iter().cloned());
    }
    let facts: Vec<_> = facts.into_iter().collect();
    remote.push_with(&events, &facts).await.map(drop)
}

/// The name under which somebody's reactions to a message are kept.
fn scope(event: &RemoteEvent, target: &RemoteId) -> String {
    let author = event.sender.as_ref().map_or("", |user| user.key.as_str());
    format!("xmpp/theirs/{} {target} {author}", event.portal)
}

fn to_text(has: &BTreeMap<String, RemoteId>) -> String {
    serde_json::to_string(has).unwrap_or_default()
}

/// What came and went, and the ids of the reactions that are there now. Pure.
fn changes(
    event: &RemoteEvent,
    target: &RemoteId,
    keys: &[String],
    had: BTreeMap<String, RemoteId>,
) -> (Vec<RemoteEvent>, BTreeMap<String, RemoteId>) {
    let of = |id: Option<RemoteId>, action| RemoteEvent {
        id,
        also: Vec::new(),
        action,
        ..event.clone()
    };
    let made_by = event.id.as_ref().map_or("", RemoteId::as_str);
    let mut has = BTreeMap::new();
    let mut changes = Vec::new();
    for key in keys {
        if has.contains_key(key) {
            continue;
        }
        let id = if let Some(id) = had.get(key) {
            id.clone()
        } else {
            let id = RemoteId::from(format!("r:{made_by} {key}"));
            let action = RemoteAction::React { target: target.clone(), key: key.clone() };
            changes.push(of(Some(id.clone()), action));
            id
        };
        has.insert(key.clone(), id);
    }
    for (key, id) in had {
        if !has.contains_key(&key) {
            let action =
                RemoteAction::Delete { target: id.clone(), reason: None, reach: Reach::Any };
            changes.push(of(Some(id), action));
        }
    }
    (changes, has)
}

#[cfg(test)]
mod tests {
    use bridge_core::{id::Timestamp, network::RemoteUser};

    use super::*;

    fn event(id: &str) -> RemoteEvent {
        RemoteEvent {
            portal: "r@muc".into(),
            sender: Some(RemoteUser { key: "bob@x".into(), name: "bob".to_owned() }),
            id: Some(id.into()),
            also: Vec::new(),
            at: Timestamp(0),
            action: RemoteAction::Join,
        }
    }

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn only_what_changed_is_told() {
        let target = RemoteId::from("s:1");
        let (told, had) = changes(&event("s:2"), &target, &keys(&["+", "-", "+"]), BTreeMap::new());
        let added = |id: &str, key: &str| (Some(RemoteId::from(id)), key.to_owned());
        let seen: Vec<_> = told
            .iter()
            .map(|event| match &event.action {
                RemoteAction::React { key, .. } => (event.id.clone(), key.clone()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, [added("r:s:2 +", "+"), added("r:s:2 -", "-")]);

        let (told, has) = changes(&event("s:3"), &target, &keys(&["-", "="]), had.clone());
        assert_eq!(told.len(), 2);
        assert!(matches!(&told[0].action, RemoteAction::React { key, .. } if key == "="));
        let gone = RemoteId::from("r:s:2 +");
        assert!(matches!(&told[1].action, RemoteAction::Delete { target, .. } if *target == gone));
        assert_eq!(has.keys().collect::<Vec<_>>(), ["-", "="]);

        let (told, has) = changes(&event("s:4"), &target, &[], has);
        assert_eq!((told.len(), has.len()), (2, 0));
    }
}
