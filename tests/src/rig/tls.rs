//! Certificates of an authority that nobody trusts but those who are told of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};

use super::Scratch;

/// Chooses the cryptography of all TLS in this process. Whatever makes a TLS or HTTP client calls
/// it first; only the first call has an effect.
pub fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// An HTTP client for loopback: without the environment's proxies and the system's authorities.
pub(crate) fn http_client() -> Result<reqwest::Client> {
    crypto();
    Ok(reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).build()?)
}

/// An authority and a certificate it has signed for `localhost` and `127.0.0.1`, as PEM files.
#[derive(Debug)]
pub struct Tls {
    authority: CertificateDer<'static>,
    scratch: Scratch,
}

impl Tls {
    /// Makes both.
    pub fn new() -> Result<Self> {
        let scratch = Scratch::new("tls")?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "rig authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority_key = KeyPair::generate()?;
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);

        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        fs::write(scratch.file("ca.pem"), authority.pem())?;
        fs::write(scratch.file("cert.pem"), certificate.pem())?;
        fs::write(scratch.file("key.pem"), key.serialize_pem())?;
        Ok(Self { authority: authority.der().clone(), scratch })
    }

    /// The authority's certificate, for a client's `ca_file`.
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.file("ca.pem")
    }

    /// The server's certificate.
    pub fn cert_file(&self) -> PathBuf {
        self.scratch.file("cert.pem")
    }

    /// The server's key.
    pub fn key_file(&self) -> PathBuf {
        self.scratch.file("key.pem")
    }

    /// The folder of all three.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// A client that trusts this authority alone.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>> {
        crypto();
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone())?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(config))
    }
}
