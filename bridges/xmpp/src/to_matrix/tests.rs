use proptest::prelude::*;

use super::*;
use crate::xml::Build;

fn said(payload: &str) -> Said {
    let stanza = format!("<message xmlns='jabber:client' type='groupchat'>{payload}</message>");
    read(&stanza.parse().unwrap())
}

fn plain(said: &Said) -> (MessageKind, String, Option<&str>) {
    match said {
        Said::Message { message, reply_to } => {
            (message.kind, message.body.plain(), reply_to.as_deref())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn speech_and_emotes_are_told_apart() {
    assert_eq!(plain(&said("<body>hello</body>")), (MessageKind::Text, "hello".into(), None));
    assert_eq!(plain(&said("<body>/me waves</body>")), (MessageKind::Emote, "waves".into(), None));
    assert_eq!(plain(&said("<body>/method</body>")).0, MessageKind::Text);
}

#[test]
fn a_reply_loses_its_fallback_by_code_points() {
    let said = said(
        "<body>&gt; 😀 ann: hi\nyes 😀</body>\
         <reply xmlns='urn:xmpp:reply:0' to='r@m/ann' id='17'/>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
         <body start='0' end='12'/></fallback>",
    );
    assert_eq!(plain(&said), (MessageKind::Text, "yes 😀".into(), Some("17")));
}

#[test]
fn ranges_out_of_bounds_cut_nothing_that_is_not_there() {
    for (start, end, left) in [("5", "900", "> hi "), ("9", "2", "> hi x"), ("a", "b", "> hi x")] {
        let said = said(&format!(
            "<body>&gt; hi x</body><reply xmlns='urn:xmpp:reply:0' id='1'/>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>\
             <body start='{start}' end='{end}'/></fallback>"
        ));
        assert_eq!(plain(&said).1, left, "{start} {end}");
    }
}

#[test]
fn a_correction_names_the_first_message() {
    let edit = said("<body>new</body><replace xmlns='urn:xmpp:message-correct:0' id='a1'/>");
    let Said::Edit { of, message } = edit else { panic!("{edit:?}") };
    assert_eq!((of.as_str(), message.body.plain().as_str()), ("a1", "new"));
}

#[test]
fn reactions_are_a_whole_set() {
    let all = said(
        "<reactions xmlns='urn:xmpp:reactions:0' id='17'><reaction>👍</reaction>\
         <reaction> 🎉 </reaction><reaction/></reactions>",
    );
    let keys = vec!["👍".to_owned(), "🎉".to_owned()];
    assert_eq!(all, Said::Reactions { of: "17".to_owned(), keys });
}

#[test]
fn retractions_of_both_generations_are_read() {
    let of = "17".to_owned();
    let new = said(
        "<body>/me retracted a message</body><retract xmlns='urn:xmpp:message-retract:1' id='17'/>",
    );
    assert_eq!(new, Said::Retract { of: of.clone() });
    let old = said(
        "<apply-to xmlns='urn:xmpp:fasten:0' id='17'>\
         <retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
    );
    assert_eq!(old, Said::Retract { of: of.clone() });
    let (by, reason) = (Some("r@m/mod".to_owned()), Some("spam".to_owned()));
    let moderated = Said::Moderated { of, by, reason };
    assert_eq!(
        said(
            "<retract xmlns='urn:xmpp:message-retract:1' id='17'>\
             <moderated xmlns='urn:xmpp:message-moderate:1' by='r@m/mod'/>\
             <reason>spam</reason></retract>"
        ),
        moderated
    );
    assert_eq!(
        said(
            "<apply-to xmlns='urn:xmpp:fasten:0' id='17'>\
             <moderated xmlns='urn:xmpp:message-moderate:0' by='r@m/mod'>\
             <retract xmlns='urn:xmpp:message-retract:0'/><reason>spam</reason>\
             </moderated></apply-to>"
        ),
        moderated
    );
}

#[test]
fn a_subject_is_one_only_without_a_body() {
    assert_eq!(said("<subject>news</subject>"), Said::Subject("news".to_owned()));
    assert_eq!(said("<subject/>"), Said::Subject(String::new()));
    assert!(matches!(said("<subject>re</subject><body>x</body>"), Said::Message { .. }));
    assert_eq!(said("<composing xmlns='http://jabber.org/protocol/chatstates'/>"), Said::Nothing);
}

proptest! {
    #[test]
    fn no_body_and_no_range_panics(body in any::<String>(), start in any::<String>(), end in 0..99) {
        let range = xml::element("body", ns::FALLBACK)
            .with("start", &start)
            .with("end", &i32::to_string(&end));
        let stanza = xml::element("message", ns::CLIENT)
            .holding(xml::element("body", ns::CLIENT).saying(&body))
            .holding(xml::element("reply", ns::REPLY).with("id", &start))
            .holding(xml::element("fallback", ns::FALLBACK).holding(range));
        let _ = read(&stanza);
    }
}
