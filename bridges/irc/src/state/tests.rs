use super::{Change, State};
use crate::message::Message;

fn observe(state: &mut State, line: &str) -> Change {
    state.observe(&Message::parse(line).unwrap())
}

#[test]
fn the_nick_is_what_the_server_says() {
    let mut state = State::new("alice_with_a_long_name");
    observe(&mut state, ":irc.net 001 alice_wit :Welcome to the net alice_wit!~al@10.0.0.1");
    let shown = (&*state.nick, state.user.as_deref(), state.host.as_deref());
    assert_eq!(shown, ("alice_wit", Some("~al"), Some("10.0.0.1")));
    assert_eq!(state.server.as_deref(), Some("irc.net"));
    assert_eq!(observe(&mut state, ":bob!b@h NICK carol"), Change::None);
    assert_eq!(observe(&mut state, ":Alice_Wit!~al@10.0.0.1 NICK :Guest1"), Change::Own);
    assert_eq!(state.nick, "Guest1");
}

#[test]
fn the_mask_follows_join_396_and_chghost() {
    let mut state = State::new("a");
    assert_eq!(state.mask_length(), None);
    observe(&mut state, ":a!u@host.example JOIN #c");
    assert_eq!(state.mask_length(), Some("a!u@host.example".len()));
    observe(&mut state, ":s 396 a cloak/a :is now your displayed host");
    assert_eq!(state.host.as_deref(), Some("cloak/a"));
    observe(&mut state, ":s 396 a v@cloak/b :is now your displayed host");
    assert_eq!((state.user.as_deref(), state.host.as_deref()), (Some("v"), Some("cloak/b")));
    observe(&mut state, ":a!v@cloak/b CHGHOST w cloak/c");
    assert_eq!((state.user.as_deref(), state.host.as_deref()), (Some("w"), Some("cloak/c")));
    assert_eq!(observe(&mut state, ":a!w@cloak/c PRIVMSG #c :echo"), Change::None);
}

#[test]
fn the_account_follows_logins() {
    let mut state = State::new("a");
    observe(&mut state, ":s 900 a a!u@h acc :You are now logged in as acc");
    assert_eq!(state.account.as_deref(), Some("acc"));
    observe(&mut state, ":a!u@h ACCOUNT *");
    assert_eq!(state.account, None);
    observe(&mut state, ":a!u@h ACCOUNT other");
    observe(&mut state, ":s 901 a a!u@h :You are now logged out");
    assert_eq!(state.account, None);
}

#[test]
fn names_are_compared_as_the_server_does() {
    let mut state = State::new("a[b]");
    assert!(state.is_own_nick("A{B}"));
    let tokens = ":s 005 a[b] CASEMAPPING=ascii :are supported";
    assert_eq!(observe(&mut state, tokens), Change::Isupport);
    assert!(!state.is_own_nick("A{B}") && state.is_own_nick("A[B]"));
    assert_eq!(observe(&mut state, tokens), Change::None);
}
