//! `/held`, where phones ask where they are (RFC 5985 §8).
use super::credentials;
use super::events::{self, Hub};
use super::limit::{Limit, SECOND};
use super::{client, location, openapi, proxy};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::Cache;
use crate::edge::clock::Clock;
use crate::edge::metrics::{Door, Locations};
use crate::held::{self, Asker, Form, MEDIA_TYPE, Request, Terms, Wanted};
use crate::record::wiremap::Network;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a request's body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// What answers.
pub struct Server {
    pub(super) cache: Arc<Cache>,
    pub(super) clock: Clock,
    pub(super) rules: Rules,
    pub(super) counts: Locations,
    pub(super) events: Arc<Hub>,
    shared: Mutex<Shared>,
}

/// Who is answered what, and how often.
#[derive(Clone, Debug)]
pub struct Rules {
    /// On which terms location URIs are given.
    pub terms: Terms,
    /// How many requests a second are answered of each asker.
    pub requests_per_second: u32,
    /// Proxies of ours, which say who asks.
    pub trusted_proxies: Vec<Network>,
}

struct Shared {
    chance: Entropy,
    limit: Limit<Bucket>,
    guesses: Limit<IpAddr>,
}

/// Whose requests are counted together. One phone with an old secret does not use up what its organisation may ask.
#[derive(PartialEq, Eq, Hash)]
enum Bucket {
    Organisation(Arc<str>),
    Address(IpAddr),
}

/// How many tokens that name nobody an address may show in a minute: nobody who was given one guesses.
const GUESSES_PER_MINUTE: u32 = 60;

impl Server {
    /// A server of what the cache knows, and of what desktops hear.
    pub fn new(
        cache: Arc<Cache>,
        clock: Clock,
        chance: Entropy,
        rules: Rules,
        counts: Locations,
        events: Arc<Hub>,
    ) -> Server {
        let limit = Limit::new(rules.requests_per_second, SECOND);
        let guesses = Limit::new(GUESSES_PER_MINUTE, 60 * SECOND);
        Server { cache, clock, rules, counts, events, shared: Mutex::new(Shared { chance, limit, guesses }) }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chance for one answer.
    pub(super) fn chance(&self) -> Entropy {
        self.shared().chance.branch()
    }

    /// Whether this address may still show tokens, each of which may be a guess.
    pub(super) fn may_guess(&self, address: IpAddr) -> bool {
        self.shared().guesses.has_any(&network(address), self.clock.now().mono)
    }

    /// Counts a token that named nobody.
    pub(super) fn guessed(&self, address: IpAddr) {
        let _allowed = self.shared().guesses.allows(network(address), self.clock.now().mono);
    }

    /// The address that a request comes from.
    pub(super) fn source(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        proxy::source(peer.ip(), headers, &self.rules.trusted_proxies)
    }

    /// Who asks, or why it is told nothing. Whoever asks for itself is never asked for credentials (RFC 5985 §8); its
    /// address must name its organisation instead.
    pub(super) fn asker(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<Asker, StatusCode> {
        let snapshot = self.cache.snapshot.load();
        let address = self.source(headers, peer);
        let shown = headers.get(header::AUTHORIZATION);
        let proven = shown.and_then(|shown| credentials::organisation(&snapshot, shown));
        let bucket = proven
            .as_ref()
            .map_or_else(|| Bucket::Address(network(address)), |one| Bucket::Organisation(Arc::clone(&one.id)));
        if !self.shared().limit.allows(bucket, self.clock.now().mono) {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        match (shown, proven) {
            (_, Some(organisation)) => Ok(Asker { organisation: Arc::clone(&organisation.id), proven: true, address }),
            (Some(_), None) => Err(StatusCode::UNAUTHORIZED),
            (None, None) => match self.cache.organisation_at(&snapshot, address) {
                Some(organisation) => Ok(Asker { organisation, proven: false, address }),
                None => Err(StatusCode::FORBIDDEN),
            },
        }
    }

    fn answer(&self, asker: &Asker, request: &Request) -> Response {
        self.answered(Door::Held, |now, chance| {
            held::answer(&self.cache, &self.rules.terms, asker, request, now, chance)
        })
    }

    /// Finds an answer, and counts it and the time that it took.
    pub(super) fn answered(
        &self,
        door: Door,
        find: impl FnOnce(Wall, &mut Entropy) -> (BytesMut, Option<held::Code>),
    ) -> Response {
        let now = self.clock.now();
        let (document, code) = find(now.wall, &mut self.chance());
        self.counts.took(self.clock.now().mono.since(now.mono));
        self.counts.count(door, code.map_or("located", held::Code::token));
        held_answer(document)
    }

    /// Refuses a request by HTTP.
    pub(super) fn refuse(&self, door: Door, status: StatusCode) -> Response {
        self.counts.count(door, "refused");
        refusal(status)
    }

    /// Answers a request that could not be read.
    pub(super) fn unreadable(&self, door: Door, error: &held::Error) -> Response {
        self.counts.count(door, error.code.token());
        let mut out = BytesMut::new();
        held::write_error(&mut out, error);
        held_answer(out)
    }
}

/// The network that counts as one asker: of IPv6, what one customer gets at least.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// What is served.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/held", get(own).post(asked))
        .route("/location/{token}", get(location::by_get).post(location::by_post))
        .route("/client/v1/location", post(client::located))
        .route("/client/v1/address", post(client::given))
        .route("/client/v1/address/withdraw", post(client::withdrawn))
        .route("/client/v1/events", get(events::listen))
        .route("/client/v1/events/ticket", post(events::ticket))
        .route("/openapi.json", get(openapi::described))
        .with_state(server)
}

pub(super) type Held = State<Arc<Server>>;

/// Asks where the asker itself is, in any form that can be had.
#[utoipa::path(get, path = "/held", tag = "HELD", responses(
    (status = 200, description = "A `locationResponse` or an `error` (RFC 5985 §5)", content_type = "application/held+xml", body = String),
    (status = 401, description = "Wrong credentials"),
    (status = 403, description = "No credentials, and the address tells no organisation"),
    (status = 429, description = "Too many requests"),
), security((), ("company" = [])))]
pub(super) async fn own(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let wanted = Wanted { forms: vec![Form::Geodetic, Form::Civic], exact: false };
    match server.asker(&headers, peer) {
        Ok(asker) => server.answer(&asker, &Request { wanted, ..Request::default() }),
        Err(status) => server.refuse(Door::Held, status),
    }
}

