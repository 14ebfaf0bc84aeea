use proptest::prelude::*;
use regex::Regex;

use super::*;

const SERVER: &str = "matrix.example.org";

fn user(text: &str) -> Template {
    Template::parse(TemplateKind::User, text).unwrap()
}

fn alias(text: &str) -> Template {
    Template::parse(TemplateKind::Alias, text).unwrap()
}

fn gitter_user() -> Template {
    Template::parse_with(TemplateKind::User, "{username}-{userid}", Prefix::Optional).unwrap()
}

fn pairs(decoded: &[(String, String)]) -> Vec<(&str, &str)> {
    decoded.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A template, values for it, and the localpart that they give.
type Case<'a> = (&'a Template, &'a [(&'a str, &'a str)], String);

#[test]
fn names_become_ids_as_documented() {
    let object_id = "54d8c1c1db8155e6700f7312";
    let irc_user = user("_irc_{network}_{nick}");
    let irc_alias = alias("_irc_{network}_{channel}");
    let xmpp_user = user("_xmpp_{jid}");
    let xmpp_alias = alias("_xmpp_{room}_{mucdomain}");
    let gitter = gitter_user();
    let cases: [Case<'_>; 8] = [
        (&irc_user, &[("network", "libera"), ("nick", "alice")], "_irc_libera_alice".into()),
        (&irc_user, &[("network", "libera"), ("nick", "a_b[m]")], "_irc_libera_a_b=5bm=5d".into()),
        (&irc_user, &[("nick", "=40"), ("network", "a-b")], "_irc_a-b_=3d40".into()),
        (&irc_user, &[("network", "x"), ("nick", "Ä")], "_irc_x_=c3=84".into()),
        (&irc_alias, &[("network", "libera"), ("channel", "##c++")], "_irc_libera_##c++".into()),
        (&xmpp_user, &[("jid", "o'brien@example.org")], "_xmpp_o=27brien=40example.org".into()),
        (&xmpp_alias, &[("room", "a_b"), ("mucdomain", "muc.x_y")], "_xmpp_a_b_muc.x=5fy".into()),
        (
            &gitter,
            &[("username", "some-user"), ("userid", object_id)],
            format!("some-user-{object_id}"),
        ),
    ];
    for (template, values, localpart) in cases {
        assert_eq!(template.encode(values, SERVER).unwrap(), localpart);
        let mut expected = values.to_vec();
        expected.sort_by_key(|(name, _)| template.fields().position(|field| field == *name));
        assert_eq!(pairs(&template.decode(&localpart).unwrap()), expected);
    }
}

#[test]
fn ids_of_older_bridges_are_kept() {
    let heisenbridge = user("irc_{network}_{nick}");
    let values = [("network", "libera"), ("nick", "wolf^")];
    assert_eq!(heisenbridge.encode(&values, SERVER).unwrap(), "irc_libera_wolf=5e");

    let translated = Template::from_irc_appservice("@irc_$SERVER_$NICK", "irc.example.net");
    assert_eq!(translated, "irc_irc.example.net_{nick}");
    let localpart = user(&translated).encode(&[("nick", "wolf|away")], SERVER).unwrap();
    assert_eq!(localpart, "irc_irc.example.net_wolf=7caway");
    let translated = Template::from_irc_appservice("#libera_$CHANNEL", "irc.libera.chat");
    let localpart = alias(&translated).encode(&[("channel", "#rust")], SERVER).unwrap();
    assert_eq!(localpart, "libera_#rust");

    let bifrost = user("_xmpp_{occupant}");
    let encode = |jid| bifrost.encode(&[("occupant", jid)], SERVER).unwrap();
    assert_eq!(encode("alice@example.org"), "_xmpp_alice=40example.org");
    assert_eq!(encode("nick/a+b@muc.example.org"), "_xmpp_nick=2fa=2bb=40muc.example.org");
}

#[test]
fn what_it_did_not_write_it_does_not_read() {
    let template = user("_irc_{network}_{nick}");
    for localpart in [
        "",
        "_irc_",
        "_irc_libera",
        "_irc_libera_",
        "_irc__alice",
        "_irc_Libera_alice",
        "_irc_libera_Alice",
        "_irc_libera_a=6cice",
        "_irc_libera_=5B",
        "_irc_libera_=5",
        "_irc_libera_=ff",
        "_irc_libera_a b",
        "_irc_aaaaaaaaaaaaaaaaa_alice",
        "irc_libera_alice",
    ] {
        assert_eq!(template.decode(localpart), None, "{localpart}");
    }
    assert_eq!(gitter_user().decode("bob-cafe"), None, "a Matrix user, not an object id");
}

#[test]
fn typed_aliases_are_understood() {
    let template = alias("_irc_{network}_{channel}");
    let typed = template.decode_typed("_irc_Libera_#Rust[ü]=5B=x").unwrap();
    assert_eq!(pairs(&typed), [("network", "libera"), ("channel", "#Rust[ü][=x")]);
    let regex = Regex::new(&template.regex(SERVER)).unwrap();
    assert!(regex.is_match("#_irc_Libera_#Rust[ü]=5B=x:matrix.example.org"));
}

#[test]
fn regexes_are_plain_and_anchored() {
    assert_eq!(
        user("_irc_{network}_{nick}").regex("example.org:8448"),
        r"^@_irc_[a-z0-9-]{1,16}_[a-z0-9._=/+-]+:example\.org:8448$"
    );
    assert_eq!(
        alias("_irc.x_{network}_{channel}").regex("localhost"),
        r"^#_irc\.x_[A-Za-z0-9-]{1,16}_[^:]+:localhost$"
    );
    assert_eq!(gitter_user().regex("gitter.im"), r"^@[a-z0-9._=/+-]+-[0-9a-f]{24}:gitter\.im$");
}

#[test]
fn bad_templates_are_refused_in_words() {
    let parse = |text| Template::parse(TemplateKind::User, text).unwrap_err().to_string();
    for (text, words) in [
        ("_irc_", "no field"),
        ("_irc_{nick", "brace"),
        ("_irc_nick}", "brace"),
        ("_irc_{}", "lower-case letters"),
        ("_irc_{Nick}", "lower-case letters"),
        ("_irc_{nick}_{nick}", "twice"),
        ("_irc_{network}{nick}", "nothing between"),
        ("_irc_{name}_{nick}", "ambiguous"),
        ("_irc_{network}-{nick}", "ambiguous"),
        ("_IRC_{nick}", "upper case"),
        ("_irc={nick}", "`=`"),
        ("#irc_{nick}", "`#`"),
        ("@_irc_{nick}", "leave it out"),
        ("{username}-{userid}", "dedicated_server_name"),
    ] {
        let error = parse(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn bad_values_are_refused() {
    let template = user("_irc_{network}_{nick}");
    let encode = |values: &[(&str, &str)]| template.encode(values, SERVER).unwrap_err();
    assert!(matches!(encode(&[("nick", "a")]), EncodeError::Missing { .. }));
    for network in ["", "Libera", "a_b", "aaaaaaaaaaaaaaaaa"] {
        let error = encode(&[("network", network), ("nick", "a")]);
        assert!(matches!(error, EncodeError::Value { .. }), "{network}");
    }
    assert!(matches!(encode(&[("network", "x"), ("nick", "")]), EncodeError::Value { .. }));
    let far = "x".repeat(250);
    let error = template.encode(&[("network", "x"), ("nick", "a")], &far).unwrap_err();
    assert!(matches!(error, EncodeError::TooLong { .. }));
}

#[test]
fn long_names_that_differ_at_the_end_stay_apart() {
    let template = user("_xmpp_{jid}");
    let (one, two) = (format!("{}1", "é".repeat(200)), format!("{}2", "é".repeat(200)));
    let one = template.encode(&[("jid", &one)], SERVER).unwrap();
    let two = template.encode(&[("jid", &two)], SERVER).unwrap();
    assert_ne!(one, two);
    assert!(one.len() > 200, "as much as fits is kept readable");
    assert!(template.is_shortened(&one));
    assert_eq!(template.decode(&one), None);
}

/// The templates of all bridges, each with its own prefix.
fn all_templates() -> Vec<Template> {
    vec![
        user("_irc_{network}_{nick}"),
        user("_xmpp_{jid}"),
        user("irc_{network}_{nick}"),
        user("hx_{network}_{nick}"),
        user("bifrost_{occupant}"),
        user("git-{username}-{userid}"),
        user("n_{id}_{server}_{network}_{nick}_x"),
        user("m_{network}_{nick}_{server}-{userid}"),
        alias("_irc_{network}_{channel}"),
        alias("_xmpp_{room}_{mucdomain}"),
        alias("gitter_{community}_{room}"),
    ]
}

fn value_for(field: &str) -> BoxedStrategy<String> {
    match field {
        "network" => "[a-z0-9-]{1,16}".boxed(),
        "userid" => "[0-9a-f]{24}".boxed(),
        "id" => "[a-z0-9]{1,64}".boxed(),
        _ => prop_oneof![
            "[a-z0-9._/+#=@-]{1,40}",
            "\\PC{1,20}",
            any::<String>().prop_filter("not empty", |value| !value.is_empty()),
            "[a-zé_-]{60,300}",
        ]
        .boxed(),
    }
}

fn template_and_values() -> impl Strategy<Value = (usize, Vec<(String, String)>)> {
    (0..all_templates().len()).prop_flat_map(|index| {
        let fields: Vec<_> = all_templates()[index].fields().map(str::to_owned).collect();
        let values: Vec<_> = fields
            .into_iter()
            .map(|field| value_for(&field).prop_map(move |value| (field.clone(), value)))
            .collect();
        (Just(index), values)
    })
}

proptest! {
    #[test]
    fn ids_are_legal_claimed_once_and_readable((index, values) in template_and_values()) {
        let templates = all_templates();
        let template = &templates[index];
        let localpart = template.encode(&pairs(&values), SERVER).unwrap();
        let id = template.full_id(&localpart, SERVER);

        prop_assert!(id.len() <= MAX_ID_BYTES);
        let is_legal = |byte| field::is_literal(byte, template.kind()) || byte == b'=';
        prop_assert!(localpart.bytes().all(is_legal), "{}", localpart);
        if template.is_shortened(&localpart) {
            prop_assert_eq!(template.decode(&localpart), None);
        } else {
            prop_assert_eq!(template.decode(&localpart), Some(values));
        }
        prop_assert_eq!(template.localpart(&id, SERVER), Some(&*localpart));
        for (other, candidate) in templates.iter().enumerate() {
            let regex = Regex::new(&candidate.regex(SERVER)).unwrap();
            prop_assert_eq!(regex.is_match(&id), other == index, "{} {}", candidate, id);
        }
    }

    #[test]
    fn no_two_localparts_mean_the_same(localpart in "_irc_[a-z-]{1,3}_[a-z0-9=_-]{1,12}") {
        let template = user("_irc_{network}_{nick}");
        if let Some(values) = template.decode(&localpart) {
            prop_assert_eq!(template.encode(&pairs(&values), SERVER).unwrap(), localpart);
        }
    }

    #[test]
    fn any_text_may_be_read(localpart: String) {
        for template in all_templates() {
            let _ = template.decode(&localpart);
            let _ = template.decode_typed(&localpart);
        }
    }

    #[test]
    fn any_text_may_be_parsed(text in "[a-z_{}#@=-]{0,20}|\\PC{0,20}") {
        let _ = Template::parse(TemplateKind::User, &text);
        let _ = Template::parse_with(TemplateKind::Alias, &text, Prefix::Optional);
    }
}
