//! From a localpart to values.

use super::{Template, codec, encode::HASH_MARK};

impl Template {
    /// Reads a localpart that [`Template::encode`] wrote: the fields with their values, in the order
    /// of the template.
    ///
    /// `None` for a localpart that this template does not make, also for another spelling of one,
    /// and for one that was shortened.
    pub fn decode(&self, localpart: &str) -> Option<Vec<(String, String)>> {
        let parts = self.split(localpart)?;
        let fields = self.fields.iter().zip(parts);
        fields
            .map(|(field, part)| {
                let value = codec::decode(part, field.alphabet)?;
                let fits = field.alphabet.lengths().contains(&value.len());
                fits.then(|| (field.name.clone(), value))
            })
            .collect()
    }

    /// Reads a localpart as a person may have typed it: `_irc_libera_#Rust[]` where
    /// `_irc_libera_#rust=5b=5d` is meant.
    ///
    /// Characters that should be escaped stand for themselves, and fields of a closed alphabet
    /// (networks, ids) are lowered; the other values keep their case for the network to fold.
    /// Encode them again to learn the id proper.
    pub fn decode_typed(&self, localpart: &str) -> Option<Vec<(String, String)>> {
        let parts = self.split(localpart)?;
        let fields = self.fields.iter().zip(parts);
        fields
            .map(|(field, part)| {
                let alphabet = field.alphabet;
                let value = if alphabet.escapes() {
                    codec::decode_typed(part)?
                } else {
                    codec::decode(&part.to_ascii_lowercase(), alphabet)?
                };
                let fits = alphabet.lengths().contains(&value.len());
                fits.then(|| (field.name.clone(), value))
            })
            .collect()
    }

    /// Whether `localpart` was shortened by [`Template::encode`], so that only the store knows what
    /// it stands for.
    pub fn is_shortened(&self, localpart: &str) -> bool {
        self.split(localpart).is_some_and(|parts| parts.iter().any(|part| part.contains(HASH_MARK)))
    }

    /// Cuts at the separators: from the left up to the pivot, from the right down to it.
    fn split<'a>(&self, localpart: &'a str) -> Option<Vec<&'a str>> {
        let mut rest = localpart.strip_prefix(&*self.prefix)?.strip_suffix(&*self.suffix)?;
        let (left, right) = self.separators.split_at(self.pivot);
        let mut parts = Vec::with_capacity(self.fields.len());
        for separator in left {
            let (part, after) = rest.split_once(&**separator)?;
            parts.push(part);
            rest = after;
        }
        let mut behind = Vec::with_capacity(right.len());
        for separator in right.iter().rev() {
            let (before, part) = rest.rsplit_once(&**separator)?;
            behind.push(part);
            rest = before;
        }
        parts.push(rest);
        parts.extend(behind.into_iter().rev());
        Some(parts)
    }
}
