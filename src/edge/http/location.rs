//! `/location/TOKEN`, where whoever was given a location URI learns the place (RFC 6753). The token is all that it shows:
//! who has one may ask (§4.1).
use super::held::{Held, document_answer, error_answer, held_answer, refusal, request_body};
use crate::cache::Named;
use crate::held::{self, Form, Wanted};
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use core::net::SocketAddr;

/// The media type of a bare location document (RFC 3863 §7).
const PIDF: &str = "application/pidf+xml";

/// GET asks for any form that can be had (RFC 6753 §3.2).
pub(super) async fn by_get(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let named = match server.named(peer, &token) {
        Ok(named) => named,
        Err(status) => return refusal(status),
    };
    let now = server.clock.now().wall;
    if wants_bare(&headers) {
        let document = held::presence(&server.cache, &named, now, &mut server.chance());
        return document.map_or_else(|| refusal(StatusCode::NOT_FOUND), |document| document_answer(document, PIDF));
    }
    let wanted = Wanted { forms: vec![Form::Geodetic, Form::Civic], exact: false };
    held_answer(held::dereference(&server.cache, &named, &wanted, now, &mut server.chance()).0)
}

/// POST says which form is wanted; whom a request names besides is not looked at (RFC 6753 §3.1).
pub(super) async fn by_post(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let named = match server.named(peer, &token) {
        Ok(named) => named,
        Err(status) => return refusal(status),
    };
    let body = match request_body(&headers, body).await {
        Ok(body) => body,
        Err(status) => return refusal(status),
    };
    let now = server.clock.now().wall;
    match held::read(&body, now) {
        Ok(request) => {
            held_answer(held::dereference(&server.cache, &named, &request.wanted, now, &mut server.chance()).0)
        }
        Err(error) => error_answer(&error),
    }
}

impl super::held::Server {
    /// Whom a token names, as long as it holds. One that is over and one that never was look the same, and take as long.
    fn named(&self, peer: SocketAddr, token: &str) -> Result<Named, StatusCode> {
        let address = peer.ip().to_canonical();
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
