//! `rooms`: links from the shell.

mod apply;
mod list;

use std::io::Write;

use hyper::Method;
use ruma::OwnedUserId;

pub(super) use self::apply::apply;
use super::{Failure, admin::print_json, client::Client};
use crate::admin::api::{Link, LinkAnswer, LinkRequest, UnlinkRequest};

/// Prints all links.
pub(super) async fn list(client: &Client, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let links: Vec<Link> = client.get("/links", &[]).await?;
    if json {
        return print_json(&links, out);
    }
    for link in &links {
        let room = link.room.as_deref().unwrap_or("-");
        let alias = link.alias.as_deref().unwrap_or("");
        writeln!(out, "{} {room} {} {alias}", link.remote, link.kind)?;
    }
    Ok(())
}

/// Makes one link.
pub(super) async fn link(
    client: &Client,
    remote: String,
    room: String,
    asker: Option<OwnedUserId>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let request = LinkRequest { remote, room, asker };
    let answer: LinkAnswer = client.ask(Method::PUT, "/links", &request).await?;
    print(&answer, json, out)
}

/// Ends one link.
pub(super) async fn unlink(
    client: &Client,
    room: String,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let request = UnlinkRequest { room };
    let answer: LinkAnswer = client.ask(Method::POST, "/links/unlink", &request).await?;
    print(&answer, json, out)
}

fn print(answer: &LinkAnswer, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        return print_json(answer, out);
    }
    writeln!(out, "{} {} {}", answer.outcome.word(), answer.remote, answer.room)?;
    Ok(())
}
