//! HTTPS on both transport paths: who is trusted, who is shown, and what fails as what.
#![allow(missing_docs)]

use crate::scripted;

use probity::device::{Device, DeviceError, Options, Tls};
use probity::exchange::{Exchange, Failure};
use probity::profile::Profile;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use scripted::{class, device, get, ordinary, raw, raw_get, read_request};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority, and what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    fn issue(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key)
    }

    fn file(&self, folder: &Path) -> PathBuf {
        write(folder, "ca.pem", &self.issuer.pem())
    }

    /// A file for `--client-cert`.
    fn client_file(&self, folder: &Path) -> PathBuf {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let both = certificate.pem() + &key.serialize_pem();
        write(folder, "client.pem", &both)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

/// A TLS server that answers every request of a connection; `name` is what its certificate says.
async fn serve(authority: &Authority, name: &str, clients: Option<&Authority>) -> SocketAddr {
    let (certificate, key) = authority.issue(name);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    serve_with(builder.with_single_cert(vec![certificate], key).unwrap()).await
}

async fn serve_with(config: ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                while let Some(request) = read_request(&mut stream).await {
                    if request.starts_with(b"GET /to-the-end ") {
                        let answer = b"HTTP/1.1 200 OK\r\n\r\nno notice";
                        stream.write_all(answer).await.unwrap();
                        stream.flush().await.unwrap();
                        // Ends TCP without ending TLS.
                        let _ = stream.get_mut().0.shutdown().await;
                        return;
                    }
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
                    if stream.write_all(answer).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

fn options(addr: SocketAddr, tls: Tls) -> Options {
    Options {
        base_url: format!("https://{addr}"),
        tls,
        timeout: Duration::from_secs(2),
        ..Options::default()
    }
}

/// Twice by the ordinary client and by ours, and as bytes.
async fn all(options: &Options) -> [Exchange; 5] {
    let device = device(options.clone());
    [
        ordinary(&device, &get("/")).await,
        ordinary(&device, &get("/")).await,
        device.send(&get("/"), false).await,
        device.send(&get("/"), false).await,
        device.send(&raw_get(), false).await,
    ]
}

fn assert_tls(exchanges: &[Exchange], word: &str) {
    for exchange in exchanges {
        assert!(
            matches!(exchange.failure(), Some(Failure::Tls(why)) if why.contains(word)),
            "{word}: {exchange:?}"
        );
    }
}

#[tokio::test]
async fn a_certificate_is_checked_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let other = Authority::new();
    let addr = serve(&authority, "127.0.0.1", None).await;
    let misnamed = serve(&authority, "elsewhere.test", None).await;

    let own = Tls {
        ca_file: Some(authority.file(folder.path())),
        ..Tls::default()
    };
    let exchanges = all(&options(addr, own.clone())).await;
    assert_eq!(exchanges.each_ref().map(class), ["200"; 5]);
    assert!(!exchanges[1].reused && exchanges[3].reused);
    assert_tls(&all(&options(misnamed, own)).await, "not valid for name");

    let insecure = Tls {
        insecure: true,
        ..Tls::default()
    };
    for addr in [addr, misnamed] {
        let exchanges = all(&options(addr, insecure.clone())).await;
        assert_eq!(exchanges.each_ref().map(class), ["200"; 5]);
    }

    let wrong = Tls {
        ca_file: Some(write(folder.path(), "other.pem", &other.issuer.pem())),
        ..Tls::default()
    };
    assert_tls(
        &all(&options(addr, wrong)).await,
        "invalid peer certificate",
    );
}

/// What `openssl req -x509` makes: an authority that has signed itself, and serves as the device's
/// own certificate.
#[tokio::test]
async fn a_certificate_that_is_named_is_trusted_itself() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2".split(' '))
        .args([
            "-subj",
            "/CN=device",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .current_dir(folder.path())
        .output();
    let Ok(made) = made else {
        eprintln!("skipped: no openssl");
        return;
    };
    assert!(made.status.success(), "{made:?}");
    let cert = folder.path().join("cert.pem");
    let chain = CertificateDer::pem_file_iter(&cert).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let addr = serve_with(config).await;
    let own = Tls {
        ca_file: Some(cert),
        ..Tls::default()
    };
    let exchanges = all(&options(addr, own.clone())).await;
    assert_eq!(exchanges.each_ref().map(class), ["200"; 5]);
    let renamed = Options {
        base_url: format!("https://localhost:{}", addr.port()),
        ..options(addr, own)
    };
    assert_tls(&all(&renamed).await, "use that name in --target");
    let other = Tls {
        ca_file: Some(Authority::new().file(folder.path())),
        ..Tls::default()
    };
    assert_tls(&all(&options(addr, other)).await, "--ca-file");
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let addr = serve(&authority, "127.0.0.1", Some(&authority)).await;
    let ca_file = Some(authority.file(folder.path()));
    let with = Tls {
        ca_file: ca_file.clone(),
        client_cert: Some(authority.client_file(folder.path())),
        insecure: false,
    };
    let exchanges = all(&options(addr, with)).await;
    assert_eq!(exchanges.each_ref().map(class), ["200"; 5]);
    let without = Tls {
        ca_file,
        ..Tls::default()
    };
    assert_tls(&all(&options(addr, without)).await, "CertificateRequired");
}

#[tokio::test]
async fn a_body_that_ends_without_notice_may_be_cut_off() {
    let authority = Authority::new();
    let addr = serve(&authority, "127.0.0.1", None).await;
    let insecure = Tls {
        insecure: true,
        ..Tls::default()
    };
    let device = device(options(addr, insecure));
    for request in [
        get("/to-the-end"),
        raw("GET /to-the-end HTTP/1.1\r\nHost: x\r\n\r\n"),
    ] {
        let exchange = device.send(&request, false).await;
        assert_eq!(class(&exchange), "truncated", "{exchange:?}");
    }
}

#[tokio::test]
async fn what_does_not_speak_tls_fails_as_tls_and_silence_as_a_timeout() {
    let insecure = Tls {
        insecure: true,
        ..Tls::default()
    };
    let plain = scripted::Server::start(|mut visit| async move {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        let _ = visit.stream.write_all(refusal).await;
        visit.hold().await;
    })
    .await;
    for exchange in all(&options(plain.addr, insecure.clone())).await {
        assert_eq!(class(&exchange), "tls", "{exchange:?}");
    }
    let silent = scripted::Server::start(scripted::Visit::hold).await;
    let options = Options {
        timeout: Duration::from_millis(300),
        ..options(silent.addr, insecure)
    };
    // The HTTP library of the ordinary path does not tell TCP from TLS.
    let classes = all(&options).await.map(|e| class(&e));
    assert_eq!(&classes[..2], ["timeout-connect"; 2]);
    assert_eq!(&classes[2..], ["timeout-tls"; 3]);
}

#[test]
fn unusable_configuration_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = authority.file(folder.path());
    let empty = write(folder.path(), "empty.pem", "nothing\n");
    let url = "https://127.0.0.1".to_owned();
    let tls = |ca_file: Option<&PathBuf>, client_cert: Option<&PathBuf>| Options {
        base_url: url.clone(),
        tls: Tls {
            insecure: false,
            ca_file: ca_file.cloned(),
            client_cert: client_cert.cloned(),
        },
        ..Options::default()
    };
    let base = |base_url: &str| Options {
        base_url: base_url.to_owned(),
        ..Options::default()
    };
    let missing = folder.path().join("missing.pem");
    for (options, word) in [
        (tls(Some(&missing), None), "missing.pem"),
        (tls(Some(&empty), None), "no certificate in it"),
        (tls(Some(&ca), Some(&ca)), "no private key in it"),
        (base("192.168.1.20"), "http://192.168.1.20"),
        (base("ftp://x/"), "must begin with http"),
        (base("http://u:p@x/"), "--username"),
        (base("http://x/?q"), "leave out"),
        (base("http://"), "empty host"),
        (
            Options {
                timeout: Duration::ZERO,
                ..base("http://x")
            },
            "time-out",
        ),
        (
            Options {
                timeout: Duration::MAX,
                ..base("http://x")
            },
            "time-out",
        ),
        (
            Options {
                rate: Some(1e-300),
                ..base("http://x")
            },
            "rate",
        ),
        (
            Options {
                rate: Some(0.0),
                ..base("http://x")
            },
            "rate",
        ),
    ] {
        let error: DeviceError = Device::new(options, Arc::new(Profile::default()))
            .err()
            .unwrap_or_else(|| panic!("{word}: no error"));
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn a_base_url_is_normalised() {
    for (given, normal) in [
        ("http://X.test:80/", "http://x.test"),
        ("https://x.test:443/api//", "https://x.test/api"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        let device = device(Options {
            base_url: given.to_owned(),
            tls: Tls {
                insecure: true,
                ..Tls::default()
            },
            ..Options::default()
        });
        assert_eq!(device.base_url(), normal);
    }
}
