//! Two PEM files → what a handshake needs.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto};

use super::validity::Validity;
use crate::config::TlsFiles;

/// Longest file that is read; a chain of certificates has some KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Protocols that are spoken inside, the one that we like best first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate with its key, ready to be shown.
#[derive(Debug)]
pub struct Identity {
    /// For handshakes.
    pub config: ServerConfig,
    /// From when to when it is good.
    pub validity: Validity,
}

/// Files that TLS cannot be had from.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("cannot read `{}`, which `{key}` names: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The key of the configuration.
        key: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// There is no certificate in it.
    #[error("`{}` has no certificate in it; `tls.certificate` names a PEM file", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in it.
    #[error("`{}` has no private key in it that can be read; `tls.key` names a PEM file without a passphrase", .0.display())]
    NoKey(PathBuf),
    /// They do not go together.
    #[error("the key in `{}` is not the one of the certificate in `{}`", key.display(), certificate.display())]
    Strangers {
        /// File with the certificate.
        certificate: PathBuf,
        /// File with the key.
        key: PathBuf,
    },
    /// They cannot be used.
    #[error("the certificate in `{}` cannot be used: {source}", path.display())]
    Unusable {
        /// File with the certificate.
        path: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// Reads both files and sees whether they go together; changes nothing.
pub fn read(files: &TlsFiles) -> Result<Identity, TlsError> {
    let TlsFiles { certificate, key } = files;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes(certificate, "tls.certificate")?)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate(certificate.clone()))?;
    let Some(first) = chain.first().cloned() else {
        return Err(TlsError::NoCertificate(certificate.clone()));
    };
    let private = PrivateKeyDer::from_pem_slice(&bytes(key, "tls.key")?)
        .map_err(|_| TlsError::NoKey(key.clone()))?;
    let unusable = |source| match source {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Strangers { certificate: certificate.clone(), key: key.clone() }
        }
        source => TlsError::Unusable { path: certificate.clone(), source },
    };
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unusable)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Identity { config, validity: Validity::of(&first).map_err(unusable)? })
}

fn bytes(path: &Path, key: &'static str) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|source| TlsError::Unreadable { path: path.to_owned(), key, source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(certificate: &str, key: &str) -> String {
        let [certificate, key] = [certificate, key].map(|name| {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/certificates").join(name)
        });
        match read(&TlsFiles { certificate, key }) {
            Ok(identity) => identity.validity.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_certificate_goes_with_its_own_key_only() {
        assert!(said("first.pem", "first.key").contains("until 2120"));
        assert!(said("first.pem", "second.key").contains("is not the one of the certificate"));
        assert!(said("first.key", "first.key").contains("has no certificate"));
        assert!(said("first.pem", "first.pem").contains("has no private key"));
        assert!(said("nothing.pem", "first.key").contains("which `tls.certificate` names"));
        assert!(said("first.pem", "nothing.key").contains("which `tls.key` names"));
        assert!(said("make.sh", "first.key").contains("has no certificate"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests write files")]
    fn no_more_of_a_file_is_read_than_a_chain_of_certificates_has() {
        let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/certificates");
        let certificate = std::fs::read(there.join("first.pem")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (before, is_read) in [(0, true), (FILE_BYTES_MAX, false)] {
            let path = folder.path().join("long.pem");
            let before = vec![b'\n'; usize::try_from(before).unwrap()];
            std::fs::write(&path, [before, certificate.clone()].concat()).unwrap();
            let files = TlsFiles { certificate: path, key: there.join("first.key") };
            assert_eq!(read(&files).is_ok(), is_read);
        }
    }
}
