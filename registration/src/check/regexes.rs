//! E04 to E06 and the regexes of E17: how the homeservers read them.

use super::{Report, Scene, text};
use crate::{
    automaton::Dfa,
    claim::{self, Claim},
    dialect::{Atom, NamespaceKind, refusal},
    finding::{Code, Severity},
};

/// A server that nobody has: what is claimed there is claimed everywhere.
const ELSEWHERE: &str = "elsewhere.invalid";

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for claim in scene.all_claims() {
        dialects(scene, claim, report);
        if claim.kind != NamespaceKind::Rooms {
            server_name(scene, claim, report);
            anchors(claim, report);
        }
        if claim.kind == NamespaceKind::Users {
            characters(claim, report);
        }
    }
    if scene.context.server_name().is_none() {
        report.skip(
            Code::E05,
            "--bridge-config or --homeserver-config, to tell whether the server name is the right \
             one",
        );
    }
}

/// E04.
fn dialects(scene: &Scene<'_>, claim: &Claim<'_>, report: &mut Report) {
    let fix = "keep to literals, `.`, `[…]`, `*`, `+`, `{n,m}`, `(…|…)`, `^` and `$`";
    let mut refused = false;
    for &dialect in &scene.dialects {
        if let Some(why) = refusal(dialect, claim.regex()) {
            let what = format!("{dialect} cannot use it: {why}");
            report.add_claim(claim, Code::E04, Severity::Error, text(what, fix));
            refused = true;
        }
    }
    if claim.patterns.is_empty() && !refused {
        let what = "no automaton can express it, so what it claims was not checked";
        report.add_claim(claim, Code::E04, Severity::Warning, text(what, fix));
    }
}

/// E05.
fn server_name(scene: &Scene<'_>, claim: &Claim<'_>, report: &mut Report) {
    let ids = |server: &str| claim::ids(claim.kind, Some(server));
    if let Some((_, id)) = ids(ELSEWHERE).and_then(|ids| claim.example(&ids)) {
        let severity = if claim.is_exclusive() { Severity::Error } else { Severity::Warning };
        let what = format!("it covers other servers' ids, such as `{id}`");
        let fix = match scene.context.server_name() {
            Some(server) => format!("end it with `:{}$`", crate::template::escape(server)),
            None => "end it with `:` and the escaped server name and `$`".to_owned(),
        };
        report.add_claim(claim, Code::E05, severity, text(what, fix));
        return;
    }
    if let Some(server) = scene.context.server_name()
        && ids(server).is_some_and(|ids: Dfa| claim.misses(&ids))
    {
        let what = format!("it matches no id on `{server}`");
        let fix = format!(
            "start it with `^{}` and end it with `:{}$`",
            claim.kind.sigil(),
            crate::template::escape(server)
        );
        report.add_claim(claim, Code::E05, Severity::Error, text(what, fix));
    }
    let outline = claim.outline.as_ref();
    if outline.is_some_and(|outline| outline.server_name().contains(&Atom::Dot)) {
        let what = "a dot in the server name is not escaped, so it stands for any character";
        report.add_claim(claim, Code::E05, Severity::Warning, text(what, r"write `\.` for it"));
    }
}

/// E06.
fn anchors(claim: &Claim<'_>, report: &mut Report) {
    let Some(outline) = &claim.outline else { return };
    if !outline.anchored_end {
        let what = "it has no `$` at its end, so it covers longer ids too (`example.org.evil`)";
        report.add_claim(claim, Code::E06, Severity::Warning, text(what, "add `$` at its end"));
    }
    // A user id holds `@` at its start only; an alias may hold `#` anywhere.
    let sigil_anchors = claim.kind == NamespaceKind::Users
        && outline.atoms.first() == Some(&Atom::Char(claim.kind.sigil()));
    if !outline.anchored_start && !sigil_anchors {
        let what =
            "it has no `^` at its start: Synapse looks there only, others anywhere in the id";
        let fix = format!("start it with `^{}`", claim.kind.sigil());
        report.add_claim(claim, Code::E06, Severity::Warning, text(what, fix));
    }
}

/// E17.
fn characters(claim: &Claim<'_>, report: &mut Report) {
    let Some(outline) = &claim.outline else { return };
    let is_legal = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '.' | '_' | '=' | '-' | '/' | '+' | '@' | ':')
    };
    let illegal = outline.localpart().iter().find_map(|atom| match atom {
        Atom::Char(c) if !is_legal(*c) => Some(*c),
        _ => None,
    });
    if let Some(c) = illegal {
        let what = format!("it demands a `{}`, which no new user id holds", c.escape_default());
        let fix = "use lower case, and `=hh` for what ids may not hold";
        report.add_claim(claim, Code::E17, Severity::Warning, text(what, fix));
    }
}
