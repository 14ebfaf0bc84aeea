//! E12 to E14 and the sender in E17: what the application service says of itself.

use super::{At, Report, Scene, text};
use crate::{
    context::BridgeConfig,
    file::File,
    finding::{Code, Severity},
    model::draft::{Located, MSC3202, MSC4190, PUSH_EPHEMERAL, RECEIVE_EPHEMERAL},
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for (n, file) in scene.files.iter().enumerate() {
        id(file, scene.neighbours.iter().chain(&scene.files[..n]), report);
        sender(file, report);
        ephemeral(file, report);
        encryption(file, report);
    }
    match &scene.context.bridge {
        Some(bridge) => changed_id(scene, bridge, report),
        None => report.skip(Code::E12, "--bridge-config, to tell whether the id was changed"),
    }
}

fn changed_id(scene: &Scene<'_>, bridge: &BridgeConfig, report: &mut Report) {
    let [file] = scene.files else { return };
    if let (Some(ours), Some(id)) = (&bridge.id, &file.draft.id)
        && ours.value != id.value
    {
        let what = format!(
            "the id is `{}` and the bridge's configuration says `{}`: homeservers keep queues by \
             id, so a changed one loses what waits",
            id.value, ours.value
        );
        let fix = "use the same id in both, best the one that was there first";
        report.add(file, Code::E12, Severity::Error, At(id.line, "id"), text(what, fix));
    }
}

fn id<'a>(file: &File, mut others: impl Iterator<Item = &'a File>, report: &mut Report) {
    let Some(id) = &file.draft.id else { return };
    let at = || At(id.line, "id");
    if id.value.contains('|') {
        let what = format!("the id `{}` holds a `|`, which Synapse uses as its own", id.value);
        let fix = "use letters, digits, `-`, `_` and `.`";
        report.add(file, Code::E12, Severity::Error, at(), text(what, fix));
    }
    if id.value.trim().is_empty() {
        let fix = "give it a name such as `irc`, and never change it";
        report.add(file, Code::E12, Severity::Error, at(), text("the id is empty", fix));
    }
    let same = |other: &&File| other.draft.id.as_ref().is_some_and(|o| o.value == id.value);
    if let Some(other) = others.find(same) {
        let what = format!("{} has the id `{}` too", other.name(), id.value);
        let fix = "give each application service an id of its own";
        report.add(file, Code::E12, Severity::Error, at(), text(what, fix));
    }
}

fn sender(file: &File, report: &mut Report) {
    let Some(Located { line, value: sender }) = &file.draft.sender_localpart else { return };
    let is_legal = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '.' | '_' | '=' | '-' | '/' | '+')
    };
    let what = match sender.chars().find(|&c| !is_legal(c)) {
        Some('@' | ':') => {
            "it is the localpart alone, without `@` and the server's name".to_owned()
        }
        Some(c) => format!("`{}` may not stand in a user id", c.escape_default()),
        None if sender.is_empty() => "it is empty".to_owned(),
        None => return,
    };
    let fix = "use a-z, 0-9 and . _ = - / +, such as `_ircbot`";
    report.add(file, Code::E17, Severity::Error, At(*line, "sender_localpart"), text(what, fix));
}

fn ephemeral(file: &File, report: &mut Report) {
    let stable = &file.draft.receive_ephemeral;
    let unstable = &file.draft.push_ephemeral;
    let is_on = |flag: &Option<Located<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    let (flag, key, missing, readers) = match (is_on(stable), is_on(unstable)) {
        (true, false) => (stable, RECEIVE_EPHEMERAL, PUSH_EPHEMERAL, "Synapse before 1.156 reads"),
        (false, true) => (unstable, PUSH_EPHEMERAL, RECEIVE_EPHEMERAL, "newer homeservers read"),
        _ => return,
    };
    let line = flag.as_ref().map_or(1, |flag| flag.line);
    let what = format!("`{key}` is on and `{missing}` is not, which is the one that {readers}");
    let fix = format!("add `{missing}: true`");
    report.add(file, Code::E13, Severity::Warning, At(line, key), text(what, fix));
}

fn encryption(file: &File, report: &mut Report) {
    let is_on = |flag: &Option<Located<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
    let draft = &file.draft;
    let Some(Located { line, value: true }) = draft.msc3202 else { return };
    if !is_on(&draft.receive_ephemeral) && !is_on(&draft.push_ephemeral) {
        let what = format!(
            "`{MSC3202}` is on without `{RECEIVE_EPHEMERAL}`: the keys of encrypted messages travel \
             with the ephemeral data and never arrive"
        );
        let fix = format!("add `{RECEIVE_EPHEMERAL}: true` and `{PUSH_EPHEMERAL}: true`");
        report.add(file, Code::E14, Severity::Error, At(line, MSC3202), text(what, fix));
    }
    if !is_on(&draft.msc4190) {
        let what = format!(
            "`{MSC3202}` is on without `{MSC4190}`: where accounts are kept by an authentication \
             service the bot gets no device"
        );
        let fix = format!("add `{MSC4190}: true`");
        report.add(file, Code::E14, Severity::Warning, At(line, MSC3202), text(what, fix));
    }
}
