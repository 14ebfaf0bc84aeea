//! The demo of `bridge-irc`: Synapse on the one side, InspIRCd on the other.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bridge_tests::{irc::IrcUser, matrix::MatrixUser, stack::Stack};

use super::{Afterwards, STOP_BRIDGE, took, word};

const CHANNEL: &str = "#demo";

/// How long a line may take to cross.
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) async fn demo(afterwards: Afterwards) -> Result<()> {
    println!("\nStarting Synapse, InspIRCd and bridge-irc …");
    let start = Instant::now();
    let mut stack = Stack::irc();
    if afterwards == Afterwards::StayUp {
        // Where clients look first.
        stack = stack
            .synapse(|synapse| synapse.prefer_port(8008))
            .inspircd(|inspircd| inspircd.prefer_port(6667));
    }
    let mut stack = stack.start().await?;
    println!("All three are ready after {:.1} s.\n", start.elapsed().as_secs_f64());
    let (matrix, irc) = tokio::try_join!(stack.matrix_user("alice"), stack.irc_user("bob"))?;
    let talk = Talk::begin(&stack, &matrix, &irc).await?;
    talk.to_irc().await?;
    if env::var_os(STOP_BRIDGE).is_some() {
        println!("{STOP_BRIDGE} is set: stopping the bridge");
        stack.bridge.stop().await?;
    }
    talk.to_matrix().await?;
    talk.to_irc().await?;
    talk.to_matrix().await?;
    println!("\nEvery line crossed.");
    if afterwards == Afterwards::StayUp {
        stay_up(&stack).await?;
    }
    stack.bridge.stop().await?;
    Ok(())
}

/// Two people in one channel, each on their own network.
struct Talk<'a> {
    matrix: &'a MatrixUser,
    irc: &'a IrcUser,
    room: String,
    ghost: String,
}

impl<'a> Talk<'a> {
    /// The one joins the channel on IRC, the other the room that the bridge makes of it.
    async fn begin(stack: &Stack, matrix: &'a MatrixUser, irc: &'a IrcUser) -> Result<Self> {
        irc.join(CHANNEL).await?;
        let alias = stack.alias(CHANNEL);
        let start = Instant::now();
        let room = matrix.join(&alias).await.with_context(|| format!("joining {alias}"))?;
        println!("{} joined {alias}, made on the way, in {}", matrix.id(), took(start));
        Ok(Self { matrix, irc, room, ghost: stack.ghost(irc.nick()) })
    }

    async fn to_irc(&self) -> Result<()> {
        let (words, start) = (format!("hello from Matrix: {}", word()), Instant::now());
        self.matrix.send_text(&self.room, &words).await?;
        let seen = self
            .irc
            .wait_for_within(&words, DEADLINE, |line| line.is_message(CHANNEL, &words))
            .await
            .context("a line from Matrix did not reach IRC")?;
        println!("Matrix -> IRC     <{}> {}   ({})", seen.nick(), seen.text(), took(start));
        Ok(())
    }

    async fn to_matrix(&self) -> Result<()> {
        let (words, start) = (format!("hello from IRC: {}", word()), Instant::now());
        self.irc.privmsg(CHANNEL, &words).await?;
        let seen = self
            .matrix
            .wait_for_within(&words, DEADLINE, |event| {
                event.says(&self.room, &words) && event.sender() == self.ghost
            })
            .await
            .context("a line from IRC did not reach Matrix")?;
        println!("IRC    -> Matrix  <{}> {}   ({})", seen.sender(), seen.body(), took(start));
        Ok(())
    }
}

async fn stay_up(stack: &Stack) -> Result<()> {
    const PASSWORD: &str = "demo";
    stack.synapse.register("demo", PASSWORD).await?;
    println!(
        "
Join with your own clients:
  Matrix   homeserver {homeserver}, user demo, password {PASSWORD}, room {room}
  IRC      server {irc} without TLS, channel {CHANNEL}
Any other channel appears as {other} once somebody joins that.
The bridge's files are in {dir}, its health and metrics at {admin}.
Ctrl-C ends everything.",
        homeserver = stack.synapse.url(),
        room = stack.alias(CHANNEL),
        irc = stack.irc.address(),
        other = stack.alias("#name"),
        dir = stack.bridge.dir().display(),
        admin = stack.bridge.admin_url(),
    );
    tokio::signal::ctrl_c().await?;
    println!("\nEnding.");
    Ok(())
}
