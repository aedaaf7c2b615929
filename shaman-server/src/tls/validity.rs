//! `Validity`: from when to when a certificate is good.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore, crypto};

/// Before its end somebody is told so long. Certificates of public authorities are renewed a month
/// before; what is not by then has been forgotten.
const SOON: Duration = Duration::from_hours(14 * 24);

/// The year 3000: no certificate is that good.
const FAR: Duration = Duration::from_hours(1_030 * 8_766);

/// From when to when a certificate is good; an end that it does not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    from: Option<SystemTime>,
    until: Option<SystemTime>,
}

/// What is wrong with a certificate at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has expired.
    Over,
    /// It is not good yet.
    Early,
    /// It expires within two weeks.
    Soon,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Over => "has expired",
            Self::Early => "is not good yet, unless the clock is wrong",
            Self::Soon => "expires soon",
        })
    }
}

impl Validity {
    /// What the certificate says of itself. There is no reader of certificates among our
    /// dependencies but the one that verifies them: asked about times at which none is good, it says
    /// when this one would be. Nobody is trusted meanwhile.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let certificate = ParsedCertificate::try_from(certificate)?;
        let algorithms = crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        let asked = |time| {
            let (nobody, time) = (RootCertStore::empty(), UnixTime::since_unix_epoch(time));
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &nobody,
                &[],
                time,
                algorithms.all,
            )
        };
        let from = match asked(Duration::ZERO) {
            Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                not_before,
                ..
            })) => Some(not_before),
            _ => None,
        };
        let until = match asked(FAR) {
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after, ..
            })) => Some(not_after),
            _ => None,
        };
        let at = |time: UnixTime| UNIX_EPOCH + Duration::from_secs(time.as_secs());
        Ok(Self { from: from.map(at), until: until.map(at) })
    }

    /// What is wrong with it now, if anything.
    pub fn fault(&self, now: SystemTime) -> Option<Fault> {
        if self.until.is_some_and(|until| until < now) {
            return Some(Fault::Over);
        }
        if self.from.is_some_and(|from| from > now) {
            return Some(Fault::Early);
        }
        self.until.is_some_and(|until| until < now + SOON).then_some(Fault::Soon)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |time: &SystemTime| {
            let time = jiff::Timestamp::try_from(*time);
            time.map_or_else(|_| "ever".to_owned(), |time| time.strftime("%F").to_string())
        };
        let [from, until] = [&self.from, &self.until].map(|time| time.as_ref().map(day));
        f.write_str("from ")?;
        f.write_str(from.as_deref().unwrap_or("ever"))?;
        f.write_str(" until ")?;
        f.write_str(until.as_deref().unwrap_or("ever"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::pem::PemObject as _;

    #[test]
    fn a_certificate_says_when_it_is_good() {
        let old = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/certificates/old.pem");
        let old = Validity::of(&CertificateDer::from_pem_file(old).unwrap()).unwrap();
        assert_eq!(old.to_string(), "from 2000-01-01 until 2001-01-01");
        let at = |day: u64| old.fault(UNIX_EPOCH + Duration::from_hours(day * 24));
        let first = 10_957; // of January 2000
        assert_eq!(at(first - 1), Some(Fault::Early));
        assert_eq!(at(first + 300), None);
        assert_eq!(at(first + 360), Some(Fault::Soon));
        assert_eq!(at(first + 367), Some(Fault::Over));
    }
}
