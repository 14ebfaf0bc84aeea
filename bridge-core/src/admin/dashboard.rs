//! `GET /`: one page that shows how the bridge is, for people. It has no script, and changes nothing.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    api::{AdminToken, Link, QueueItem, ask_browser, dead_letters, links},
    health::Readiness,
};
use crate::{
    core::Core,
    store::{Backlog, StoreError},
};

/// How many dead letters and how many rooms the page shows.
const SHOWN: usize = 100;

/// All that the page may do: show itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const STYLE: &str = "body{font:16px/1.4 sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;
border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}.bad{color:#b00}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.bad{color:#f77}}";

/// The page, behind the token: browsers ask for it as a password, under any name.
pub(crate) fn router(core: Arc<Core>, token: AdminToken) -> Router {
    Router::new()
        .route("/", get(show))
        .with_state(core)
        .layer(middleware::from_fn_with_state(token, ask_browser))
}

async fn show(State(core): State<Arc<Core>>) -> Response {
    let page = match Page::of(&core).await {
        Ok(page) => page,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, page.render().into_string()).into_response()
}

/// What the page shows.
struct Page {
    title: String,
    readiness: Readiness,
    backlog: Backlog,
    dead: Vec<QueueItem>,
    links: Vec<Link>,
}

impl Page {
    async fn of(core: &Core) -> Result<Self, StoreError> {
        Ok(Self {
            title: format!("{} bridge, {}", core.protocol.name, core.config.appservice.id),
            readiness: core.health.readiness(),
            backlog: core.store.backlog().await?,
            dead: dead_letters(core, SHOWN).await?,
            links: links(core).await?,
        })
    }

    fn render(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (self.title) }
                    (self.state())
                    (self.backlog())
                    (self.dead_letters())
                    (self.rooms())
                }
            }
        }
    }

    fn state(&self) -> Markup {
        html! {
            h2 { "Links" }
            @if self.readiness.ready { p { "Homeserver and network are up." } }
            @for reason in &self.readiness.reasons {
                p .bad { (reason.code) " " (reason.subject) ": " (reason.what) "; " (reason.fix)
                         " (since " (reason.since) ")" }
            }
        }
    }

    fn backlog(&self) -> Markup {
        let Backlog { to_network, to_matrix, uncertain, dead, .. } = self.backlog;
        html! {
            h2 { "Backlog" }
            table {
                tr { th { "to the network" } td { (to_network) } }
                tr { th { "to Matrix" } td { (to_matrix) } }
                tr { th { "uncertain" } td { (uncertain) } }
                tr { th { "dead" } td { (dead) } }
            }
        }
    }

    fn dead_letters(&self) -> Markup {
        html! {
            h2 { "Dead letters" }
            @if self.dead.is_empty() { p { "There are none." } } @else {
                table {
                    tr { th { "number" } th { "since" } th { "channel" } th { "from" } th { "why" } }
                    @for item in &self.dead {
                        tr {
                            td { (item.id) } td { (item.since) }
                            td { (item.remote.as_deref().unwrap_or("")) }
                            td { (item.sender.as_deref().unwrap_or("")) }
                            td { (item.why.as_deref().unwrap_or("")) }
                        }
                    }
                }
            }
        }
    }

    fn rooms(&self) -> Markup {
        html! {
            h2 { (self.links.len()) " rooms" }
            table {
                tr { th { "channel" } th { "room" } th { "kind" } th { "alias" } }
                @for link in self.links.iter().take(SHOWN) {
                    tr {
                        td { (link.remote) } td { (link.room.as_deref().unwrap_or("")) }
                        td { (link.kind) } td { (link.alias.as_deref().unwrap_or("")) }
                    }
                }
            }
            @if self.links.len() > SHOWN { p { "The others: " code { "rooms list" } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text_and_no_markup() {
        let evil = "<script>alert(1)</script>".to_owned();
        let link = Link {
            remote: evil.clone(),
            room: Some(evil.clone()),
            kind: "plumbed".to_owned(),
            alias: Some(evil.clone()),
            name: Some(evil.clone()),
        };
        let page = Page {
            title: evil,
            readiness: Readiness { ready: true, reasons: Vec::new() },
            backlog: Backlog { dead: 7, ..Backlog::default() },
            dead: Vec::new(),
            links: vec![link],
        };
        let shown = page.render().into_string();
        assert!(!shown.contains("<script"), "{shown}");
        assert!(shown.contains("&lt;script") && shown.contains("<td>7</td>"), "{shown}");
    }
}
