//! `/location/TOKEN`, where whoever was given a location URI learns the place (RFC 6753). The token is all that it shows:
//! who has one may ask (§4.1).
use super::held::{Held, document_answer, request_body};
use crate::cache::Named;
use crate::edge::metrics::Door;
use crate::held::{self, Form, Wanted};
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use core::net::{IpAddr, SocketAddr};

/// The media type of a bare location document (RFC 3863 §7).
const PIDF: &str = "application/pidf+xml";

/// Asks where the device of a location URI is, in any form that can be had (RFC 6753 §3.2).
#[utoipa::path(get, path = "/location/{token}", tag = "HELD", params(("token" = String, Path, description = "As it stands in the location URI")),
    responses(
        (status = 200, description = "A `locationResponse` or an `error`; with `Accept: application/pidf+xml` a bare PIDF-LO", content(
            (String = "application/held+xml"), (String = "application/pidf+xml"))),
        (status = 404, description = "Its time is over, or it never was one; or nothing is known for a bare PIDF-LO"),
        (status = 429, description = "Too many wrong tokens"),
    ))]
pub(super) async fn by_get(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let named = match server.named(server.source(&headers, peer), &token) {
        Ok(named) => named,
        Err(status) => return server.refuse(Door::Location, status),
    };
    if wants_bare(&headers) {
        let document = held::presence(&server.cache, &named, server.clock.now().wall, &mut server.chance());
        let Some(document) = document else { return server.refuse(Door::Location, StatusCode::NOT_FOUND) };
        server.counts.count(Door::Location, "located");
        return document_answer(document, PIDF);
    }
    let wanted = Wanted { forms: vec![Form::Geodetic, Form::Civic], exact: false };
    server.answered(Door::Location, |now, chance| held::dereference(&server.cache, &named, &wanted, now, chance))
}

/// Asks the same in a form that is wanted; whom a request names besides is not looked at (RFC 6753 §3.1).
#[utoipa::path(post, path = "/location/{token}", tag = "HELD", params(("token" = String, Path, description = "As it stands in the location URI")),
    request_body(content = String, content_type = "application/held+xml", description = "A `locationRequest`"),
    responses(
        (status = 200, description = "A `locationResponse` or an `error`", content_type = "application/held+xml", body = String),
        (status = 404, description = "Its time is over, or it never was one"),
        (status = 406, description = "Not of the media type of HELD"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 412, description = "A condition, where none makes sense"),
        (status = 413, description = "The request is too long"),
        (status = 429, description = "Too many wrong tokens"),
    ))]
pub(super) async fn by_post(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let named = match server.named(server.source(&headers, peer), &token) {
        Ok(named) => named,
        Err(status) => return server.refuse(Door::Location, status),
    };
    let body = match request_body(&headers, body).await {
        Ok(body) => body,
        Err(status) => return server.refuse(Door::Location, status),
    };
    match held::read(&body, server.clock.now().wall) {
        Ok(request) => server.answered(Door::Location, |now, chance| {
            held::dereference(&server.cache, &named, &request.wanted, now, chance)
        }),
        Err(error) => server.unreadable(Door::Location, &error),
    }
}

impl super::held::Server {
    /// Whom a token names, as long as it holds. One that is over and one that never was look the same, and take as long.
    fn named(&self, address: IpAddr, token: &str) -> Result<Named, StatusCode> {
        if !self.may_guess(address) {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        let now = self.clock.now().wall;
        let named = self.cache.token(token).filter(|named| !named.is_expired(now));
        named.ok_or_else(|| {
            self.guessed(address);
            StatusCode::NOT_FOUND
        })
    }
}

/// Whether the asker takes a bare document and nothing that holds one.
fn wants_bare(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        texts.flat_map(|text| text.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.next().is_some_and(|first| first.eq_ignore_ascii_case(PIDF))
}
