//! A document as HTML.

use std::fmt::Write as _;

use crate::content::{Block, Doc, Inline, Mention, MentionTarget, link, text::says_address};

/// Renders a document as the HTML that Matrix allows, or `None` where plain text says it all.
///
/// A [`MentionTarget::Ghost`] must have been turned into a Matrix user before (see
/// [`resolve`](crate::content::mention::resolve)), else it is written as its name.
pub fn to_html(doc: &Doc) -> Option<String> {
    let is_plain = doc.blocks.iter().all(|block| match block {
        Block::Paragraph(content) => content.iter().all(is_plain),
        _ => false,
    });
    (!is_plain).then(|| to_html_always(doc))
}

/// Renders a document as the HTML that Matrix allows, also where plain text would do.
pub fn to_html_always(doc: &Doc) -> String {
    let mut out = String::new();
    blocks(&doc.blocks, &mut out);
    out
}

/// Whether clients show a piece as meant when they get it as plain text.
fn is_plain(inline: &Inline) -> bool {
    match inline {
        Inline::Text(_) | Inline::Break | Inline::Emoji { mxc: None, .. } => true,
        Inline::Link { url, content } => {
            matches!(content.as_slice(), [Inline::Text(label)] if label == url)
        }
        Inline::Mention(mention) => !matches!(mention.target, MentionTarget::User(_)),
        _ => false,
    }
}

/// Blocks of a document, quote or item: one paragraph at the top needs no tags.
fn blocks(list: &[Block], out: &mut String) {
    let bare = match list {
        [Block::Paragraph(content), rest @ ..]
            if !rest.iter().any(|block| matches!(block, Block::Paragraph(_))) =>
        {
            run(content, out);
            1
        }
        _ => 0,
    };
    list.iter().skip(bare).for_each(|block| self::block(block, out));
}

fn block(block: &Block, out: &mut String) {
    match block {
        Block::Paragraph(content) => element("p", content, out),
        Block::Heading { level, content } => match level {
            0 | 1 => element("h1", content, out),
            2 => element("h2", content, out),
            3 => element("h3", content, out),
            4 => element("h4", content, out),
            5 => element("h5", content, out),
            _ => element("h6", content, out),
        },
        Block::Code { lang, text } => {
            out.push_str("<pre><code");
            if let Some(lang) = lang {
                attribute("class", &format!("language-{lang}"), out);
            }
            out.push('>');
            verbatim(text, out);
            out.push_str("\n</code></pre>");
        }
        Block::Quote(inner) => {
            out.push_str("<blockquote>");
            blocks(inner, out);
            out.push_str("</blockquote>");
        }
        Block::List { start, items } => list(*start, items, out),
        Block::Table { head, rows } => table(head, rows, out),
        Block::Maths(latex) => {
            out.push_str("<div");
            attribute("data-mx-maths", latex, out);
            out.push_str("><code>");
            verbatim(latex, out);
            out.push_str("</code></div>");
        }
        Block::Rule => out.push_str("<hr>"),
    }
}

fn list(start: Option<u64>, items: &[Vec<Block>], out: &mut String) {
    let name = if start.is_some() { "ol" } else { "ul" };
    out.push('<');
    out.push_str(name);
    if let Some(start) = start.filter(|start| *start != 1) {
        attribute("start", &start.to_string(), out);
    }
    out.push('>');
    for item in items {
        out.push_str("<li>");
        blocks(item, out);
        out.push_str("</li>");
    }
    let _ = write!(out, "</{name}>");
}

fn table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], out: &mut String) {
    out.push_str("<table>");
    if !head.is_empty() {
        out.push_str("<thead>");
        row("th", head, out);
        out.push_str("</thead>");
    }
    if !rows.is_empty() {
        out.push_str("<tbody>");
        for cells in rows {
            row("td", cells, out);
        }
        out.push_str("</tbody>");
    }
    out.push_str("</table>");
}

fn row(name: &str, cells: &[Vec<Inline>], out: &mut String) {
    out.push_str("<tr>");
    for cell in cells {
        element(name, cell, out);
    }
    out.push_str("</tr>");
}

fn element(name: &str, content: &[Inline], out: &mut String) {
    let _ = write!(out, "<{name}>");
    run(content, out);
    let _ = write!(out, "</{name}>");
}

fn run(content: &[Inline], out: &mut String) {
    for piece in content {
        inline(piece, out);
    }
}

