//! From a line with codes to the tree of a message.

use bridge_core::content::{Doc, Inline, Rgb};

use super::{Attributes, Colour, Span, parse, rgb};

/// What reversed text looks like where no colours are set.
const REVERSED: (Rgb, Rgb) = (Rgb(255, 255, 255), Rgb(0, 0, 0));

/// Reads a line with codes.
///
/// Text in the colour of its ground is hidden text, as which people send it.
pub fn to_doc(text: &str) -> Doc {
    Doc::line(nest(&parse(text), &LAYERS))
}

/// A layer of formats, the outer ones first: what a span wears of it.
#[derive(Clone, Copy)]
enum Layer {
    Colours,
    Attribute(Attributes),
}

const LAYERS: [Layer; 5] = [
    Layer::Colours,
    Layer::Attribute(Attributes::BOLD),
    Layer::Attribute(Attributes::ITALIC),
    Layer::Attribute(Attributes::UNDERLINE),
    Layer::Attribute(Attributes::STRIKE),
];

/// What spans wear of one layer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worn {
    Nothing,
    Attribute(Attributes),
    Colours(Option<Rgb>, Option<Rgb>),
    Cover,
}

/// Puts spans that wear the same of a layer into one piece, so that formats nest properly.
fn nest(spans: &[Span], layers: &[Layer]) -> Vec<Inline> {
    let Some((layer, inner)) = layers.split_first() else {
        return spans.iter().map(leaf).collect();
    };
    let runs = spans.chunk_by(|a, b| layer.of(a) == layer.of(b));
    runs.flat_map(|run| {
        let worn = run.first().map_or(Worn::Nothing, |first| layer.of(first));
        wear(worn, nest(run, inner))
    })
    .collect()
}

fn leaf(span: &Span) -> Inline {
    if span.style.attributes.contains(Attributes::MONOSPACE) {
        Inline::Code(span.text.clone())
    } else {
        Inline::text(span.text.as_str())
    }
}

impl Layer {
    fn of(self, span: &Span) -> Worn {
        match self {
            Self::Attribute(attribute) if span.style.attributes.contains(attribute) => {
                Worn::Attribute(attribute)
            }
            Self::Attribute(_) => Worn::Nothing,
            Self::Colours => colours(span),
        }
    }
}

fn colours(span: &Span) -> Worn {
    let style = span.style;
    let value = |colour: Colour| {
        let (red, green, blue) = rgb(colour);
        Rgb(red, green, blue)
    };
    let (fg, bg) = (style.foreground.map(value), style.background.map(value));
    if fg.is_some() && fg == bg {
        return Worn::Cover;
    }
    match (style.attributes.contains(Attributes::REVERSE), fg, bg) {
        (false, None, None) => Worn::Nothing,
        (true, None, None) => Worn::Colours(Some(REVERSED.0), Some(REVERSED.1)),
        (true, fg, bg) => Worn::Colours(bg, fg),
        (false, fg, bg) => Worn::Colours(fg, bg),
    }
}

fn wear(worn: Worn, content: Vec<Inline>) -> Vec<Inline> {
    vec![match worn {
        Worn::Nothing => return content,
        Worn::Attribute(Attributes::BOLD) => Inline::Strong(content),
        Worn::Attribute(Attributes::ITALIC) => Inline::Emphasis(content),
        Worn::Attribute(Attributes::UNDERLINE) => Inline::Underline(content),
        Worn::Attribute(_) => Inline::Strike(content),
        Worn::Colours(fg, bg) => Inline::Colour { fg, bg, content },
        Worn::Cover => Inline::Spoiler { reason: None, content },
    }]
}

#[cfg(test)]
mod tests {
    use bridge_core::content::html::to_html;
    use proptest::prelude::*;

    use super::*;
    use crate::format::{Colours, from_doc, strip};

    #[test]
    fn codes_become_matrix_html() {
        for (line, html) in [
            ("plain <b>", None),
            ("\u{2}a\u{1d}b\u{2}c", Some("<strong>a<em>b</em></strong><em>c</em>")),
            (
                "\u{11}x < y\u{11} \u{1e}no\u{1e} \u{1f}u",
                Some("<code>x &lt; y</code> <del>no</del> <u>u</u>"),
            ),
            ("\u{3}4red\u{3}", Some(r##"<span data-mx-color="#ff0000">red</span>"##)),
            (
                "\u{3}16,98a\u{f}",
                Some(r##"<span data-mx-color="#470000" data-mx-bg-color="#ffffff">a</span>"##),
            ),
            ("\u{4}12ab34hex", Some(r##"<span data-mx-color="#12ab34">hex</span>"##)),
            (
                "\u{16}r",
                Some(r##"<span data-mx-color="#ffffff" data-mx-bg-color="#000000">r</span>"##),
            ),
            (
                "\u{3}4\u{2}a\u{3}b",
                Some(
                    r##"<span data-mx-color="#ff0000"><strong>a</strong></span><strong>b</strong>"##,
                ),
            ),
            ("see \u{3}1,1dead\u{3}!", Some(r#"see <span data-mx-spoiler="">dead</span>!"#)),
        ] {
            assert_eq!(to_html(&to_doc(line)).as_deref(), html, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_says_the_same_when_written(text in "([\x02\x04\x11\x16\x1d-\x1f\x0fa-f ]|\x03[0-9]{1,2}){0,30}") {
            let doc = to_doc(&text);
            // Hidden text gets a sign in front of it.
            let written = strip(&from_doc(&doc, Colours::Rgb)).replace("[spoiler] ", "");
            prop_assert_eq!(written, strip(&text));
        }
    }
}
