use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::{Charset, Codec, Frame, Limits};

fn frames(input: &[u8]) -> Vec<Frame> {
    let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(input));
    std::iter::from_fn(|| codec.decode(&mut buffer)).collect()
}

fn line(text: &[u8]) -> Frame {
    Frame::Line(text.to_vec().into())
}

#[test]
fn lines_end_with_crlf_or_bare_lf_and_empty_ones_vanish() {
    let found = frames(b"PING a\r\nPING b\n\r\n\n\r\r\nPING c\r\r\nPING d");
    assert_eq!(found, [line(b"PING a"), line(b"PING b"), line(b"PING c")]);
}

#[test]
fn a_line_may_arrive_byte_by_byte() {
    let (mut codec, mut buffer) = (Codec::default(), BytesMut::new());
    let mut found = Vec::new();
    for &byte in b"@a=b :c PRIVMSG d :e\r\nPING f\r\n" {
        buffer.put_u8(byte);
        found.extend(codec.decode(&mut buffer));
    }
    assert_eq!(found, [line(b"@a=b :c PRIVMSG d :e"), line(b"PING f")]);
}

#[test]
fn limits_are_met_to_the_byte() {
    let fits = [b"x".repeat(510), b"\r\n".to_vec()].concat();
    assert!(matches!(&frames(&fits)[..], [Frame::Line(line)] if line.len() == 510));
    let too_long = [b"x".repeat(511), b"\r\n".to_vec()].concat();
    assert_eq!(frames(&too_long), [Frame::Overlong { bytes: 512 }]);

    let tagged = |tags: usize, rest: usize| {
        [b"@", &b"t".repeat(tags - 2)[..], b" ", &b"x".repeat(rest - 2), b"\r\n"].concat()
    };
    assert!(matches!(&frames(&tagged(8191, 512))[..], [Frame::Line(_)]));
    assert!(matches!(&frames(&tagged(8192, 512))[..], [Frame::Overlong { .. }]));
    assert!(matches!(&frames(&tagged(8191, 513))[..], [Frame::Overlong { .. }]));
}

#[test]
fn a_server_may_allow_longer_lines() {
    let mut codec = Codec::default();
    codec.set_limits(Limits::with_linelen(2048));
    let mut buffer = BytesMut::from(&[b"x".repeat(2046), b"\r\n".to_vec()].concat()[..]);
    assert!(matches!(codec.decode(&mut buffer), Some(Frame::Line(_))));
}

#[test]
fn ten_megabytes_without_a_line_end_take_no_memory_and_leave_one_marker() {
    let (mut codec, mut buffer) = (Codec::default(), BytesMut::new());
    let mut found = Vec::new();
    for _ in 0..2560 {
        buffer.put_slice(&[b'x'; 4096]);
        found.extend(codec.decode(&mut buffer));
        assert!(buffer.len() <= 512, "{} bytes are kept", buffer.len());
        assert!(buffer.capacity() <= 16384, "{} bytes are allocated", buffer.capacity());
    }
    assert_eq!(found, []);
    buffer.put_slice(b"end\r\nPING a\r\n");
    found.extend(std::iter::from_fn(|| codec.decode(&mut buffer)));
    assert_eq!(found, [Frame::Overlong { bytes: 10 * 1024 * 1024 + 4 }, line(b"PING a")]);
}

#[test]
fn the_end_of_the_stream_drops_half_a_line_but_reports_a_skipped_one() {
    let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(&b"PRIVMSG #c :hal"[..]));
    assert_eq!(codec.decode(&mut buffer), None);
    assert_eq!(codec.finish(&mut buffer), None);
    assert!(buffer.is_empty());

    buffer.put_slice(&[b'x'; 600]);
    assert_eq!(codec.decode(&mut buffer), None);
    assert_eq!(codec.finish(&mut buffer), Some(Frame::Overlong { bytes: 600 }));
}

#[test]
fn text_is_utf8_or_else_the_fallback_charset() {
    let default = Charset::default();
    assert_eq!(default.decode("naïve 🦀".as_bytes()), "naïve 🦀");
    assert_eq!(default.decode(b"na\xefve \x80"), "naïve €");
    assert_eq!(default.decode(b"caf\xe9"), "café");
    let cyrillic: Charset = "koi8-r".parse().unwrap();
    assert_eq!(cyrillic.decode(b"\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет");
    assert!("klingon".parse::<Charset>().unwrap_err().to_string().contains("klingon"));
}

#[test]
fn a_character_that_the_server_cut_in_half_does_not_garble_the_line() {
    let cut = &"日本語の長い行".as_bytes()[..20];
    assert_eq!(Charset::default().decode(cut), "日本語の長い");
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_frames(
        bytes in proptest::collection::vec(any::<u8>(), 0..1500),
        size in 1..700_usize,
    ) {
        // Line ends, tags and spaces often enough.
        let often = |byte: u8| b"\n@ \r".get(usize::from(byte)).copied().unwrap_or(byte);
        let bytes: Vec<u8> = bytes.into_iter().map(often).collect();
        let (mut codec, mut buffer) = (Codec::default(), BytesMut::new());
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            buffer.put_slice(piece);
            found.extend(std::iter::from_fn(|| codec.decode(&mut buffer)));
        }
        for frame in &found {
            if let Frame::Line(line) = frame {
                let _ = Charset::default().decode(line);
            }
        }
        prop_assert_eq!(found, frames(&bytes));
    }
}
