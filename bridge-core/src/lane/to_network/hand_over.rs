//! Rows on their way into the network, and what became of those that were on it.

use std::{collections::HashMap, sync::Arc};

use ruma::OwnedUserId;

use super::Sent;
use crate::{
    core::Core,
    id::{LaneId, Seq},
    inbox::Head,
    network::{Delivery, InFlight, Network, Refusal, Settlement, Ticket, Token, Voice},
    portal::from_matrix::{self, Translated},
    safety::limits::Wait,
    store::Row,
};

/// Hands a row over; as the bot's words if its author can have no puppet.
pub(super) async fn deliver<N: Network>(core: &Arc<Core>, network: &N, row: &Row) -> Sent {
    if let Some((sender, wait)) = too_fast(core, row) {
        let Wait { after, scope } = wait;
        let delivery = Delivery::Retry { after, scope, why: "too many messages".to_owned() };
        return Sent { delivery, sender: Some(sender), mapping: None };
    }
    let sent = deliver_as(core, network, row, None).await;
    let Delivery::Relay { why } = &sent.delivery else { return sent };
    tracing::debug!(lane = row.lane.0, seq = row.seq.0, why, "the bot speaks for an author");
    let mut sent = deliver_as(core, network, row, Some(Voice::Relay)).await;
    if let Delivery::Relay { why } = sent.delivery {
        // The bot is refused as well.
        let text = why.clone();
        sent.delivery = Delivery::Refused(Refusal { why, text });
    }
    sent
}

/// Counts a message against the limits, unless some of it was sent already.
fn too_fast(core: &Core, row: &Row) -> Option<(OwnedUserId, Wait)> {
    let head = Head::parse_str(&row.body).ok()?;
    if row.progress.is_some() || head.state_key.is_some() {
        return None;
    }
    let wait = core.safety.limits.count(&head.sender)?;
    Some((head.sender, wait))
}

async fn deliver_as<N: Network>(
    core: &Arc<Core>,
    network: &N,
    row: &Row,
    voice: Option<Voice>,
) -> Sent {
    match from_matrix::translate(core, network, row, voice).await {
        Translated::Send { outgoing, mapping } => {
            let sender = Some(outgoing.author.user_id.clone());
            let token = Token { lane: row.lane, seq: row.seq };
            let delivery = network.deliver(*outgoing, Ticket::new(core.clone(), token)).await;
            Sent { delivery, sender, mapping }
        }
        Translated::Settled(delivery) => Sent { delivery, sender: None, mapping: None },
    }
}

/// Asks the network what became of rows that were being sent.
pub(super) async fn reconcile<N: Network>(
    core: &Arc<Core>,
    network: &N,
    lane: LaneId,
    rows: Vec<Row>,
) -> Vec<(Row, Option<Settlement>)> {
    let mut in_flight = Vec::new();
    for row in &rows {
        if let Translated::Send { outgoing, .. } =
            from_matrix::translate(core, network, row, None).await
        {
            let token = Token { lane, seq: row.seq };
            in_flight.push(InFlight { token, outgoing: *outgoing, since: row.changed });
        }
    }
    let Some(portal) = in_flight.first().map(|row| row.outgoing.portal.clone()) else {
        return rows.into_iter().map(|row| (row, None)).collect();
    };
    let settled: HashMap<Seq, Settlement> = network
        .reconcile(&portal, in_flight)
        .await
        .into_iter()
        .map(|(token, settlement)| (token.seq, settlement))
        .collect();
    let outcome = |row: Row| {
        let settlement = settled.get(&row.seq).cloned();
        (row, settlement)
    };
    rows.into_iter().map(outcome).collect()
}
