//! Why a certificate was not taken, in words that say what to do.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// The sentence about what is wrong with TLS, if that is what an error is about.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Option<String> {
    let advice = match of_tls(error)? {
        rustls::Error::InvalidCertificate(refused) => match refused {
            CertificateError::UnknownIssuer => {
                "this machine does not know who signed its certificate; if that is an authority of your own, name its certificate with --ca or SHAMAN_CA".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name; use one that is in it".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired; whoever looks after the server has to renew it, unless the clock of this machine is wrong".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not good yet; is the clock of this machine right?".to_owned()
            }
            other => format!("its certificate cannot be trusted: {other}"),
        },
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS; is its address one with http://?".to_owned()
        }
        other => format!("TLS failed: {other}"),
    };
    Some(advice)
}

/// The error of TLS that is behind another one.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        // What is inside of an error of IO is not its source.
        let inside = error.downcast_ref().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_found_inside_of_other_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let io = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert!(fault(&io).unwrap().contains("--ca"));
        assert!(fault(&io::Error::from(io::ErrorKind::ConnectionRefused)).is_none());
    }
}
