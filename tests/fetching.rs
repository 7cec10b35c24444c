//! Locations fetched from real servers over HTTP: good ones, and those that hang, lie, flood or lead astray.
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use callbox::b2bua::ask::{MOST_FETCHED_BYTES, Order};
use callbox::edge::fetch::{Client, WITHIN, ends, serve};
use callbox::record::{WebAddress, WebHost};
use core::net::SocketAddr;
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const PLACE: &str = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\"></presence>";

fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind)], body.into()).into_response()
}

fn pidf(body: impl Into<Body>) -> Response {
    typed("application/pidf+xml", body)
}

/// A server on a port of its own.
async fn server(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    };
    drop(tokio::spawn(serve));
    address
}

fn order(address: &str, hosts: &[String]) -> Order {
    let hosts: Vec<WebHost> = hosts.iter().map(|host| WebHost::read(host).expect("a host")).collect();
    Order { address: Arc::new(WebAddress::read(address.as_bytes()).expect("an address")), hosts: hosts.into() }
}

fn client() -> Client {
    Client::new(Path::new("/nowhere"), None, true, WITHIN)
}

/// What is fetched at a path of a server, whose own port alone is listed.
async fn fetched(at: SocketAddr, path: &str) -> Result<String, &'static str> {
    let order = order(&format!("http://{at}{path}"), &[at.to_string()]);
    client().fetch(&order).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn a_document_is_fetched_with_the_types_that_are_read_and_nothing_of_who_calls() {
    let echo = |headers: HeaderMap| async move {
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(names, ["accept", "connection", "host"]);
        assert_eq!(headers[header::ACCEPT], "application/pidf+xml, application/held+xml;q=0.9");
        typed("Application/PIDF+XML; charset=utf-8", PLACE)
    };
    let held = || async { typed("application/held+xml", "<locationResponse/>") };
    let at = server(Router::new().route("/t", get(echo)).route("/held", get(held))).await;
    assert_eq!(fetched(at, "/t?x=1").await.as_deref(), Ok(PLACE));
    assert_eq!(fetched(at, "/held").await.as_deref(), Ok("<locationResponse/>"));
}

#[tokio::test]
async fn what_is_too_large_of_another_type_or_no_answer_is_a_failure() {
    let large = || async { pidf(vec![b'x'; 10 << 20]) };
    let endless = || async {
        let (mut write, read) = tokio::io::duplex(4096);
        let flood = async move { while write.write_all(&[b'x'; 4096]).await.is_ok() {} };
        drop(tokio::spawn(flood));
        pidf(Body::new(Endless(read)))
    };
    let just_fits = || async { pidf(vec![b'x'; 2 * MOST_FETCHED_BYTES]) };
    let router = Router::new()
        .route("/large", get(large))
        .route("/endless", get(endless))
        .route("/fits", get(just_fits))
        .route("/html", get(|| async { typed("text/html", PLACE) }))
        .route("/untyped", get(|| async { Response::new(Body::from(PLACE)) }))
        .route("/gone", get(|| async { StatusCode::GONE }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }));
    let at = server(router).await;
    for (path, why) in [
        ("/large", "body"),
        ("/endless", "body"),
        ("/html", "type"),
        ("/untyped", "type"),
        ("/gone", "status"),
        ("/empty", "status"),
        ("/nowhere", "status"),
    ] {
        assert_eq!(fetched(at, path).await, Err(why), "{path}");
    }
    assert_eq!(fetched(at, "/fits").await.map(|body| body.len()), Ok(2 * MOST_FETCHED_BYTES));
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("it is bound");
    assert_eq!(fetched(nobody, "/").await, Err("unreachable"));
}

/// A body of unknown length out of a pipe.
struct Endless(tokio::io::DuplexStream);

impl hyper::body::Body for Endless {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: core::pin::Pin<&mut Self>,
        context: &mut core::task::Context<'_>,
    ) -> core::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, std::io::Error>>> {
        let mut room = [0; 4096];
        let mut buffer = tokio::io::ReadBuf::new(&mut room);
        let read = core::pin::Pin::new(&mut self.0);
        core::task::ready!(tokio::io::AsyncRead::poll_read(read, context, &mut buffer))?;
        let data = bytes::Bytes::copy_from_slice(buffer.filled());
        core::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(data))))
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    let hang = async move {
        let (mut stream, _) = listener.accept().await.expect("it connects");
        let mut request = vec![0; 1024];
        let _read = stream.read(&mut request).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/pidf+xml\r\n").await.expect("half a head");
        core::future::pending::<()>().await;
    };
    drop(tokio::spawn(hang));
    let hasty = Client::new(Path::new("/nowhere"), None, true, Duration::from_millis(100));
    let order = order(&format!("http://{at}/"), &[at.to_string()]);
    assert_eq!(hasty.fetch(&order).await, Err("timeout"));
}

