use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{Exchange, Progress, Sasl, SaslError};
use crate::message::Message;

fn plain(password: &str) -> Sasl {
    Sasl::Plain { account: "bot".into(), password: password.to_owned().into() }
}

fn say(exchange: &mut Exchange, line: &str) -> Progress {
    exchange.on_message(&Message::parse(line).unwrap())
}

fn answer(sasl: Sasl) -> Vec<String> {
    let (mut exchange, _) = Exchange::begin(sasl);
    match say(&mut exchange, "AUTHENTICATE +") {
        Progress::Reply(messages) => {
            messages.iter().map(|message| message.to_line().unwrap()).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_sends_account_and_password() {
    let (_, first) = Exchange::begin(plain("pass"));
    assert_eq!(first.to_line().unwrap(), "AUTHENTICATE PLAIN");
    assert_eq!(answer(plain("pass")), [format!("AUTHENTICATE {}", BASE64.encode("\0bot\0pass"))]);
}

#[test]
fn external_sends_nothing_but_a_plus() {
    let (_, first) = Exchange::begin(Sasl::External);
    assert_eq!(first.to_line().unwrap(), "AUTHENTICATE EXTERNAL");
    assert_eq!(answer(Sasl::External), ["AUTHENTICATE +"]);
}

#[test]
fn long_payloads_go_in_chunks_of_400_and_a_full_last_one_is_ended() {
    // 5 bytes around the password: 300 bytes make 400 characters.
    for (password, lengths) in
        [(292, vec![396]), (295, vec![400, 1]), (296, vec![400, 4]), (595, vec![400, 400, 1])]
    {
        let lines = answer(plain(&"x".repeat(password)));
        let found: Vec<_> = lines.iter().map(|line| line.len() - "AUTHENTICATE ".len()).collect();
        assert_eq!(found, lengths, "{password}");
        let whole: String = lines
            .iter()
            .map(|line| &line["AUTHENTICATE ".len()..])
            .filter(|piece| *piece != "+")
            .collect();
        assert_eq!(BASE64.decode(whole).unwrap().len(), password + 5);
    }
}

#[test]
fn numerics_end_the_login() {
    let (mut exchange, _) = Exchange::begin(plain("pass"));
    assert_eq!(
        say(&mut exchange, ":s 900 me me!u@h bot :You are now logged in"),
        Progress::Unrelated
    );
    assert_eq!(say(&mut exchange, ":s 903 me :SASL authentication successful"), Progress::Done);
    assert_eq!(say(&mut exchange, ":s 907 me :You have already authenticated"), Progress::Done);
    for numeric in [902, 904, 905, 906] {
        let failed = say(&mut exchange, &format!(":s {numeric} me :No way"));
        assert_eq!(failed, Progress::Failed(SaslError::Refused("No way".into())));
    }
}

#[test]
fn a_missing_mechanism_is_named() {
    let (mut exchange, _) = Exchange::begin(Sasl::External);
    say(&mut exchange, ":s 908 me PLAIN,SCRAM-SHA-256 :are available");
    let Progress::Failed(error) = say(&mut exchange, ":s 904 me :SASL authentication failed")
    else {
        panic!("not failed")
    };
    assert_eq!(
        error.to_string(),
        "the server does not offer SASL EXTERNAL, only PLAIN,SCRAM-SHA-256"
    );
    assert!(Sasl::External.check_offer(Some("PLAIN")).is_err());
    assert!(Sasl::External.check_offer(Some("plain,external")).is_ok());
    assert!(Sasl::External.check_offer(Some("")).is_ok());
    assert_eq!(Sasl::External.check_offer(None), Err(SaslError::NotOffered));
}

#[test]
fn a_strange_challenge_gets_no_password() {
    let (mut exchange, _) = Exchange::begin(plain("pass"));
    assert!(matches!(
        say(&mut exchange, "AUTHENTICATE abcd"),
        Progress::Failed(SaslError::Challenge("PLAIN"))
    ));
}

#[test]
fn secrets_are_not_shown() {
    assert!(!format!("{:?}", plain("hunter2")).contains("hunter2"));
}
