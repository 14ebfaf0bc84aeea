//! What one homeserver's regexes refuse, or read otherwise, that another's accept.

use std::ops::ControlFlow;

use regex_syntax::{
    ast::{
        self, AssertionKind, Ast, ClassSetBinaryOp, ClassSetItem, ErrorKind, Flag, Flags,
        FlagsItemKind, GroupKind, Literal, LiteralKind, Repetition, RepetitionKind,
        RepetitionRange, Visitor,
    },
    hir::translate::Translator,
};

use super::Dialect;

/// Go allows no more repetitions than this.
const GO_MAX_REPEAT: u32 = 1000;

/// Why the homeserver refuses `regex` or takes it for another one; `None` if it does neither.
pub(crate) fn refusal(dialect: Dialect, regex: &str) -> Option<String> {
    let ast = match ast::parse::Parser::new().parse(regex) {
        Ok(ast) => ast,
        Err(error) if dialect == Dialect::Synapse && python_may_know(error.kind()) => return None,
        Err(error) => return Some(error.kind().to_string()),
    };
    if dialect == Dialect::Conduit {
        let error = Translator::new().translate(regex, &ast).err()?;
        return Some(error.kind().to_string());
    }
    let reader = Reader { dialect, regex, first: true };
    ast::visit(&ast, reader).err()
}

/// Syntax that Rust refuses and Python may well have: `(?=…)`, `\1`, `\Z`, `(?>…)`.
fn python_may_know(error: &ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::UnsupportedLookAround
            | ErrorKind::UnsupportedBackreference
            | ErrorKind::EscapeUnrecognized
            | ErrorKind::FlagUnrecognized
    )
}

/// Walks a tree that Rust understands in search of what Python or Go does not.
struct Reader<'a> {
    dialect: Dialect,
    regex: &'a str,
    /// Whether nothing was read yet.
    first: bool,
}

impl Visitor for Reader<'_> {
    type Output = ();
    type Err = String;

    fn finish(self) -> Result<(), String> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        let verdict = match ast {
            Ast::Flags(flags) => self.flags(&flags.flags, !self.first),
            Ast::Literal(literal) => self.literal(literal),
            Ast::ClassUnicode(class) => self.unicode_class(&class.span),
            Ast::Assertion(assertion) => self.assertion(&assertion.kind),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::Group(group) => self.group(&group.kind),
            _ => ControlFlow::Continue(()),
        };
        // A concatenation stands before its first member.
        self.first &= matches!(ast, Ast::Concat(_));
        into_result(verdict)
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        into_result(match item {
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Unicode(class) => self.unicode_class(&class.span),
            ClassSetItem::Ascii(_) if self.is_python() => {
                refuse("`[:…:]` is no class to Python, only the characters in it")
            }
            ClassSetItem::Bracketed(_) => refuse("brackets within brackets are plain characters"),
            _ => ControlFlow::Continue(()),
        })
    }

    fn visit_class_set_binary_op_pre(&mut self, _op: &ClassSetBinaryOp) -> Result<(), String> {
        Err("`&&`, `--` and `~~` within brackets are plain characters".to_owned())
    }
}

impl Reader<'_> {
    fn is_python(&self) -> bool {
        self.dialect == Dialect::Synapse
    }

    fn text(&self, span: &ast::Span) -> &str {
        self.regex.get(span.start.offset..span.end.offset).unwrap_or_default()
    }

    fn flags(&self, flags: &Flags, in_the_middle: bool) -> ControlFlow<String> {
        let is_negated = flags.items.iter().any(|item| item.kind.is_negation());
        if self.is_python() && (in_the_middle || is_negated) {
            return refuse("flags for the whole regex belong at its start");
        }
        self.flag_names(flags)
    }

    fn flag_names(&self, flags: &Flags) -> ControlFlow<String> {
        let is_unknown = |flag| match flag {
            Flag::CaseInsensitive | Flag::MultiLine | Flag::DotMatchesNewLine => false,
            Flag::IgnoreWhitespace => !self.is_python(),
            Flag::SwapGreed => self.is_python(),
            Flag::Unicode | Flag::CRLF => true,
        };
        for item in &flags.items {
            if matches!(item.kind, FlagsItemKind::Flag(flag) if is_unknown(flag)) {
                return refuse(&format!("the flag `{}` is unknown", self.text(&item.span)));
            }
        }
        ControlFlow::Continue(())
    }

    fn literal(&self, literal: &Literal) -> ControlFlow<String> {
        match &literal.kind {
            LiteralKind::HexBrace(_) if self.is_python() => {
                refuse(&format!("`{}` is unknown to Python", self.text(&literal.span)))
            }
            LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_)
                if !self.is_python() && !self.text(&literal.span).starts_with(r"\x") =>
            {
                refuse(&format!("`{}` is unknown to Go", self.text(&literal.span)))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn unicode_class(&self, span: &ast::Span) -> ControlFlow<String> {
        if self.is_python() {
            return refuse(&format!("`{}` is unknown to Python", self.text(span)));
        }
        ControlFlow::Continue(())
    }

    fn assertion(&self, kind: &AssertionKind) -> ControlFlow<String> {
        match kind {
            AssertionKind::EndText if self.is_python() => {
                refuse(r"`\z` is unknown to Python; write `$`")
            }
            AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartAngle
            | AssertionKind::WordBoundaryEndAngle
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => {
                refuse(r"the word boundaries `\<`, `\>` and `\b{…}` are unknown")
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn repetition(&self, repetition: &Repetition) -> ControlFlow<String> {
        if matches!(&*repetition.ast, Ast::Repetition(_)) {
            return refuse("one repetition directly behind another");
        }
        let most = match repetition.op.kind {
            RepetitionKind::Range(
                RepetitionRange::Exactly(most)
                | RepetitionRange::AtLeast(most)
                | RepetitionRange::Bounded(_, most),
            ) => most,
            _ => 0,
        };
        if !self.is_python() && most > GO_MAX_REPEAT {
            return refuse("Go repeats at most 1000 times");
        }
        ControlFlow::Continue(())
    }

    fn group(&self, kind: &GroupKind) -> ControlFlow<String> {
        match kind {
            GroupKind::CaptureName { starts_with_p: false, .. } if self.is_python() => {
                refuse("named groups are written `(?P<name>…)` in Python")
            }
            GroupKind::NonCapturing(flags) => self.flag_names(flags),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn refuse(why: &str) -> ControlFlow<String> {
    ControlFlow::Break(why.to_owned())
}

fn into_result(verdict: ControlFlow<String>) -> Result<(), String> {
    match verdict {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(why) => Err(why),
    }
}
