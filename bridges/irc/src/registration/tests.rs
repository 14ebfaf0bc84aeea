use proptest::prelude::*;

use super::{Registrant, Registration, RegistrationError, Step};
use crate::{
    caps::WANTED,
    message::Message,
    sasl::{Sasl, SaslError, SaslPolicy},
    state::State,
};

/// A registration with its state; lines in, lines out.
struct Talk {
    registration: Registration,
    state: State,
    greeting: Vec<String>,
}

fn lines(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.to_line().unwrap()).collect()
}

impl Talk {
    fn begin(change: impl FnOnce(&mut Registrant)) -> Self {
        let mut registrant = Registrant {
            nicks: vec!["al".into(), "al_".into()],
            username: "al".into(),
            realname: "Al B".into(),
            caps: WANTED.to_vec(),
            ..Registrant::default()
        };
        change(&mut registrant);
        let (registration, greeting) = Registration::begin(registrant);
        Self { registration, state: State::new("al"), greeting: lines(&greeting) }
    }

    fn step(&mut self, line: &str) -> Step {
        let message = Message::parse(line).unwrap();
        let change = self.state.observe(&message);
        self.registration.on_message(&message, &change, &self.state)
    }

    fn say(&mut self, line: &str) -> Vec<String> {
        match self.step(line) {
            Step::Send(messages) => lines(&messages),
            other => panic!("{line} -> {other:?}"),
        }
    }
}

fn plain(registrant: &mut Registrant) {
    registrant.sasl = Some(Sasl::Plain { account: "a".into(), password: "b".to_owned().into() });
}

#[test]
fn a_plain_server_registers_without_capabilities() {
    let mut talk = Talk::begin(|registrant| registrant.pass = Some("door".to_owned().into()));
    assert_eq!(talk.greeting, ["PASS door", "CAP LS 302", "NICK al", "USER al 0 * :Al B"]);
    assert!(talk.say(":s 421 * CAP :Unknown command").is_empty());
    assert!(talk.say(":s 001 al :Welcome").is_empty());
    assert!(talk.say(":s 005 al NICKLEN=9 :are supported by this server").is_empty());
    assert_eq!(talk.step(":s 422 al :No MOTD"), Step::Registered);
    assert_eq!(talk.state.isupport.nick_length(), 9);
}

#[test]
fn offered_capabilities_are_asked_for_and_the_rest_is_not() {
    let mut talk = Talk::begin(|_| {});
    assert!(talk.say("CAP * LS * :batch unknown/cap").is_empty());
    assert_eq!(talk.say("CAP * LS :echo-message sasl=PLAIN"), ["CAP REQ :batch echo-message"]);
    assert!(talk.say("CAP al ACK :batch").is_empty(), "half an answer");
    assert_eq!(talk.say("CAP al ACK :echo-message"), ["CAP END"]);
    assert!(talk.state.caps.has("batch") && talk.state.caps.has("echo-message"));
}

#[test]
fn nothing_useful_on_offer_ends_at_once() {
    assert_eq!(Talk::begin(|_| {}).say("CAP * LS :unknown/cap"), ["CAP END"]);
}

#[test]
fn a_refused_line_is_asked_for_again_name_by_name() {
    let mut talk = Talk::begin(|_| {});
    talk.say("CAP * LS :batch echo-message");
    assert_eq!(
        talk.say("CAP al NAK :batch echo-message"),
        ["CAP REQ batch", "CAP REQ echo-message"]
    );
    assert!(talk.say("CAP al NAK :batch").is_empty());
    assert_eq!(talk.say("CAP al ACK :echo-message"), ["CAP END"]);
    assert!(!talk.state.caps.has("batch"));
}

#[test]
fn sasl_comes_before_the_end() {
    let mut talk = Talk::begin(plain);
    assert_eq!(talk.say("CAP * LS :batch sasl=PLAIN,EXTERNAL"), ["CAP REQ :batch sasl"]);
    assert_eq!(talk.say("CAP al ACK :batch sasl"), ["AUTHENTICATE PLAIN"]);
    assert_eq!(talk.say("AUTHENTICATE +"), ["AUTHENTICATE AGEAYg=="]);
    assert!(talk.say(":s 900 al al!u@h a :You are now logged in as a").is_empty());
    assert_eq!(talk.say(":s 903 al :SASL authentication successful"), ["CAP END"]);
    assert_eq!(talk.state.account.as_deref(), Some("a"));
}

#[test]
fn a_failed_login_ends_the_connection_or_not_by_policy() {
    for (policy, lines) in [(SaslPolicy::Require, None), (SaslPolicy::Prefer, Some(["CAP END"]))] {
        let mut talk = Talk::begin(|registrant| {
            plain(registrant);
            registrant.sasl_policy = policy;
        });
        talk.say("CAP * LS :sasl");
        talk.say("CAP al ACK :sasl");
        talk.say("AUTHENTICATE +");
        match lines {
            Some(lines) => assert_eq!(talk.say(":s 904 al :SASL authentication failed"), lines),
            None => assert!(matches!(
                talk.step(":s 904 al :SASL authentication failed"),
                Step::Failed(RegistrationError::Sasl(SaslError::Refused(_)))
            )),
        }
    }
}

#[test]
fn a_server_without_sasl_gets_no_password() {
    let mut talk = Talk::begin(plain);
    assert_eq!(
        talk.step("CAP * LS :unknown/cap"),
        Step::Failed(RegistrationError::Sasl(SaslError::NotOffered))
    );
    let mut talk = Talk::begin(plain);
    assert_eq!(talk.say("CAP * LS :batch sasl=EXTERNAL"), ["CAP REQ batch"]);
    assert!(matches!(
        talk.step("CAP al ACK :batch"),
        Step::Failed(RegistrationError::Sasl(SaslError::NoMechanism { .. }))
    ));
}

#[test]
fn taken_nicks_are_followed_by_the_next_until_there_is_none() {
    for numeric in [433, 436, 437, 432] {
        let mut talk = Talk::begin(|_| {});
        assert_eq!(talk.say(&format!(":s {numeric} * al :Nickname is in use")), ["NICK al_"]);
        let Step::Failed(error) = talk.step(&format!(":s {numeric} * al_ :Nickname is in use"))
        else {
            panic!("not failed")
        };
        assert!(error.to_string().contains("`al_`: Nickname is in use"), "{error}");
    }
}

#[test]
fn after_the_welcome_a_taken_nick_ends_nothing() {
    let mut talk = Talk::begin(|_| {});
    talk.say(":s 001 someone_else :Welcome");
    assert_eq!(talk.state.nick, "someone_else", "the server's word counts");
    assert!(talk.say(":s 433 al b :Nickname is in use").is_empty());
    assert_eq!(talk.step(":s 376 al :End of MOTD"), Step::Registered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_lines_are_taken_without_panic(
        lines in proptest::collection::vec(
            "(CAP \\* (LS|ACK|NAK|NEW|DEL) (\\* )?:(batch|sasl|sasl=PLAIN| ){0,4})|AUTHENTICATE [+a]|(001|433|437|376|903|904|908) .{0,9}|.{1,9}",
            0..20,
        ),
    ) {
        let mut talk = Talk::begin(plain);
        for line in lines {
            if Message::parse(&line).is_ok() {
                talk.step(&line);
            }
        }
    }
}
