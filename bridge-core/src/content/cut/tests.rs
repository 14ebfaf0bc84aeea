use proptest::prelude::*;

use crate::content::html::{HtmlContext, from_html};

fn first(html: &str, max_bytes: usize) -> String {
    from_html(html, &HtmlContext::default()).first_line(max_bytes).plain()
}

#[test]
fn the_first_line_ends_with_the_line_or_the_budget() {
    for (html, max_bytes, line) in [
        ("one two three", 100, "one two three"),
        ("one two three", 9, "one two"),
        ("one<br>two", 100, "one"),
        ("<p>one</p><p>two</p>", 100, "one"),
        ("<b>one two</b> three", 5, "one"),
        ("<ul><li>one<li>two</ul>", 100, "• one"),
        ("<blockquote>one two</blockquote>three", 7, "> one"),
        ("<pre>\n\nlet a;\nlet b;</pre>", 100, "let a;"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", 100, "a b "),
        ("see <a href='https://example.org/long'>it</a> now", 20, "see "),
        ("one", 0, ""),
    ] {
        assert_eq!(first(html, max_bytes), line, "{html}");
    }
}

proptest! {
    #[test]
    fn the_first_line_fits(
        html in "(<(b|ul|li|p|blockquote|pre|code|a href='https://a.b'|td|h1)>|[a-z\u{e9} ]{1,9}){0,30}",
        max_bytes in 2..60usize,
    ) {
        let line = first(&html, max_bytes);
        prop_assert!(line.len() <= max_bytes.max(30), "{line:?}");
    }
}
