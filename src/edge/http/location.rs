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

/// GET asks for any form that can be had (RFC 6753 §3.2).
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

/// POST says which form is wanted; whom a request names besides is not looked at (RFC 6753 §3.1).
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
