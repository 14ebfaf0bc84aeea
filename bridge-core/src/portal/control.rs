//! What the bot says to people who talk with it, and to those whom the bridge does not serve.

use std::{sync::Arc, time::Duration};

use ruma::UserId;

use super::{from_network::PerformError, notice};
use crate::{
    core::Core,
    id::PortalKey,
    inbox::Head,
    network::Network,
    permission::Level,
    store::{Batch, Op, Portal},
};

/// How often the same person is told in the same room that the bridge does not serve them.
const A_DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How long a command may take; the room waits for it.
const ANSWERED: Duration = Duration::from_secs(5);

/// Says hello in a room that was opened with the bot.
pub(crate) async fn greet(core: &Arc<Core>, portal: &Portal) -> Result<(), PerformError> {
    say(core, portal, &help(core)).await
}

/// Answers what is said to the bot.
pub(crate) async fn answer<N: Network>(
    core: &Arc<Core>,
    network: &N,
    portal: &Portal,
    head: &Head<'_>,
) -> Result<(), PerformError> {
    let Some(words) = words(head) else { return Ok(()) };
    let words = words.strip_prefix(&prefix::<N>()).map_or(&*words, str::trim_start);
    match obey(network, &head.sender, None, words).await {
        Some(text) if core.config.permissions.level(&head.sender) >= Level::User => {
            say(core, portal, &text).await
        }
        _ => say(core, portal, &help(core)).await,
    }
}

/// Does what is said with `!KIND` in front; `true` if it was a command and nothing to carry.
pub(crate) async fn obey_in_room<N: Network>(
    core: &Arc<Core>,
    network: &N,
    portal: &Portal,
    head: &Head<'_>,
) -> Result<bool, PerformError> {
    if core.config.permissions.level(&head.sender) < Level::User {
        return Ok(false);
    }
    let Some(said) = words(head) else { return Ok(false) };
    let Some(rest) = said.strip_prefix(&prefix::<N>()) else { return Ok(false) };
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return Ok(false);
    }
    let Some(text) = obey(network, &head.sender, Some(&portal.key), rest.trim()).await else {
        return Ok(false);
    };
    say(core, portal, &text).await?;
    Ok(true)
}

async fn obey<N: Network>(
    network: &N,
    user: &UserId,
    portal: Option<&PortalKey>,
    words: &str,
) -> Option<String> {
    let answer = tokio::time::timeout(ANSWERED, network.command(user, portal, words)).await;
    answer.unwrap_or_else(|_| Some("The network did not answer in time.".to_owned()))
}

fn prefix<N: Network>() -> String {
    format!("!{}", N::KIND)
}

/// The text of a message. Programs are not answered: two of them would never stop.
fn words(head: &Head<'_>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Content {
        #[serde(default)]
        msgtype: String,
        #[serde(default)]
        body: String,
    }
    if head.kind != "m.room.message" {
        return None;
    }
    let content = serde_json::from_str::<Content>(head.content.get()).ok()?;
    (content.msgtype == "m.text").then(|| content.body.trim().to_owned())
}

fn help(core: &Core) -> String {
    format!(
        "I bridge {}. Join #{}:{} to enter a channel.",
        core.protocol.name,
        core.alias_shape,
        core.names.domain(),
    )
}

async fn say(core: &Arc<Core>, portal: &Portal, text: &str) -> Result<(), PerformError> {
    let op = notice::in_room(core, portal, text)?;
    core.store.commit(Batch::durable(vec![op])).await?;
    Ok(())
}

/// Tells somebody of level `block` that nothing they say is carried, at most once a day.
pub(crate) async fn tell_blocked(
    core: &Arc<Core>,
    portal: &Portal,
    user: &UserId,
) -> Result<(), PerformError> {
    metrics::counter!("bridge_blocked_total").increment(1);
    let scope = format!("core/blocked/{}/{user}", portal.lane.0);
    let now = core.clock.now();
    let told = core.store.cursor(&scope).await?.and_then(|at| at.parse::<u64>().ok());
    if told.is_some_and(|at| now.0.saturating_sub(at) < A_DAY_MS) {
        return Ok(());
    }
    let text = format!("{user} may not use this bridge; what they say stays on Matrix.");
    let ops = vec![
        Op::Cursor { scope, value: Some(now.0.to_string()) },
        notice::in_room(core, portal, &text)?,
    ];
    core.store.commit(Batch::durable(ops)).await?;
    Ok(())
}
