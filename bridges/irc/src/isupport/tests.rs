use proptest::prelude::*;

use super::Isupport;
use crate::casemap::CaseMapping;

fn isupport(tokens: &str) -> Isupport {
    let mut isupport = Isupport::default();
    apply(&mut isupport, tokens);
    isupport
}

fn apply(isupport: &mut Isupport, tokens: &str) -> bool {
    let params =
        std::iter::once("me").chain(tokens.split(' ')).chain(["are supported by this server"]);
    isupport.apply(&params.map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn a_silent_server_has_the_common_defaults() {
    let silent = Isupport::default();
    assert_eq!(silent.nick_length(), 30, "nothing announced yet");
    assert_eq!(isupport("").nick_length(), 9, "announced without NICKLEN");
    assert_eq!(silent.casemapping(), CaseMapping::Rfc1459);
    assert_eq!(silent.line_length(), 512);
    assert_eq!(silent.monitor(), None);
    assert_eq!(silent.max_targets("PRIVMSG"), 1);
    assert_eq!(silent.modes_per_line(), 3);
    assert_eq!(silent.chathistory(), None);
    assert!(silent.is_channel("#a") && silent.is_channel("&a") && !silent.is_channel("+a"));
    assert!(silent.passes_client_tag("typing"));
    assert_eq!(silent.statusmsg("@#a"), None);
}

#[test]
fn what_inspircd_announces_is_read() {
    let mut server = isupport(
        "AWAYLEN=200 BOT=B CASEMAPPING=ascii CHANLIMIT=#:20,&:5 CHANMODES=Ibew,k,Hfjl,imnpst CHANNELLEN=64",
    );
    apply(
        &mut server,
        "CHANTYPES=#& ELIST=CMNTU KICKLEN=255 LINELEN=2048 MODES=20 MONITOR=30 NAMELEN=128",
    );
    apply(
        &mut server,
        r"NETWORK=My\x20Net NICKLEN=31 PREFIX=(qaohv)~&@%+ STATUSMSG=@+ TOPICLEN=307 USERLEN=11",
    );
    assert_eq!(server.casemapping(), CaseMapping::Ascii);
    assert_eq!(server.network(), Some("My Net"));
    assert_eq!(server.nick_length(), 31);
    assert_eq!(server.line_length(), 2048);
    assert_eq!(server.monitor(), Some(30));
    assert_eq!(server.bot_mode(), Some('B'));
    assert_eq!(server.channel_limit("#a"), Some(20));
    assert_eq!(server.channel_limit("&a"), Some(5));
    assert_eq!(server.channel_limit("!a"), None);
    assert_eq!(server.topic_length(), Some(307));
    assert_eq!(server.statusmsg("@#a"), Some(('@', "#a")));
    assert_eq!(server.statusmsg("@a"), None);
    assert_eq!(server.statusmsg("%#a"), None);
    assert_eq!(server.modes_per_line(), 20);
    assert!(!server.has("WHOX"));
}

#[test]
fn tokens_are_taken_back_and_changed() {
    let mut server = isupport("WHOX NICKLEN=31");
    assert!(apply(&mut server, "-WHOX NICKLEN=20"));
    assert!(!apply(&mut server, "NICKLEN=20"));
    assert!(!server.has("WHOX"));
    assert_eq!(server.nick_length(), 20);
}

#[test]
fn limits_may_be_open() {
    let server =
        isupport("CHANLIMIT=#: MODES TARGMAX=PRIVMSG:4,JOIN:,KICK:1 MONITOR CHATHISTORY=0");
    assert_eq!(server.channel_limit("#a"), None);
    assert_eq!(server.modes_per_line(), usize::MAX);
    assert_eq!(server.max_targets("PRIVMSG"), 4);
    assert_eq!(server.max_targets("JOIN"), usize::MAX);
    assert_eq!(server.max_targets("KICK"), 1);
    assert_eq!(server.max_targets("WHOIS"), 1);
    assert_eq!(server.monitor(), Some(usize::MAX));
    assert_eq!(server.chathistory(), Some(usize::MAX));
    assert_eq!(isupport("MAXCHANNELS=10").channel_limit("#a"), Some(10));
    assert_eq!(isupport("CHANLIMIT=#&+:0").channel_limit("#a"), None);
}

#[test]
fn denied_client_tags_are_known() {
    let some = isupport("CLIENTTAGDENY=draft/react,typing");
    assert!(!some.passes_client_tag("typing") && some.passes_client_tag("reply"));
    let most = isupport("CLIENTTAGDENY=*,-reply");
    assert!(!most.passes_client_tag("typing") && most.passes_client_tag("reply"));
}

#[test]
fn escapes_that_are_none_stay() {
    let server = isupport(r"A=\x41\x4 B=\xZZ C=\ D=\xff");
    assert_eq!(server.find("A"), Some(r"A\x4"));
    assert_eq!(server.find("B"), Some(r"\xZZ"));
    assert_eq!(server.find("C"), Some(r"\"));
    assert_eq!(server.find("D"), Some(r"\xff"));
}

#[test]
fn a_line_length_that_nobody_can_mean_is_not_believed() {
    assert_eq!(isupport("LINELEN=1").line_length(), 512);
    assert_eq!(isupport("LINELEN=99999999").line_length(), 16_384);
}

proptest! {
    #[test]
    fn any_tokens_are_taken_without_panic(params in proptest::collection::vec(any::<String>(), 0..20)) {
        let mut server = Isupport::default();
        server.apply(&params);
        server.prefixes();
        server.chanmodes();
        server.statusmsg(params.first().map_or("", String::as_str));
        server.channel_limit(params.last().map_or("", String::as_str));
        server.max_targets("PRIVMSG");
    }

    #[test]
    fn known_tokens_with_any_value_are_read_without_panic(value in "[^ \r\n\0]{0,20}", name in "é?.{0,8}") {
        let names = ["PREFIX", "CHANMODES", "CHANLIMIT", "TARGMAX", "STATUSMSG", "NICKLEN", "BOT"];
        let server = isupport(&names.map(|name| format!("{name}={value}")).join(" "));
        server.prefixes().split(&name);
        server.chanmodes();
        server.statusmsg(&name);
        server.channel_limit(&name);
        server.max_targets("PRIVMSG");
        server.nick_length();
        server.bot_mode();
    }
}
