//! L1 to L5: whether homeserver and bridge know and reach each other.

use std::time::Duration;

use registration::Template;
use ruma::{OwnedUserId, RoomAliasId, UserId};

use super::{Diagnosis, Patient, proxy, round_trip};
use crate::homeserver::{As, HomeserverError};

/// A name that no channel and nobody has.
const NOBODY: &str = "bridgework-check";

/// How long the homeserver may take to ask us for an alias, after it was asked itself.
const ASKED: Duration = Duration::from_secs(2);

/// Asks one thing after the other; what cannot work any more is left out.
pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Diagnosis> {
    match patient.homeserver.versions().await {
        // Synapse refuses an unknown token even here; who we are to it is the next question.
        Err(error) if !error.is("M_UNKNOWN_TOKEN") => return vec![not_there(patient, &error)],
        _ => {}
    }
    if let Err(error) = patient.homeserver.whoami(As::Bot).await {
        return vec![not_known(patient, &error).await];
    }
    let mut found = Vec::new();
    found.extend(identity(patient).await);
    found.extend(reached(patient).await);
    found.extend(proxy::examine(patient).await);
    if found.is_empty() {
        found.extend(round_trip::examine(patient).await);
    }
    found
}

/// L1.
fn not_there(patient: &Patient<'_>, error: &HomeserverError) -> Diagnosis {
    let url = patient.config.homeserver.url.as_str();
    let what = format!("{url} is no Matrix homeserver that answers: {error}");
    let fix = "start the homeserver, or write the address under which this machine reaches it, \
               without /_matrix";
    Diagnosis::error("L1", "homeserver.url", what, fix)
}

/// L2: a token that the homeserver does not know. Whether it has loaded the registration at all
/// shows when it is asked for an alias of ours: then it asks us.
async fn not_known(patient: &Patient<'_>, error: &HomeserverError) -> Diagnosis {
    let file = patient.config.appservice.registration.display();
    if error.is_retryable() {
        return not_there(patient, error);
    }
    if !error.is("M_UNKNOWN_TOKEN") {
        let what = format!("the homeserver refuses the bot {}: {error}", patient.homeserver.bot());
        let fix = "check sender_localpart and homeserver.domain, write the registration anew \
                   with `registration -o FILE`, and restart the homeserver";
        return Diagnosis::error("L2", "homeserver.domain", what, fix);
    }
    let is_loaded = match (&patient.listener, an_alias(patient)) {
        (Some(listener), Some(alias)) => {
            drop(patient.homeserver.resolve_alias(&alias).await);
            Some(listener.hears(ASKED, |heard| heard.is_alias_asked).await)
        }
        _ => None,
    };
    match is_loaded {
        Some(true) => Diagnosis::error(
            "L2",
            "as_token",
            format!(
                "the homeserver has loaded a registration of this bridge with another as_token \
                     than {file}"
            ),
            "give the homeserver this file, and restart it",
        ),
        Some(false) => Diagnosis::error(
            "L2",
            "as_token",
            format!(
                "the homeserver has not loaded {file}: it knows neither the token nor the \
                     aliases"
            ),
            format!(
                "list {file} in its configuration (app_service_config_files for Synapse) and \
                     restart it"
            ),
        ),
        None => Diagnosis::error(
            "L2",
            "as_token",
            format!("the homeserver does not know the as_token of {file}"),
            "list the file in the homeserver's configuration, or give it the present one, and \
             restart it",
        ),
    }
}

/// L2 and L3: who we are, and whether the namespace is ours.
async fn identity(patient: &Patient<'_>) -> Vec<Diagnosis> {
    let homeserver = &patient.homeserver;
    let mut found = Vec::new();
    match homeserver.whoami(As::Bot).await {
        Ok(user) if user == homeserver.bot() => {}
        Ok(user) => found.push(Diagnosis::error(
            "L2",
            "homeserver.domain",
            format!(
                "the homeserver takes the bridge for {user}, the files say {}",
                homeserver.bot()
            ),
            "set homeserver.domain to the homeserver's server_name, and check sender_localpart",
        )),
        Err(error) => found.push(not_there(patient, &error)),
    }
    let Some(ghost) = a_ghost(patient) else { return found };
    let acted = async {
        homeserver.register(ghost.localpart()).await?;
        homeserver.whoami(As::User(&ghost)).await
    };
    if let Err(error) = acted.await {
        let what = format!("the bridge may not act as its ghost {ghost}: {error}");
        let fix = "write the registration anew with `registration -o FILE`, give it to the \
                   homeserver, and restart it";
        found.push(Diagnosis::error("L3", "namespaces.users", what, fix));
    }
    found
}

