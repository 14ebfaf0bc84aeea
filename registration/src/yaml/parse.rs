//! From parser events to the tree.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{
    Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag,
};

use super::{Entry, Node, Scalar, ScalarKind, Style, Value, YamlError};

/// Values beyond which a file is no registration but an attack (aliases multiply).
const MAX_NODES: usize = 100_000;
/// Levels beyond which a file is no registration.
const MAX_DEPTH: usize = 64;

/// Reads one YAML document. Empty text is a null.
///
/// # Errors
/// For text that is not YAML, for a key that comes twice in one mapping (readers differ on which
/// of them counts), for keys that are not scalars, for a second document, and for trees beyond any
/// sane size.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { parser, anchors: HashMap::new(), nodes: 0 };
    let mut root = None;
    while let Some((event, span)) = builder.next()? {
        match event {
            Event::DocumentStart(..) if root.is_some() => {
                return Err(error_at(&span, "a second document starts here; keep only one a file"));
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd => {}
            event => root = Some(builder.node(event, &span, 0)?),
        }
    }
    Ok(root.unwrap_or_else(|| Node { line: 1, value: plain("") }))
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        self.parser.next_event().transpose().map_err(|error| scan_error(&error))
    }

    fn expect(&mut self, span: &Span) -> Result<(Event<'a>, Span), YamlError> {
        self.next()?.ok_or_else(|| error_at(span, "the file ends in the middle of a value"))
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, YamlError> {
        self.count(1, span)?;
        if depth > MAX_DEPTH {
            return Err(error_at(span, "values are nested too deeply"));
        }
        let line = span.start.line();
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = if style == ScalarStyle::Plain && !is_string_tag(tag.as_deref()) {
                    Style::Plain
                } else {
                    Style::Quoted
                };
                (Value::Scalar(Scalar { text: text.into_owned(), style }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(span, depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(span, depth)?, anchor),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).cloned();
                let target = target.ok_or_else(|| error_at(span, "an alias inside its anchor"))?;
                self.count(size(&target), span)?;
                return Ok(Node { line, value: target.value });
            }
            _ => return Err(error_at(span, "a value was expected here")),
        };
        let node = Node { line, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, start: &Span, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.expect(start)? {
                (Event::SequenceEnd, _) => return Ok(Value::Sequence(items)),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, start: &Span, depth: usize) -> Result<Value, YamlError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.expect(start)?;
            if event == Event::MappingEnd {
                return Ok(Value::Mapping(entries));
            }
            let key = match self.node(event, &span, depth + 1)?.value {
                Value::Scalar(scalar) => scalar.text,
                _ => return Err(error_at(&span, "a key must be a plain word")),
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let what = format!(
                    "`{key}` stands here a second time (first on line {}); keep one of them",
                    first.line
                );
                return Err(error_at(&span, &what));
            }
            let (event, value_span) = self.expect(&span)?;
            let mut value = self.node(event, &value_span, depth + 1)?;
            // A list or mapping starts below its key, and a null nowhere: the key is what one sees.
            if !matches!(value.value, Value::Scalar(_)) || is_null(&value) {
                value.line = span.start.line();
            }
            entries.push(Entry { key, line: span.start.line(), value });
        }
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(error_at(span, "the file holds too many values"));
        }
        Ok(())
    }
}

fn plain(text: &str) -> Value {
    Value::Scalar(Scalar { text: text.to_owned(), style: Style::Plain })
}

fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar.kind() == ScalarKind::Null)
}

fn is_string_tag(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"))
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 1,
        Value::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Mapping(entries) => 1 + entries.iter().map(|e| 1 + size(&e.value)).sum::<usize>(),
    }
}

fn error_at(span: &Span, what: &str) -> YamlError {
    YamlError { line: span.start.line(), what: what.to_owned() }
}

fn scan_error(error: &ScanError) -> YamlError {
    YamlError { line: error.marker().line(), what: format!("not YAML: {}", error.info()) }
}
