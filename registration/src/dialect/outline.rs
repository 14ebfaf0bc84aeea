//! The look of a regex: its literal characters, and whether its ends are anchored.

use regex_syntax::ast::{self, AssertionKind, Ast, Visitor};

/// What a regex looks like from afar.
pub(crate) struct Outline {
    /// Every alternative starts with `^` or `\A`.
    pub(crate) anchored_start: bool,
    /// Every alternative ends with `$`, `\z`, or with something repeated without a bound.
    pub(crate) anchored_end: bool,
    /// Its literals and dots from left to right; those in brackets are left out.
    pub(crate) atoms: Vec<Atom>,
}

/// A character that must stand in the id, or a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    /// A literal character.
    Char(char),
    /// An unescaped dot that is not repeated.
    Dot,
    /// A dot or a character that is repeated, or brackets.
    Many,
}

impl Outline {
    /// `None` for a regex that cannot be read.
    pub(crate) fn of(regex: &str) -> Option<Self> {
        let ast = ast::parse::Parser::new().parse(regex).ok()?;
        Some(Self {
            anchored_start: starts_anchored(&ast),
            anchored_end: ends_anchored(&ast),
            atoms: ast::visit(&ast, Atoms::default()).unwrap_or_default(),
        })
    }

    /// The atoms of the server name: those behind the last `:` that is followed by a name rather
    /// than by a port.
    pub(crate) fn server_name(&self) -> &[Atom] {
        let is_port = |atoms: &[Atom]| {
            let is_digit = |atom: &Atom| matches!(atom, Atom::Char('0'..='9'));
            !atoms.is_empty() && atoms.iter().all(is_digit)
        };
        let colons = |atoms: &[Atom]| atoms.iter().rposition(|&atom| atom == Atom::Char(':'));
        match colons(&self.atoms) {
            Some(last) if is_port(&self.atoms[last + 1..]) => {
                let start = colons(&self.atoms[..last]).map_or(last + 1, |colon| colon + 1);
                &self.atoms[start..]
            }
            Some(last) => &self.atoms[last + 1..],
            None => &[],
        }
    }

    /// The atoms before the server name.
    pub(crate) fn localpart(&self) -> &[Atom] {
        &self.atoms[..self.atoms.len() - self.server_name().len()]
    }
}

fn starts_anchored(ast: &Ast) -> bool {
    match ast {
        Ast::Assertion(assertion) => {
            matches!(assertion.kind, AssertionKind::StartLine | AssertionKind::StartText)
        }
        Ast::Group(group) => starts_anchored(&group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().all(starts_anchored),
        Ast::Concat(concat) => {
            let mut parts = concat.asts.iter().skip_while(|ast| matches!(ast, Ast::Flags(_)));
            parts.next().is_some_and(starts_anchored)
        }
        _ => false,
    }
}

fn ends_anchored(ast: &Ast) -> bool {
    match ast {
        Ast::Assertion(assertion) => {
            matches!(assertion.kind, AssertionKind::EndLine | AssertionKind::EndText)
        }
        Ast::Group(group) => ends_anchored(&group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().all(ends_anchored),
        Ast::Concat(concat) => concat.asts.last().is_some_and(ends_anchored),
        Ast::Repetition(repetition) => matches!(&*repetition.ast, Ast::Dot(_)),
        _ => false,
    }
}

#[derive(Default)]
struct Atoms {
    found: Vec<Atom>,
    repetitions: usize,
}

impl Visitor for Atoms {
    type Output = Vec<Atom>;
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<Vec<Atom>, Self::Err> {
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::Repetition(_) => self.repetitions += 1,
            Ast::Literal(literal) if self.repetitions == 0 => {
                self.found.push(Atom::Char(literal.c));
            }
            Ast::Dot(_) if self.repetitions == 0 => self.found.push(Atom::Dot),
            Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_) => self.found.push(Atom::Many),
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        if matches!(ast, Ast::Repetition(_)) {
            self.repetitions -= 1;
        }
        Ok(())
    }
}
