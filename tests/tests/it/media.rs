//! Files from Matrix, opened by their links as anybody on IRC would.

use anyhow::{Context, Result};
use bridge_tests::{matrix::MatrixUser, stack::Stack, wait};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";

#[tokio::test]
async fn a_file_opens_from_its_link_without_login_until_its_message_is_removed() -> Result<()> {
    let mut stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#files").await?;
    let room = ann.join(&stack.alias("#files")).await?;
    let (event, link) = {
        let content = uploaded(&ann, "m.image", "cat.png", "image/png", PNG).await?;
        let event = ann.send_message(&room, content).await?;
        (event, link(&bob, "cat.png").await?)
    };
    let opened = open(&link).await?;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(value(&opened, header::CONTENT_TYPE), "image/png");
    assert!(value(&opened, header::CONTENT_DISPOSITION).starts_with("inline"));
    assert_eq!(&*opened.bytes().await?, PNG);

    let part = Client::new().get(&link).header(header::RANGE, "bytes=1-3").send().await?;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(value(&part, header::CONTENT_RANGE), format!("bytes 1-3/{}", PNG.len()));
    assert_eq!(&*part.bytes().await?, b"PNG");

    // Nobody makes a link of their own: neither to another event nor of another kind.
    let mut forged: Vec<&str> = link.split('/').collect();
    let other = format!("x{}", &forged[5][1..]);
    forged[5] = &other;
    assert_eq!(open(&forged.join("/")).await?.status(), StatusCode::NOT_FOUND);
    let text = link.replacen("/f/", "/t/", 1);
    let text = text.rsplit_once('/').context("a path")?.0;
    assert_eq!(open(text).await?.status(), StatusCode::NOT_FOUND);

    // The link outlives the bridge that made it.
    stack.bridge.restart().await?;
    assert_eq!(open(&link).await?.status(), StatusCode::OK);

    ann.redact(&room, &event, "not my best side").await?;
    wait::until("the link is closed", wait::PATIENCE, async || {
        Ok((open(&link).await?.status() == StatusCode::GONE).then_some(()))
    })
    .await
}

#[tokio::test]
async fn nothing_behind_a_link_runs_in_a_browser() -> Result<()> {
    const HTML: &[u8] = b"<!doctype html><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let stack = Stack::irc().start().await?;
    let (ann, bob) = tokio::try_join!(stack.matrix_user("ann"), stack.irc_user("bob"))?;
    bob.join("#files").await?;
    let room = ann.join(&stack.alias("#files")).await?;
    for (name, kind, said, bytes) in [
        ("page.html", "m.file", "text/html", HTML),
        ("pic.svg", "m.image", "image/svg+xml", SVG),
        ("fake.png", "m.image", "image/png", HTML),
    ] {
        ann.send_message(&room, uploaded(&ann, kind, name, said, bytes).await?).await?;
        let opened = open(&link(&bob, name).await?).await?;
        assert_eq!(opened.status(), StatusCode::OK, "{name}");
        let mime = value(&opened, header::CONTENT_TYPE);
        let disposition = value(&opened, header::CONTENT_DISPOSITION);
        let is_kept = mime == "application/octet-stream" && disposition.starts_with("attachment");
        assert!(is_kept || mime.starts_with("text/plain"), "{name}: {mime}, {disposition}");
        assert_eq!(value(&opened, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(value(&opened, header::CONTENT_SECURITY_POLICY).starts_with("sandbox"));
        assert_eq!(&*opened.bytes().await?, bytes);
    }
    Ok(())
}

async fn uploaded(
    user: &MatrixUser,
    kind: &str,
    name: &str,
    mime: &str,
    bytes: &[u8],
) -> Result<serde_json::Value> {
    let url = user.upload(name, mime, bytes.to_vec()).await?;
    let info = json!({"mimetype": mime, "size": bytes.len()});
    Ok(json!({"msgtype": kind, "body": name, "filename": name, "url": url, "info": info}))
}

/// The link that IRC shows for a file.
async fn link(user: &bridge_tests::irc::IrcUser, name: &str) -> Result<String> {
    let line = user
        .wait_for(format!("the link to {name}"), |line| {
            line.text().contains(name) && line.text().contains("http://")
        })
        .await?;
    let at = line.text().find("http://").context("a link")?;
    let link = line.text()[at..].split_whitespace().next().context("a link")?;
    Ok(link.to_owned())
}

/// Opens a link as a browser without any login does.
async fn open(link: &str) -> Result<Response> {
    Ok(Client::new().get(link).send().await?)
}

fn value(response: &Response, name: header::HeaderName) -> String {
    let value = response.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
