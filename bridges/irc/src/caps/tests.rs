use proptest::prelude::*;

use super::{CapChange, Caps, WANTED, requests};
use crate::message::Message;

fn apply(caps: &mut Caps, line: &str) -> CapChange {
    caps.apply(&Message::parse(line).unwrap().params)
}

#[test]
fn an_offer_comes_in_several_lines_with_values() {
    let mut caps = Caps::default();
    assert_eq!(apply(&mut caps, "CAP * LS * :batch sasl=PLAIN,EXTERNAL"), CapChange::Listing);
    assert_eq!(
        apply(&mut caps, "CAP * LS :draft/multiline=max-bytes=4096,max-lines=100 echo-message"),
        CapChange::Listed
    );
    assert_eq!(caps.value("sasl"), Some("PLAIN,EXTERNAL"));
    assert_eq!(caps.value("batch"), Some(""));
    assert_eq!(caps.value_of("draft/multiline", "max-lines"), Some("100"));
    assert_eq!(caps.value_of("draft/multiline", "max-words"), None);
    assert!(!caps.has("batch"), "an offer alone turns nothing on");
    assert_eq!(caps.missing(&["batch", "chghost"]), ["batch"]);
}

#[test]
fn what_is_acknowledged_is_on_until_it_is_withdrawn() {
    let mut caps = Caps::default();
    apply(&mut caps, "CAP * LS :batch echo-message");
    let on = apply(&mut caps, "CAP me ACK :batch echo-message unheard-of");
    assert!(matches!(on, CapChange::Acknowledged(names) if names.len() == 3));
    assert!(caps.has("batch") && caps.has("echo-message") && !caps.has("unheard-of"));
    apply(&mut caps, "CAP me ACK :-batch");
    assert!(!caps.has("batch"));
    assert_eq!(
        apply(&mut caps, "CAP me DEL :echo-message"),
        CapChange::Withdrawn(vec!["echo-message".into()])
    );
    assert_eq!(caps.enabled().count(), 0);
    assert_eq!(
        apply(&mut caps, "CAP me NEW :echo-message=x"),
        CapChange::Offered(vec!["echo-message".into()])
    );
    assert_eq!(caps.missing(&["echo-message"]), ["echo-message"]);
}

#[test]
fn a_refusal_changes_nothing() {
    let mut caps = Caps::default();
    apply(&mut caps, "CAP * LS :batch");
    assert_eq!(
        apply(&mut caps, "CAP me NAK :batch chghost"),
        CapChange::Refused(vec!["batch".into(), "chghost".into()])
    );
    assert!(!caps.has("batch"));
}

#[test]
fn strange_caps_mean_nothing() {
    let mut caps = Caps::default();
    for line in ["CAP", "CAP *", "CAP * WHAT :a", "CAP * LIST :a"] {
        assert_eq!(apply(&mut caps, line), CapChange::Other, "{line}");
    }
    assert_eq!(apply(&mut caps, "CAP * LS"), CapChange::Listed);
}

#[test]
fn an_endless_offer_takes_bounded_memory() {
    let mut caps = Caps::default();
    for number in 0..10_000 {
        apply(&mut caps, &format!("CAP * LS * :cap-{number}"));
    }
    assert_eq!(caps.offered.len(), super::MAX_OFFERED);
}

#[test]
fn requests_fit_their_lines_and_name_each_capability_once() {
    assert!(requests(&[]).is_empty());
    let names: Vec<String> =
        (0..100).map(|number| format!("vendor.example/cap-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lines = requests(&names);
    assert!(lines.len() > 1);
    let mut asked = Vec::new();
    for (names, message) in &lines {
        let line = message.to_line().unwrap();
        assert!(line.len() <= 510, "{line}");
        assert_eq!(message.text().split(' ').collect::<Vec<_>>(), *names);
        asked.extend(names.iter().map(String::as_str));
    }
    assert_eq!(asked, names);
    assert_eq!(requests(WANTED).len(), 1);
}

proptest! {
    #[test]
    fn any_parameters_are_taken_without_panic(params in proptest::collection::vec("[*A-Za-z=,~ -]{0,12}|.{0,9}", 0..6)) {
        let mut caps = Caps::default();
        caps.apply(&params);
        let mut params = params;
        params.splice(0..0, ["*".to_owned(), "LS".to_owned()]);
        caps.apply(&params);
    }
}
