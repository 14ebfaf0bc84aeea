use std::{fs, path::PathBuf, sync::Arc};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{ClientIdentity, TlsError, TlsOptions, Verification, client_config};

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["irc.example.org".to_owned()]).unwrap()
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Shakes hands with a server that has the certificate, and talks to it under `name`.
async fn shake(
    options: &TlsOptions,
    server: &CertifiedKey<KeyPair>,
    name: &'static str,
) -> Result<(), String> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![server.cert.der().clone()], key)
        .unwrap();
    let (near, far) = duplex(4096);
    let answer = tokio::spawn(async move {
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(far).await?;
        stream.write_all(b"hello").await?;
        stream.shutdown().await
    });
    let connector = TlsConnector::from(client_config(options).map_err(|error| error.to_string())?);
    let name = ServerName::try_from(name).unwrap();
    let mut stream = connector.connect(name, near).await.map_err(|error| error.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map_err(|error| error.to_string())?;
    assert_eq!(text, "hello");
    answer.await.unwrap().map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_extra_root_is_trusted_for_its_name_only() {
    let folder = TempDir::new().unwrap();
    let server = certificate();
    let options = TlsOptions {
        ca_file: Some(file(&folder, "ca.pem", &server.cert.pem())),
        ..TlsOptions::default()
    };
    shake(&options, &server, "irc.example.org").await.unwrap();
    shake(&options, &server, "irc.example.com").await.unwrap_err();
    shake(&options, &certificate(), "irc.example.org").await.unwrap_err();
}

#[tokio::test]
async fn without_verification_anyone_is_believed() {
    let options = TlsOptions { verification: Verification::Off, ..TlsOptions::default() };
    shake(&options, &certificate(), "irc.example.com").await.unwrap();
}

#[test]
fn a_client_certificate_needs_its_key() {
    let folder = TempDir::new().unwrap();
    let (ours, other) = (certificate(), certificate());
    let options = |key: &KeyPair| TlsOptions {
        verification: Verification::Off,
        identity: Some(ClientIdentity {
            certificate_file: file(&folder, "cert.pem", &ours.cert.pem()),
            key_file: file(&folder, "key.pem", &key.serialize_pem()),
        }),
        ..TlsOptions::default()
    };
    client_config(&options(&ours.signing_key)).unwrap();
    assert!(matches!(client_config(&options(&other.signing_key)), Err(TlsError::Rustls(_))));
}

#[test]
fn bad_files_are_named() {
    let folder = TempDir::new().unwrap();
    for (path, word) in [
        (folder.path().join("missing.pem"), "missing.pem"),
        (file(&folder, "empty.pem", "nothing"), "holds no certificate"),
        (
            file(
                &folder,
                "bad.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            "cannot be trusted",
        ),
    ] {
        let options = TlsOptions { ca_file: Some(path), ..TlsOptions::default() };
        let error = client_config(&options).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
