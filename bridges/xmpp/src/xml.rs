//! Elements: built without ceremony, read leniently, written without what XML cannot hold.

use bytes::Bytes;
use tokio_xmpp::minidom::{
    Element, Node,
    rxml::{Namespace, NcName},
};

/// Chains of calls that build an element. What XML cannot hold is replaced on the way in.
pub(crate) trait Build: Sized {
    /// Sets an attribute.
    #[must_use]
    fn with(self, name: &'static str, value: &str) -> Self;
    /// Appends a child.
    #[must_use]
    fn holding(self, child: Element) -> Self;
    /// Appends text.
    #[must_use]
    fn saying(self, text: &str) -> Self;
}

impl Build for Element {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        set(&mut self, name, value);
        self
    }

    fn holding(mut self, child: Element) -> Self {
        self.append_child(child);
        self
    }

    fn saying(mut self, text: &str) -> Self {
        self.append_text(legal(text));
        self
    }
}

/// An empty element.
pub(crate) fn element(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// Sets an attribute of an element.
pub(crate) fn set(element: &mut Element, name: &'static str, value: &str) {
    // The names are ours, and legal.
    if let Ok(name) = NcName::try_from(name) {
        element.set_attr(Namespace::NONE, name, legal(value));
    }
}

/// The child of this name in the element's own namespace: the body of a message, whichever the
/// namespace of its stream.
pub(crate) fn own_child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    let namespace = element.ns();
    element.children().find(|child| child.is(name, namespace.as_str()))
}

/// The child of this name and namespace.
pub(crate) fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    element.children().find(|child| child.is(name, namespace))
}

/// An attribute; the empty text if it is missing.
pub(crate) fn attr<'a>(element: &'a Element, name: &'a str) -> &'a str {
    element.attr(name).unwrap_or_default()
}

/// An element as it goes over the wire.
///
/// Clients and servers end the whole stream at one character that XML cannot hold, so an element
/// that has one nevertheless is not written: `None`.
pub(crate) fn to_bytes(element: &Element) -> Option<Bytes> {
    // The writer panics at what it cannot write.
    if !is_legal(element) {
        return None;
    }
    let mut bytes = Vec::with_capacity(256);
    element.write_to(&mut bytes).ok()?;
    Some(bytes.into())
}

fn is_legal(element: &Element) -> bool {
    element.attrs().iter().all(|(_, value)| value.chars().all(is_char))
        && element.nodes().all(|node| match node {
            Node::Element(child) => is_legal(child),
            Node::Text(text) => text.chars().all(is_char),
        })
}

/// Text with the replacement character in place of what XML 1.0 cannot hold.
pub(crate) fn legal(text: &str) -> String {
    text.chars()
        .map(|char| if is_char(char) { char } else { char::REPLACEMENT_CHARACTER })
        .collect()
}

/// The production `Char` of XML 1.0.
fn is_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        || char >= '\u{10000}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ns;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(legal("a\u{0}b\u{1b}c\u{ffff}d\te\n"), "a\u{fffd}b\u{fffd}c\u{fffd}d\te\n");
    }

    #[test]
    fn an_element_with_an_illegal_character_is_not_written() {
        let mut bad = element("body", ns::CLIENT);
        bad.append_text("a\u{1}b");
        assert_eq!(to_bytes(&bad), None);
    }

    proptest! {
        #[test]
        fn what_is_built_is_read_back(text in any::<String>()) {
            let built = element("body", ns::CLIENT).with("id", &text).saying(&text);
            let bytes = to_bytes(&built).unwrap();
            let read: Element = std::str::from_utf8(&bytes).unwrap().parse().unwrap();
            // A carriage return is a line feed to XML.
            let legal = legal(&text).replace("\r\n", "\n").replace('\r', "\n");
            let read = read.text().replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read, legal);
        }
    }
}
