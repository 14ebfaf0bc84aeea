//! Which addresses may stand in a link.

/// Whether an address can be offered to people: it has a scheme that opens a page, a
/// conversation or a place, not one that runs something.
pub fn is_safe(url: &str) -> bool {
    const SCHEMES: [&str; 13] = [
        "https", "http", "mailto", "matrix", "xmpp", "irc", "ircs", "ftp", "magnet", "tel", "sip",
        "geo", "gemini",
    ];
    has_scheme(url, &SCHEMES)
}

/// Whether Matrix clients take an address as a link.
pub fn is_matrix(url: &str) -> bool {
    has_scheme(url, &["https", "http", "ftp", "mailto", "magnet"])
}

/// Whether an address is a web page or a file on the web.
pub fn is_web(url: &str) -> bool {
    has_scheme(url, &["https", "http"])
}

fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    url.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && !url.contains(char::is_control)
            && schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_schemes_are_links() {
        for url in ["https://a.b/c", "HTTP://a.b", "mailto:a@b.c", "xmpp:room@muc.a?join"] {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "",
            "a.b",
            "/rel",
            "javascript:alert(1)",
            "data:text/html,x",
            "java\nscript:x",
            "https:",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }
}
