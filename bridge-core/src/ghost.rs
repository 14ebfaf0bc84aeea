//! Ghosts: the Matrix users that stand for remote users.
//!
//! A ghost's id is fixed when it is first seen; its name follows the remote user's.

use std::sync::Arc;

use moka::future::Cache;
use ruma::{OwnedUserId, UserId};

use crate::{
    core::Core,
    homeserver::As,
    id::GhostKey,
    network::{Fields, RemoteUser},
    portal::from_network::PerformError,
    store::{Batch, Ghost, Op, Store, StoreError},
};

/// How many ghosts stay in memory.
const CACHED: u64 = 50_000;

/// The ghosts, as far as they are in use.
pub(crate) struct Ghosts {
    store: Arc<dyn Store>,
    known: Cache<GhostKey, Arc<Ghost>>,
}

impl Ghosts {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Cache::new(CACHED) }
    }

    /// Empties the cache: the store has forgotten somebody.
    pub(crate) fn forget_all(&self) {
        self.known.invalidate_all();
    }

    /// The ghost of a remote user, if it was ever seen.
    pub(crate) async fn find(&self, key: &GhostKey) -> Result<Option<Arc<Ghost>>, StoreError> {
        if let Some(ghost) = self.known.get(key).await {
            return Ok(Some(ghost));
        }
        let Some(ghost) = self.store.ghost(key).await? else { return Ok(None) };
        let ghost = Arc::new(ghost);
        self.known.insert(key.clone(), ghost.clone()).await;
        Ok(Some(ghost))
    }

    /// The ghost of a remote user: registered, and under the user's present name.
    pub(crate) async fn ensure(
        &self,
        core: &Core,
        user: &RemoteUser,
    ) -> Result<Arc<Ghost>, PerformError> {
        let known = self.find(&user.key).await?;
        if let Some(ghost) = &known
            && ghost.registered
            && ghost.display_name.as_deref() == Some(&user.name)
        {
            return Ok(ghost.clone());
        }
        let mut ghost = match &known {
            Some(ghost) => (**ghost).clone(),
            None => Ghost {
                key: user.key.clone(),
                user_id: core.names.ghost_id(&user.key).ok_or_else(|| {
                    PerformError::Refused(format!("no Matrix id can stand for {}", user.key))
                })?,
                registered: false,
                display_name: None,
            },
        };
        if !ghost.registered {
            core.homeserver.register(ghost.user_id.localpart()).await?;
            ghost.registered = true;
        }
        if ghost.display_name.as_deref() != Some(&user.name) {
            core.homeserver.set_display_name(As::User(&ghost.user_id), &user.name).await?;
            ghost.display_name = Some(user.name.clone());
        }
        self.save(ghost).await.map_err(PerformError::from)
    }

    /// Fixes the Matrix id of a ghost that was never seen; one that was keeps its own.
    pub(crate) async fn name(
        &self,
        core: &Core,
        key: &GhostKey,
        fields: &Fields,
    ) -> Result<Option<OwnedUserId>, StoreError> {
        if let Some(known) = self.find(key).await? {
            return Ok(Some(known.user_id.clone()));
        }
        let Some(user_id) = core.names.ghost_of(fields) else { return Ok(None) };
        let ghost = Ghost {
            key: key.clone(),
            user_id: user_id.clone(),
            registered: false,
            display_name: None,
        };
        self.save(ghost).await?;
        Ok(Some(user_id))
    }

    /// Makes the account of a ghost that was only asked for; `false` if the id names nobody.
    pub(crate) async fn ensure_account(
        &self,
        core: &Core,
        user_id: &UserId,
    ) -> Result<bool, PerformError> {
        if user_id == core.bot {
            return Ok(true);
        }
        let Some(key) = self.key_of(core, user_id).await? else { return Ok(false) };
        let known = self.find(&key).await?;
        if known.is_some_and(|ghost| ghost.registered) {
            return Ok(true);
        }
        core.homeserver.register(user_id.localpart()).await?;
        let ghost =
            Ghost { key, user_id: user_id.to_owned(), registered: true, display_name: None };
        self.save(ghost).await?;
        Ok(true)
    }

    /// The remote user for whom a Matrix id stands.
    pub(crate) async fn key_of(
        &self,
        core: &Core,
        user_id: &UserId,
    ) -> Result<Option<GhostKey>, StoreError> {
        if let Some(ghost) = self.store.ghost_by_user(user_id).await? {
            return Ok(Some(ghost.key));
        }
        Ok(core.names.ghost_key(user_id))
    }

    async fn save(&self, ghost: Ghost) -> Result<Arc<Ghost>, StoreError> {
        self.store.commit(Batch::settled(vec![Op::Ghost(ghost.clone())])).await?;
        let ghost = Arc::new(ghost);
        self.known.insert(ghost.key.clone(), ghost.clone()).await;
        Ok(ghost)
    }
}
