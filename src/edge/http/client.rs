//! `/client/v1`, where soft clients ask where they are and tell what their users gave for the networks that they are on.
use super::held::{Held, Server, document_answer, whole};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::edge::metrics::Door;
use crate::held::Asker;
use crate::held::client::{self, Refused, Told};
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use core::net::SocketAddr;
use serde::Serialize;

/// The media type of what is asked and told.
pub(super) const JSON: &str = "application/json";

/// Tells where a client is, by what it sees of its network.
#[utoipa::path(post, path = "/client/v1/location", tag = "Clients", request_body = client::Asked,
    responses(
        (status = 200, description = "Where the client is, and what to do about it", body = Told),
        (status = 400, description = "No such JSON"),
        (status = 401, description = "No credentials, or wrong ones"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 413, description = "The request is too long"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "The number is not listed"),
        (status = 429, description = "Too many requests"),
    ), security(("company" = [])))]
pub(super) async fn located(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (asker, body) = match said(&server, peer, &headers, body).await {
        Ok(said) => said,
        Err(status) => return server.refuse(Door::Client, status),
    };
    let Some(asked) = client::read(&body) else { return server.refuse(Door::Client, StatusCode::BAD_REQUEST) };
    let told =
        server.timed(|now, chance| client::located(&server.cache, &server.rules.terms, &asker, &asked, now, chance));
    match told {
        Some(told) => server.told(&told),
        None => server.refuse(Door::Client, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

/// Keeps the address that a user gives for the network that the client is on.
#[utoipa::path(post, path = "/client/v1/address", tag = "Clients", request_body = client::Given,
    responses(
        (status = 200, description = "Where the client is, and what to do about it", body = Told),
        (status = 400, description = "No such JSON"),
        (status = 401, description = "No credentials, or wrong ones"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 413, description = "The request is too long"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "What is wrong, field by field", body = Refused),
        (status = 429, description = "Too many requests"),
    ), security(("company" = [])))]
pub(super) async fn given(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (asker, body) = match said(&server, peer, &headers, body).await {
        Ok(said) => said,
        Err(status) => return server.refuse(Door::Client, status),
    };
    let Some(given) = client::read_given(&body) else { return server.refuse(Door::Client, StatusCode::BAD_REQUEST) };
    let told =
        server.timed(|now, chance| client::given(&server.cache, &server.rules.terms, &asker, &given, now, chance));
    server.told_or_refused(told)
}

/// Forgets the address that a user gave for the network that the client is on.
#[utoipa::path(post, path = "/client/v1/address/withdraw", tag = "Clients", request_body = client::Asked,
    responses(
        (status = 200, description = "Where the client is, and what to do about it", body = Told),
        (status = 400, description = "No such JSON"),
        (status = 401, description = "No credentials, or wrong ones"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 413, description = "The request is too long"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "There is no such address, or nothing tells the client or its network", body = Refused),
        (status = 429, description = "Too many requests"),
    ), security(("company" = [])))]
pub(super) async fn withdrawn(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (asker, body) = match said(&server, peer, &headers, body).await {
        Ok(said) => said,
        Err(status) => return server.refuse(Door::Client, status),
    };
    let Some(asked) = client::read(&body) else { return server.refuse(Door::Client, StatusCode::BAD_REQUEST) };
    let told =
        server.timed(|now, chance| client::withdrawn(&server.cache, &server.rules.terms, &asker, &asked, now, chance));
    server.told_or_refused(told)
}

/// Who speaks, and the JSON that it says. A client speaks for whoever is signed in, so it shows that it belongs to its
/// organisation.
pub(super) async fn said(
    server: &Server,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Asker, Bytes), StatusCode> {
    let asker = server.asker(headers, peer)?;
    if !asker.proven {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON) {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    Ok((asker, whole(body).await?))
}

impl Server {
    /// Finds an answer and counts the time that it takes.
    fn timed<T>(&self, find: impl FnOnce(Wall, &mut Entropy) -> T) -> T {
        let now = self.clock.now();
        let found = find(now.wall, &mut self.chance());
        self.counts.took(self.clock.now().mono.since(now.mono));
        found
    }

    fn told(&self, told: &Told) -> Response {
        self.json(StatusCode::OK, told, if told.location.is_some() { "located" } else { "locationUnknown" })
    }

    fn told_or_refused(&self, told: Result<Told, Refused>) -> Response {
        match told {
            Ok(told) => self.told(&told),
            Err(refused) => self.json(StatusCode::UNPROCESSABLE_ENTITY, &refused, "refused"),
        }
    }

    fn json(&self, status: StatusCode, what: &impl Serialize, outcome: &'static str) -> Response {
        let Ok(text) = serde_json::to_vec(what) else {
            return self.refuse(Door::Client, StatusCode::INTERNAL_SERVER_ERROR);
        };
        self.counts.count(Door::Client, outcome);
        let mut response = document_answer(text.as_slice().into(), JSON);
        *response.status_mut() = status;
        response
    }
}
