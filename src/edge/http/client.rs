//! `/client/v1/location`, where soft clients ask where they are.
use super::held::{Held, document_answer, whole};
use crate::edge::metrics::Door;
use crate::held::client;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use core::net::SocketAddr;

/// The media type of what is asked and told.
const JSON: &str = "application/json";

pub(super) async fn located(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let refuse = |status| server.refuse(Door::Client, status);
    // A client speaks for whoever is signed in, so it shows that it belongs to its organisation.
    let asker = match server.asker(&headers, peer) {
        Ok(asker) if asker.proven => asker,
        Ok(_) => return refuse(StatusCode::UNAUTHORIZED),
        Err(status) => return refuse(status),
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = match whole(body).await {
        Ok(body) => body,
        Err(status) => return refuse(status),
    };
    let Some(asked) = client::read(&body) else { return refuse(StatusCode::BAD_REQUEST) };
    let now = server.clock.now();
    let told = client::located(&server.cache, &server.rules.terms, &asker, &asked, now.wall, &mut server.chance());
    server.counts.took(server.clock.now().mono.since(now.mono));
    let Some(told) = told else { return refuse(StatusCode::UNPROCESSABLE_ENTITY) };
    let Ok(text) = serde_json::to_vec(&told) else { return refuse(StatusCode::INTERNAL_SERVER_ERROR) };
    server.counts.count(Door::Client, if told.location.is_some() { "located" } else { "locationUnknown" });
    document_answer(text.as_slice().into(), JSON)
}
