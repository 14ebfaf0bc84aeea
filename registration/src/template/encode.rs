//! From values to a localpart.

use sha2::{Digest, Sha256};

use super::{
    EncodeError, MAX_ID_BYTES, Template, codec,
    field::{Alphabet, Field},
};

/// Stands before the hash of an overlong id. Encoded values never hold it, since there two
/// hexadecimal digits follow each `=`.
pub(super) const HASH_MARK: &str = "==";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// 256 bits in base 32.
const HASH_CHARS: usize = 52;

impl Template {
    /// The localpart for `values`, given as pairs of field and value in any order; values of fields
    /// that the template does not have are ignored.
    ///
    /// The same values on the same server always give the same localpart; different ones give
    /// different ones. An id over 255 bytes is shortened, and then [`Template::decode`] cannot read
    /// it (see the module's documentation).
    ///
    /// # Errors
    /// If a field has no value or one that it cannot hold, and if template and server name leave no
    /// room for an id.
    pub fn encode(
        &self,
        values: &[(&str, &str)],
        server_name: &str,
    ) -> Result<String, EncodeError> {
        let encoded = self
            .fields
            .iter()
            .map(|field| self.encode_field(field, values))
            .collect::<Result<Vec<_>, _>>()?;
        let whole = self.join(&encoded);
        let room = MAX_ID_BYTES.saturating_sub("@:".len() + server_name.len());
        if whole.len() <= room {
            return Ok(whole);
        }
        self.shorten(&encoded, &whole, room).ok_or_else(|| EncodeError::TooLong {
            template: self.text.clone(),
            server_name: server_name.to_owned(),
        })
    }

    fn encode_field(&self, field: &Field, values: &[(&str, &str)]) -> Result<String, EncodeError> {
        let Some((_, value)) = values.iter().find(|(name, _)| *name == field.name) else {
            return Err(EncodeError::Missing {
                template: self.text.clone(),
                field: field.name.clone(),
            });
        };
        let alphabet = field.alphabet;
        let is_legal = alphabet.escapes() || value.bytes().all(|byte| alphabet.keeps(byte));
        if !is_legal || !alphabet.lengths().contains(&value.len()) {
            return Err(EncodeError::Value {
                field: field.name.clone(),
                value: (*value).to_owned(),
                rule: alphabet.describe(),
            });
        }
        Ok(codec::encode(value, alphabet))
    }

    pub(super) fn join(&self, encoded: &[String]) -> String {
        let mut out = self.prefix.clone();
        for (n, value) in encoded.iter().enumerate() {
            if n > 0 {
                out.push_str(&self.separators[n - 1]);
            }
            out.push_str(value);
        }
        out.push_str(&self.suffix);
        out
    }

    /// Cuts the fields that hold anything, that of the pivot first, and marks the first one cut
    /// with the hash of `whole`.
    fn shorten(&self, encoded: &[String], whole: &str, room: usize) -> Option<String> {
        let mut order: Vec<_> = (0..self.fields.len()).filter(|&n| self.escapes(n)).collect();
        order.sort_by_key(|&n| n != self.pivot);
        let (&marked, others) = order.split_first()?;

        let mut excess = (whole.len() + HASH_MARK.len() + HASH_CHARS).saturating_sub(room);
        let mut short = encoded.to_vec();
        let mut shrink = |value: &mut String, keep: usize| {
            let target = value.len().saturating_sub(excess).max(keep);
            let kept = codec::cut(value, target).len();
            excess = excess.saturating_sub(value.len() - kept);
            value.truncate(kept);
        };
        shrink(&mut short[marked], 0);
        for &n in others {
            // One whole character at least: a field is never empty.
            shrink(&mut short[n], "=hh".len());
        }
        short[marked].push_str(HASH_MARK);
        short[marked].push_str(&hash(whole));
        let localpart = self.join(&short);
        (localpart.len() <= room).then_some(localpart)
    }

    fn escapes(&self, field: usize) -> bool {
        let alphabet: Alphabet = self.fields[field].alphabet;
        alphabet.escapes()
    }
}

fn hash(localpart: &str) -> String {
    let digest = Sha256::digest(localpart);
    let (mut out, mut bits, mut held) = (String::with_capacity(HASH_CHARS), 0u32, 0u32);
    for byte in digest {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(char::from(BASE32[(bits >> held & 31) as usize]));
        }
    }
    out.push(char::from(BASE32[(bits << (5 - held) & 31) as usize]));
    out
}
