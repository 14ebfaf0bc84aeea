//! What a file is, by its first bytes rather than by what its sender says.

use crate::content::matrix::MediaKind;

/// The type of a file. What its bytes do not tell is taken from `said`, unless that is something
/// that only its bytes can prove.
pub(super) fn mime(bytes: &[u8], said: Option<&str>) -> String {
    if let Some(found) = infer::get(bytes) {
        return found.mime_type().to_owned();
    }
    let proven = |mime: &str| ["image/", "video/", "audio/"].iter().any(|it| mime.starts_with(it));
    let readable = |mime: &str| {
        mime.len() < 100 && mime.contains('/') && mime.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match said {
        Some(said) if readable(said) && !proven(said) => said.to_owned(),
        _ if std::str::from_utf8(bytes).is_ok() => "text/plain".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

/// The kind of message that shows a file of this type.
pub(super) fn kind(mime: &str) -> MediaKind {
    match mime {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" => MediaKind::Image,
        mime if mime.starts_with("video/") || mime.starts_with("audio/") => {
            MediaKind::of_mime(mime)
        }
        _ => MediaKind::File,
    }
}

/// Types that no browser runs; all others are given out as files to be kept.
pub(super) fn is_inert(mime: &str) -> bool {
    const INERT: [&str; 22] = [
        "text/plain",
        "image/jpeg",
        "image/gif",
        "image/png",
        "image/apng",
        "image/webp",
        "image/avif",
        "video/mp4",
        "video/webm",
        "video/ogg",
        "video/quicktime",
        "audio/mp4",
        "audio/webm",
        "audio/aac",
        "audio/mpeg",
        "audio/ogg",
        "audio/wave",
        "audio/wav",
        "audio/x-wav",
        "audio/x-pn-wav",
        "audio/flac",
        "audio/x-flac",
    ];
    INERT.contains(&mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_more_than_words() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(mime(png, Some("text/html")), "image/png");
        assert_eq!(
            mime(b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("image/png")),
            "text/plain"
        );
        assert_eq!(mime(b"%%%", Some("text/csv")), "text/csv");
        assert_eq!(mime(b"\xff\xfe\0", None), "application/octet-stream");
        assert_eq!(mime(b"a", Some("text/a\nb: c")), "text/plain");
        assert_eq!(kind("image/svg+xml"), MediaKind::File);
        assert_eq!(kind("image/png"), MediaKind::Image);
    }

    #[test]
    fn what_browsers_run_is_not_inert() {
        for mime in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", ""] {
            assert!(!is_inert(mime), "{mime}");
        }
    }
}
