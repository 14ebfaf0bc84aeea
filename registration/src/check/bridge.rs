//! E15, E16, E18 and the templates of E17: the registration against the bridge's configuration.

use super::{At, Report, Scene, is_same_file, text};
use crate::{
    context::BridgeConfig,
    file::File,
    finding::{Code, Finding, Severity},
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    let Some(bridge) = &scene.context.bridge else {
        report.skip(Code::E15, "--bridge-config, to tell whether the bridge answers look-ups");
        report.skip(Code::E16, "--bridge-config, to tell the bridge's own secrets");
        report.skip(Code::E17, "--bridge-config, to read the templates");
        report.skip(Code::E18, "--bridge-config, to tell whether rooms are made on demand");
        return;
    };
    for problem in &bridge.template_problems {
        report.findings.push(Finding {
            code: Code::E17,
            severity: Severity::Error,
            file: bridge.path.display().to_string(),
            line: problem.line,
            key: problem.key.to_owned(),
            what: problem.what.clone(),
            fix: "mend the template; see the guide for what each field holds".to_owned(),
        });
    }
    // With several files nobody can tell which one is the bridge's.
    let [file] = scene.files else { return };
    protocols(bridge, file, report);
    secrets(bridge, file, report);
    aliases(bridge, file, report);
}

/// E15.
fn protocols(bridge: &BridgeConfig, file: &File, report: &mut Report) {
    let Some(network) = bridge.network else { return };
    let listed = file.draft.protocols.as_ref();
    if listed.is_some_and(|listed| listed.value.iter().any(|name| name == network.name())) {
        return;
    }
    let what = format!(
        "`{}` is not among the protocols, so clients cannot look up its channels and people",
        network.name()
    );
    let fix = format!("write `protocols: [{}]`", network.name());
    let at = At(listed.map_or(1, |listed| listed.line), "protocols");
    report.add(file, Code::E15, Severity::Warning, at, text(what, fix));
}

/// E16.
fn secrets(bridge: &BridgeConfig, file: &File, report: &mut Report) {
    let (other, known) = match &bridge.registration {
        Some(path) if is_same_file(path, &file.path) => return,
        Some(path) => {
            let Ok(other) = File::read(path) else {
                let what = format!(
                    "the bridge reads its secrets from {}, which cannot be read",
                    path.display()
                );
                let fix = "copy this file there, or correct `appservice.registration`";
                report.add(file, Code::E16, Severity::Error, At(1, ""), text(what, fix));
                return;
            };
            (path, [other.draft.as_token, other.draft.hs_token])
        }
        None => (&bridge.path, bridge.tokens.clone()),
    };
    let ours = [("as_token", &file.draft.as_token), ("hs_token", &file.draft.hs_token)];
    for ((key, here), there) in ours.into_iter().zip(known) {
        if let (Some(here), Some(there)) = (here, there)
            && here.value != there.value
        {
            let what = format!("{}:{} has another one", other.display(), there.line);
            let fix = "give homeserver and bridge the same file, and restart both";
            report.add(file, Code::E16, Severity::Error, At(here.line, key), text(what, fix));
        }
    }
}

/// E18.
fn aliases(bridge: &BridgeConfig, file: &File, report: &mut Report) {
    let namespaces = &file.draft.namespaces;
    if bridge.alias_queries && namespaces.aliases.is_empty() {
        let what = "rooms are made when somebody asks for an alias, and there is no alias \
                    namespace, so the homeserver never asks";
        let fix = "make the registration anew, or switch the making of rooms off";
        let at = At(namespaces.line, "namespaces.aliases");
        report.add(file, Code::E18, Severity::Error, at, text(what, fix));
    }
}
