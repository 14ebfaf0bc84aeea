//! Pieces of a line as HTML.

mod spans;

use std::collections::HashMap;

use super::{Issue, MAX_DEPTH, NamedMention, Rendered, decorate};

/// Renders the texts of a message, one after the other, and collects what they refer to.
pub(super) struct Inlines<'a> {
    links: &'a HashMap<String, String>,
    pub(super) found: Rendered,
    depth: usize,
    /// Within a link there are no further addresses.
    is_in_link: bool,
}

impl<'a> Inlines<'a> {
    pub(super) fn new(links: &'a HashMap<String, String>) -> Self {
        Self { links, found: Rendered::default(), depth: 0, is_in_link: false }
    }

    /// Renders one text.
    pub(super) fn render(&mut self, text: &str) -> String {
        let text = text.replace('\0', "");
        if self.depth > MAX_DEPTH {
            return escape(&text);
        }
        self.depth += 1;
        let mut out = Output { html: String::new(), pending: String::new() };
        let mut rest = text.as_str();
        while !rest.is_empty() {
            rest = self.piece(rest, &mut out);
        }
        out.flush();
        self.depth -= 1;
        out.html
    }

    /// Takes what the text begins with; returns what follows.
    fn piece<'t>(&mut self, text: &'t str, out: &mut Output) -> &'t str {
        let special = match text.as_bytes()[0] {
            b'$' => formula(text, out),
            b'\\' => spans::escaped(text).map(|(c, rest)| {
                out.raw(c);
                rest
            }),
            b'<' => self.angle(text, out),
            b'h' | b'H' if !self.is_in_link => self.address(text, out),
            b'!' | b'[' => self.link(text, out),
            b'_' | b'*' => self.emphasis(text, out),
            b'`' => spans::code(text).map(|(code, rest)| {
                out.raw(&format!("<code>{}</code>", escape_all(code)));
                rest
            }),
            b' ' | b'\n' => spans::line_feed(text).inspect(|_| out.raw("<br>")),
            b'~' => spans::struck(text).map(|(struck, rest)| {
                let struck = self.render(struck);
                out.raw(&format!("<del>{struck}</del>"));
                rest
            }),
            b'@' => self.mention(text, out),
            b'#' => self.issue(text, out),
            _ => None,
        };
        if let Some(rest) = special {
            return rest;
        }
        let first = text.chars().next().map_or(1, char::len_utf8);
        if b"#@".contains(&text.as_bytes()[0]) {
            out.flush(); // an entity is none with one of these in it
        }
        out.pending.push_str(&text[..first]);
        &text[first..]
    }

    /// An address between angle brackets, a comment, or a tag, which is text.
    fn angle<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        if let Some(comment) = text.strip_prefix("<!--") {
            return comment.split_once("-->").map(|(_, rest)| rest);
        }
        let (inside, rest) = text[1..].split_once('>')?;
        let is_word = !inside.contains([' ', '\n']);
        if is_word && inside.contains(":/") {
            let shown = escape(inside);
            out.raw(&self.anchor(inside, &shown));
            return Some(rest);
        }
        if is_word && inside.contains('@') && !inside.starts_with('@') && !inside.ends_with('@') {
            let shown = escape(inside);
            out.raw(&self.anchor(&format!("mailto:{inside}"), &shown));
            return Some(rest);
        }
        let tag = spans::tag(text)?;
        out.raw(&escape(tag));
        Some(&text[tag.len()..])
    }

    fn address<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        let url = spans::address(text)?;
        let rest = &text[url.len()..];
        if let Some((html, issue)) = decorate::repository_url(url) {
            out.raw(&html);
            self.found.issues.extend(issue);
            return Some(rest);
        }
        out.raw(&self.anchor(url, &escape(url)));
        Some(rest)
    }

    fn link<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        let is_image = text.starts_with('!');
        let bare = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
        let found = spans::link(bare).map(|(label, url, rest)| (label, url.to_owned(), rest));
        let found = found.or_else(|| {
            let (label, name, rest) = spans::reference(bare)?;
            Some((label, self.links.get(&name.to_lowercase())?.clone(), rest))
        });
        let (label, url, rest) = found?;
        if is_image {
            let (url, _) = decorate::harmless(&url);
            let url = escape(&url);
            out.raw(&format!("<img src=\"{url}\" alt=\"{}\" rel=\"nofollow\">", escape(label)));
            self.found.urls.push(url);
            return Some(rest);
        }
        let was_in_link = std::mem::replace(&mut self.is_in_link, true);
        let label = self.render(label);
        self.is_in_link = was_in_link;
        out.raw(&self.anchor(&url, &label));
        Some(rest)
    }

    fn emphasis<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        let strong = spans::strong(text).map(|(inside, rest)| ("strong", inside, rest));
        let emphasised = || spans::emphasised(text).map(|(inside, rest)| ("em", inside, rest));
        let (tag, inside, rest) = strong.or_else(emphasised)?;
        let inside = self.render(inside);
        out.raw(&format!("<{tag}>{inside}</{tag}>"));
        Some(rest)
    }

    fn mention<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        if let Some(group) =
            text.strip_prefix("@/").map(spans::group_name).filter(|it| !it.is_empty())
        {
            out.raw(&format!(
                "<span data-link-type=\"groupmention\" data-group-name=\"{group}\" \
                 class=\"groupmention\">@/{group}</span>"
            ));
            self.found
                .mentions
                .push(NamedMention { screen_name: group.to_owned(), is_group: true });
            return Some(&text[2 + group.len()..]);
        }
        let name = spans::screen_name(&text[1..])?;
        let rest = &text[1 + name.len()..];
        if let Some(mailbox) = out.take_mailbox() {
            let address = format!("{mailbox}@{name}");
            out.raw(&self.anchor(&format!("mailto:{address}"), &escape(&address)));
            return Some(rest);
        }
        out.raw(&format!(
            "<span data-link-type=\"mention\" data-screen-name=\"{name}\" \
             class=\"mention\">@{name}</span>"
        ));
        self.found.mentions.push(NamedMention { screen_name: name.to_owned(), is_group: false });
        Some(rest)
    }

    fn issue<'t>(&mut self, text: &'t str, out: &mut Output) -> Option<&'t str> {
        let number = spans::issue_number(text)?;
        let repo = out.take_repository();
        out.raw(&decorate::issue(number, repo.as_deref()));
        self.found.issues.push(Issue { number: number.to_owned(), repo });
        Some(&text[1 + number.len()..])
    }

    /// A link, whose address is noted.
    fn anchor(&mut self, url: &str, shown: &str) -> String {
        let (url, is_changed) = decorate::harmless(url);
        let url = escape(&url);
        let tooltip = if is_changed { "link-tooltip" } else { "" };
        let html = format!(
            "<a href=\"{url}\" rel=\"nofollow noopener noreferrer\" target=\"_blank\" \
             class=\"link {tooltip}\">{shown}</a>"
        );
        self.found.urls.push(url);
        html
    }
}

