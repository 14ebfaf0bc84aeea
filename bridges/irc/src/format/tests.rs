use proptest::prelude::*;

use super::{Attributes, Colour, Span, Style, nearest16, parse, render, rgb, strip, style_after};

const BOLD: Style = Style::of(Attributes::BOLD);

fn span(text: &str, style: Style) -> Span {
    Span { text: text.to_owned(), style }
}

const fn coloured(foreground: u8, background: Option<u8>) -> Style {
    let background = match background {
        Some(number) => Some(Colour::Number(number)),
        None => None,
    };
    Style { attributes: Attributes::NONE, foreground: Some(Colour::Number(foreground)), background }
}

#[test]
fn attributes_switch_on_and_off() {
    for (code, attribute) in [
        ('\x02', Attributes::BOLD),
        ('\x1d', Attributes::ITALIC),
        ('\x1f', Attributes::UNDERLINE),
        ('\x1e', Attributes::STRIKE),
        ('\x11', Attributes::MONOSPACE),
        ('\x16', Attributes::REVERSE),
    ] {
        let found = parse(&format!("a{code}b{code}c{code}d\x0fe"));
        let style = Style::of(attribute);
        let plain = Style::default();
        let expected = [("a", plain), ("b", style), ("c", plain), ("d", style), ("e", plain)]
            .map(|(t, s)| span(t, s));
        assert_eq!(found, expected);
    }
}

#[test]
fn colour_codes_take_one_or_two_digits_and_a_comma_only_before_another() {
    for (text, expected) in [
        ("\x034red", span("red", coloured(4, None))),
        ("\x0304red", span("red", coloured(4, None))),
        ("\x03041", span("1", coloured(4, None))),
        ("\x033,7x", span("x", coloured(3, Some(7)))),
        ("\x0303,071", span("1", coloured(3, Some(7)))),
        ("\x033,x", span(",x", coloured(3, None))),
        ("\x0398x", span("x", coloured(98, None))),
        ("\x0399x", span("x", Style::default())),
        ("\x03x", span("x", Style::default())),
        ("\x03,5x", span(",5x", Style::default())),
        (
            "\x04ff8000,000001x",
            span(
                "x",
                Style {
                    foreground: Some(Colour::Rgb(255, 128, 0)),
                    background: Some(Colour::Rgb(0, 0, 1)),
                    ..Style::default()
                },
            ),
        ),
        ("\x04ff80xx", span("ff80xx", Style::default())),
    ] {
        assert_eq!(parse(text), [expected], "{text:?}");
    }
}

#[test]
fn a_second_colour_keeps_the_background_and_a_bare_code_ends_both() {
    let found = parse("\x033,7a\x034b\x0399,99c\x033,7d\x03e");
    let expected = [
        span("a", coloured(3, Some(7))),
        span("b", coloured(4, Some(7))),
        span("c", Style::default()),
        span("d", coloured(3, Some(7))),
        span("e", Style::default()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn codes_that_change_nothing_make_no_span() {
    assert_eq!(parse("a\x02\x02b\x0fc"), [span("abc", Style::default())]);
    assert_eq!(parse("\x02\x03\x0f"), []);
}

#[test]
fn stripping_leaves_the_text() {
    assert_eq!(strip("\x02bold\x02 \x0304,05red\x03 \x04FF0000hex\x0f"), "bold red hex");
    assert!(matches!(strip("plain, 5"), std::borrow::Cow::Borrowed("plain, 5")));
    assert_eq!(strip("\x02"), "");
    assert_eq!(strip(""), "");
}

#[test]
fn rendered_codes_do_not_swallow_text() {
    let plain = |text| span(text, Style::default());
    for (spans, text) in [
        (vec![span("a", BOLD), plain("b")], "\x02a\x0fb"),
        (vec![span("5", coloured(4, None))], "\x03045"),
        (vec![span(",5", coloured(4, None))], "\x0304\x02\x02,5"),
        (vec![span("5", coloured(4, Some(1)))], "\x0304,015"),
        (
            vec![span("a", coloured(4, Some(1))), span("b", coloured(4, None))],
            "\x0304,01a\x03\x0304b",
        ),
        (
            vec![
                span("a", Style { attributes: Attributes::BOLD, ..coloured(4, None) }),
                span("5", BOLD),
            ],
            "\x0304\x02a\x03\x02\x025",
        ),
        (vec![span("a\x02\x03b", Style::default())], "ab"),
        (vec![span("\x02", BOLD), plain("x")], "x"),
    ] {
        assert_eq!(render(&spans), text, "{spans:?}");
    }
}

#[test]
fn colours_come_nearest_to_what_every_client_has() {
    assert_eq!(rgb(Colour::Number(4)), (255, 0, 0));
    assert_eq!(rgb(Colour::Number(98)), (255, 255, 255));
    assert_eq!(nearest16(Colour::Rgb(250, 5, 5)), 4);
    assert_eq!(nearest16(Colour::Rgb(1, 1, 1)), 1);
    assert_eq!(nearest16(Colour::Number(52)), 4);
    for number in 0..16 {
        assert_eq!(nearest16(Colour::Number(number)), number);
    }
}

#[test]
fn a_style_lasts_to_its_end() {
    assert_eq!(style_after("a\x02b", Style::default()), BOLD);
    assert_eq!(style_after("\x02c", BOLD), Style::default());
}

fn style() -> impl Strategy<Value = Style> {
    // Mixed kinds of colour are written as values, so the round trip keeps to one kind.
    let number = || proptest::option::of((0..99_u8).prop_map(Colour::Number));
    let value = (any::<(u8, u8, u8)>(), any::<Option<(u8, u8, u8)>>()).prop_map(|(f, b)| {
        (Some(Colour::Rgb(f.0, f.1, f.2)), b.map(|b| Colour::Rgb(b.0, b.1, b.2)))
    });
    let colours = prop_oneof![(number(), number()), value];
    let attributes = proptest::bits::u8::between(0, 6).prop_map(|bits| {
        let set =
            Attributes::CODES.iter().enumerate().filter(move |(index, _)| bits >> index & 1 == 1);
        set.fold(Attributes::NONE, |all, (_, &(attribute, _))| all.with(attribute))
    });
    (attributes, colours).prop_map(|(attributes, (foreground, background))| Style {
        attributes,
        foreground,
        background,
    })
}

proptest! {
    #[test]
    fn rendered_spans_read_the_same(
        spans in proptest::collection::vec(("[0-9a-f,é ]{1,5}", style()), 0..6),
    ) {
        let mut merged: Vec<Span> = Vec::new();
        for (text, style) in spans {
            match merged.last_mut() {
                Some(last) if last.style == style => last.text.push_str(&text),
                _ => merged.push(span(&text, style)),
            }
        }
        prop_assert_eq!(parse(&render(&merged)), merged);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "([\x02\x03\x04\x0f\x11\x16\x1d-\x1f0-9a-f,é]|.){0,30}") {
        let spans = parse(&text);
        let texts: String = spans.iter().map(|span| span.text.as_str()).collect();
        prop_assert_eq!(&texts, &*strip(&text));
        prop_assert!(spans.windows(2).all(|pair| pair[0].style != pair[1].style));
        let rendered = render(&spans);
        prop_assert_eq!(strip(&rendered), texts);
    }
}
