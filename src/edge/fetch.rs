//! Fetches locations that callers brought by reference (RFC 6753 §3.2), beside the calls. The engine orders and waits
//! for nothing; whatever a server does, it gets seconds, a few kilobytes, and no word of who calls.
//!
//! Where a caller's reference leads is up to whoever wrote the INVITE, so that only hosts are asked that the operator has
//! listed, at the ports listed; a redirect leads to no other. A name is resolved here, within the same time, and its
//! address must be one that may be asked.
use crate::b2bua::ask::{Answer, MOST_FETCHED_BYTES, Order};
use crate::record::trunk::Answers;
use crate::record::{WebAddress, WebHost};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use hickory_resolver::TokioResolver;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long one fetching takes at most. A call waits much shorter; what comes late still helps.
pub const WITHIN: Duration = Duration::from_secs(5);
/// How long one address of a host may take to answer a connection, where there are others.
const CONNECT_WITHIN: Duration = Duration::from_millis(1500);
/// How many are fetched at once; with more, calls go on without.
const AT_ONCE: usize = 64;
/// How many orders and answers may wait.
const WAITING: usize = 1024;
/// How many redirects are followed.
const REDIRECTS: usize = 3;
/// How many addresses of a host are tried.
const ADDRESSES: usize = 4;
/// The longest body that is read: a document, and what a location server puts around it.
const MOST_BODY_BYTES: usize = 2 * MOST_FETCHED_BYTES;
/// The longest head of a response, in bytes.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// What may come back, what we like best first.
const ACCEPT: &str = "application/pidf+xml, application/held+xml;q=0.9";

/// The shard's end: orders go in, answers come out.
pub struct Fetcher {
    orders: mpsc::Sender<Order>,
    answers: mpsc::Receiver<Answer>,
}

/// The other end, for [`serve`].
pub struct Orders {
    ordered: mpsc::Receiver<Order>,
    tell: mpsc::Sender<Answer>,
}

/// Both ends.
pub fn ends() -> (Fetcher, Orders) {
    let (orders, ordered) = mpsc::channel(WAITING);
    let (tell, answers) = mpsc::channel(WAITING);
    (Fetcher { orders, answers }, Orders { ordered, tell })
}

impl Fetcher {
    /// Gives an order. What finds no room is answered at once.
    #[must_use]
    pub fn order(&self, order: Order) -> Option<Answer> {
        let refused = self.orders.try_send(order).err()?.into_inner();
        Some(Answer { address: refused.address, found: Err("busy") })
    }

    /// The next answer. Whoever waits for it waits for calls, too: when nobody fetches any more, that wakes nobody.
    pub async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => core::future::pending().await,
        }
    }
}

/// Carries out orders until the other end is gone.
pub async fn serve(orders: Orders, client: Client) {
    let Orders { mut ordered, tell } = orders;
    let (client, room) = (Arc::new(client), Arc::new(Semaphore::new(AT_ONCE)));
    while let Some(order) = ordered.recv().await {
        let place = Arc::clone(&room).try_acquire_owned();
        let (client, tell) = (Arc::clone(&client), tell.clone());
        tokio::spawn(async move {
            let found = match place {
                Ok(_place) => client.fetch(&order).await,
                Err(_) => Err("busy"),
            };
            // A shard that has gone asks no more.
            let _leaving = tell.send(Answer { address: order.address, found }).await;
        });
    }
}

/// Who asks.
pub struct Client {
    tls: Option<TlsConnector>,
    resolver: Option<TokioResolver>,
    loopback_only: bool,
    within: Duration,
}

/// What a server said.
enum Said {
    Document(Bytes),
    Elsewhere(Vec<u8>),
}

impl Client {
    /// One who holds https servers against the authorities in this PEM file, asks none without it, and nobody for longer
    /// than `within`.
    pub fn new(authorities: &Path, resolver: Option<TokioResolver>, loopback_only: bool, within: Duration) -> Client {
        let tls = match trusting(authorities) {
            Ok(config) => Some(TlsConnector::from(Arc::new(config))),
            Err(error) => {
                tracing::warn!(%error, file = %authorities.display(), "no https server can be asked for a location");
                None
            }
        };
        Client { tls, resolver, loopback_only, within }
    }

