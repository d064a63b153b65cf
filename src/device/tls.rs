//! One rustls client configuration for both transport paths.

use super::DeviceError;
use crate::files;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the device's certificate is checked and ours is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Take any certificate and any name.
    pub insecure: bool,
    /// PEM file with the only authorities and certificates to trust; without it, the system's
    /// authorities.
    pub ca_file: Option<PathBuf>,
    /// PEM file with our certificate chain and its private key (PKCS#8, PKCS#1 or SEC1).
    pub client_cert: Option<PathBuf>,
}

/// The configuration for a device; `https` says whether it will be used at all, so that plain HTTP
/// does not need the system's authorities.
pub(super) fn config(tls: &Tls, https: bool) -> Result<ClientConfig, DeviceError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| DeviceError::Tls(e.to_string()))?;
    let builder = if tls.insecure {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TakeAny(provider)))
    } else if let Some(file) = &tls.ca_file {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Named::new(file, provider)?))
    } else if https {
        let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|e| {
            DeviceError::Tls(format!(
                "the system's certificate authorities cannot be loaded ({e}); name some with \
                 --ca-file"
            ))
        })?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    match &tls.client_cert {
        None => Ok(builder.with_no_client_auth()),
        Some(file) => {
            let chain = certificates(CLIENT_CERT, file)?;
            let text = pem(CLIENT_CERT, file)?;
            let key = PrivateKeyDer::from_pem_slice(&text).map_err(|e| DeviceError::File {
                option: CLIENT_CERT,
                file: file.clone(),
                why: format!("no private key in it ({e}); put it below the certificate"),
            })?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| DeviceError::File {
                    option: CLIENT_CERT,
                    file: file.clone(),
                    why: format!("certificate and key do not go together: {e}"),
                })
        }
    }
}

const CA_FILE: &str = "--ca-file";
const CLIENT_CERT: &str = "--client-cert";

fn certificates(
    option: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, DeviceError> {
    let error = |why: String| DeviceError::File {
        option,
        file: file.to_owned(),
        why,
    };
    let text = pem(option, file)?;
    let list = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| error(format!("not PEM: {e}")))?;
    if list.is_empty() {
        return Err(error("no certificate in it (PEM is expected)".to_owned()));
    }
    Ok(list)
}

fn pem(option: &'static str, file: &Path) -> Result<Vec<u8>, DeviceError> {
    files::read_bounded(file, files::PEM, "PEM file").map_err(|e| DeviceError::File {
        option,
        file: file.to_owned(),
        why: e.to_string(),
    })
}

/// Trusts the authorities of a file, and the certificates in it by themselves: what
/// `openssl req -x509` makes is an authority that signs itself and serves as the device's own
/// certificate, which no path of RFC 5280 leads to.
#[derive(Debug)]
struct Named {
    authorities: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl Named {
    fn new(file: &Path, provider: Arc<CryptoProvider>) -> Result<Named, DeviceError> {
        let own = certificates(CA_FILE, file)?;
        let error = |why: String| DeviceError::File {
            option: CA_FILE,
            file: file.to_owned(),
            why,
        };
        let mut store = RootCertStore::empty();
        for certificate in &own {
            store.add(certificate.clone()).map_err(|e| {
                error(format!(
                    "a certificate in it cannot be used as an authority: {e}"
                ))
            })?;
        }
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
        Ok(Named {
            authorities: authorities.build().map_err(|e| error(e.to_string()))?,
            own,
        })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.own.iter().any(|own| own == end_entity) {
            // Exactly what the user named; it must still be for the name that was asked for.
            let certificate = ParsedCertificate::try_from(end_entity)?;
            verify_server_name(&certificate, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities
            .verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// A TLS error in the library's words, and what to do about it.
pub(super) fn words(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return error.to_string();
    };
    use rustls::CertificateError as Bad;
    let advice = match certificate {
        Bad::Expired | Bad::ExpiredContext { .. } => {
            "the certificate has expired: renew it, or look at the clock of this machine"
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            "the certificate is not valid yet: look at the clocks of the device and this machine"
        }
        Bad::UnknownIssuer => {
            "nobody that is trusted has signed the certificate: name its authority, or the \
             certificate itself, with --ca-file PEM"
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            "the certificate is for another name: use that name in --target"
        }
        Bad::Other(_) if error.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate has signed itself: name it with --ca-file PEM"
        }
        _ => return error.to_string(),
    };
    format!("{error} ({advice}; --insecure takes any certificate)")
}

/// Takes any certificate, for `--insecure`: devices carry self-signed, expired and X.509v1 ones.
#[derive(Debug)]
struct TakeAny(Arc<CryptoProvider>);

impl ServerCertVerifier for TakeAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
