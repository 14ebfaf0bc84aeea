//! Against what Gitter's own processor makes of given texts.

use serde_json::Value;

use super::*;

const CASES: &str = include_str!("../../fixtures/markdown.json");

/// Why a case may differ.
fn excuse(case: &Value) -> Option<&'static str> {
    let html = case["html"].as_str().unwrap_or_default();
    if html.contains("katex-html") || html.contains("KaTeX") {
        return Some("formulas are not drawn");
    }
    if html.contains("<pre><code") && html.contains("<span class=") {
        return Some("code is not highlighted");
    }
    None
}

fn list(case: &Value, key: &str) -> Vec<Value> {
    case[key].as_array().cloned().unwrap_or_default()
}

fn differences(case: &Value) -> Vec<String> {
    let rendered = render(case["text"].as_str().unwrap_or_default());
    let mut wrong = Vec::new();
    if rendered.html != case["html"].as_str().unwrap_or_default() {
        wrong.push(format!("html {:?}\n  not {}", rendered.html, case["html"]));
    }
    let urls: Vec<Value> =
        rendered.urls.iter().map(|url| serde_json::json!({ "url": url })).collect();
    let mention = |mention: &NamedMention| {
        if mention.is_group {
            serde_json::json!({ "screenName": mention.screen_name, "group": true })
        } else {
            serde_json::json!({ "screenName": mention.screen_name })
        }
    };
    let mentions: Vec<Value> = rendered.mentions.iter().map(mention).collect();
    let issue = |issue: &Issue| match &issue.repo {
        Some(repo) => serde_json::json!({ "number": issue.number, "repo": repo }),
        None => serde_json::json!({ "number": issue.number }),
    };
    let issues: Vec<Value> = rendered.issues.iter().map(issue).collect();
    for (key, ours) in [("urls", urls), ("mentions", mentions), ("issues", issues)] {
        let theirs = list(case, key);
        if ours != theirs {
            wrong.push(format!("{key} {ours:?}\n  not {theirs:?}"));
        }
    }
    wrong
}

#[test]
fn texts_are_rendered_as_gitter_renders_them() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    let mut failed = Vec::new();
    let mut equal = 0;
    for case in cases {
        let wrong = differences(case);
        if wrong.is_empty() {
            equal += 1;
        } else if excuse(case).is_none() {
            failed.push(format!("{} {}\n {}", case["id"], case["text"], wrong.join("\n ")));
        }
    }
    println!("{equal} of {} cases are equal", cases.len());
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn nothing_that_people_write_takes_long_or_ends_the_program() {
    for text in ["> ", "- ", "**", "[", "`", "$$", "* _", "~~a", "![](", "|", "#", "@", "<", "_"] {
        render(&text.repeat(2_048));
    }
}
