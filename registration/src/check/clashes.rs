//! E08: ids that two application services claim.

use super::{At, Report, Scene, text};
use crate::{
    claim::{Claim, ids_of},
    dialect::{Dialect, NamespaceKind},
    file::File,
    finding::{Code, Severity},
    overlap::{self, Overlap},
    template::escape,
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    let server_name = scene.context.server_name();
    let neighbours = scene.neighbours.iter().zip(&scene.neighbour_claims);
    let parties: Vec<_> = neighbours.chain(scene.files.iter().zip(&scene.claims)).collect();
    // What the neighbours do to each other is not the question.
    for (n, (file, claims)) in parties.iter().enumerate().skip(scene.neighbours.len()) {
        for (other, others) in &parties[..n] {
            for (one, two, overlap) in overlap::between(others, claims, server_name) {
                clash(one, two, &overlap, report);
            }
            same_bot(file, other, report);
            uncovered_bot(scene, claims, (other, others), report);
            uncovered_bot(scene, others, (file, claims), report);
        }
    }
}

fn clash(one: &Claim<'_>, two: &Claim<'_>, overlap: &Overlap, report: &mut Report) {
    let severity = match (one.is_exclusive(), two.is_exclusive()) {
        (true, true) => Severity::Error,
        (false, false) => return,
        _ => Severity::Warning,
    };
    let other = format!("{}:{} (`{}`)", one.file.name(), one.line(), one.regex());
    let (severity, what) = match overlap {
        Overlap::None => return,
        Overlap::Witness { id, dialects } => {
            (severity, format!("`{id}` is claimed by {other} too{}", on(dialects)))
        }
        Overlap::Undecided => (Severity::Warning, format!("it cannot be compared with {other}")),
    };
    let fix = "give each application service a prefix of its own";
    report.add_claim(two, Code::E08, severity, text(what, fix));
}

fn on(dialects: &[Dialect]) -> String {
    if dialects.len() == Dialect::ALL.len() {
        return String::new();
    }
    let names: Vec<_> = dialects.iter().map(ToString::to_string).collect();
    format!(" on {}", names.join(", "))
}

/// An exclusive entry keeps another service's bot from existing. Where that bot has an entry of its
/// own, the two entries clash and that is told already.
fn uncovered_bot(
    scene: &Scene<'_>,
    claims: &[Claim<'_>],
    (other, others): (&File, &[Claim<'_>]),
    report: &mut Report,
) {
    let Some(sender) = &other.draft.sender_localpart else { return };
    let bot = ids_of(NamespaceKind::Users, &escape(&sender.value), scene.context.server_name());
    let Some(bot) = bot else { return };
    let covers =
        |claim: &&Claim<'_>| claim.kind == NamespaceKind::Users && claim.example(&bot).is_some();
    if others.iter().any(|claim| covers(&claim)) {
        return;
    }
    if let Some(claim) = claims.iter().filter(|claim| claim.is_exclusive()).find(covers) {
        let what = format!("it covers `@{}`, the bot of {}", sender.value, other.name());
        let fix = "narrow it, or give the other bot another name";
        report.add_claim(claim, Code::E08, Severity::Error, text(what, fix));
    }
}

fn same_bot(file: &File, other: &File, report: &mut Report) {
    if let (Some(ours), Some(theirs)) =
        (&file.draft.sender_localpart, &other.draft.sender_localpart)
        && ours.value == theirs.value
    {
        let what = format!("the bot `{}` is that of {} too", ours.value, other.name());
        let at = At(ours.line, "sender_localpart");
        let text = text(what, "give each application service a bot of its own");
        report.add(file, Code::E08, Severity::Error, at, text);
    }
}
