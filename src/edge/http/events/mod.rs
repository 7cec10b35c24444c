//! `/client/v1/events`, where desktops listen: server-sent events, and the same by WebSocket for whoever asks for that.
mod hub;
mod query;
mod socket;
mod stream;
mod tickets;

pub use hub::{Hub, QUEUE_LEN, Rules};

use super::client;
use super::held::{Held, Server, document_answer, refusal};
use super::serve::Hold;
use crate::desktop::{Asked, EventId, Seat};
use crate::edge::metrics::desktops::Outcome;
use axum::Extension;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use core::net::SocketAddr;
use core::time::Duration;
use query::Query;
use serde::Serialize;
use utoipa::ToSchema;

/// How often something is said where nothing happens, so that whoever stands between keeps the connection.
const BEAT_EVERY: Duration = Duration::from_secs(15);

/// How long a stream lasts before its client has to show again who it is.
const LASTS: Duration = Duration::from_secs(3600);

/// Where a browser says what it heard last (server-sent events).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A ticket for one stream.
#[derive(Serialize, ToSchema)]
pub(super) struct Ticket {
    /// What stands in the query as `ticket`. It serves once.
    ticket: String,
    /// Within which time.
    expires_in_secs: u64,
}

/// Gives a ticket with which a browser may listen: its pages cannot show credentials there, and shall not have them.
#[utoipa::path(post, path = "/client/v1/events/ticket", tag = "Desktops", request_body = Asked,
    responses(
        (status = 200, description = "A ticket", body = Ticket),
        (status = 400, description = "No such JSON, or not exactly one of the names"),
        (status = 401, description = "No credentials, or wrong ones"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 413, description = "The request is too long"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "The organisation has no such user, line, device or desk"),
        (status = 429, description = "Too many requests"),
        (status = 503, description = "Too many tickets wait to be used"),
    ), security(("company" = [])))]
pub(super) async fn ticket(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (asker, body) = match client::said(&server, peer, &headers, body).await {
        Ok(said) => said,
        Err(status) => return server.declined(status),
    };
    let asked = serde_json::from_slice::<Asked>(&body).ok().filter(|asked| asked.named() == 1);
    let Some(asked) = asked else { return server.declined(StatusCode::BAD_REQUEST) };
    let Some(seat) = asked.seat(&server.cache, &asker.organisation) else {
        return server.declined(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let Some(ticket) = server.events.issue(seat, &mut server.chance()) else {
        return server.declined(StatusCode::SERVICE_UNAVAILABLE);
    };
    let given = Ticket { ticket, expires_in_secs: tickets::LASTS.as_secs() };
    let Ok(text) = serde_json::to_vec(&given) else { return server.declined(StatusCode::INTERNAL_SERVER_ERROR) };
    server.events.counts.request(Outcome::Ticket);
    document_answer(text.as_slice().into(), client::JSON)
}

/// Listens: what goes on at once, then each event as it happens. `Upgrade: websocket` gets the same by WebSocket, an object
/// with `id`, `event` and `data` a message.
#[utoipa::path(get, path = "/client/v1/events", tag = "Desktops",
    params(
        ("ticket" = Option<String>, Query, description = "A ticket, in place of credentials and of all names below"),
        ("user" = Option<String>, Query, description = "A user, by id"),
        ("number" = Option<String>, Query, description = "A line, by its number or extension"),
        ("instance" = Option<String>, Query, description = "A device, by its instance id"),
        ("mac" = Option<String>, Query, description = "A device, by its hardware address"),
        ("desk" = Option<String>, Query, description = "A responder's desk, by its name"),
        ("last_event_id" = Option<String>, Query, description = "The event that was heard last, for who cannot send `Last-Event-ID`"),
    ),
    responses(
        (status = 200, description = "Events, until the connection ends", content_type = "text/event-stream", body = String),
        (status = 101, description = "The same by WebSocket"),
        (status = 400, description = "Not exactly one of the names, or no WebSocket where one is asked for"),
        (status = 401, description = "No credentials, or wrong ones"),
        (status = 403, description = "The ticket was used, is over or never was one; or a page of a browser shows none"),
        (status = 422, description = "The organisation has no such user, line, device or desk"),
        (status = 429, description = "Too many requests, or too many wrong tickets"),
        (status = 503, description = "Too many streams, or the router is about to leave"),
    ), security(("company" = []), ()))]
pub(super) async fn listen(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    hold: Option<Extension<Hold>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let query = match query::read(uri.query().unwrap_or_default()) {
        Some(query) => query,
        None => return server.declined(StatusCode::BAD_REQUEST),
    };
    let upgrade = match upgrade {
        Ok(upgrade) => Some(upgrade),
        Err(_) if headers.contains_key(header::UPGRADE) => {
            return server.declined(StatusCode::BAD_REQUEST);
        }
        Err(_) => None,
    };
    let seat = match server.seat(peer, &headers, &query) {
        Ok(seat) => seat,
        Err(status) => return server.declined(status),
    };
    let heard = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned).or(query.last_event_id);
    let heard = heard.and_then(|id| EventId::read(&id));
    let hold = hold.map(|Extension(hold)| hold).unwrap_or_default();
    let Some((stream, stay)) = server.events.join(seat, heard, hold.cutter()) else {
        return server.declined(StatusCode::SERVICE_UNAVAILABLE);
    };
    server.events.counts.request(Outcome::Stream);
    let mut response = match upgrade {
        Some(upgrade) => socket::upgraded(upgrade, stream, stay, hold.cutter()),
        None => stream::response(stream, stay, &hold),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

impl Server {
    fn declined(&self, status: StatusCode) -> Response {
        self.events.counts.request(Outcome::Refused);
        refusal(status)
    }

    /// Where somebody listens who shows this.
    fn seat(&self, peer: SocketAddr, headers: &HeaderMap, query: &Query) -> Result<Seat, StatusCode> {
        if let Some(ticket) = &query.ticket {
            if query.asked.named() > 0 {
                return Err(StatusCode::BAD_REQUEST);
            }
            let address = self.source(headers, peer);
            if !self.may_guess(address) {
                return Err(StatusCode::TOO_MANY_REQUESTS);
            }
            return self.events.redeem(ticket).ok_or_else(|| {
                self.guessed(address);
                StatusCode::FORBIDDEN
            });
        }
        // A browser says where its page is from. It may still know credentials that its user once typed, and would send
        // them for any page.
        if headers.contains_key(header::ORIGIN) {
            return Err(StatusCode::FORBIDDEN);
        }
        let asker = self.asker(headers, peer)?;
        if !asker.proven {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if query.asked.named() != 1 {
            return Err(StatusCode::BAD_REQUEST);
        }
        query.asked.seat(&self.cache, &asker.organisation).ok_or(StatusCode::UNPROCESSABLE_ENTITY)
    }
}
