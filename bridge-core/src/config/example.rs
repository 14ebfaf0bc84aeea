//! The commented configuration that `init` writes and `config example` shows.

use super::Facts;

/// The values of a new configuration.
#[derive(Clone, Debug)]
pub struct ExampleValues {
    /// `homeserver.url`.
    pub homeserver_url: String,
    /// `homeserver.domain`.
    pub domain: String,
    /// Answers to the network's questions, by their flags; its defaults for those that lack.
    pub answers: Vec<(String, String)>,
}

impl Default for ExampleValues {
    fn default() -> Self {
        Self {
            homeserver_url: "http://127.0.0.1:8008".to_owned(),
            domain: "localhost".to_owned(),
            answers: Vec::new(),
        }
    }
}

/// A commented configuration with every key. What is commented out (`#key:`) shows the default.
pub fn example(facts: &Facts, values: &ExampleValues) -> String {
    let descriptor = &facts.descriptor;
    let core = fill(
        CORE.trim_start(),
        &[
            ("network", descriptor.name),
            ("id", facts.kind),
            ("homeserver-url", &values.homeserver_url),
            ("domain", &values.domain),
            ("bot", descriptor.bot),
            ("ghosts", descriptor.ghost_template),
            ("aliases", descriptor.alias_template),
        ],
    );
    let answers: Vec<(&str, &str)> = descriptor
        .answers
        .iter()
        .map(|answer| {
            let given = values.answers.iter().find(|(flag, _)| flag == answer.flag);
            (answer.flag, given.map_or(answer.default, |(_, value)| value.as_str()))
        })
        .collect();
    let network = fill(descriptor.example, &answers);
    format!("{core}\n{}\n", network.trim_matches('\n'))
}

/// Replaces each `{key}` that has a value; other braces stay. Values are not looked into.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(key, rest)| Some((values.iter().find(|(name, _)| *name == key)?.1, rest)));
        if let Some((value, after)) = value {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

const CORE: &str = r#"
# A bridge between Matrix and {network}. Relative paths start at this file's folder, and any
# value may come from the environment instead: BRIDGE_HOMESERVER__URL=http://127.0.0.1:8008

homeserver:
  url: "{homeserver-url}"              # how the bridge reaches the homeserver
  domain: "{domain}"                   # the server name in ids, behind the colon

appservice:
  id: {id}                             # the id in the registration; names this instance
  listen: 127.0.0.1:29331              # where the bridge listens for the homeserver
  url: http://127.0.0.1:29331          # how the homeserver reaches the bridge
  registration: registration.yaml      # the registration, where the tokens live
  #bot: {bot}                          # the localpart of the bot
  #ghosts: "{ghosts}"                  # localparts of the Matrix users that stand for remote ones
  #aliases: "{aliases}"                # localparts of the aliases of channels

store:
  url: sqlite:bridge.db                # a file
  keep: 30d                            # how long settled messages are remembered

admin:
  listen: 127.0.0.1:29332              # health, metrics, admin API
  token_file: admin.token              # the token of the admin API
  ready_backlog:                       # ready means that no more than this waits
    rows: 10000                        # messages
    age_s: 60                          # seconds that the oldest of them has waited

media:
  public_url: http://127.0.0.1:29333   # base of signed links to media
  listen: 127.0.0.1:29333              # where these links are served
  allow_hosts: []                      # hosts or networks that may have private addresses
  link_lifetime: null                  # null: until the message is redacted; or such as 30d

permissions:                           # the most specific wins: user id, server, "*"
  "@admin:{domain}": admin             # levels: admin > user > relay > block
  "{domain}": user
  "*": relay

relay:
  format: "<{name}> {text}"            # how the bot says the words of `relay` users

fallback:                              # where the network has no such thing: notice or nothing
  reactions: notice
  deletions: notice

other_bridges:                         # people who are ghosts of other bridges in the same room
  ghosts: allow                        # allow (people like any other), relay or block
  users: []                            # ghosts of bridges that mark nothing: "@_xmpp_*:{domain}"

limits:                                # how fast people may speak: {burst: 20, per_minute: 60}
  sender: null                         # what is faster waits
  homeserver: null
  network: null

policy_rooms: []                       # Matrix policy lists, honoured in both directions

delivery:
  uncertain: notify                    # nobody knows whether it arrived: notify, resend or hold
  max_age: 24h                         # what is older is not sent, and its author is told

portals:                               # rooms that the bridge makes
  join_rule: public                    # public, invite or knock
  history_visibility: shared           # shared, joined, invited or world_readable
  guest_access: forbidden              # forbidden or can_join
  room_version: null                   # null: the homeserver's own; or such as "12"
  space: false                         # a Space for each network, with its rooms
  encryption_power: 100                # power to turn on encryption, which would end bridging

logging:
  level: info                          # error, warn, info, debug, trace; or info,target=debug
  format: text                         # text or json
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_placeholders_are_filled_and_values_are_left_alone() {
        let filled = fill("{a} {name} {{a}} {", &[("a", "{b}"), ("b", "no")]);
        assert_eq!(filled, "{b} {name} {{b}} {");
    }
}
