//! A list of links in a file: YAML or CSV.

use std::{collections::HashSet, fmt, fs, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use crate::cli::Failure;

/// A link that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The channel.
    pub(super) remote: String,
    /// The room, by id or alias.
    pub(super) room: String,
}

/// Reads a list: CSV with the header `remote,room`, a YAML map `REMOTE: ROOM`, or a YAML list of
/// `{remote, room}`.
///
/// # Errors
/// The line or row that is wrong, and what would be right.
pub(super) fn read(file: &Path) -> Result<Vec<Wanted>, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", file.display())))?;
    let wrong = |what: String| Failure::Usage(format!("{}: {what}", file.display()));
    let is_csv = file.extension().is_some_and(|name| name.eq_ignore_ascii_case("csv"));
    let list = if is_csv { csv(&text) } else { yaml(&text) };
    let list = list.and_then(unique).map_err(wrong)?;
    if list.is_empty() {
        return Err(wrong("there is no link in it".to_owned()));
    }
    Ok(list)
}

fn csv(text: &str) -> Result<Vec<Wanted>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'%'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header.iter().position(|found| found == name).ok_or_else(|| {
            format!("line 1: the header has no column `{name}`; write `remote,room`")
        })
    };
    let (remote, room) = (column("remote")?, column("room")?);
    let mut list = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |at: usize, name: &str| match record.get(at) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(format!("line {line}: there is no {name}")),
        };
        list.push(Wanted { remote: field(remote, "remote")?, room: field(room, "room")? });
    }
    Ok(list)
}

fn yaml(text: &str) -> Result<Vec<Wanted>, String> {
    serde_saphyr::from_str::<List>(text).map(|List(list)| list).map_err(|error| error.to_string())
}

struct List(Vec<Wanted>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map `\"network/#channel\": \"#room:server\"`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List, A::Error> {
                let mut list = Vec::new();
                while let Some((remote, room)) = map.next_entry()? {
                    list.push(Wanted { remote, room });
                }
                Ok(List(list))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List, A::Error> {
                let mut list = Vec::new();
                while let Some(wanted) = seq.next_element()? {
                    list.push(wanted);
                }
                Ok(List(list))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A channel goes to one room, and a room to one channel.
fn unique(list: Vec<Wanted>) -> Result<Vec<Wanted>, String> {
    let (mut remotes, mut rooms) = (HashSet::new(), HashSet::new());
    for wanted in &list {
        if !remotes.insert(&wanted.remote) {
            return Err(format!("{} stands there twice", wanted.remote));
        }
        if !rooms.insert(&wanted.room) {
            return Err(format!("{} stands there twice", wanted.room));
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &[(&str, &str)]) -> Vec<Wanted> {
        let wanted = |(remote, room): &(&str, &str)| Wanted {
            remote: (*remote).to_owned(),
            room: (*room).to_owned(),
        };
        list.iter().map(wanted).collect()
    }

    fn parse(name: &str, text: &str) -> Result<Vec<Wanted>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn all_three_forms_say_the_same() {
        let expected = wanted(&[("net/#b", "#b:s"), ("net/#a", "!a")]);
        for (name, text) in [
            ("l.csv", "remote,room\nnet/#b,#b:s\n\"net/#a\", !a\n"),
            ("l.CSV", "room,note,remote\n#b:s,x,net/#b\n!a,,net/#a\n"),
            ("l.yaml", "\"net/#b\": \"#b:s\"\n\"net/#a\": \"!a\"\n"),
            ("l", "- {remote: \"net/#b\", room: \"#b:s\"}\n- remote: \"net/#a\"\n  room: \"!a\"\n"),
        ] {
            assert_eq!(parse(name, text).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, text, named) in [
            ("l.csv", "a,b\n1,2\n", "no column `remote`"),
            ("l.csv", "remote,room\nnet/#a,!a\nnet/#b\n", "line 3: there is no room"),
            ("l.csv", "remote,room\n", "there is no link in it"),
            ("l.csv", "remote,room\nnet/#a,!a\nnet/#a,!b\n", "net/#a stands there twice"),
            ("l.yaml", "\"net/#a\": \"!a\"\n\"net/#b\": \"!a\"\n", "!a stands there twice"),
            ("l.yaml", "just words", "a map"),
            ("l.yaml", "- {remote: a}", "room"),
        ] {
            let error = parse(name, text).unwrap_err();
            assert!(error.contains(named), "{error}");
            assert!(error.contains(name), "{error}");
        }
    }
}
