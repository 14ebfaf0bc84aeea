//! TLS of connections to IRC servers: one configuration for all that trust and show the same.
//!
//! Make one [`client_config`] a network and hand its `Arc` to every session: root certificates are
//! read once, and sessions are resumed.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use self::unverified::AnyCertificate;

#[cfg(test)]
mod tests;
mod unverified;

/// What a network asks of TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the server has to prove who it is.
    pub verification: Verification,
    /// What we show the server, for SASL EXTERNAL.
    pub identity: Option<ClientIdentity>,
}

/// Whether a server has to prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Its certificate must be valid for its name.
    #[default]
    Required,
    /// Anyone who answers is believed.
    Off,
}

/// A certificate of ours with its key, both in PEM; one file may hold both.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The certificate and what leads from it to its root.
    pub certificate_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read or holds nothing of use.
    #[error("cannot read {what} from {}: {source}", .path.display())]
    File {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What went wrong.
        source: pem::Error,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate in PEM", .0.display())]
    Empty(PathBuf),
    /// A certificate cannot serve as a root.
    #[error("a certificate in {} cannot be trusted: {source}", .path.display())]
    Root {
        /// Where it stands.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// There is nothing to trust.
    #[error("the system has no root certificates; install ca-certificates or name a `ca_file`")]
    NoRoots,
    /// Key and certificate do not belong together, or the like.
    #[error("rustls refuses the configuration: {0}")]
    Rustls(#[from] rustls::Error),
}

/// Builds the configuration. Reads files; call it once a network, not once a connection.
pub fn client_config(options: &TlsOptions) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions()?;
    let builder = match options.verification {
        Verification::Required => builder.with_root_certificates(roots(options)?),
        Verification::Off => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider))),
    };
    let config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&identity.certificate_file)?;
            let path = identity.key_file.clone();
            let key = PrivateKeyDer::from_pem_file(&path).map_err(|source| TlsError::File {
                what: "a private key",
                path,
                source,
            })?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    Ok(Arc::new(config))
}

fn roots(options: &TlsOptions) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Single broken files among the system's are nobody's fault here.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = &options.ca_file {
        for certificate in certificates(path)? {
            let refused = |source| TlsError::Root { path: path.clone(), source };
            roots.add(certificate).map_err(refused)?;
        }
    }
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let what = "certificates";
    let unreadable = |source| TlsError::File { what, path: path.clone(), source };
    let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(unreadable)?;
    if found.is_empty() { Err(TlsError::Empty(path.clone())) } else { Ok(found) }
}

/// Makes ring the provider of the process, as some libraries ask. Does nothing the second time.
pub fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Somebody may be faster; then theirs stands.
        let _ = ring::default_provider().install_default();
    }
}
