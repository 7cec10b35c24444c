//! The certificate that clients see, read again while we run.
use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, pki_types};

/// A certificate with its key.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<ServerConfig>,
}

impl Certificate {
    /// Reads both files: the certificate with those of its issuers behind it, and its key, in PEM.
    ///
    /// # Errors
    /// Why they are no certificate with its key, in words that follow "the certificate".
    pub fn load(certificate: &Path, key: &Path) -> Result<Certificate, String> {
        let current = ArcSwap::new(read(certificate, key)?);
        Ok(Certificate { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Reads both files again, for connections that are made from now on.
    ///
    /// # Errors
    /// As [`Certificate::load`]; the one before stays then.
    pub fn reload(&self) -> Result<(), String> {
        self.current.store(read(&self.certificate, &self.key)?);
        Ok(())
    }

    /// What the next client is shown.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let of = |path: &Path, error: pki_types::pem::Error| format!("in {} cannot be read ({error})", path.display());
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| of(certificate, error))?;
    if chain.is_empty() {
        return Err(format!("is not in {}", certificate.display()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| of(key, error))?;
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("is not to be used ({error})"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
