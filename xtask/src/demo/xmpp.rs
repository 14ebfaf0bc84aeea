//! The demo of `bridge-xmpp`: Synapse on the one side, Prosody on the other.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bridge_tests::{
    matrix::{MatrixUser, NewRoom},
    xmpp::{XmppStack, XmppUser},
};

use super::{Afterwards, STOP_BRIDGE, took, word};

/// How long a line may take to cross.
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) async fn demo(afterwards: Afterwards) -> Result<()> {
    println!("\nStarting Synapse, Prosody and bridge-xmpp …");
    let start = Instant::now();
    let mut stack = XmppStack::builder();
    if afterwards == Afterwards::StayUp {
        // Where clients look first.
        stack = stack
            .synapse(|synapse| synapse.prefer_port(8008))
            .prosody(|prosody| prosody.prefer_port(5222));
    }
    let mut stack = stack.start().await?;
    println!("All three are ready after {:.1} s.\n", start.elapsed().as_secs_f64());
    let (alice, bob) = tokio::try_join!(stack.matrix_user("alice"), stack.xmpp_user("bob"))?;

    // A room of XMPP on Matrix.
    let muc = stack.muc("demo");
    bob.join(&muc, "bob").await?;
    let (alias, start) = (stack.alias("demo"), Instant::now());
    let room = alice.join(&alias).await.with_context(|| format!("joining {alias}"))?;
    println!("{} joined {alias}, made on the way, in {}", alice.id(), took(start));
    let talk = Talk { matrix: &alice, xmpp: &bob, room, address: muc };
    talk.to_xmpp().await?;
    if env::var_os(STOP_BRIDGE).is_some() {
        println!("{STOP_BRIDGE} is set: stopping the bridge");
        stack.bridge.stop().await?;
    }
    talk.to_matrix().await?;

    // A room of Matrix on XMPP.
    let open = NewRoom::default().public().alias("open").name("Open to all");
    let room = alice.create_room(open).await?;
    let (address, start) = (stack.gateway("open"), Instant::now());
    bob.join(&address, "bob").await.with_context(|| format!("joining {address}"))?;
    println!("{} joined {address} in {}", bob.bare(), took(start));
    let talk = Talk { matrix: &alice, xmpp: &bob, room, address };
    talk.to_xmpp().await?;
    talk.to_matrix().await?;
    println!("\nEvery line crossed.");
    if afterwards == Afterwards::StayUp {
        stay_up(&stack).await?;
    }
    stack.bridge.stop().await?;
    Ok(())
}

/// Two people in one room, each on their own network.
struct Talk<'a> {
    matrix: &'a MatrixUser,
    xmpp: &'a XmppUser,
    room: String,
    address: String,
}

impl Talk<'_> {
    async fn to_xmpp(&self) -> Result<()> {
        let (words, start) = (format!("hello from Matrix: {}", word()), Instant::now());
        self.matrix.send_text(&self.room, &words).await?;
        let seen = self
            .xmpp
            .wait_for_within(&words, DEADLINE, |it| it.says(&self.address, &words))
            .await
            .context("a line from Matrix did not reach XMPP")?;
        println!("Matrix -> XMPP    <{}> {}   ({})", seen.nick(), seen.body(), took(start));
        Ok(())
    }

    async fn to_matrix(&self) -> Result<()> {
        let (words, start) = (format!("hello from XMPP: {}", word()), Instant::now());
        self.xmpp.say(&self.address, &words).await?;
        let seen = self
            .matrix
            .wait_for_within(&words, DEADLINE, |event| event.says(&self.room, &words))
            .await
            .context("a line from XMPP did not reach Matrix")?;
        println!("XMPP   -> Matrix  <{}> {}   ({})", seen.sender(), seen.body(), took(start));
        Ok(())
    }
}

async fn stay_up(stack: &XmppStack) -> Result<()> {
    const PASSWORD: &str = "demo";
    stack.synapse.register("demo", PASSWORD).await?;
    println!(
        "
Join with your own clients:
  Matrix   homeserver {homeserver}, user demo, password {PASSWORD}, room {room}
  XMPP     server {xmpp} without TLS, any user of localhost with any password, rooms {muc}
           and {open}
The bridge's files are in {dir}, its health and metrics at {admin}.
Ctrl-C ends everything.",
        homeserver = stack.synapse.url(),
        room = stack.alias("demo"),
        xmpp = stack.prosody.address(),
        muc = stack.muc("demo"),
        open = stack.gateway("open"),
        dir = stack.bridge.dir().display(),
        admin = stack.bridge.admin_url(),
    );
    tokio::signal::ctrl_c().await?;
    println!("\nEnding.");
    Ok(())
}
