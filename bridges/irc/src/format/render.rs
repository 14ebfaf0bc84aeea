//! From spans to a text with codes.

use std::fmt::Write;

use super::{Attributes, Colour, Span, Style, nearest16, palette, token::is_code};

/// Writes spans as one text. Codes inside their texts are dropped; the end of the line ends all styles.
pub fn render(spans: &[Span]) -> String {
    let mut out = String::new();
    let mut style = Style::default();
    for span in spans {
        let text = span.text.replace(is_code, "");
        if !text.is_empty() {
            change(&mut out, style, span.style, &text);
            out.push_str(&text);
            style = span.style;
        }
    }
    out
}

/// The codes that lead from no style to `style`, before `text`.
pub(crate) fn open(style: Style, text: &str) -> String {
    let mut out = String::new();
    change(&mut out, Style::default(), style, text);
    out
}

/// What a colour code could swallow of the text behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hungry {
    No,
    ForDigits,
    ForComma,
}

fn change(out: &mut String, from: Style, to: Style, text: &str) {
    if from == to {
        return;
    }
    if to.is_plain() {
        out.push('\x0f');
        return;
    }
    let hungry = change_colours(out, from, to);
    let toggles = from.attributes.toggled(to.attributes);
    for (attribute, code) in Attributes::CODES {
        if toggles.contains(attribute) {
            out.push(code);
        }
    }
    let swallows = match hungry {
        Hungry::No => false,
        Hungry::ForDigits => text.starts_with(|first: char| first.is_ascii_hexdigit()),
        Hungry::ForComma => text.starts_with(','),
    };
    if swallows && toggles == Attributes::NONE {
        out.push_str("\x02\x02");
    }
}

fn change_colours(out: &mut String, from: Style, to: Style) -> Hungry {
    if (from.foreground, from.background) == (to.foreground, to.background) {
        return Hungry::No;
    }
    // A colour cannot be taken away alone: both end, and what stays begins again.
    let mut hungry = Hungry::No;
    let loses = |from: Option<Colour>, to: Option<Colour>| from.is_some() && to.is_none();
    if loses(from.foreground, to.foreground) || loses(from.background, to.background) {
        out.push('\x03');
        hungry = Hungry::ForDigits;
    }
    match (to.foreground, to.background) {
        (None, None) => return hungry,
        (Some(Colour::Number(foreground)), None) => write(out, format_args!("\x03{foreground:02}")),
        (Some(Colour::Rgb(red, green, blue)), None) => {
            write(out, format_args!("\x04{red:02X}{green:02X}{blue:02X}"));
        }
        (None, Some(background)) => {
            // Values know no default foreground, so the background has to be a number.
            let number = match background {
                Colour::Number(number) => number,
                Colour::Rgb(..) => nearest16(background),
            };
            write(out, format_args!("\x0399,{number:02}"));
        }
        (Some(Colour::Number(foreground)), Some(Colour::Number(background))) => {
            write(out, format_args!("\x03{foreground:02},{background:02}"));
        }
        (Some(foreground), Some(background)) => {
            let ((r, g, b), (r2, g2, b2)) = (palette::rgb(foreground), palette::rgb(background));
            write(out, format_args!("\x04{r:02X}{g:02X}{b:02X},{r2:02X}{g2:02X}{b2:02X}"));
        }
    }
    if to.background.is_some() { Hungry::No } else { Hungry::ForComma }
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
