//! TLS certificates, reloaded when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate that is in use.
#[derive(Debug)]
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
    read: std::sync::Mutex<Vec<u8>>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn parse(cert: &[u8], key: &[u8]) -> anyhow::Result<CertifiedKey> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>()?;
    anyhow::ensure!(!chain.is_empty(), "the certificate file holds no certificate");
    let key = PrivateKeyDer::from_pem_slice(key).context("the key file holds no private key")?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().context("the certificate is not one for this key")?;
    Ok(certified)
}

impl Certificate {
    /// Reads the certificate chain and the key, both PEM.
    pub fn load(cert: &Path, key: &Path) -> anyhow::Result<Arc<Self>> {
        let (cert_pem, key_pem) = (read(cert)?, read(key)?);
        let certified = parse(&cert_pem, &key_pem)?;
        Ok(Arc::new(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            current: ArcSwap::from_pointee(certified),
            read: std::sync::Mutex::new([cert_pem, key_pem].concat()),
        }))
    }

    /// Reads the files again if they have changed. The old certificate stays in use while the two files do not match,
    /// for example in the middle of a renewal.
    pub fn reload(&self) {
        let fresh = read(&self.cert).and_then(|cert| Ok((cert, read(&self.key)?)));
        let result = fresh.and_then(|(cert, key)| {
            let both = [cert.as_slice(), key.as_slice()].concat();
            let mut last = self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if *last == both {
                return Ok(false);
            }
            self.current.store(Arc::new(parse(&cert, &key)?));
            *last = both;
            Ok(true)
        });
        match result {
            Ok(true) => tracing::info!(cert = %self.cert.display(), "certificate reloaded"),
            Ok(false) => {}
            Err(error) => tracing::warn!(error = %format!("{error:#}"), "certificate not reloaded; the old one stays"),
        }
    }

    /// Returns the TLS configuration of the listener.
    pub fn server_config(self: Arc<Self>) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.with_no_client_auth().with_cert_resolver(self))
    }
}
