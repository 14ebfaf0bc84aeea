//! Parts of files: the `Range` header (RFC 9110, section 14).

use std::ops::Range;

/// What a request asks for of a file of `size` bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: nothing was asked for, or not in a way that we know.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Something that is not there.
    Nothing,
}

/// Reads a header with a single range; several at once are answered with the whole file.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(range) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::All };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::All,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_browsers_write_them() {
        for (header, expected) in [
            (None, Wanted::All),
            (Some("bytes=0-"), Wanted::Part(0..10)),
            (Some("bytes=2-4"), Wanted::Part(2..5)),
            (Some("bytes=2-400"), Wanted::Part(2..10)),
            (Some("bytes=-3"), Wanted::Part(7..10)),
            (Some("bytes=-30"), Wanted::Part(0..10)),
            (Some("bytes=10-"), Wanted::Nothing),
            (Some("bytes=-0"), Wanted::Nothing),
            (Some("bytes=4-2"), Wanted::All),
            (Some("bytes=0-1,3-4"), Wanted::All),
            (Some("lines=1-2"), Wanted::All),
            (Some("bytes=0-18446744073709551615"), Wanted::Part(0..10)),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header:?}");
        }
    }
}