/// Asks where a device is (RFC 5985), with its identities (RFC 6155), flows (RFC 6915) and measurements (RFC 7105).
#[utoipa::path(post, path = "/held", tag = "HELD",
    request_body(content = String, content_type = "application/held+xml", description = "A `locationRequest`"),
    responses(
        (status = 200, description = "A `locationResponse` or an `error` (RFC 5985 §5)", content_type = "application/held+xml", body = String),
        (status = 401, description = "Wrong credentials; or none, and another device is named"),
        (status = 403, description = "No credentials, and the address tells no organisation"),
        (status = 406, description = "Not of the media type of HELD"),
        (status = 408, description = "The request took too long to arrive"),
        (status = 412, description = "A condition, where none makes sense"),
        (status = 413, description = "The request is too long"),
        (status = 429, description = "Too many requests"),
    ), security((), ("company" = [])))]
pub(super) async fn asked(
    State(server): Held,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asker = match server.asker(&headers, peer) {
        Ok(asker) => asker,
        Err(status) => return server.refuse(Door::Held, status),
    };
    let body = match request_body(&headers, body).await {
        Ok(body) => body,
        Err(status) => return server.refuse(Door::Held, status),
    };
    match held::read(&body, server.clock.now().wall) {
        // Somebody else's place is told to nobody who has not proven who it is, and it is told so (RFC 6155 §4.2).
        Ok(request) if !asker.proven && held::names_another(&request, asker.address) => {
            server.refuse(Door::Held, StatusCode::UNAUTHORIZED)
        }
        Ok(request) => server.answer(&asker, &request),
        Err(error) => server.unreadable(Door::Held, &error),
    }
}

/// The body of a location request, when its headers are those of one.
pub(super) async fn request_body(headers: &HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
    match unfit(headers) {
        Some(status) => Err(status),
        None => whole(body).await,
    }
}

/// A body, when it is short and soon there.
pub(super) async fn whole(body: Body) -> Result<Bytes, StatusCode> {
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, held::MOST_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Why these headers are not those of a location request (RFC 5985 §8).
fn unfit(headers: &HeaderMap) -> Option<StatusCode> {
    const CONDITIONS: [HeaderName; 5] = [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::IF_RANGE,
    ];
    if CONDITIONS.iter().any(|name| headers.contains_key(name)) {
        return Some(StatusCode::PRECONDITION_FAILED);
    }
    let media = |name: HeaderName| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let is = |wanted: &str, text: &str| text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted);
    let sent = media(header::CONTENT_TYPE).any(|text| is("application/held+xml", text));
    let mut taken = media(header::ACCEPT).flat_map(|text| text.split(',')).peekable();
    let takes = taken.peek().is_none()
        || taken.any(|text| ["application/held+xml", "application/*", "*/*"].iter().any(|wanted| is(wanted, text)));
    (!sent || !takes).then_some(StatusCode::NOT_ACCEPTABLE)
}

/// No cache between us and a device may keep where it is.
const KEPT_BY_NOBODY: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));

fn held_answer(document: BytesMut) -> Response {
    document_answer(document, MEDIA_TYPE)
}

pub(super) fn document_answer(document: BytesMut, media_type: &'static str) -> Response {
    ([KEPT_BY_NOBODY, (header::CONTENT_TYPE, HeaderValue::from_static(media_type))], document.freeze()).into_response()
}

pub(super) fn refusal(status: StatusCode) -> Response {
    let mut response = (status, [KEPT_BY_NOBODY]).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let how = HeaderValue::from_static("Basic realm=\"callbox\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    } else if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
