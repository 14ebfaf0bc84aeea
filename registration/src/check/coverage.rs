//! E07: the ghosts and the bot are inside of the namespace.

use super::{At, Report, Scene, text};
use crate::{
    automaton::{Dfa, Search, common_text},
    claim::{Claim, ids_of},
    dialect::{Dialect, NamespaceKind},
    file::File,
    finding::{Code, Severity},
    template::{Template, TemplateKind, escape},
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for (file, claims) in scene.files.iter().zip(&scene.claims) {
        bot(scene, file, claims, report);
        templates(scene, file, claims, report);
    }
    if scene.context.bridge.is_none() {
        report.skip(Code::E07, "--bridge-config, to tell whether the templates' ids are covered");
    }
}

fn bot(scene: &Scene<'_>, file: &File, claims: &[Claim<'_>], report: &mut Report) {
    let Some(sender) = &file.draft.sender_localpart else { return };
    let bot = ids_of(NamespaceKind::Users, &escape(&sender.value), scene.context.server_name());
    let Some(bot) = bot else { return };
    let mut users = claims.iter().filter(|claim| claim.kind == NamespaceKind::Users);
    if !users.any(|claim| claim.example(&bot).is_some()) {
        let what = format!("no users entry covers the bot `@{}`", sender.value);
        let server = scene.context.server_name().map_or("SERVER".to_owned(), escape);
        let fix = format!("add an exclusive one, `^@{}:{server}$`", escape(&sender.value));
        let at = At(sender.line, "sender_localpart");
        report.add(file, Code::E07, Severity::Warning, at, text(what, fix));
    }
}

fn templates(scene: &Scene<'_>, file: &File, claims: &[Claim<'_>], report: &mut Report) {
    let Some(bridge) = &scene.context.bridge else { return };
    let Some(server) = scene.context.server_name() else { return };
    if let (Some(bot), Some(sender)) = (&bridge.bot, &file.draft.sender_localpart)
        && *bot != sender.value
        && scene.files.len() == 1
    {
        let what =
            format!("the bot is `{}` here and `{bot}` in the bridge's configuration", sender.value);
        let at = At(sender.line, "sender_localpart");
        let text = text(what, "make the registration anew, and restart the homeserver");
        report.add(file, Code::E07, Severity::Error, at, text);
    }
    for template in bridge.templates.iter().filter(|_| scene.files.len() == 1) {
        for &dialect in &scene.dialects {
            if let Some(id) = uncovered(template, server, claims, dialect) {
                let kind = namespace(template.kind());
                let what = format!("`{id}` of the template `{template}` is in no exclusive entry");
                let fix = format!("add one with the regex `{}`", template.regex(server));
                let at = At(file.draft.namespaces.line, &format!("namespaces.{kind}"));
                report.add(file, Code::E07, Severity::Error, at, text(what, fix));
                break;
            }
        }
    }
}

fn namespace(kind: TemplateKind) -> NamespaceKind {
    match kind {
        TemplateKind::User => NamespaceKind::Users,
        TemplateKind::Alias => NamespaceKind::Aliases,
    }
}

/// An id of the template that no exclusive entry covers.
fn uncovered(
    template: &Template,
    server: &str,
    claims: &[Claim<'_>],
    dialect: Dialect,
) -> Option<String> {
    let kind = namespace(template.kind());
    // An alias of ours as the bridge writes it; what people may type is another matter.
    let written = template.canonical_regex(server);
    let ids = Dfa::of_regex(&written)?;
    let exclusive = claims.iter().filter(|claim| claim.kind == kind && claim.is_exclusive());
    let patterns = exclusive.filter_map(|claim| claim.pattern(dialect)?.dfa());
    match common_text(&[&ids], &patterns.collect::<Vec<_>>()) {
        Search::Found(id) => Some(id),
        Search::Nothing | Search::Undecided => None,
    }
}