/// L4 and L5: the homeserver calls us.
async fn reached(patient: &Patient<'_>) -> Option<Diagnosis> {
    let url = patient.config.appservice.url.as_str();
    let nonce = format!("check-{:x}", rand::random::<u64>());
    let pinged = patient.homeserver.ping(Some(&nonce)).await;
    let heard = patient.listener.as_ref().map(super::listener::Listener::heard);
    let is_token_wrong = heard.as_ref().is_some_and(|heard| heard.is_token_wrong);
    let error = match (pinged, heard) {
        (Ok(_), Some(heard)) if !heard.pings.contains(&nonce) => {
            let what = format!(
                "the homeserver's call to {url} was answered, but not by us: \
                                another instance of this bridge is running elsewhere"
            );
            let fix = "stop the other instance, or correct appservice.url";
            return Some(Diagnosis::error("L5", "appservice.url", what, fix));
        }
        (Ok(_), _) => return None,
        (Err(error), _) => error,
    };
    let message = error.to_string();
    let names_token = message.contains("403") || message.contains("401");
    Some(match error.errcode() {
        _ if is_token_wrong => wrong_hs_token(patient),
        Some("M_BAD_STATUS") if names_token => wrong_hs_token(patient),
        Some("M_BAD_STATUS") => Diagnosis::error(
            "L4",
            "appservice.url",
            format!("something else than the bridge answers at {url}: {error}"),
            "correct appservice.url, or the proxy before it, and write the registration anew",
        ),
        Some("M_CONNECTION_FAILED" | "M_CONNECTION_TIMEOUT") => Diagnosis::error(
            "L4",
            "appservice.url",
            format!("the homeserver does not reach the bridge at {url}: {error}"),
            "write the address under which the homeserver's machine or container reaches \
             appservice.listen, write the registration anew, and restart the homeserver",
        ),
        Some("M_URL_NOT_SET") => Diagnosis::error(
            "L4",
            "url",
            "the homeserver's copy of the registration has no url",
            "write the registration anew with `registration -o FILE`, and restart the homeserver",
        ),
        Some("M_UNRECOGNIZED") => Diagnosis::warning(
            "L4",
            "homeserver.url",
            "the homeserver is too old to be asked whether it reaches the bridge",
            "say something in a bridged room and see whether it arrives",
        ),
        _ => Diagnosis::error(
            "L4",
            "appservice.url",
            format!("the homeserver cannot say whether it reaches the bridge: {error}"),
            "see the homeserver's log, and check the id of the registration",
        ),
    })
}

fn wrong_hs_token(patient: &Patient<'_>) -> Diagnosis {
    let file = patient.config.appservice.registration.display();
    let what = format!("the homeserver calls the bridge with another hs_token than that of {file}");
    let fix = "give the homeserver this file, and restart it";
    Diagnosis::error("L4", "hs_token", what, fix)
}

/// A ghost of our namespace that stands for nobody.
fn a_ghost(patient: &Patient<'_>) -> Option<OwnedUserId> {
    let localpart = localpart(patient, &patient.config.appservice.ghosts)?;
    UserId::parse(format!("@{localpart}:{}", patient.config.homeserver.domain)).ok()
}

/// An alias of our namespace that leads nowhere.
fn an_alias(patient: &Patient<'_>) -> Option<ruma::OwnedRoomAliasId> {
    let localpart = localpart(patient, &patient.config.appservice.aliases)?;
    RoomAliasId::parse(format!("#{localpart}:{}", patient.config.homeserver.domain)).ok()
}

fn localpart(patient: &Patient<'_>, template: &Template) -> Option<String> {
    let fields: Vec<(&str, &str)> = template.fields().map(|name| (name, NOBODY)).collect();
    template.encode(&fields, patient.config.homeserver.domain.as_str()).ok()
}