    /// Fetches what an order names, or says in a word of ours why there is nothing.
    pub async fn fetch(&self, order: &Order) -> Result<Bytes, &'static str> {
        timeout(self.within, self.follow(order)).await.unwrap_or(Err("timeout"))
    }

    async fn follow(&self, order: &Order) -> Result<Bytes, &'static str> {
        let mut address = (*order.address).clone();
        for _ in 0..=REDIRECTS {
            if !order.hosts.iter().any(|host| host.holds(&address)) {
                return Err("redirect");
            }
            match self.ask(&address, &order.hosts).await? {
                Said::Document(document) => return Ok(document),
                Said::Elsewhere(reference) => {
                    let next = address.join(&reference).ok_or("redirect")?;
                    // What was promised to be secret stays so.
                    address = Some(next).filter(|next| next.is_secure() || !address.is_secure()).ok_or("redirect")?;
                }
            }
        }
        Err("redirect")
    }

    async fn ask(&self, address: &WebAddress, hosts: &[WebHost]) -> Result<Said, &'static str> {
        let stream = self.connect(address, hosts).await?;
        if !address.is_secure() {
            return exchange(stream, address).await;
        }
        let tls = self.tls.as_ref().ok_or("tls")?;
        let name = ServerName::try_from(address.host().to_owned()).map_err(|_| "tls")?;
        let stream = tls.connect(name, stream).await.map_err(|_| "tls")?;
        exchange(stream, address).await
    }

    async fn connect(&self, address: &WebAddress, hosts: &[WebHost]) -> Result<TcpStream, &'static str> {
        let found = match (address.host().parse::<IpAddr>(), &self.resolver) {
            (Ok(ip), _) => vec![ip],
            (Err(_), Some(resolver)) => {
                let name = format!("{}.", address.host());
                resolver.lookup_ip(name).await.map_err(|_| "dns")?.iter().collect()
            }
            (Err(_), None) => return Err("dns"),
        };
        let allowed = found.into_iter().filter(|ip| self.may_ask(*ip, hosts)).take(ADDRESSES);
        let mut failed = "address";
        for ip in allowed {
            match timeout(CONNECT_WITHIN, TcpStream::connect(SocketAddr::new(ip, address.port()))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(_)) | Err(_) => failed = "unreachable",
            }
        }
        Err(failed)
    }

    /// Whether an address may be asked: this machine and its link only where the operator has listed that very address.
    fn may_ask(&self, ip: IpAddr, hosts: &[WebHost]) -> bool {
        let ip = ip.to_canonical();
        if self.loopback_only {
            return ip.is_loopback();
        }
        let is_link = match ip {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        let is_listed = hosts.iter().any(|host| host.ip() == Some(ip));
        is_listed || (Answers::Private.allow(ip) && !is_link)
    }
}

/// Asks over a connection and reads the answer, as far as it may go.
async fn exchange<S>(stream: S, address: &WebAddress) -> Result<Said, &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_HEAD_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| "unreachable")?;
    // The connection ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::builder()
        .method(Method::GET)
        .uri(address.target())
        .header(header::HOST, address.authority())
        .header(header::ACCEPT, ACCEPT)
        .header(header::CONNECTION, "close")
        .body(Body::empty());
    let response = sender.send_request(request.map_err(|_| "address")?).await.map_err(|_| "unreachable")?;
    let (head, body) = response.into_parts();
    match head.status {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            let place = head.headers.get(header::LOCATION).ok_or("redirect")?;
            return Ok(Said::Elsewhere(place.as_bytes().to_vec()));
        }
        _ => return Err("status"),
    }
    if !is_location(&head.headers) {
        return Err("type");
    }
    to_bytes(Body::new(body), MOST_BODY_BYTES).await.map(Said::Document).map_err(|_| "body")
}

fn is_location(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["application/pidf+xml", "application/held+xml"].iter().any(|known| known.eq_ignore_ascii_case(kind))
}

fn trusting(authorities: &Path) -> Result<ClientConfig, io::Error> {
    let read = CertificateDer::pem_file_iter(authorities).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut roots = RootCertStore::empty();
    // A bundle may hold one that is not understood; the others serve.
    let (known, _) = roots.add_parsable_certificates(read.map_err(io::Error::other)?);
    if known == 0 {
        return Err(io::Error::other("there is no certificate in it"));
    }
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
