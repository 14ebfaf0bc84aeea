//! What a piece of a line may be. Each reader gets the text from where the piece begins, and
//! returns its inside and what follows it.

/// A sign that a backslash makes text.
pub(super) fn escaped(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('\\')?;
    let first = rest.chars().next().filter(|c| "\\`*{}[]()#+-.!_>~|".contains(*c))?;
    Some(rest.split_at(first.len_utf8()))
}

/// A tag of HTML, which is text as a whole.
pub(super) fn tag(text: &str) -> Option<&str> {
    let name = text.strip_prefix('<')?;
    let name = name.strip_prefix('/').unwrap_or(name);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(sign) if c == sign => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return Some(&text[..=at]),
            _ => {}
        }
    }
    None
}

/// A piece of code.
pub(super) fn code(text: &str) -> Option<(&str, &str)> {
    let ticks = run(text, '`');
    let mut from = ticks;
    while let Some(at) = text[from..].find('`').map(|at| from + at) {
        let length = run(&text[at..], '`');
        if length == ticks && at > ticks {
            return Some((text[ticks..at].trim(), &text[at + length..]));
        }
        from = at + length;
    }
    None
}

/// The end of a line, unless nothing follows.
pub(super) fn line_feed(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(' ').strip_prefix('\n')?;
    (!rest.trim().is_empty()).then_some(rest)
}

/// Struck out.
pub(super) fn struck(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("~~").filter(|it| !it.starts_with(char::is_whitespace))?;
    let ends = |at: &usize| *at > 0 && !inside[..*at].ends_with(char::is_whitespace);
    let at = inside.match_indices("~~").map(|(at, _)| at).find(ends)?;
    Some((&inside[..at], &inside[at + 2..]))
}

/// Between two stars or low lines.
pub(super) fn strong(text: &str) -> Option<(&str, &str)> {
    let sign = text.get(..2).filter(|sign| matches!(*sign, "**" | "__"))?;
    let one = &sign[..1];
    let inside = &text[2..];
    // Overlapping places count: `***` may end with its last two.
    let at = (1..inside.len())
        .filter(|at| inside.is_char_boundary(*at) && inside[*at..].starts_with(sign))
        .find(|at| !inside[at + 2..].starts_with(one))?;
    Some((&inside[..at], &inside[at + 2..]))
}

/// Between single stars or low lines.
pub(super) fn emphasised(text: &str) -> Option<(&str, &str)> {
    let sign = text.chars().next()?;
    let inside = &text[1..];
    let double = if sign == '*' { "**" } else { "__" };
    let mut at = 0;
    // Pairs are skipped over where that leads to an end, as the lazy expression does.
    while at < inside.len() {
        let rest = &inside[at..];
        if at > 0 && rest.starts_with(sign) && ends(&rest[1..], sign) {
            return Some((&inside[..at], &rest[1..]));
        }
        let step = if rest.starts_with(double) {
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
    }
    None
}

/// Whether emphasis may end before this text.
fn ends(after: &str, sign: char) -> bool {
    match sign {
        '*' => !after.starts_with('*'),
        _ => !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    }
}

/// A bare address. Signs at its end belong to the sentence.
pub(super) fn address(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let end = text.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(text.len());
    let url = text[..end].trim_end_matches(['.', ',', ':', ';', '"', '\'', ')', ']']);
    (url.len() > scheme.len() + 1).then_some(url)
}

/// `label](url)`, with or without a title.
pub(super) fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = label(text)?;
    let (url, rest) = rest.strip_prefix('(')?.split_once(')')?;
    let url = url.trim();
    // `url "title"`; a title has no place in Gitter.
    let url = match url.find([' ', '\n']) {
        Some(at) if is_title(url[at..].trim()) => &url[..at],
        _ => url,
    };
    let url = url.strip_prefix('<').unwrap_or(url);
    Some((label, url.strip_suffix('>').unwrap_or(url), rest))
}

fn is_title(text: &str) -> bool {
    text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\''])
}

/// `label][name]`, or `name]` alone.
pub(super) fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = label(text)?;
    let named = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match named {
        Some((name, rest)) if !name.is_empty() => Some((label, name, rest)),
        Some((_, rest)) => Some((label, label, rest)),
        None => Some((label, label, rest)),
    }
}

/// What stands before the bracket that closes; brackets within must be paired.
fn label(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The name in `@name`. A dot or colon at its end belongs to the sentence.
pub(super) fn screen_name(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let name = text[..end].trim_end_matches(['.', ':']);
    (!name.is_empty()).then_some(name)
}

/// The name in `@/name`.
pub(super) fn group_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    &text[..end.unwrap_or(text.len())]
}

/// The number in `#1`.
pub(super) fn issue_number(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('#')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_word = rest[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (end > 0 && !is_word).then(|| &rest[..end])
}

fn run(text: &str, sign: char) -> usize {
    text.len() - text.trim_start_matches(sign).len()
}
