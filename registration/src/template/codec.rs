//! One value to its place in an id and back.

use super::field::Alphabet;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes `value` in `alphabet`; bytes that do not stand for themselves become `=hh`.
pub(super) fn encode(value: &str, alphabet: Alphabet) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if alphabet.keeps(byte) {
            out.push(char::from(byte));
        } else {
            out.push('=');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 0xf)]));
        }
    }
    out
}

/// Reads what [`encode`] wrote. Anything else is `None`, also another spelling of the same value:
/// two ids for one name would be two ghosts.
pub(super) fn decode(encoded: &str, alphabet: Alphabet) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' && alphabet.escapes() {
            let value = hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?;
            if alphabet.keeps(value) {
                return None;
            }
            bytes.push(value);
        } else if alphabet.keeps(byte) {
            bytes.push(byte);
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Reads what a person typed: `=hh` in either case is undone where it makes sense, everything else
/// stands for itself.
pub(super) fn decode_typed(typed: &str) -> Option<String> {
    let bytes = typed.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'=')
            .then(|| {
                Some(
                    either_case_digit(*bytes.get(at + 1)?)? << 4
                        | either_case_digit(*bytes.get(at + 2)?)?,
                )
            })
            .flatten();
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

/// The longest start of an encoded value that has at most `limit` bytes and no broken escape.
pub(super) fn cut(encoded: &str, limit: usize) -> &str {
    let mut end = limit.min(encoded.len());
    if end < encoded.len() {
        let tail = &encoded.as_bytes()[end.saturating_sub(2)..end];
        if let Some(at) = tail.iter().position(|&byte| byte == b'=') {
            end -= tail.len() - at;
        }
    }
    &encoded[..end]
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn either_case_digit(byte: u8) -> Option<u8> {
    hex_digit(byte.to_ascii_lowercase())
}
