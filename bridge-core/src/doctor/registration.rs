//! The registration file, by the rules E01 to E18.

use std::path::Path;

use registration::{Context, File, Finding, Registration, Severity, check};

use super::Diagnosis;
use crate::config::Config;

/// Applies the rules; returns the registration as well, if it can be used.
pub(super) fn examine(path: &Path, config: &Config) -> (Vec<Diagnosis>, Option<Registration>) {
    let name = &config.appservice.registration;
    let file = match File::read(name) {
        Ok(file) => file,
        Err(error) => return (vec![unreadable(name, &error.source)], None),
    };
    let context = match Context::load(Some(path), None) {
        Ok(context) => context,
        Err(error) => {
            let fix = "compare with `config example`";
            return (vec![Diagnosis::error("E01", "", error.to_string(), fix)], None);
        }
    };
    let report = check(&[file], &context);
    let found = report.findings.into_iter().map(diagnosis).collect();
    let text = std::fs::read_to_string(name).unwrap_or_default();
    (found, Registration::from_yaml(&text).ok())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnosis {
    Diagnosis {
        code: "E01".to_owned(),
        severity: Severity::Error,
        file: Some(path.display().to_string()),
        line: None,
        key: None,
        what: format!("the registration cannot be read: {error}"),
        fix: "write it with `registration -o FILE`, let the bridge read it, and tell the \
              homeserver"
            .to_owned(),
    }
}

fn diagnosis(finding: Finding) -> Diagnosis {
    Diagnosis {
        code: finding.code.to_string(),
        severity: finding.severity,
        file: Some(finding.file),
        line: Some(finding.line),
        key: Some(finding.key).filter(|key| !key.is_empty()),
        what: finding.what,
        fix: finding.fix,
    }
}
