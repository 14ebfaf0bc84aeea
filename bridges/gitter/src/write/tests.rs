//! Against what Gitter's own schemas and chat service write in given situations.

use mongodb::bson::Bson;
use serde_json::Value;

use super::*;

const SAMPLES: &str = include_str!("../../fixtures/documents.json");

/// The samples that say something, edit or remove it.
fn samples(command: &str) -> Vec<(String, Value, Vec<Document>)> {
    let all: Value = serde_json::from_str(SAMPLES).unwrap();
    let of_command = |sample: &&Value| sample["request"]["cmd"] == command;
    let parts = |sample: &Value| {
        let writes = sample["writes"].as_array().unwrap().iter().map(document).collect();
        (sample["name"].as_str().unwrap().to_owned(), sample["request"].clone(), writes)
    };
    all["samples"].as_array().unwrap().iter().filter(of_command).map(parts).collect()
}

fn document(value: &Value) -> Document {
    serde_json::from_value(value.clone()).unwrap()
}

/// Sub-documents have ids by chance, and maps no order.
fn comparable(value: &Bson) -> Bson {
    match value {
        Bson::Document(document) => {
            let mut pairs: Vec<(String, Bson)> =
                document.iter().map(|(key, value)| (key.clone(), comparable(value))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Bson::Document(pairs.into_iter().collect())
        }
        Bson::Array(values) => Bson::Array(values.iter().map(comparable).collect()),
        other => other.clone(),
    }
}

fn without_inner_ids(mut document: Document) -> Bson {
    if let Ok(user) = document.get_document_mut("virtualUser") {
        assert!(user.get_object_id("_id").is_ok());
        user.insert("_id", "by chance");
    }
    if let Ok(mentions) = document.get_array_mut("mentions") {
        for mention in mentions.iter_mut().filter_map(Bson::as_document_mut) {
            assert!(mention.get_object_id("_id").is_ok());
            mention.insert("_id", "by chance");
        }
    }
    comparable(&Bson::Document(document))
}

fn known() -> HashMap<String, ObjectId> {
    let id = |n: u8| ObjectId::parse_str(format!("5f5e100000000000000000{n:02x}")).unwrap();
    [("bob".to_owned(), id(1)), ("carl".to_owned(), id(2))].into()
}

#[test]
fn new_messages_equal_gitters_own() {
    let samples = samples("say");
    assert_eq!(samples.len(), 17);
    for (name, request, writes) in samples {
        let expected = writes.last().unwrap().get_document("doc").unwrap();
        let request = document(&request);
        let (data, user) =
            (request.get_document("data").unwrap(), request.get_document("user").unwrap());
        let virtual_user = data.get_document("virtualUser").ok();
        let text = |key| virtual_user.and_then(|user| user.get_str(key).ok()).map(str::to_owned);
        let message = NewMessage {
            id: expected.get_object_id("_id").unwrap(),
            sent: *expected.get_datetime("sent").unwrap(),
            room: request.get_document("troupe").unwrap().get_object_id("_id").unwrap(),
            is_public: true,
            parent: data.get_str("parentId").ok().and_then(crate::id::read),
            text: data.get_str("text").unwrap().to_owned(),
            status: data.get_bool("status").unwrap_or_default(),
            language: "en".to_owned(),
            speaker: Speaker {
                backing: user.get_object_id("_id").unwrap(),
                external_id: text("externalId"),
                name: text("displayName").unwrap_or_default(),
                avatar: text("avatarUrl"),
            },
        };
        let rendered = markdown::render(&message.text);
        let written = insertion(&message, &rendered, mentions(&rendered, &known()));
        assert_eq!(without_inner_ids(written), without_inner_ids(expected.clone()), "{name}");
    }
}

#[test]
fn edits_equal_gitters_own_but_leave_its_counter_alone() {
    for (name, request, writes) in samples("edit") {
        let request = document(&request);
        let before = request.get_document("message").unwrap();
        let expected = writes[0].get_document("update").unwrap().get_document("$set").unwrap();
        let text = request.get_str("text").unwrap();
        let rendered = markdown::render(text);
        let now = *expected.get_datetime("editedAt").unwrap();
        let update = revision(before, text, &rendered, mentions(&rendered, &known()), now);
        assert_eq!(update.get_document("$inc").unwrap(), &doc! { "_tv": 1 }, "{name}");
        assert_eq!(
            without_inner_ids(update.get_document("$set").unwrap().clone()),
            without_inner_ids(expected.clone()),
            "{name}"
        );
    }
}

#[test]
fn a_backup_equals_gitters_own() {
    let (_, request, writes) = samples("remove")
        .into_iter()
        .find(|(name, ..)| name == "delete of a virtual message")
        .unwrap();
    let message = document(&request["message"]);
    let expected = writes[0].get_document("update").unwrap();
    let ours = backup(message);
    assert_eq!(ours.get("$setOnInsert"), expected.get("$setOnInsert"));
    // Gitter gives the copy of a virtual user an id of its own.
    let set = |update: &Document| without_inner_ids(update.get_document("$set").unwrap().clone());
    assert_eq!(set(&ours), set(expected));
}
