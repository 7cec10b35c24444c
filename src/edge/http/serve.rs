//! Connections of the location server: how many there may be, how long each may keep us waiting, and TLS.
use super::tls::Certificate;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use core::convert::Infallible;
use core::net::SocketAddr;
use core::time::Duration;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection lives that does not listen for events: whoever reads nothing, or a byte a second, holds none for
/// ever.
const LIFETIME: Duration = Duration::from_secs(600);
/// How long what was sent may stay without an acknowledgement by the other side's TCP (RFC 5482).
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// How long we wait where no connection can be taken because files have run out.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest head of a request, in bytes.
const MOST_HEAD_BYTES: usize = 32 << 10;

/// How much may be on its way to a reader that does not read, in bytes: the system's own limit is a thousand times what is
/// ever said at once.
const MOST_UNREAD_BYTES: usize = 64 << 10;

/// How connections are taken.
#[derive(Clone)]
pub struct Doors {
    /// What is shown to clients that speak TLS; `None`: plain HTTP.
    pub certificate: Option<Arc<Certificate>>,
    /// How many connections there may be; the next is closed at once.
    pub most_connections: usize,
    /// How long the head of a request may take to arrive, and a connection may be idle.
    pub head_within: Duration,
}

/// A connection, as it is seen by whoever answers on it for long.
#[derive(Clone, Default)]
pub struct Hold {
    kept: Arc<Mutex<Vec<Box<dyn Send>>>>,
    cut: Arc<Notify>,
}

impl Hold {
    /// Keeps this until the connection ends, which may be long.
    pub(super) fn keep(&self, what: impl Send + 'static) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(what));
    }

    /// What ends the connection at once.
    pub(super) fn cutter(&self) -> Arc<Notify> {
        Arc::clone(&self.cut)
    }

    fn lasts(&self) -> bool {
        !self.kept.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, router: Router, doors: Doors) {
    let room = Arc::new(Semaphore::new(doors.most_connections));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (router, doors) = (router.clone(), doors.clone());
        tokio::spawn(async move {
            let _place = place;
            let hold = Hold::default();
            let mut talking = core::pin::pin!(connection(stream, peer, router, doors, hold.clone()));
            // What a client does to its connection is no news: it asks again or it does not.
            loop {
                tokio::select! {
                    () = &mut talking => return,
                    () = hold.cut.notified() => return,
                    () = sleep(LIFETIME) => if !hold.lasts() { return },
                }
            }
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, doors: Doors, hold: Hold) {
    let _is_set = stream.set_nodelay(true);
    let socket = socket2::SockRef::from(&stream);
    let _is_set =
        socket.set_tcp_user_timeout(Some(ACKNOWLEDGED_WITHIN)).and(socket.set_send_buffer_size(MOST_UNREAD_BYTES));
    let service = Addressed { inner: TowerToHyperService::new(router), peer, hold };
    match &doors.certificate {
        None => talk(stream, service, doors.head_within).await,
        Some(certificate) => {
            let acceptor = TlsAcceptor::from(certificate.current());
            if let Ok(Ok(stream)) = timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
                talk(stream, service, doors.head_within).await;
            }
        }
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, service: Addressed, head_within: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_within).max_buf_size(MOST_HEAD_BYTES);
    let _over = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// The router, which learns from each request who sent it, and on which connection.
struct Addressed {
    inner: TowerToHyperService<Router>,
    peer: SocketAddr,
    hold: Hold,
}

impl Service<Request<Incoming>> for Addressed {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = TowerToHyperServiceFuture<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(self.hold.clone());
        self.inner.call(request)
    }
}