#[tokio::test]
async fn redirects_lead_only_where_the_source_may_ask_and_not_for_ever() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let secret = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { pidf(PLACE) }
    };
    let elsewhere = server(Router::new().route("/secret", get(secret))).await;
    let away = Redirect::temporary(&format!("http://{elsewhere}/secret"));
    let router = Router::new()
        .route("/moved", get(|| async { Redirect::permanent("there/now") }))
        .route("/there/now", get(|| async { pidf(PLACE) }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/away", get(move || async { away }))
        .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
        .route("/nowhere", get(|| async { StatusCode::FOUND }));
    let at = server(router).await;
    assert_eq!(fetched(at, "/moved").await.as_deref(), Ok(PLACE));
    for path in ["/loop", "/away", "/file", "/nowhere"] {
        assert_eq!(fetched(at, path).await, Err("redirect"), "{path}");
    }
    assert_eq!(visits.load(Ordering::Relaxed), 0, "it was never asked");
    let both = order(&format!("http://{at}/away"), &[at.to_string(), elsewhere.to_string()]);
    assert!(client().fetch(&both).await.is_ok());
}

#[tokio::test]
async fn addresses_that_may_not_be_asked_are_not() {
    let here = server(Router::new().route("/", get(|| async { pidf(PLACE) }))).await;
    let listed = order(&format!("http://{here}/"), &[here.to_string()]);
    let outside = Client::new(Path::new("/nowhere"), None, false, WITHIN);
    assert!(outside.fetch(&listed).await.is_ok(), "the operator listed this very address");
    let other = order("http://192.0.2.1/", &["192.0.2.1".into()]);
    assert_eq!(client().fetch(&other).await, Err("address"), "nothing may leave this machine");
    let unlisted = order(&format!("http://{here}/"), &["lis.example".into()]);
    assert_eq!(outside.fetch(&unlisted).await, Err("redirect"));
    let named = order("http://lis.example/", &["lis.example".into()]);
    assert_eq!(client().fetch(&named).await, Err("dns"));
}

#[tokio::test]
async fn https_servers_are_held_against_the_authorities_that_are_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .expect("a server");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    drop(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 4096];
            let _read = stream.read(&mut request).await;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/pidf+xml\r\nConnection: close";
            let response = format!("{head}\r\nContent-Length: {}\r\n\r\n{PLACE}", PLACE.len());
            let _written = stream.write_all(response.as_bytes()).await;
            let _closed = stream.shutdown().await;
        }
    }));
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, made.cert.pem()).expect("the folder is ours");
    let stranger = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a certificate");
    let other = folder.path().join("other.pem");
    std::fs::write(&other, stranger.cert.pem()).expect("the folder is ours");
    let order = order(&format!("https://{at}/"), &[at.to_string()]);
    let of = |file: &Path| Client::new(file, None, true, WITHIN);
    assert_eq!(of(&trusted).fetch(&order).await.as_deref(), Ok(PLACE.as_bytes()));
    assert_eq!(of(&other).fetch(&order).await, Err("tls"));
    assert_eq!(of(Path::new("/nowhere")).fetch(&order).await, Err("tls"));
}

#[tokio::test]
async fn orders_are_carried_out_beside_each_other_and_each_is_answered() {
    // The slow one waits until the quick one was asked.
    let gate = Arc::new(tokio::sync::Notify::new());
    let (waits, opens) = (Arc::clone(&gate), gate);
    let slow = move || async move {
        waits.notified().await;
        pidf(PLACE)
    };
    let quick = move || async move {
        opens.notify_one();
        pidf(PLACE)
    };
    let at = server(Router::new().route("/slow", get(slow)).route("/quick", get(quick))).await;
    let (mut fetcher, orders) = ends();
    drop(tokio::spawn(serve(orders, client())));
    for path in ["/slow", "/quick"] {
        assert!(fetcher.order(order(&format!("http://{at}{path}"), &[at.to_string()])).is_none());
    }
    let answers = [fetcher.answer().await, fetcher.answer().await];
    assert!(answers.iter().all(|answer| answer.found.is_ok()), "{answers:?}");
}
