//! What the bot says to people who talk with it, and to those whom the bridge does not serve.

use std::sync::Arc;

use ruma::UserId;

use super::{from_network::PerformError, notice};
use crate::{
    core::Core,
    inbox::Head,
    store::{Batch, Op, Portal},
};

/// How often the same person is told in the same room that the bridge does not serve them.
const A_DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Says hello in a room that was opened with the bot.
pub(crate) async fn greet(core: &Arc<Core>, portal: &Portal) -> Result<(), PerformError> {
    say(core, portal, &help(core)).await
}

/// Answers what is said to the bot.
pub(crate) async fn answer(
    core: &Arc<Core>,
    portal: &Portal,
    head: &Head<'_>,
) -> Result<(), PerformError> {
    if head.kind != "m.room.message" || is_notice(head) {
        return Ok(()); // programs are not answered: two of them would never stop
    }
    say(core, portal, &help(core)).await
}

fn is_notice(head: &Head<'_>) -> bool {
    #[derive(serde::Deserialize)]
    struct Content {
        #[serde(default)]
        msgtype: String,
    }
    let content = serde_json::from_str::<Content>(head.content.get());
    content.is_ok_and(|content| content.msgtype == "m.notice")
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
