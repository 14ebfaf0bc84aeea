//! Keyed hashes of our rows: transaction ids, and the marker that our events carry.
//!
//! The marker is opaque, so that it tells nobody the ids of the remote side, and it sits on the
//! outer content, where it stays readable when the content is encrypted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{
    id::Seq,
    store::{Batch, Op, Store, StoreError},
};

/// The key of event content under which the marker stands.
pub const MARKER_KEY: &str = "io.bridgework.marker";

/// The secret of one store. Rows of another store, or of this one before it was lost, never get
/// the same hashes.
#[derive(Clone)]
pub struct MarkerKey([u8; 32]);

impl MarkerKey {
    /// Reads the key from the store, or makes it at the first start.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        const SCOPE: &str = "core/marker_key";
        if let Some(text) = store.cursor(SCOPE).await?
            && let Ok(bytes) = URL_SAFE_NO_PAD.decode(&text)
            && let Ok(key) = <[u8; 32]>::try_from(bytes)
        {
            return Ok(Self(key));
        }
        let key: [u8; 32] = rand::random();
        let op = Op::Cursor { scope: SCOPE.to_owned(), value: Some(URL_SAFE_NO_PAD.encode(key)) };
        store.commit(Batch::durable(vec![op])).await?;
        Ok(Self(key))
    }

    /// The marker of a part of a row: 16 bytes, as 22 characters.
    pub fn marker(&self, seq: Seq, part: &str) -> String {
        self.hash(&[b"marker", &seq.0.to_be_bytes(), part.as_bytes()])
    }

    /// The transaction id for a send.
    ///
    /// The sender is part of it: Synapse knows a transaction of an appservice by its path alone,
    /// whoever sends it.
    pub fn transaction_id(&self, seq: Seq, part: &str, room: &str, sender: &str) -> String {
        self.hash(&[
            b"txn",
            &seq.0.to_be_bytes(),
            part.as_bytes(),
            room.as_bytes(),
            sender.as_bytes(),
        ])
    }

    /// The signature of a link to what these name.
    pub(crate) fn signature(&self, parts: &[&str]) -> String {
        let mut bytes: Vec<&[u8]> = vec![b"link"];
        bytes.extend(parts.iter().map(|part| part.as_bytes()));
        self.hash(&bytes)
    }

    #[cfg(test)]
    pub(crate) fn fixed(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn hash(&self, parts: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new(); // an HMAC key has no wrong length
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_transaction_id_counts() {
        let key = MarkerKey([7; 32]);
        let ids = [
            key.transaction_id(Seq(1), "", "!a", "@x:s"),
            key.transaction_id(Seq(2), "", "!a", "@x:s"),
            key.transaction_id(Seq(1), "1", "!a", "@x:s"),
            key.transaction_id(Seq(1), "", "!b", "@x:s"),
            key.transaction_id(Seq(1), "", "!a", "@y:s"),
            key.marker(Seq(1), ""),
            MarkerKey([8; 32]).transaction_id(Seq(1), "", "!a", "@x:s"),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[at + 1..].contains(id), "{id} is there twice");
            assert_eq!(id.len(), 22);
        }
    }

    #[test]
    fn the_same_row_always_gets_the_same_ids() {
        let key = MarkerKey([7; 32]);
        assert_eq!(key.marker(Seq(5), "a"), MarkerKey([7; 32]).marker(Seq(5), "a"));
    }
}
