use std::path::Path;

use super::*;

fn file(name: &str, bot: &str, users: &[(&str, bool)]) -> File {
    let entries: Vec<_> = users
        .iter()
        .map(|(regex, exclusive)| format!("    - {{exclusive: {exclusive}, regex: '{regex}'}}"))
        .collect();
    let entries = entries.join("\n");
    let text = format!("id: {name}\nsender_localpart: {bot}\nnamespaces:\n  users:\n{entries}");
    File::of_text(Path::new(&format!("{name}.yaml")), &text)
}

#[test]
fn it_names_the_owner() {
    let irc = file("irc", "_ircbot", &[(r"^@_irc_.*:example\.org$", true)]);
    let xmpp = file("xmpp", "_xmppbot", &[(r"^@_xmpp_.*:example\.org$", true)]);
    let files = [irc, xmpp];
    let explained = |id| explain(&files, id).unwrap().to_string();
    assert_eq!(
        explained("@_irc_a:example.org"),
        "@_irc_a:example.org belongs to irc\n  irc.yaml:5: irc: users, exclusive, \
         `^@_irc_.*:example\\.org$`"
    );
    assert_eq!(
        explained("@_xmppbot:example.org"),
        "@_xmppbot:example.org belongs to xmpp\n  xmpp.yaml:2: xmpp: its bot"
    );
    assert_eq!(
        explained("@alice:example.org"),
        "@alice:example.org belongs to no application service"
    );
    assert_eq!(explained("!abc"), "!abc belongs to no application service");
}

#[test]
fn it_names_rivals_and_homeservers_that_disagree() {
    let files = [
        file("a", "abot", &[("^@_irc_.*", true)]),
        file("b", "bbot", &[("^@.*", false), ("^@_irc_.*", true)]),
        file("c", "cbot", &[("_IRC_", true)]),
    ];
    let explanation = explain(&files, "@_irc_x:example.org").unwrap();
    assert_eq!(explanation.owners(), ["a", "c"]);
    let exclusive: Vec<_> = explanation.holders.iter().map(|holder| holder.exclusive).collect();
    assert_eq!(exclusive, [true, false, true], "the first entry that matches decides");
    assert_eq!(explanation.holders[2].dialects, [Dialect::Conduit]);
    let shown = explanation.to_string();
    assert!(shown.contains("claimed by a and c at once"), "{shown}");
    assert!(shown.contains("on Conduit and kin only"), "{shown}");
}

#[test]
fn what_is_no_id_is_refused() {
    assert!(matches!(explain(&[], "alice"), Err(IdError::Sigil(_))));
    assert!(matches!(explain(&[], "@alice"), Err(IdError::ServerName(_))));
}
