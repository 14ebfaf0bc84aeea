//! Signed links: made for the network, checked when they are opened.
//!
//! A link names an event and carries a keyed hash. Nothing about it is kept: what it leads to is
//! read from the event when it is opened, so that it ends with the event's redaction.

use std::fmt::Write as _;

use ruma::{EventId, MxcUri, OwnedEventId, OwnedMxcUri};

use crate::{
    content::{Doc, matrix::Media},
    id::LaneId,
    marker::MarkerKey,
};

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The portal in whose room the event is.
    pub(crate) lane: LaneId,
    /// The event.
    pub(crate) event_id: OwnedEventId,
    /// Which part of the event.
    pub(crate) part: Part,
}

/// A part of an event that a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its file.
    File,
    /// Its whole text.
    Text,
    /// A picture within its text.
    Picture(OwnedMxcUri),
}

/// Makes links, and reads them.
pub(crate) struct FileLinks {
    /// Where our listener is for the public, without a slash at its end.
    base: String,
    key: MarkerKey,
}

impl FileLinks {
    pub(crate) fn new(base: &str, key: MarkerKey) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), key }
    }

    /// A link to the file of an event. Its name is there for people and programs that go by it.
    pub(crate) fn of_file(&self, lane: LaneId, event_id: &EventId, media: &Media) -> String {
        let link = Link { lane, event_id: event_id.to_owned(), part: Part::File };
        let named = |name: &String| !name.is_empty();
        let name = Some(shown_name(&media.name)).filter(named);
        match name {
            Some(name) => format!("{}/{name}", self.url(&link)),
            None => self.url(&link),
        }
    }

    /// A link to the whole text of an event.
    pub(crate) fn of_text(&self, lane: LaneId, event_id: &EventId) -> String {
        self.url(&Link { lane, event_id: event_id.to_owned(), part: Part::Text })
    }

    /// Puts links in the place of the addresses of pictures within a text.
    pub(crate) fn in_text(&self, lane: LaneId, event_id: &EventId, doc: &mut Doc) {
        doc.for_each_media(&mut |uri| {
            let mxc = <&MxcUri>::from(uri.as_str());
            if mxc.is_valid() {
                let part = Part::Picture(mxc.to_owned());
                *uri = self.url(&Link { lane, event_id: event_id.to_owned(), part });
            }
        });
    }

    fn url(&self, link: &Link) -> String {
        let signature = self.signature(link);
        let event = encoded(link.event_id.as_str().trim_start_matches('$'));
        let lane = link.lane.0;
        match &link.part {
            Part::File => format!("{}/f/{lane}/{event}/{signature}", self.base),
            Part::Text => format!("{}/t/{lane}/{event}/{signature}", self.base),
            Part::Picture(mxc) => {
                let (server, id) =
                    mxc.parts().map_or(("", ""), |(server, id)| (server.as_str(), id));
                let (server, id) = (encoded(server), encoded(id));
                format!("{}/p/{lane}/{event}/{server}/{id}/{signature}", self.base)
            }
        }
    }

    /// The link, if its signature is ours.
    pub(crate) fn checked(&self, link: Link, signature: &str) -> Option<Link> {
        use subtle::ConstantTimeEq as _;
        let ours = self.signature(&link);
        bool::from(ours.as_bytes().ct_eq(signature.as_bytes())).then_some(link)
    }

    fn signature(&self, link: &Link) -> String {
        let (kind, mxc) = match &link.part {
            Part::File => ("f", ""),
            Part::Text => ("t", ""),
            Part::Picture(mxc) => ("p", mxc.as_str()),
        };
        self.key.signature(&[kind, &link.lane.0.to_string(), link.event_id.as_str(), mxc])
    }
}

/// A name as the end of an address: its letters, digits and simple signs.
fn shown_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let name = name.trim_matches(['.', '_']);
    // The end of a long name tells the most: it holds the extension.
    name[name.len().saturating_sub(40)..].trim_start_matches(['.', '_', '-']).to_owned()
}

/// Percent-encodes what may not stand in a part of a path.
fn encoded(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}"); // a `String` takes everything
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use ruma::{event_id, mxc_uri};

    use super::*;
    use crate::content::{Inline, MediaRef, matrix::MediaKind};

    fn links(key: u8) -> FileLinks {
        FileLinks::new("https://b.c/x/", MarkerKey::fixed([key; 32]))
    }

    fn signature_of(url: &str) -> &str {
        url.split('/').nth(7).unwrap()
    }

    #[test]
    fn a_link_names_its_event_and_only_its_own_signature_opens_it() {
        let event_id = event_id!("$abc");
        let media = Media::new(MediaKind::File, mxc_uri!("mxc://hs/1").to_owned(), "a cat.png");
        let url = links(1).of_file(LaneId(7), event_id, &media);
        assert!(url.starts_with("https://b.c/x/f/7/abc/"), "{url}");
        assert!(url.ends_with("/a_cat.png"), "{url}");
        let link = |lane, part| Link { lane: LaneId(lane), event_id: event_id.to_owned(), part };
        let signature = signature_of(&url);
        assert!(links(1).checked(link(7, Part::File), signature).is_some());
        assert!(links(1).checked(link(8, Part::File), signature).is_none());
        assert!(links(1).checked(link(7, Part::Text), signature).is_none());
        assert!(links(2).checked(link(7, Part::File), signature).is_none());
        assert!(links(1).checked(link(7, Part::File), "").is_none());
    }

    #[test]
    fn names_are_safe_and_keep_their_extension() {
        for (name, shown) in [
            ("../../etc/passwd", "etc_passwd"),
            ("häßlich.png", "h__lich.png"),
            ("…", ""),
            (&format!("{}.tar.gz", "x".repeat(300)), &format!("{}.tar.gz", "x".repeat(33))),
        ] {
            assert_eq!(shown_name(name), shown);
        }
    }

    #[test]
    fn pictures_within_a_text_get_links() {
        let picture =
            |uri: &str| Inline::Media(MediaRef { uri: uri.to_owned(), alt: String::new() });
        let mut doc = Doc::line(vec![picture("mxc://hs/pic"), picture("https://e.org/a.png")]);
        links(1).in_text(LaneId(1), event_id!("$abc"), &mut doc);
        let plain = doc.plain();
        assert!(plain.contains("https://b.c/x/p/1/abc/hs/pic/"), "{plain}");
        assert!(plain.contains("https://e.org/a.png") && !plain.contains("mxc:"), "{plain}");
    }
}
