//! What a line may be. Each reader gets the text from the beginning of a line.

/// Line feeds, tabs and spaces as the processor takes them.
pub(super) fn normalised(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2424}'], "\n");
    text.replace('\t', "    ").replace('\u{a0}', " ")
}

/// The first line, without its line feed, and what follows it.
pub(super) fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Drops empty lines.
pub(super) fn skip_empty(text: &str) -> &str {
    text.trim_start_matches('\n')
}

/// A fence: its sign, the language, and what follows the line.
pub(super) fn fence(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_start_matches(' ');
    let sign = ['`', '~'].into_iter().find(|sign| line.starts_with(*sign))?;
    let length = line.len() - line.trim_start_matches(sign).len();
    if length < 3 {
        return None;
    }
    let (fence, info) = line.split_at(length);
    let info = info.trim_matches([' ', '.']);
    if info.contains(' ') {
        return None;
    }
    Some((fence, (!info.is_empty()).then_some(info), rest))
}

/// The content of a fenced block and what follows it.
pub(super) fn fenced<'a>(fence: &str, text: &'a str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(fence)?;
        let after = text[at + fence.len()..].trim_start_matches(' ');
        if after.is_empty() || after.starts_with('\n') {
            let after = after.strip_prefix('\n').unwrap_or(after);
            return Some((text[..at].trim_end(), after));
        }
        from = at + 1;
        while !text.is_char_boundary(from) {
            from += 1;
        }
    }
}

/// A heading: its level, its text, and what follows it. A space after the signs is not needed.
pub(super) fn heading(text: &str) -> Option<(usize, &str, &str)> {
    let (line, rest) = first_line(text);
    let line = line.trim_start_matches(' ');
    let level = line.bytes().take(6).take_while(|byte| *byte == b'#').count();
    if level == 0 {
        return None;
    }
    let title = line[level..].trim_matches(' ');
    let closed = title.trim_end_matches('#').trim_end_matches(' ');
    let title = if closed.is_empty() { title } else { closed };
    (!title.is_empty()).then(|| (level, title, skip_empty(rest)))
}

/// Whether a line begins with an issue and not with a heading: `#1`, but not `#1a`.
pub(super) fn is_issue(text: &str) -> bool {
    let line = first_line(text).0.trim_start_matches(' ');
    let Some(rest) = line.strip_prefix('#') else { return false };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < rest.len() && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// A heading that is underlined: level, text, and what follows.
pub(super) fn underlined(text: &str) -> Option<(usize, &str, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let (under, rest) = first_line(rest);
    let under = under.trim_matches(' ');
    let level = match under.as_bytes().first()? {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    let is_line = under.len() >= 2 && under.bytes().all(|byte| byte == b'=' || byte == b'-');
    (is_line && !line.is_empty()).then_some((level, line, rest))
}

/// A rule, and what follows it.
pub(super) fn rule(text: &str) -> Option<&str> {
    let (line, rest) = first_line(text);
    let signs = line.bytes().filter(|byte| *byte != b' ').count();
    let is_rule = signs >= 3 && line.bytes().all(|byte| b" -*_".contains(&byte));
    is_rule.then(|| skip_empty(rest))
}

/// The mark of a list's item: how far it is indented, and the mark.
pub(super) fn bullet(text: &str) -> Option<(usize, &str)> {
    let line = first_line(text).0;
    let indent = line.len() - line.trim_start_matches(' ').len();
    let rest = &line[indent..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match rest.as_bytes().get(digits)? {
        b'.' if digits > 0 => digits + 1,
        b'*' | b'+' | b'-' if digits == 0 => 1,
        _ => return None,
    };
    (rest.as_bytes().get(mark) == Some(&b' ')).then(|| (indent, &rest[..mark]))
}

/// Whether a quote begins here.
pub(super) fn is_quote(text: &str) -> bool {
    let line = first_line(text).0.trim_start_matches(' ');
    line.len() > 1 && line.starts_with('>')
}

/// The definition of a link's target: name and address, and what follows.
pub(super) fn definition(text: &str) -> Option<(String, String, &str)> {
    let (line, rest) = first_line(text);
    let (name, target) = line.trim_start_matches(' ').strip_prefix('[')?.split_once("]:")?;
    if name.is_empty() || name.contains(']') {
        return None;
    }
    let target = target.trim_matches(' ');
    let (url, title) = target.split_once(' ').unwrap_or((target, ""));
    let title = title.trim_start_matches(' ');
    let is_title = title.is_empty() || (title.len() > 1 && title.starts_with(['"', '(']));
    let url = url.strip_prefix('<').unwrap_or(url);
    let url = url.strip_suffix('>').unwrap_or(url);
    let whole = !url.is_empty() && is_title;
    whole.then(|| (name.to_lowercase(), url.to_owned(), skip_empty(rest)))
}
