//! Everything that can be told about registrations without asking a homeserver.
//!
//! Each module below checks one subject and says which codes it reports. Rules that need the
//! configuration of the bridge or of the homeserver are listed as skipped where it is not given.

mod address;
mod bridge;
mod clashes;
mod coverage;
mod identity;
mod people;
mod regexes;
mod secrets;
mod shape;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    claim::Claim,
    context::Context,
    dialect::Dialect,
    file::File,
    finding::{Code, Finding, Severity},
};

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order of the files and their lines.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub skipped: Vec<Skipped>,
}

/// A rule that was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The rule.
    pub code: Code,
    /// What it would need.
    pub needs: &'static str,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped: {} needs {}", self.code, self.needs)
    }
}

/// Checks `files`, which are to live on one homeserver.
pub fn check(files: &[File], context: &Context) -> Report {
    let dialects = context.dialects();
    let mut report = Report::default();
    let neighbours = neighbours(files, context, &mut report);
    let scene = Scene {
        files,
        claims: claims(files, &dialects),
        neighbours: &neighbours,
        neighbour_claims: claims(&neighbours, &dialects),
        context,
        dialects,
    };
    for rule in [
        shape::check,
        identity::check,
        address::check,
        secrets::check,
        regexes::check,
        coverage::check,
        clashes::check,
        people::check,
        bridge::check,
    ] {
        rule(&scene, &mut report);
    }
    let place = |finding: &Finding| {
        let file = files.iter().position(|file| file.name() == finding.file);
        (file.unwrap_or(files.len()), finding.line, finding.code)
    };
    report.findings.sort_by_key(place);
    report.skipped.sort_by_key(|skipped| skipped.code);
    report
}

fn claims<'a>(files: &'a [File], dialects: &[Dialect]) -> Vec<Vec<Claim<'a>>> {
    files.iter().map(|file| Claim::of_file(file, dialects)).collect()
}

/// The other registrations that the homeserver loads.
fn neighbours(files: &[File], context: &Context, report: &mut Report) -> Vec<File> {
    let Some(homeserver) = &context.homeserver else {
        report.skip(Code::E08, "--homeserver-config, to compare with the registrations it loads");
        return Vec::new();
    };
    let is_new = |path: &&PathBuf| !files.iter().any(|file| is_same_file(&file.path, path));
    let others = homeserver.registrations.iter().filter(is_new).map(|path| File::read(path));
    let (read, unread): (Vec<_>, Vec<_>) = others.partition(Result::is_ok);
    if !unread.is_empty() {
        report.skip(Code::E08, "the right to read all registrations that the homeserver loads");
    }
    read.into_iter().filter_map(Result::ok).collect()
}

fn is_same_file(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    }
}

/// What the rules look at.
struct Scene<'a> {
    files: &'a [File],
    /// The entries of each file.
    claims: Vec<Vec<Claim<'a>>>,
    /// Files that the homeserver loads besides; they are only compared with.
    neighbours: &'a [File],
    neighbour_claims: Vec<Vec<Claim<'a>>>,
    context: &'a Context,
    dialects: Vec<Dialect>,
}

impl<'a> Scene<'a> {
    fn all_claims(&self) -> impl Iterator<Item = &Claim<'a>> {
        self.claims.iter().flatten()
    }
}

impl Report {
    fn skip(&mut self, code: Code, needs: &'static str) {
        self.skipped.push(Skipped { code, needs });
    }

    /// Notes a finding about a key of `file`.
    fn add(&mut self, file: &File, code: Code, severity: Severity, at: At<'_>, text: Text) {
        self.findings.push(Finding {
            code,
            severity,
            file: file.name(),
            line: at.0,
            key: at.1.to_owned(),
            what: text.what,
            fix: text.fix,
        });
    }

    /// Notes a finding about the regex of `claim`.
    fn add_claim(&mut self, claim: &Claim<'_>, code: Code, severity: Severity, text: Text) {
        self.add(claim.file, code, severity, At(claim.line(), &claim.key()), text);
    }
}

/// Line and key.
#[derive(Clone, Copy)]
struct At<'a>(usize, &'a str);

/// What is wrong, and how to mend it.
struct Text {
    what: String,
    fix: String,
}

fn text(what: impl Into<String>, fix: impl Into<String>) -> Text {
    Text { what: what.into(), fix: fix.into() }
}
