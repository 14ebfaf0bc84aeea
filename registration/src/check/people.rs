//! E09 and E10: ids that people have or may want.

use super::{Report, Scene, text};
use crate::{
    claim::{Claim, ids_of},
    dialect::NamespaceKind,
    finding::{Code, Severity},
};

/// Names such as people choose. A bridge's namespace has no business with any of them.
const PEOPLE: &str = r"alice|bob|admin|root|jane\.doe|john_smith|mary-jane|bob-cafe";
/// Aliases such as people choose.
const ROOMS: &str = "general|lobby|help|random|off-topic|announcements";

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    let is_dedicated =
        scene.context.bridge.as_ref().is_some_and(|bridge| bridge.dedicated_server_name);
    if is_dedicated {
        return;
    }
    for claim in scene.all_claims() {
        let names = match claim.kind {
            NamespaceKind::Users => PEOPLE,
            NamespaceKind::Aliases => ROOMS,
            NamespaceKind::Rooms => continue,
        };
        let plausible = ids_of(claim.kind, names, scene.context.server_name());
        if let Some((_, id)) = plausible.and_then(|ids| claim.example(&ids)) {
            report_wide(claim, &id, report);
        }
    }
}

fn report_wide(claim: &Claim<'_>, id: &str, report: &mut Report) {
    if claim.is_exclusive() {
        let what = format!("it takes `{id}` and the like away from people");
        let fix = "put a prefix of the bridge's own behind the sigil, such as `_irc_`";
        report.add_claim(claim, Code::E09, Severity::Error, text(what, fix));
    } else {
        let what = format!(
            "it covers people's own ids, such as `{id}`: everything they do is sent along, and \
             Tuwunel does not cope with that"
        );
        let fix =
            "narrow it to the ids that the service acts for, unless it is for double puppeting";
        report.add_claim(claim, Code::E10, Severity::Warning, text(what, fix));
    }
}
