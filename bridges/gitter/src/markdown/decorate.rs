//! What Gitter adds to Markdown: issues, commits, formulas, and links that do no harm.

use super::{Issue, inline::escape};

/// Where links that run programs lead instead.
const JOKE: &str = "https://goo.gl/7NDM3x";

/// An address that does no harm, and whether it had to be changed.
pub(super) fn harmless(url: &str) -> (String, bool) {
    let lower = url.trim().to_lowercase();
    if ["javascript:", "data:", "vbscript:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return (JOKE.to_owned(), true);
    }
    if ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return (url.to_owned(), false);
    }
    (format!("http://{url}"), true)
}

/// A reference to an issue.
pub(super) fn issue(number: &str, repo: Option<&str>) -> String {
    let (attribute, name) = match repo {
        Some(repo) => (format!(" data-issue-repo=\"{repo}\""), repo),
        None => (String::new(), ""),
    };
    format!(
        "<a target=\"_blank\" data-link-type=\"issue\" data-issue=\"{number}\"{attribute} \
         class=\"issue\">{name}#{number}</a>"
    )
}

/// The address of an issue or a commit, shown by its short name.
pub(super) fn repository_url(url: &str) -> Option<(String, Option<Issue>)> {
    let (provider, path) = match url.split_once("://")?.1.split_once('/')? {
        ("github.com", path) => ("github", path),
        ("gitlab.com", path) => ("gitlab", path),
        _ => return None,
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.contains(['?', '#']) {
        return None;
    }
    let (head, id) = path.rsplit_once('/')?;
    let (repo, what) = head.rsplit_once('/')?;
    let repo = repo.strip_suffix("/-").unwrap_or(repo);
    if !repo.contains('/') {
        return None;
    }
    let href = escape(url);
    if what == "commit" && id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let html = format!(
            "<a href=\"{href}\" target=\"_blank\" data-link-type=\"commit\" \
             data-provider=\"{provider}\" data-commit-sha=\"{id}\" data-commit-repo=\"{repo}\" \
             class=\"commit\">{repo}@{}</a>",
            &id[..7]
        );
        return Some((html, None));
    }
    let (kind, sign) = match what {
        "issues" => ("issue", '#'),
        "pull" => ("pr", '#'),
        "merge_requests" => ("mr", '!'),
        _ => return None,
    };
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let html = format!(
        "<a target=\"_blank\" data-link-type=\"{kind}\" data-issue=\"{id}\" href=\"{href}\" \
         data-provider=\"{provider}\" data-issue-repo=\"{repo}\" class=\"issue\">{repo}{sign}{id}</a>"
    );
    Some((html, Some(Issue { number: id.to_owned(), repo: Some(repo.to_owned()) })))
}

/// A formula: its source for machines, and for people too, as nothing here draws formulas.
pub(super) fn formula(latex: &str) -> String {
    let latex = escape(latex);
    format!(
        "<span class=\"katex\"><span class=\"katex-mathml\"><math><semantics><mrow></mrow>\
         <annotation encoding=\"application/x-tex\">{latex}</annotation></semantics></math></span>\
         <span class=\"katex-html\" aria-hidden=\"true\">{latex}</span></span>"
    )
}
