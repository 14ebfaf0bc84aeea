use super::*;
use crate::template::TemplateKind;

fn spec(templates: &[Template]) -> Spec<'_> {
    Spec {
        id: "irc",
        url: Some("http://127.0.0.1:29331"),
        sender_localpart: "_ircbot",
        server_name: "example.org",
        user_templates: templates,
        alias_templates: &[],
        protocols: &["irc"],
        ephemeral: Ephemeral::Receive,
        tokens: None,
    }
}

#[test]
fn a_registration_claims_bot_and_ghosts() {
    let templates = [Template::parse(TemplateKind::User, "_irc_{network}_{nick}").unwrap()];
    let registration = generate(&spec(&templates));
    let users: Vec<_> = registration.namespaces.users.iter().map(|user| &*user.regex).collect();
    assert_eq!(
        users,
        [r"^@_ircbot:example\.org$", r"^@_irc_[a-z0-9-]{1,16}_[a-z0-9._=/+-]+:example\.org$"]
    );
    assert!(registration.namespaces.users.iter().all(|user| user.exclusive));
    assert_eq!(registration.rate_limited, Some(false));
    assert_eq!(registration.receive_ephemeral, Some(true));
    assert_eq!(registration.push_ephemeral, Some(true));
    let text = registration.to_yaml();
    assert_eq!(Registration::from_yaml(&text).unwrap(), registration);
}

#[test]
fn secrets_are_fresh_and_long_unless_kept() {
    let first = generate(&spec(&[]));
    let second = generate(&spec(&[]));
    assert_ne!(first.as_token, first.hs_token);
    assert_ne!(first.as_token, second.as_token);
    let text = first.as_token.expose();
    assert!(text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let kept = generate(&Spec { tokens: Some(&first), ..spec(&[]) });
    assert_eq!((kept.as_token, kept.hs_token), (first.as_token, first.hs_token));
}
