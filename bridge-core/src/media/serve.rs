//! The listener behind signed links: opens without a login, as long as the event stands.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use ruma::{MxcUri, OwnedEventId, OwnedMxcUri};

use super::{
    link::{Link, Part},
    range::{Wanted, wanted},
    sniff,
};
use crate::{
    content::matrix::{self, Media},
    core::Core,
    homeserver::{As, Download, HomeserverError},
    id::LaneId,
    inbox::Head,
    store::PortalBy,
};

/// What a browser may do with what it gets: show it.
const POLICY: &str =
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";

/// The routes of `media.listen`.
pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/f/{lane}/{event}/{signature}", get(file))
        .route("/f/{lane}/{event}/{signature}/{name}", get(named_file))
        .route("/t/{lane}/{event}/{signature}", get(text))
        .route("/p/{lane}/{event}/{server}/{id}/{signature}", get(picture))
        .with_state(core)
}

type Request = (Method, HeaderMap);

async fn file(
    State(core): State<Arc<Core>>,
    Path((lane, event, signature)): Path<(i64, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(&core, lane, &event, Part::File, &signature, &(method, headers)).await
}

async fn named_file(
    State(core): State<Arc<Core>>,
    Path((lane, event, signature, _)): Path<(i64, String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(&core, lane, &event, Part::File, &signature, &(method, headers)).await
}

async fn text(
    State(core): State<Arc<Core>>,
    Path((lane, event, signature)): Path<(i64, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(&core, lane, &event, Part::Text, &signature, &(method, headers)).await
}

async fn picture(
    State(core): State<Arc<Core>>,
    Path((lane, event, server, id, signature)): Path<(i64, String, String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let part = Part::Picture(OwnedMxcUri::from(format!("mxc://{server}/{id}")));
    answer(&core, lane, &event, part, &signature, &(method, headers)).await
}

/// Why a link does not open. Wrong and unknown ones are not told apart.
#[derive(Debug)]
enum Closed {
    Unknown,
    Gone,
    Later,
}

impl From<HomeserverError> for Closed {
    fn from(error: HomeserverError) -> Self {
        if error.is_retryable() { Self::Later } else { Self::Unknown }
    }
}

async fn answer(
    core: &Core,
    lane: i64,
    event: &str,
    part: Part,
    signature: &str,
    request: &Request,
) -> Response {
    let opened = match OwnedEventId::try_from(format!("${event}")) {
        Ok(event_id) => {
            let link = Link { lane: LaneId(lane), event_id, part };
            match core.file_links.checked(link, signature) {
                Some(link) => open(core, &link, request).await,
                None => Err(Closed::Unknown),
            }
        }
        Err(_) => Err(Closed::Unknown),
    };
    let outcome = match &opened {
        Ok(_) => "opened",
        Err(Closed::Unknown) => "unknown",
        Err(Closed::Gone) => "gone",
        Err(Closed::Later) => "unavailable",
    };
    metrics::counter!("bridge_media_links_total", "outcome" => outcome).increment(1);
    let mut response = opened.unwrap_or_else(|closed| {
        let (status, text) = match closed {
            Closed::Unknown => (StatusCode::NOT_FOUND, "There is no such file.\n"),
            Closed::Gone => (StatusCode::GONE, "This message was removed.\n"),
            Closed::Later => {
                (StatusCode::SERVICE_UNAVAILABLE, "The homeserver does not answer; try later.\n")
            }
        };
        (status, text).into_response()
    });
    protect(response.headers_mut());
    response
}

/// Nothing that a browser runs, guesses, keeps or tells others.
fn protect(headers: &mut HeaderMap) {
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(header::HeaderName::from_static("x-robots-tag"), "noindex");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
}

async fn open(core: &Core, link: &Link, request: &Request) -> Result<Response, Closed> {
    let by = PortalBy::Lane(link.lane);
    let portal = core.portals.find(&by).await.map_err(|_| Closed::Later)?.ok_or(Closed::Unknown)?;
    let room = portal.room_id.clone().ok_or(Closed::Gone)?;
    let reader = core.intents.reader(&portal).await;
    let event = core.homeserver.event(&room, As::User(&reader), &link.event_id).await?;
    let event = event.ok_or(Closed::Gone)?;
    let head = Head::parse(event.json()).map_err(|_| Closed::Unknown)?;
    if let Some(lifetime) = core.config.media.link_lifetime {
        let age = core.clock.now().since(head.origin_server_ts);
        if u128::from(age) > lifetime.as_millis() {
            return Err(Closed::Gone);
        }
    }
    // A redacted event says nothing any more.
    let said = matrix::read(&head.kind, head.content.get()).map_err(|_| Closed::Gone)?;
    if let Some(first) = &said.replaces {
        let first = core.homeserver.event(&room, As::User(&reader), first).await?;
        let stands = first.is_some_and(|first| is_said(first.json().get()));
        if !stands {
            return Err(Closed::Gone);
        }
    }
    match &link.part {
        Part::Text => {
            let mut doc = said.doc;
            core.file_links.in_text(link.lane, &link.event_id, &mut doc);
            let kind = HeaderValue::from_static("text/plain; charset=utf-8");
            Ok(([(header::CONTENT_TYPE, kind)], doc.plain()).into_response())
        }
        Part::File => {
            let media = said.media.ok_or(Closed::Gone)?;
            send(core, &media.mxc, Some(&media), request).await
        }
        Part::Picture(mxc) => {
            if !head.content.get().contains(mxc.as_str()) {
                return Err(Closed::Gone);
            }
            send(core, mxc, None, request).await
        }
    }
}

fn is_said(event: &str) -> bool {
    Head::parse_str(event).is_ok_and(|head| matrix::read(&head.kind, head.content.get()).is_ok())
}

/// Passes a file on while it comes from the homeserver.
async fn send(
    core: &Core,
    mxc: &MxcUri,
    media: Option<&Media>,
    (method, asked): &Request,
) -> Result<Response, Closed> {
    let mut download = core.homeserver.download(mxc).await?.ok_or(Closed::Gone)?;
    let first = match download.next().await {
        Some(Ok(first)) => first,
        Some(Err(_)) => return Err(Closed::Later),
        None => bytes::Bytes::new(),
    };
    let mime = sniff::mime(&first, media.and_then(|media| media.mime.as_deref()));
    let inert = sniff::is_inert(&mime);
    let mime = if inert { &*mime } else { "application/octet-stream" };
    let mime = if mime == "text/plain" { "text/plain; charset=utf-8" } else { mime };
    let name = media.map_or("picture", |media| &media.name);

    let mut headers = HeaderMap::new();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, mime.to_owned());
    set(header::CONTENT_DISPOSITION, disposition(inert, name));
    let Some(size) = download.size else {
        let body = body(first, download, 0..u64::MAX);
        return Ok((headers, body).into_response());
    };
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    let range = asked.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, range) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Part(range) => {
            let last = range.end - 1;
            set(header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", range.start));
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Wanted::Nothing => {
            set(header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    set(header::CONTENT_LENGTH, (range.end - range.start).to_string());
    if method == Method::HEAD {
        return Ok((status, headers).into_response());
    }
    Ok((status, headers, body(first, download, range)).into_response())
}

/// The bytes of a range, as they come.
fn body(first: bytes::Bytes, download: Download, range: std::ops::Range<u64>) -> Body {
    let state = (Some(first), download, 0_u64, range);
    let pieces = futures_util::stream::unfold(state, async |(first, mut download, at, range)| {
        if at >= range.end {
            return None;
        }
        let piece = match first {
            Some(first) => Ok(first),
            None => download.next().await?,
        };
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Some((Err(error), (None, download, u64::MAX, range))),
        };
        let end = at + piece.len() as u64;
        let within = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(usize::MAX);
        let from = within(range.start).min(piece.len());
        let to = within(range.end).min(piece.len());
        Some((Ok(piece.slice(from..to)), (None, download, end, range)))
    });
    Body::from_stream(pieces)
}

/// `Content-Disposition` with the name of the file in both forms of RFC 6266.
fn disposition(inert: bool, name: &str) -> String {
    let how = if inert { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_alphanumeric() || " ._-".contains(c) { c } else { '_' };
    let simple: String = name.chars().map(plain).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        use std::fmt::Write as _;
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            let _ = write!(whole, "%{byte:02X}"); // a `String` takes everything
        }
    }
    format!("{how}; filename=\"{simple}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(
            disposition(false, "a\"; b\r\n.html"),
            "attachment; filename=\"a__ b__.html\"; filename*=UTF-8''a%22%3B%20b%0D%0A.html"
        );
        assert!(disposition(true, "ö.png").ends_with("filename*=UTF-8''%C3%B6.png"));
    }
}
