//! What the attributes of a start tag say.

use crate::content::{Inline, MediaRef, Rgb, build::Wrap, link};
use html5ever::tokenizer::Tag;

/// What an image becomes.
pub(super) enum Image {
    Piece(Inline),
    Text(String),
}

/// The value of an attribute.
pub(super) fn value<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|a| &*a.value)
}

/// The language of code, from `class="language-rust"`.
pub(super) fn language(tag: &Tag) -> Option<String> {
    let mut classes = value(tag, "class")?.split_ascii_whitespace();
    let lang = classes.find_map(|class| class.strip_prefix("language-"))?;
    (!lang.is_empty()).then(|| lang.to_owned())
}

/// The number of an ordered list's first item.
pub(super) fn list_start(tag: &Tag) -> u64 {
    value(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1)
}

/// The colours and the cover of a `span` or `font`.
pub(super) fn span(tag: &Tag) -> Vec<Wrap> {
    let colour = |names: [&str; 2]| -> Option<Rgb> {
        names.iter().find_map(|name| value(tag, name)?.parse().ok())
    };
    let fg = colour(["data-mx-color", "color"]);
    let bg = colour(["data-mx-bg-color", "bgcolor"]);
    let mut wraps = Vec::new();
    if let Some(reason) = value(tag, "data-mx-spoiler") {
        let reason = Some(reason.trim()).filter(|reason| !reason.is_empty()).map(str::to_owned);
        wraps.push(Wrap::Spoiler { reason });
    }
    if fg.is_some() || bg.is_some() {
        wraps.push(Wrap::Colour { fg, bg });
    }
    wraps
}

/// The mention or link of an `a`.
pub(super) fn anchor(tag: &Tag) -> Vec<Wrap> {
    Wrap::of_link(value(tag, "href").unwrap_or_default().trim())
}

/// The emoji, picture or words of an `img`.
pub(super) fn image(tag: &Tag) -> Option<Image> {
    let alt = value(tag, "alt").or_else(|| value(tag, "title")).unwrap_or_default();
    let source = value(tag, "src").unwrap_or_default();
    let mxc = source.starts_with("mxc://").then(|| source.to_owned());
    if value(tag, "data-mx-emoticon").is_some() {
        let shortcode = alt.trim_matches(':').to_owned();
        let is_name = !shortcode.is_empty() && !shortcode.contains(char::is_whitespace);
        return Some(match mxc {
            mxc if is_name => Image::Piece(Inline::Emoji { shortcode, mxc }),
            Some(uri) => Image::Piece(Inline::Media(MediaRef { uri, alt: alt.to_owned() })),
            None => Image::Text(alt.to_owned()),
        });
    }
    match mxc.or_else(|| link::is_web(source).then(|| source.to_owned())) {
        Some(uri) => Some(Image::Piece(Inline::Media(MediaRef { uri, alt: alt.to_owned() }))),
        None if alt.is_empty() => None,
        None => Some(Image::Text(alt.to_owned())),
    }
}
