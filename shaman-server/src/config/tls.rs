//! `TlsFiles`: where certificate and key are.

use std::path::PathBuf;

use super::read::Reader;

/// The files that TLS is had from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and behind it those of whoever signed it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// `None`: connections are plain. One file without the other is a mistake.
    pub(super) fn read(r: &mut Reader) -> Option<Self> {
        match (r.file("tls.certificate"), r.file("tls.key")) {
            (Some(certificate), Some(key)) => return Some(Self { certificate, key }),
            (Some(_), None) => r.wrong("tls.certificate", "it needs `tls.key`, its private key"),
            (None, Some(_)) => r.wrong("tls.key", "it needs `tls.certificate`, whose key it is"),
            (None, None) => {}
        }
        None
    }
}