fn inline(inline: &Inline, out: &mut String) {
    match inline {
        Inline::Text(text) => escape(text, out),
        Inline::Break => line_break(out),
        Inline::Emphasis(content) => element("em", content, out),
        Inline::Strong(content) => element("strong", content, out),
        Inline::Strike(content) => element("del", content, out),
        Inline::Underline(content) => element("u", content, out),
        Inline::Colour { fg, bg, content } => {
            out.push_str("<span");
            for (name, colour) in [("data-mx-color", fg), ("data-mx-bg-color", bg)] {
                if let Some(colour) = colour {
                    attribute(name, &colour.to_string(), out);
                }
            }
            out.push('>');
            run(content, out);
            out.push_str("</span>");
        }
        Inline::Code(text) => {
            out.push_str("<code>");
            escape(text, out);
            out.push_str("</code>");
        }
        Inline::Link { url, content } => anchor(url, content, out),
        Inline::Mention(mention) => self::mention(mention, out),
        Inline::Emoji { shortcode, mxc } => emoji(shortcode, mxc.as_deref(), out),
        Inline::Maths(latex) => {
            out.push_str("<span");
            attribute("data-mx-maths", latex, out);
            out.push_str("><code>");
            escape(latex, out);
            out.push_str("</code></span>");
        }
        Inline::Spoiler { reason, content } => {
            out.push_str("<span");
            attribute("data-mx-spoiler", reason.as_deref().unwrap_or_default(), out);
            out.push('>');
            run(content, out);
            out.push_str("</span>");
        }
        Inline::Media(media) if media.uri.starts_with("mxc:") => {
            image(&media.uri, &media.alt, "", out);
        }
        Inline::Media(media) => {
            let label = if media.alt.is_empty() { &media.uri } else { &media.alt };
            anchor(&media.uri, &[Inline::text(label.as_str())], out);
        }
    }
}

/// A link; where clients do not take the address as one, its text and address.
fn anchor(url: &str, content: &[Inline], out: &mut String) {
    let label = if content.is_empty() { &[Inline::text(url)] } else { content };
    if link::is_matrix(url) {
        out.push_str("<a");
        attribute("href", url, out);
        out.push('>');
        run(label, out);
        out.push_str("</a>");
        return;
    }
    run(label, out);
    let says_it = matches!(label, [Inline::Text(label)] if says_address(label, url));
    if link::is_safe(url) && !says_it {
        escape(&format!(" <{url}>"), out);
    }
}

fn mention(mention: &Mention, out: &mut String) {
    let MentionTarget::User(user) = &mention.target else { return escape(&mention.label, out) };
    out.push_str("<a");
    attribute("href", &user.matrix_to_uri().to_string(), out);
    out.push('>');
    escape(if mention.label.is_empty() { user.as_str() } else { &mention.label }, out);
    out.push_str("</a>");
}

fn emoji(shortcode: &str, mxc: Option<&str>, out: &mut String) {
    let name = format!(":{shortcode}:");
    match mxc {
        Some(mxc) => image(mxc, &name, " data-mx-emoticon height=\"32\"", out),
        None => escape(&name, out),
    }
}

fn image(source: &str, alt: &str, extra: &str, out: &mut String) {
    out.push_str("<img");
    out.push_str(extra);
    attribute("src", source, out);
    attribute("alt", alt, out);
    attribute("title", alt, out);
    out.push('>');
}

fn attribute(name: &str, value: &str, out: &mut String) {
    let _ = write!(out, " {name}=\"");
    verbatim(value, out);
    out.push('"');
}

/// Writes text so that it is shown with all its spaces.
fn escape(text: &str, out: &mut String) {
    const STARTS: [&str; 6] = ["<br>", "<p>", "<li>", "<td>", "<th>", "<blockquote>"];
    let mut after_space =
        out.is_empty() || out.ends_with(' ') || STARTS.iter().any(|start| out.ends_with(start));
    for c in text.chars() {
        if c == ' ' && after_space {
            out.push_str("&nbsp;");
            after_space = false;
        } else if c == '\n' {
            line_break(out);
            after_space = true;
        } else {
            escape_char(c, out);
            after_space = c == ' ';
        }
    }
}

fn line_break(out: &mut String) {
    if out.ends_with(' ') {
        out.pop();
        out.push_str("&nbsp;");
    }
    out.push_str("<br>");
}

/// Writes text where spaces and line feeds count: in attributes and `pre`.
fn verbatim(text: &str, out: &mut String) {
    text.chars().for_each(|c| escape_char(c, out));
}

fn escape_char(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\0' => {}
        c => out.push(c),
    }
}
