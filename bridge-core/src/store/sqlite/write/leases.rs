//! Leases. One process has the file, so nobody else can hold one and none runs out.

use super::Tx;
use crate::{
    id::SessionGroup,
    store::{Fence, StoreError, sqlite::Doing},
};

impl Tx<'_> {
    pub(in crate::store::sqlite) fn acquire(
        &mut self,
        group: SessionGroup,
        owner: &str,
    ) -> Result<Fence, StoreError> {
        let what = "taking a lease";
        let counter = self
            .statement(
                what,
                "INSERT INTO leases (name, owner, counter) VALUES (?1, ?2, 1)
                 ON CONFLICT (name) DO UPDATE SET
                    counter = counter + (owner IS NOT excluded.owner), owner = excluded.owner
                 RETURNING counter",
            )?
            .query_one((group.as_str(), owner), |row| row.get(0))
            .doing(what, self.path)?;
        Ok(Fence { group, counter })
    }

    pub(in crate::store::sqlite) fn release(&mut self, fence: &Fence) -> Result<(), StoreError> {
        self.execute(
            "giving a lease back",
            "UPDATE leases SET owner = NULL WHERE name = ?1 AND counter = ?2",
            (fence.group.as_str(), fence.counter),
        )?;
        Ok(())
    }

    pub(in crate::store::sqlite) fn holds(&self, fence: &Fence) -> Result<bool, StoreError> {
        let what = "checking a lease";
        self.statement(
            what,
            "SELECT 1 FROM leases WHERE name = ?1 AND counter = ?2 AND owner IS NOT NULL",
        )?
        .exists((fence.group.as_str(), fence.counter))
        .doing(what, self.path)
    }
}
