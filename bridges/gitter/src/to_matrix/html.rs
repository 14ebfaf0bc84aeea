//! Gitter's HTML, as its Markdown processor writes it, into a tree.
//!
//! The processor writes mentions, formulas and code in ways of its own. They are rewritten to what
//! Matrix HTML has for them, and the core's reader does the rest.

use std::fmt::Write;

use bridge_core::content::{
    Doc, Inline, Mention, MentionTarget,
    html::{HtmlContext, from_html},
    mention,
};

/// What the links of mentions begin with, until they are resolved.
const MENTION: &str = "https://matrix.to/#/@gitter-";

/// What a mention of everybody is called until it is known whether its author may.
const EVERYBODY: &str = "/all";

/// Reads a message's HTML. Mentions come as `Ghost` with the name that was written, or as users if
/// they name somebody on Matrix.
pub(super) fn read(html: &str) -> Doc {
    let mut doc = from_html(&rewritten(html), &HtmlContext::default());
    mention::resolve(&mut doc, &mut |found| {
        let MentionTarget::User(user) = &found.target else { return None };
        let name = unhex(user.localpart().strip_prefix("gitter-")?)?;
        let target = match format!("@{name}").try_into() {
            Ok(user) if name.contains(':') => MentionTarget::User(user),
            _ => MentionTarget::Ghost(name),
        };
        Some(Mention { target, label: found.label.clone() })
    });
    doc
}

/// Makes text of mentions that address nobody; `@/all` addresses everybody if its author may.
pub(super) fn settle(doc: &mut Doc, may_address_all: bool) {
    let is_id = |name: &str| crate::id::read(name).is_some();
    doc.for_each_inline(&mut |inline| {
        let Inline::Mention(mention) = inline else { return };
        match &mention.target {
            MentionTarget::Ghost(name) if name == EVERYBODY && may_address_all => {
                mention.target = MentionTarget::Room;
                "@room".clone_into(&mut mention.label);
            }
            MentionTarget::Ghost(name) if !is_id(name) => {
                *inline = Inline::text(mention.label.clone());
            }
            _ => {}
        }
    });
}

fn rewritten(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        let tag = &rest[..end];
        if let Some(name) = attribute(tag, "data-screen-name") {
            rest = mention_as_link(&mut out, &name, &rest[end..]);
        } else if attribute(tag, "data-link-type").as_deref() == Some("groupmention") {
            let name = format!("/{}", attribute(tag, "data-group-name").unwrap_or_default());
            rest = mention_as_link(&mut out, &name, &rest[end..]);
        } else if attribute(tag, "class").as_deref() == Some("katex") {
            rest = formula(&mut out, rest);
        } else if let (true, Some(lang)) = (tag.starts_with("<code"), attribute(tag, "class")) {
            let _ = write!(out, "<code class=\"language-{lang}\">");
            rest = &rest[end..];
        } else {
            out.push_str(tag);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

/// Writes a mention as a link; returns what follows it.
fn mention_as_link<'a>(out: &mut String, name: &str, rest: &'a str) -> &'a str {
    let (label, rest) = rest.split_once("</span>").unwrap_or((rest, ""));
    let _ = write!(out, "<a href=\"{MENTION}{}:gitter\">{label}</a>", hex(name));
    rest
}

/// Writes a formula by its source; returns what follows it.
fn formula<'a>(out: &mut String, html: &'a str) -> &'a str {
    const SOURCE: &str = "<annotation encoding=\"application/x-tex\">";
    let end = end_of_span(html);
    let whole = &html[..end];
    let source = whole.split_once(SOURCE).and_then(|(_, rest)| rest.split_once("</annotation>"));
    if let Some((source, _)) = source {
        let source = source.trim().replace('"', "&quot;");
        let _ = write!(out, "<span data-mx-maths=\"{source}\"><code>{source}</code></span>");
    }
    &html[end..]
}

/// Where the span ends that the text begins with.
fn end_of_span(html: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = html[at..].find('<') {
        let here = at + next;
        if html[here..].starts_with("<span") {
            depth += 1;
        } else if html[here..].starts_with("</span>") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return here + "</span>".len();
            }
        }
        at = here + 1;
    }
    html.len()
}

/// The value of an attribute, as it is written.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&quot;", "\"").replace("&amp;", "&"))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<String> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
    String::from_utf8(bytes?).ok()
}
