//! Webhooks: one signed HTTP request for each message. Only a 2xx says that it was taken; a redirect is followed nowhere.
use super::{Failure, Parcel, hmac};
use crate::base::now::Wall;
use crate::base::private::Private;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use bytes::Bytes;
use core::time::Duration;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The header with the moment and the signature: `t=1795000000,v1=…`, where v1 is the HMAC-SHA256 of the moment, a dot
/// and the body, by the webhook's secret.
pub const SIGNATURE: &str = "x-callbox-signature";
/// The header with the name of the message, the same at every try.
pub const DELIVERY: &str = "x-callbox-delivery";

/// Somewhere that is told by HTTP.
pub struct Webhook {
    uri: Uri,
    host: Box<str>,
    port: u16,
    secret: Private<String>,
    within: Duration,
    tls: Option<TlsConnector>,
    loopback_only: bool,
}

/// Where a webhook is, and with what.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Its address.
    pub url: String,
    /// What it and we know.
    pub secret: Private<String>,
    /// How long a request may take.
    pub within: Duration,
    /// Whether nothing may leave this machine.
    pub loopback_only: bool,
}

impl Webhook {
    /// Makes ready to send; `roots` are the issuers of certificates that are trusted.
    ///
    /// # Errors
    /// In words: an address that is none.
    pub fn new(setup: &Setup, roots: &Arc<RootCertStore>) -> Result<Webhook, &'static str> {
        let uri: Uri = setup.url.parse().map_err(|_| "the url is none")?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("the url begins with neither https:// nor http://"),
        };
        let host = uri.host().ok_or("the url has no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']').into();
        let tls = || {
            let config = ClientConfig::builder_with_provider(ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .map_err(|_| "TLS cannot be set up")?;
            let config = config.with_root_certificates(Arc::clone(roots)).with_no_client_auth();
            Ok::<_, &'static str>(TlsConnector::from(Arc::new(config)))
        };
        let tls = is_secure.then(tls).transpose()?;
        Ok(Webhook {
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            host,
            uri,
            secret: setup.secret.clone(),
            within: setup.within,
            tls,
            loopback_only: setup.loopback_only,
        })
    }

    /// Sends a message. `id` names it for whoever gets it twice. The body of the answer says nothing that we need and is not
    /// read: it may never end.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(&self, id: &str, parcel: &Parcel, at: Wall) -> Result<(), Failure> {
        let sent = self.sent(id, parcel, at, 0);
        tokio::time::timeout(self.within, sent).await.unwrap_or(Err(Failure::Late)).map(drop)
    }

    /// Sends a question and reads the body of the answer, of at most so many bytes.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn ask(&self, id: &str, parcel: &Parcel, at: Wall, most: usize) -> Result<Bytes, Failure> {
        let sent = self.sent(id, parcel, at, most);
        tokio::time::timeout(self.within, sent).await.unwrap_or(Err(Failure::Late))
    }

    async fn sent(&self, id: &str, parcel: &Parcel, at: Wall, most: usize) -> Result<Bytes, Failure> {
        let request = self.written(id, parcel, at).ok_or(Failure::Unwritable)?;
        let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(|_| Failure::Unreachable)?;
        let is_here = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        if self.loopback_only && !is_here {
            return Err(Failure::Unreachable);
        }
        match &self.tls {
            None => asked(stream, request, most).await,
            Some(tls) => {
                let name = ServerName::try_from(String::from(&*self.host)).map_err(|_| Failure::Unwritable)?;
                let stream = tls.connect(name, stream).await.map_err(|_| Failure::Tls)?;
                asked(stream, request, most).await
            }
        }
    }

    fn written(&self, id: &str, parcel: &Parcel, at: Wall) -> Option<Request<Body>> {
        let secs = (at.as_millis() / 1000).to_string();
        let code = hmac::sign(self.secret.expose().as_bytes(), &[secs.as_bytes(), b".", parcel.body.as_bytes()]);
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, self.uri.authority()?.as_str())
            .header(header::USER_AGENT, concat!("callbox/", env!("CARGO_PKG_VERSION")))
            .header(SIGNATURE, format!("t={secs},v1={code}"))
            .header(DELIVERY, id);
        for (name, value) in &parcel.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request = request.header(name, HeaderValue::from_str(value).ok()?);
        }
        request.body(Body::from(parcel.body.clone())).ok()
    }
}

/// Sends the request and reads the head of the answer, and of its body at most so many bytes: with none, it is not read.
async fn asked(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Body>,
    most: usize,
) -> Result<Bytes, Failure> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Unreachable)?;
    let asking = async move {
        let answer = sender.send_request(request).await.map_err(|_| Failure::Unreadable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Failure::Refused(status.as_u16()));
        }
        if most == 0 {
            return Ok(Bytes::new());
        }
        axum::body::to_bytes(Body::new(answer.into_body()), most).await.map_err(|_| Failure::Unreadable)
    };
    let mut asking = core::pin::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        // What came before the end of the connection is there now.
        _ended = connection => asking.await,
    }
}

/// The issuers of certificates that this system trusts, and those in `more`, in PEM.
pub fn roots(more: Option<&[u8]>) -> Arc<RootCertStore> {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    let mut store = RootCertStore::empty();
    // What cannot be read of the system's is one issuer less; a server whose issuer is missing fails by TLS.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let more = more.into_iter().flat_map(CertificateDer::pem_slice_iter).filter_map(Result::ok);
    store.add_parsable_certificates(more);
    Arc::new(store)
}
