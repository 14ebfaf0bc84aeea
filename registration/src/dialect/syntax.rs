//! Reading a regex with the meaning that a dialect gives it.

use regex_syntax::{
    ast::{
        self, Assertion, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetItem, Span, Visitor,
    },
    hir::{Hir, translate::TranslatorBuilder},
};

use super::Dialect;

/// The regex as a tree that Rust's automata understand; `None` if it is outside of what they can
/// express (look-around, back-references) or is no regex.
pub(super) fn parse(dialect: Dialect, regex: &str, any_case: bool) -> Option<Hir> {
    let regex = match dialect {
        Dialect::Dendrite => with_ascii_classes(regex)?,
        Dialect::Synapse | Dialect::Conduit => regex.to_owned(),
    };
    let ast = ast::parse::Parser::new().parse(&regex).ok()?;
    TranslatorBuilder::new().case_insensitive(any_case).build().translate(&regex, &ast).ok()
}

/// Go's `\d`, `\s`, `\w` and `\b` know ASCII only.
fn with_ascii_classes(regex: &str) -> Option<String> {
    let ast = ast::parse::Parser::new().parse(regex).ok()?;
    let mut replacements = ast::visit(&ast, Replacements(Vec::new())).unwrap_or_default();
    replacements.sort_by_key(|(span, _)| span.start.offset);
    let (mut out, mut done) = (String::with_capacity(regex.len()), 0);
    for (span, text) in replacements {
        out.push_str(&regex[done..span.start.offset]);
        out.push_str(text);
        done = span.end.offset;
    }
    out.push_str(&regex[done..]);
    Some(out)
}

struct Replacements(Vec<(Span, &'static str)>);

impl Visitor for Replacements {
    type Output = Vec<(Span, &'static str)>;
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => self.0.push((class.span, ascii_class(class))),
            Ast::Assertion(assertion) => self.0.extend(ascii_boundary(assertion)),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        if let ClassSetItem::Perl(class) = item {
            self.0.push((class.span, ascii_class(class)));
        }
        Ok(())
    }
}

/// Good both alone and within brackets.
fn ascii_class(class: &ClassPerl) -> &'static str {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => "[0-9]",
        (ClassPerlKind::Digit, true) => "[^0-9]",
        (ClassPerlKind::Space, false) => r"[\t\n\f\r ]",
        (ClassPerlKind::Space, true) => r"[^\t\n\f\r ]",
        (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
        (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
    }
}

fn ascii_boundary(assertion: &Assertion) -> Option<(Span, &'static str)> {
    match assertion.kind {
        AssertionKind::WordBoundary => Some((assertion.span, r"(?-u:\b)")),
        _ => None,
    }
}
