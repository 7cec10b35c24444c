//! `/notices/{token}`, where who was told of a call says that somebody looks after it. Looking at the page says nothing:
//! mail servers look at every link. The page shows nothing of the call.
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

/// Somebody acknowledges.
pub struct Acknowledgement {
    /// The SHA-256 of what the address ends with.
    pub token: [u8; 32],
    /// Whether it names a message.
    pub known: oneshot::Sender<bool>,
}

/// The longest token that is looked at.
const LONGEST: usize = 64;

/// The pages.
pub fn router(to: mpsc::Sender<Acknowledgement>) -> Router {
    Router::new().route("/notices/{token}", get(asks).post(says)).with_state(to)
}

async fn asks() -> Response {
    let form = "<p>You were told of an emergency call.</p>\
                <form method=\"post\"><button>I look after it</button></form>";
    page(StatusCode::OK, form)
}

async fn says(State(to): State<mpsc::Sender<Acknowledgement>>, Path(token): Path<String>) -> Response {
    let (known, answer) = oneshot::channel();
    let token = Sha256::digest(token.as_bytes().get(..LONGEST).unwrap_or(token.as_bytes())).into();
    if to.send(Acknowledgement { token, known }).await.is_err() {
        return page(StatusCode::SERVICE_UNAVAILABLE, "<p>This cannot be noted now. Please try again.</p>");
    }
    match answer.await {
        Ok(true) => page(StatusCode::OK, "<p>Noted. Thank you.</p>"),
        Ok(false) => page(StatusCode::NOT_FOUND, "<p>There is no such notice, or it is long over.</p>"),
        Err(_) => page(StatusCode::SERVICE_UNAVAILABLE, "<p>This cannot be noted now. Please try again.</p>"),
    }
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>callbox</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body>{body}</body></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
    ];
    (status, headers, html).into_response()
}
