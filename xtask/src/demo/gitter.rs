//! The demo of `bridge-gitter`: Synapse on the one side, a Gitter database on the other.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bridge_tests::{
    gitter::{GitterRoom, GitterStack, GitterUser},
    matrix::MatrixUser,
};

use super::{Afterwards, STOP_BRIDGE, took, word};

const URI: &str = "demo/lobby";

/// How long a line may take to cross.
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) async fn demo(afterwards: Afterwards) -> Result<()> {
    println!("\nStarting Synapse, mongod and bridge-gitter …");
    let start = Instant::now();
    let mut stack = GitterStack::builder();
    if afterwards == Afterwards::StayUp {
        stack = stack.synapse(|synapse| synapse.prefer_port(8008));
    }
    let mut stack = stack.start().await?;
    println!("All three are ready after {:.1} s.\n", start.elapsed().as_secs_f64());
    let (matrix, gitter) =
        tokio::try_join!(stack.matrix_user("alice"), stack.gitter.user("bob", "Bob"))?;
    let talk = Talk::begin(&stack, &matrix, &gitter).await?;
    talk.to_gitter().await?;
    if env::var_os(STOP_BRIDGE).is_some() {
        println!("{STOP_BRIDGE} is set: stopping the bridge");
        stack.bridge.stop().await?;
    }
    talk.to_matrix().await?;
    talk.to_gitter().await?;
    talk.to_matrix().await?;
    println!("\nEvery line crossed.");
    if afterwards == Afterwards::StayUp {
        stay_up(&stack).await?;
    }
    stack.bridge.stop().await?;
    Ok(())
}

/// Two people in one room, each on their own side.
struct Talk<'a> {
    matrix: &'a MatrixUser,
    gitter: &'a GitterUser,
    remote: GitterRoom,
    room: String,
    ghost: String,
}

impl<'a> Talk<'a> {
    async fn begin(
        stack: &GitterStack,
        matrix: &'a MatrixUser,
        gitter: &'a GitterUser,
    ) -> Result<Self> {
        let remote = stack.gitter.room(URI).await?;
        let alias = stack.alias(URI);
        let start = Instant::now();
        let room = matrix.join(&alias).await.with_context(|| format!("joining {alias}"))?;
        println!("{} joined {alias}, made on the way, in {}", matrix.id(), took(start));
        Ok(Self { matrix, gitter, remote, room, ghost: stack.ghost(gitter) })
    }

    async fn to_gitter(&self) -> Result<()> {
        let (words, start) = (format!("hello from Matrix: {}", word()), Instant::now());
        self.matrix.send_text(&self.room, &words).await?;
        let seen = self
            .remote
            .wait_for_within(&words, DEADLINE, |message| {
                message.get_str("text").is_ok_and(|text| text == words)
            })
            .await
            .context("a line from Matrix did not reach Gitter")?;
        let speaker = seen.get_document("virtualUser").context("nobody said it")?;
        let name = speaker.get_str("displayName").unwrap_or_default();
        println!("Matrix -> Gitter  <{name}> {words}   ({})", took(start));
        Ok(())
    }

    async fn to_matrix(&self) -> Result<()> {
        let (words, start) = (format!("hello from Gitter: {}", word()), Instant::now());
        self.gitter.say(&self.remote, &words).await?;
        let seen = self
            .matrix
            .wait_for_within(&words, DEADLINE, |event| {
                event.says(&self.room, &words) && event.sender() == self.ghost
            })
            .await
            .context("a line from Gitter did not reach Matrix")?;
        println!("Gitter -> Matrix  <{}> {}   ({})", seen.sender(), seen.body(), took(start));
        Ok(())
    }
}

async fn stay_up(stack: &GitterStack) -> Result<()> {
    const PASSWORD: &str = "demo";
    stack.synapse.register("demo", PASSWORD).await?;
    println!(
        "
Join with your own client:
  Matrix   homeserver {homeserver}, user demo, password {PASSWORD}, room {room}
  Gitter   database {database}; what is written to `chatmessages` appears in the room
The bridge's files are in {dir}, its health and metrics at {admin}.
Ctrl-C ends everything.",
        homeserver = stack.synapse.url(),
        room = stack.alias(URI),
        database = stack.mongod.url(bridge_tests::gitter::DATABASE),
        dir = stack.bridge.dir().display(),
        admin = stack.bridge.admin_url(),
    );
    tokio::signal::ctrl_c().await?;
    println!("\nEnding.");
    Ok(())
}
