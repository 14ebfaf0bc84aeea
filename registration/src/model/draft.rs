//! Reading a registration that may be wrong.
//!
//! The reader goes through the whole file and notes every problem, so that a check can list all of
//! them and still look at what is right. [`Registration::from_yaml`] is the same reader, satisfied
//! only by a file without problems.

use super::{Namespace, Namespaces, Problem, ProblemKind, Registration};
use crate::{
    token::Token,
    yaml::{Entry, Node, Scalar, ScalarKind, Value},
};

/// A value and the line it stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Located<T> {
    pub(crate) line: usize,
    pub(crate) value: T,
}

/// What could be read of a registration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<Located<String>>,
    /// The inner `None` is an explicit null.
    pub(crate) url: Option<Located<Option<String>>>,
    pub(crate) as_token: Option<Located<Token>>,
    pub(crate) hs_token: Option<Located<Token>>,
    pub(crate) sender_localpart: Option<Located<String>>,
    pub(crate) namespaces: DraftNamespaces,
    pub(crate) rate_limited: Option<Located<bool>>,
    pub(crate) protocols: Option<Located<Vec<String>>>,
    pub(crate) receive_ephemeral: Option<Located<bool>>,
    pub(crate) push_ephemeral: Option<Located<bool>>,
    pub(crate) msc4190: Option<Located<bool>>,
    pub(crate) msc3202: Option<Located<bool>>,
    pub(crate) extra: Vec<Entry>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DraftNamespaces {
    pub(crate) line: usize,
    pub(crate) users: Vec<DraftNamespace>,
    pub(crate) aliases: Vec<DraftNamespace>,
    pub(crate) rooms: Vec<DraftNamespace>,
    pub(crate) extra: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftNamespace {
    /// Such as `namespaces.users[0]`.
    pub(crate) key: String,
    pub(crate) exclusive: Option<bool>,
    pub(crate) regex: Located<String>,
    pub(crate) extra: Vec<Entry>,
}

/// Reads what can be read, and lists what is wrong in the order of the keys.
pub(crate) fn read(root: &Node) -> (Draft, Vec<Problem>) {
    let mut reader = Reader { problems: Vec::new() };
    let Some(entries) = root.entries() else {
        reader.wrong(
            root.line,
            "",
            ProblemKind::Syntax,
            format!("the file holds {} where a registration is a mapping of keys", root.value),
            "write the keys `id`, `url`, `as_token` and so on at the start of the lines".into(),
        );
        return (Draft::default(), reader.problems);
    };
    let draft = Draft {
        id: reader.required_string(root, "id"),
        url: reader.url(root),
        as_token: reader.required_string(root, "as_token").map(token),
        hs_token: reader.required_string(root, "hs_token").map(token),
        sender_localpart: reader.required_string(root, "sender_localpart"),
        namespaces: reader.namespaces(root),
        rate_limited: reader.flag(root, "", "rate_limited"),
        protocols: reader.protocols(root),
        receive_ephemeral: reader.flag(root, "", RECEIVE_EPHEMERAL),
        push_ephemeral: reader.flag(root, "", PUSH_EPHEMERAL),
        msc4190: reader.flag(root, "", MSC4190),
        msc3202: reader.flag(root, "", MSC3202),
        extra: unknown(entries, &KNOWN),
    };
    (draft, reader.problems)
}

pub(crate) const RECEIVE_EPHEMERAL: &str = "receive_ephemeral";
pub(crate) const PUSH_EPHEMERAL: &str = "de.sorunome.msc2409.push_ephemeral";
pub(crate) const MSC4190: &str = "io.element.msc4190";
pub(crate) const MSC3202: &str = "org.matrix.msc3202";

const KNOWN: [&str; 12] = [
    "id",
    "url",
    "as_token",
    "hs_token",
    "sender_localpart",
    "namespaces",
    "rate_limited",
    "protocols",
    RECEIVE_EPHEMERAL,
    PUSH_EPHEMERAL,
    MSC4190,
    MSC3202,
];

impl Draft {
    /// The registration, if everything that must be there is there.
    pub(crate) fn finish(self) -> Option<Registration> {
        let value = |flag: Option<Located<bool>>| flag.map(|flag| flag.value);
        Some(Registration {
            id: self.id?.value,
            url: self.url?.value,
            as_token: self.as_token?.value,
            hs_token: self.hs_token?.value,
            sender_localpart: self.sender_localpart?.value,
            namespaces: Namespaces {
                users: finish_namespaces(self.namespaces.users)?,
                aliases: finish_namespaces(self.namespaces.aliases)?,
                rooms: finish_namespaces(self.namespaces.rooms)?,
                extra: self.namespaces.extra,
            },
            rate_limited: value(self.rate_limited),
            protocols: self.protocols.map(|protocols| protocols.value).unwrap_or_default(),
            receive_ephemeral: value(self.receive_ephemeral),
            push_ephemeral: value(self.push_ephemeral),
            msc4190: value(self.msc4190),
            msc3202: value(self.msc3202),
            extra: self.extra,
        })
    }
}

fn finish_namespaces(drafts: Vec<DraftNamespace>) -> Option<Vec<Namespace>> {
    drafts
        .into_iter()
        .map(|draft| {
            let DraftNamespace { exclusive, regex, extra, .. } = draft;
            Some(Namespace { exclusive: exclusive?, regex: regex.value, extra })
        })
        .collect()
}

fn token(text: Located<String>) -> Located<Token> {
    Located { line: text.line, value: Token::new(text.value) }
}

fn unknown(entries: &[Entry], known: &[&str]) -> Vec<Entry> {
    entries.iter().filter(|entry| !known.contains(&entry.key.as_str())).cloned().collect()
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn required_string(&mut self, parent: &Node, key: &str) -> Option<Located<String>> {
        self.required_string_at(parent, "", key)
    }

    fn required_string_at(
        &mut self,
        parent: &Node,
        path: &str,
        key: &str,
    ) -> Option<Located<String>> {
        let whole_key = format!("{path}{key}");
        let Some(node) = parent.find(key) else {
            self.problems.push(Problem::required(parent.line, &whole_key));
            return None;
        };
        self.string(node, &whole_key)
    }

    fn string(&mut self, node: &Node, key: &str) -> Option<Located<String>> {
        if let Some(text) = node.as_str() {
            return Some(Located { line: node.line, value: text.to_owned() });
        }
        let fix = match &node.value {
            Value::Scalar(scalar) if scalar.kind() != ScalarKind::Null => {
                format!("put the value of `{key}` in quotes")
            }
            _ => format!("write a string behind `{key}:`"),
        };
        let what = format!("`{key}` must be a string and is {}", node.value);
        self.wrong(node.line, key, ProblemKind::Type, what, fix);
        None
    }

    /// `url` must be there, if only as an explicit null.
    fn url(&mut self, root: &Node) -> Option<Located<Option<String>>> {
        let Some(node) = root.find("url") else {
            self.wrong(
                root.line,
                "url",
                ProblemKind::Url,
                "`url` is missing".into(),
                "add `url:` with the address at which the homeserver reaches the application \
                 service, or `url: null` if it is to send nothing"
                    .into(),
            );
            return None;
        };
        if is_null(node) {
            return Some(Located { line: node.line, value: None });
        }
        let text = self.string(node, "url")?;
        Some(Located { line: text.line, value: Some(text.value) })
    }

    fn namespaces(&mut self, root: &Node) -> DraftNamespaces {
        let Some(node) = root.find("namespaces") else {
            self.problems.push(Problem::required(root.line, "namespaces"));
            return DraftNamespaces { line: root.line, ..DraftNamespaces::default() };
        };
        if node.entries().is_none() {
            self.wrong(
                node.line,
                "namespaces",
                ProblemKind::Type,
                format!("`namespaces` must be a mapping and is {}", node.value),
                "write `users`, `aliases` and `rooms` below it, each with a list or `[]`".into(),
            );
        }
        DraftNamespaces {
            line: node.line,
            users: self.namespace_list(node, "users"),
            aliases: self.namespace_list(node, "aliases"),
            rooms: self.namespace_list(node, "rooms"),
            extra: unknown(node.entries().unwrap_or_default(), &["users", "aliases", "rooms"]),
        }
    }

    fn namespace_list(&mut self, parent: &Node, kind: &str) -> Vec<DraftNamespace> {
        let key = format!("namespaces.{kind}");
        let Some(node) = parent.find(kind) else { return Vec::new() };
        let Some(items) = node.items() else {
            let what = format!("`{key}` must be a list and is {}", node.value);
            self.wrong(node.line, &key, ProblemKind::Type, what, format!("write `{kind}: []`"));
            return Vec::new();
        };
        let entries = items.iter().enumerate();
        entries.filter_map(|(n, item)| self.namespace(item, format!("{key}[{n}]"))).collect()
    }

    fn namespace(&mut self, node: &Node, key: String) -> Option<DraftNamespace> {
        let Some(entries) = node.entries() else {
            let what = format!("`{key}` must hold `exclusive` and `regex` and is {}", node.value);
            let fix = "write `- exclusive: true` and below it `regex: '…'`".into();
            self.wrong(node.line, &key, ProblemKind::Type, what, fix);
            return None;
        };
        let regex = self.required_string_at(node, &format!("{key}."), "regex");
        if node.find("exclusive").is_none() {
            self.problems.push(Problem::required(node.line, &format!("{key}.exclusive")));
        }
        let exclusive = self.flag(node, &format!("{key}."), "exclusive").map(|flag| flag.value);
        let extra = unknown(entries, &["exclusive", "regex"]);
        Some(DraftNamespace { key, exclusive, regex: regex?, extra })
    }

    fn protocols(&mut self, root: &Node) -> Option<Located<Vec<String>>> {
        let node = root.find("protocols")?;
        let Some(items) = node.items() else {
            let what = format!("`protocols` must be a list and is {}", node.value);
            let fix = "write `protocols: []`, or the names in brackets".into();
            self.wrong(node.line, "protocols", ProblemKind::Type, what, fix);
            return None;
        };
        let names = items.iter().enumerate();
        let names = names.filter_map(|(n, item)| self.string(item, &format!("protocols[{n}]")));
        Some(Located { line: node.line, value: names.map(|name| name.value).collect() })
    }

    /// A real boolean. Synapse takes `"false"` in quotes for true, and `no` is a string to readers
    /// of YAML 1.2.
    fn flag(&mut self, parent: &Node, path: &str, key: &str) -> Option<Located<bool>> {
        let node = parent.find(key)?;
        let kind = match &node.value {
            Value::Scalar(scalar) => Some(scalar.kind()),
            _ => None,
        };
        if let Some(ScalarKind::Bool(value)) = kind {
            return Some(Located { line: node.line, value });
        }
        let shown = match (&node.value, kind) {
            (Value::Scalar(Scalar { text, .. }), Some(ScalarKind::String)) => {
                format!("the string \"{}\"", text.escape_default())
            }
            (value, _) => value.to_string(),
        };
        let what = format!("`{path}{key}` must be `true` or `false` and is {shown}");
        let fix = format!("write `{key}: true` or `{key}: false`, without quotes");
        self.wrong(node.line, &format!("{path}{key}"), ProblemKind::NotBool, what, fix);
        None
    }

    fn wrong(&mut self, line: usize, key: &str, kind: ProblemKind, what: String, fix: String) {
        self.problems.push(Problem { line, key: key.to_owned(), kind, what, fix });
    }
}

fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar.kind() == ScalarKind::Null)
}
