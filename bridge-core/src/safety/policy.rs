//! Policy lists: `m.policy.rule.*` of the rooms in `policy_rooms`.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ruma::{OwnedRoomId, OwnedRoomOrAliasId, RoomId, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::{
    core::Core,
    homeserver::{As, HomeserverError},
    inbox::Head,
};

/// How often the lists are read anew, beside what their rooms tell.
const EVERY: Duration = Duration::from_mins(10);

/// The rules in force.
#[derive(Default)]
pub(crate) struct Policies {
    rules: RwLock<HashMap<Place, Rule>>,
    /// The rooms that were read.
    lists: RwLock<HashSet<OwnedRoomId>>,
}

/// Where a rule stands: room, kind and state key.
type Place = (OwnedRoomId, Kind, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    User,
    Server,
}

impl Kind {
    /// The kind of a rule, by the type of its event; old lists use older names.
    fn of(event_type: &str) -> Option<Self> {
        match event_type {
            "m.policy.rule.user" | "m.room.rule.user" | "org.matrix.mjolnir.rule.user" => {
                Some(Self::User)
            }
            "m.policy.rule.server" | "m.room.rule.server" | "org.matrix.mjolnir.rule.server" => {
                Some(Self::Server)
            }
            _ => None,
        }
    }
}

/// Whom a rule bans.
#[derive(Debug)]
struct Rule {
    entity: String,
}

impl Rule {
    /// Reads a rule that bans; all others, and those taken back, are none.
    fn of(content: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Content {
            entity: String,
            recommendation: String,
        }
        let Content { entity, recommendation } = serde_json::from_str(content.get()).ok()?;
        let bans = matches!(&*recommendation, "m.ban" | "org.matrix.mjolnir.ban");
        bans.then_some(Self { entity })
    }
}

impl Policies {
    /// Takes note of an event of any room.
    pub(crate) fn hear(&self, head: &Head<'_>) {
        let (Some(kind), Some(key)) = (Kind::of(&head.kind), &head.state_key) else { return };
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        if !lists.contains(&head.room_id) {
            return;
        }
        let place = (head.room_id.clone(), kind, key.to_string());
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        match Rule::of(head.content) {
            Some(rule) => rules.insert(place, rule),
            None => rules.remove(&place),
        };
    }

    /// Whether a list bans a user, or the host that they come from.
    pub(crate) fn bans(&self, user: &UserId, host: Option<&str>) -> bool {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.iter().any(|((_, kind, _), rule)| match kind {
            Kind::User => matches(&rule.entity, user.as_str()),
            Kind::Server => matches(&rule.entity, host.unwrap_or(user.server_name().as_str())),
        })
    }

    /// Puts what a list says now in the place of what it said.
    fn replace(&self, room: &RoomId, found: Vec<(Kind, String, Rule)>) {
        self.lists.write().unwrap_or_else(PoisonError::into_inner).insert(room.to_owned());
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.retain(|(of, _, _), _| of != room);
        rules.extend(
            found.into_iter().map(|(kind, key, rule)| ((room.to_owned(), kind, key), rule)),
        );
    }
}

/// Reads the lists, again and again, until `stop`.
pub(crate) async fn run(core: Arc<Core>, stop: CancellationToken) {
    while !core.config.policy_rooms.is_empty() {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        read_all(&core).await;
    }
}

/// Reads all lists once. One that cannot be read keeps the rules that it had.
pub(crate) async fn read_all(core: &Core) {
    for room in &core.config.policy_rooms {
        match read(core, room).await {
            Ok((room, rules)) => {
                core.safety.policies.replace(&room, rules);
            }
            Err(error) => tracing::warn!(
                %error, %room,
                "a policy list cannot be read: is the bot allowed to join?"
            ),
        }
    }
}

async fn read(
    core: &Core,
    room: &OwnedRoomOrAliasId,
) -> Result<(OwnedRoomId, Vec<(Kind, String, Rule)>), HomeserverError> {
    let room = core.homeserver.join(room, &[], As::Bot).await?;
    let state = core.homeserver.whole_state(&room, As::Bot).await?;
    let rules = state.iter().filter_map(|event| {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(rename = "type")]
            kind: String,
            state_key: String,
            #[serde(borrow)]
            content: &'a RawValue,
        }
        let event: Event<'_> = serde_json::from_str(event.get()).ok()?;
        Some((Kind::of(&event.kind)?, event.state_key, Rule::of(event.content)?))
    });
    Ok((room, rules.collect()))
}

/// Whether a glob of a policy list (`*` and `?`) fits a whole text.
pub(super) fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last star stands, and how much of the text it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, swallowed)) = star else { return false };
                star = Some((place, swallowed + 1));
                at = place + 1;
                from = swallowed + 1;
            }
        }
    }
    glob[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use ruma::{room_id, user_id};

    use super::*;

    #[test]
    fn globs_fit_whole_texts() {
        for (glob, text, fits) in [
            ("*", "", true),
            ("@spam*:evil.org", "@spammer:evil.org", true),
            ("@spam*:evil.org", "@spammer:evil.org.uk", false),
            ("*.evil.org", "a.b.evil.org", true),
            ("*.evil.org", "evil.org", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a-b-b-c", true),
            ("[ab]", "a", false),
        ] {
            assert_eq!(matches(glob, text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn rules_come_and_go_with_the_events_of_their_lists() {
        let policies = Policies::default();
        policies.replace(room_id!("!list"), Vec::new());
        let hear = |room: &str, content: &str| {
            let event = format!(
                r#"{{"event_id":"$e","room_id":"{room}","type":"m.policy.rule.user",
                     "state_key":"k","sender":"@m:s","content":{content}}}"#
            );
            policies.hear(&Head::parse_str(&event).unwrap());
        };
        let mallory = user_id!("@mallory:evil.org");
        let rule = r#"{"entity":"@mallory:*","recommendation":"m.ban","reason":"spam"}"#;
        hear("!elsewhere", rule);
        assert!(!policies.bans(mallory, None));
        hear("!list", rule);
        assert!(policies.bans(mallory, None));
        assert!(!policies.bans(user_id!("@alice:evil.org"), None));
        hear("!list", "{}");
        assert!(!policies.bans(mallory, None));
    }
}