fn formula<'t>(text: &'t str, out: &mut Output) -> Option<&'t str> {
    let (latex, rest) = text.strip_prefix("$$")?.split_once("$$")?;
    out.raw(&decorate::formula(latex));
    Some(rest)
}

/// What was rendered, and text behind it that may yet turn out to be the beginning of something.
struct Output {
    html: String,
    pending: String,
}

impl Output {
    fn flush(&mut self) {
        self.html.push_str(&escape(&self.pending));
        self.pending.clear();
    }

    fn raw(&mut self, html: &str) {
        self.flush();
        self.html.push_str(html);
    }

    /// Takes the `mail` of `mail@host` back.
    fn take_mailbox(&mut self) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        let start = self.pending.trim_end_matches(is_part).len();
        (start < self.pending.len()).then(|| self.pending.split_off(start))
    }

    /// Takes the `owner/repo` of `owner/repo#1` back.
    fn take_repository(&mut self) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let before_name = self.pending.trim_end_matches(is_part);
        let before_slash = before_name.strip_suffix('/')?;
        let start = before_slash.trim_end_matches(is_part).len();
        let whole = start < before_slash.len() && before_name.len() < self.pending.len();
        whole.then(|| self.pending.split_off(start))
    }
}

/// Text as HTML; what is an entity already stays one.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '&' if is_entity(&text[at + 1..]) => out.push('&'),
            c => push_escaped(c, &mut out),
        }
    }
    out
}

/// Text as HTML, entities too.
pub(super) fn escape_all(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(c, &mut out));
    out
}

fn push_escaped(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(c),
    }
}

fn is_entity(text: &str) -> bool {
    let text = text.strip_prefix('#').unwrap_or(text);
    let name = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let length = name.count();
    length > 0 && text.as_bytes().get(length) == Some(&b';')
}
