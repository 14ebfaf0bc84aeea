//! Raised and lowered letters as plain text.

/// Text as superscript: with Unicode's own letters where all of them exist, else after a `^`.
pub(crate) fn superscript(text: &str) -> String {
    convert(text, "0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", '^')
}

/// Text as subscript: with Unicode's own letters where all of them exist, else after a `_`.
pub(crate) fn subscript(text: &str) -> String {
    convert(text, "0123456789+-=()aeox", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓ", '_')
}

fn convert(text: &str, from: &str, to: &str, sign: char) -> String {
    let letter = |c| from.chars().zip(to.chars()).find(|(from, _)| *from == c).map(|(_, to)| to);
    text.chars().map(letter).collect::<Option<_>>().unwrap_or_else(|| match text.len() {
        1 => format!("{sign}{text}"),
        _ => format!("{sign}({text})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_and_lowered_letters_stay_readable() {
        assert_eq!(superscript("10"), "¹⁰");
        assert_eq!(superscript("th"), "^(th)");
        assert_eq!(subscript("2"), "₂");
        assert_eq!(subscript("k"), "_k");
    }
}
