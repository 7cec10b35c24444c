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
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection lives: whoever reads nothing, or a byte a second, holds none for ever.
const LIFETIME: Duration = Duration::from_secs(600);
/// How long we wait where no connection can be taken because files have run out.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest head of a request, in bytes.
const MOST_HEAD_BYTES: usize = 32 << 10;

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
            // What a client does to its connection is no news: it asks again or it does not.
            let _over = timeout(LIFETIME, connection(stream, peer, router, doors)).await;
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, doors: Doors) {
    let _is_set = stream.set_nodelay(true);
    let service = Addressed { inner: TowerToHyperService::new(router), peer };
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

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, service: Addressed, head_within: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_within).max_buf_size(MOST_HEAD_BYTES);
    let _over = http.serve_connection(TokioIo::new(stream), service).await;
}

/// The router, which learns from each request who sent it.
struct Addressed {
    inner: TowerToHyperService<Router>,
    peer: SocketAddr,
}

impl Service<Request<Incoming>> for Addressed {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = TowerToHyperServiceFuture<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.inner.call(request)
    }
}
