//! A check's report for people.

use registration::{Report, Severity};

/// Prints one line a finding, then what was left out and the sum.
pub(super) fn report(report: &Report, files: usize) {
    for finding in &report.findings {
        println!("{finding}");
    }
    for skipped in &report.skipped {
        println!("{skipped}");
    }
    let count = |severity: Severity| {
        report.findings.iter().filter(|finding| finding.severity == severity).count()
    };
    println!(
        "{}: {}, {}",
        counted(files, "file"),
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning")
    );
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
