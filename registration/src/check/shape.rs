//! E01, E02 and E11: keys and types, as the reader found them.

use super::{At, Report, Scene, text};
use crate::{
    finding::{Code, Severity},
    model::ProblemKind,
};

pub(super) fn check(scene: &Scene<'_>, report: &mut Report) {
    for file in scene.files {
        for problem in &file.problems {
            let code = match problem.kind {
                ProblemKind::Syntax | ProblemKind::Missing | ProblemKind::Type => Code::E01,
                ProblemKind::Url => Code::E02,
                ProblemKind::NotBool => Code::E11,
            };
            let at = At(problem.line, &problem.key);
            report.add(file, code, Severity::Error, at, text(&problem.what, &problem.fix));
        }
    }
}
