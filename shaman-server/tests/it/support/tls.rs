//! Certificates, and clients that trust them.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

/// A folder with a certificate and its key, which can be others later.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Begins with those of this name.
    pub(crate) fn new(name: &str) -> Self {
        let certificates = Self { folder: tempfile::tempdir().unwrap() };
        certificates.renew(name);
        certificates
    }

    /// Puts others under the same names.
    pub(crate) fn renew(&self, name: &str) {
        std::fs::copy(file(&format!("{name}.pem")), self.certificate()).unwrap();
        std::fs::copy(file(&format!("{name}.key")), self.key()).unwrap();
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// For a configuration.
    pub(crate) fn yaml(&self) -> String {
        let (certificate, key) = (self.certificate(), self.key());
        format!("tls: {{certificate: '{}', key: '{}'}}\n", certificate.display(), key.display())
    }

    /// The certificate of this name, as it is shown.
    pub(crate) fn named(name: &str) -> Vec<u8> {
        CertificateDer::from_pem_file(file(&format!("{name}.pem"))).unwrap().to_vec()
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/certificates").join(name)
}

/// Trusts the authority of the tests, and speaks these protocols.
pub(super) fn trusting(protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config.into()
}

pub(super) fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

pub(super) fn shake(
    mut socket: TcpStream,
    protocols: &[&[u8]],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut tls = ClientConnection::new(trusting(protocols), name()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut socket).unwrap();
    }
    StreamOwned::new(tls, socket)
}

/// The certificate that a new connection is shown.
pub(crate) fn certificate_shown_at(address: &str) -> Vec<u8> {
    let stream = shake(TcpStream::connect(address).unwrap(), &[]);
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}
