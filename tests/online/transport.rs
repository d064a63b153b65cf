//! Real sockets: the bytes on the wire are the bytes of the case, by either client, and
//! connections are kept, dropped and replaced as HTTP wants it.
#![allow(missing_docs)]

use crate::scripted;

use probity::device::{Credentials, Options};
use probity::exchange::{Failure, HttpRequest, RawRequest, Request, Secret, Segment, Template};
use scripted::{Server, Visit, class, device, get, ordinary, post, raw_get, read_request};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// ---- bytes on the wire ----

#[tokio::test]
async fn an_ordinary_request_is_sent_byte_for_byte() {
    let server = Server::answering(OK).await;
    let device = device(Options {
        credentials: Credentials {
            token: Some("t0k".into()),
            ..Credentials::default()
        },
        ..server.options()
    });
    let body: Vec<u8> = (0..=255).collect();
    let request = Request::Http(HttpRequest {
        method: "POST".to_owned(),
        target: "/a%2Fb?q=%22&r".into(),
        headers: vec![
            ("Content-Type".to_owned(), "application/json".into()),
            (
                "Authorization".to_owned(),
                Template::from("Bearer ").secret(Secret::Token),
            ),
        ],
        body: Some(body.clone()),
    });
    ordinary(&device, &request).await;
    device.send(&request, true).await;
    device.send(&request, false).await;
    let agent = concat!("probity/", env!("CARGO_PKG_VERSION"));
    let host = server.addr;
    let fields = "Content-Type: application/json\r\nAuthorization: Bearer t0k\r\n";
    let ours = format!("Accept: */*\r\nUser-Agent: {agent}\r\n");
    let heads = [
        format!("{fields}{ours}Host: {host}\r\nContent-Length: 256\r\n"),
        format!("Host: {host}\r\n{fields}{ours}Content-Length: 256\r\n"),
        format!("Host: {host}\r\n{fields}{ours}Content-Length: 256\r\n"),
    ];
    for (sent, fields) in server.received().iter().zip(heads) {
        let mut expected = format!("POST /a%2Fb?q=%22&r HTTP/1.1\r\n{fields}\r\n").into_bytes();
        expected.extend_from_slice(&body);
        assert_eq!(text(sent), text(&expected));
        assert_eq!(*sent, expected);
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn no_target_header_or_body_is_rewritten() {
    let server = Server::answering(OK).await;
    let printable: String = (' '..='~').collect();
    let targets = [
        "/",
        "/a/../b",
        "/./x",
        "//x",
        "/a|b",
        "/\"<>`{}",
        "/%zz",
        "/é",
        "/a?b#c",
        "/?",
        "*",
        "",
        "http://other/",
        "/a\\b",
    ];
    let fields = [
        ("X-Token", "plain"),
        ("x-odd-CASE", "1"),
        ("X-Printable", printable.as_str()),
        ("X-Tab", "a\tb"),
        ("X-Text", "é\u{80}"),
        ("X-Control", "\u{1}\u{7f}"),
        ("X-Empty", ""),
        ("Accept", "text/html"),
        ("User-Agent", "other/1"),
        ("Content-Length", "0"),
        ("Connection", "close"),
        ("Host", "elsewhere"),
    ];
    let device = server.device();
    for fresh in [false, true] {
        for target in targets {
            let exchange = device.send(&get(target), fresh).await;
            assert_eq!(exchange.status(), Some(200), "{target}");
            let sent = text(server.received().last().unwrap());
            assert!(
                sent.starts_with(&format!("GET {target} HTTP/1.1\r\n")),
                "{target:?}: {sent}"
            );
        }
        for (name, value) in fields {
            let request = Request::Http(HttpRequest {
                method: "PATCH".to_owned(),
                target: "/".into(),
                headers: vec![(name.to_owned(), value.into())],
                body: None,
            });
            device.send(&request, fresh).await;
            let sent = text(server.received().last().unwrap());
            let line = format!("\r\n{name}: {value}\r\n");
            assert!(sent.contains(&line), "{name}: {sent}");
            let again = sent.to_ascii_lowercase();
            let start = format!("\r\n{}:", name.to_ascii_lowercase());
            assert_eq!(again.matches(&start).count(), 1, "{name}: {sent}");
        }
        for (body, length) in [
            (None, None),
            (Some(Vec::new()), Some("0")),
            (Some(b"\0".to_vec()), Some("1")),
        ] {
            let request = Request::Http(HttpRequest {
                method: "POST".to_owned(),
                target: "/".into(),
                headers: Vec::new(),
                body: body.clone(),
            });
            device.send(&request, fresh).await;
            let sent = text(server.received().last().unwrap());
            let (head, rest) = sent.split_once("\r\n\r\n").unwrap();
            let got = head
                .lines()
                .find_map(|l| l.strip_prefix("Content-Length: "));
            assert_eq!(got, length, "{sent}");
            assert_eq!(rest.as_bytes(), body.unwrap_or_default());
        }
    }
}

#[tokio::test]
async fn raw_segments_are_sent_as_they_are() {
    let server = Server::start(|mut visit: Visit| async move {
        let mut all = Vec::new();
        visit.stream.read_to_end(&mut all).await.unwrap();
        visit.log(all);
        visit.stream.write_all(OK.as_bytes()).await.unwrap();
    })
    .await;
    let device = device(Options {
        credentials: Credentials {
            username: Some("admin".to_owned()),
            password: Some("123456".into()),
            ..Credentials::default()
        },
        ..server.options()
    });
    let every: Vec<u8> = (0..=255).collect();
    let exchange = device
        .send(
            &Request::Raw(RawRequest {
                segments: vec![
                    Segment::Bytes(every.clone()),
                    Segment::Host,
                    Segment::Pause(Duration::from_millis(50)),
                    Segment::Secret(Secret::PasswordMd5),
                    Segment::Bytes(b" ".to_vec()),
                    Segment::Secret(Secret::Basic),
                    Segment::ShutdownWrite,
                ],
                answers: 1,
                head: false,
            }),
            false,
        )
        .await;
    assert_eq!(class(&exchange), "200");
    assert!(exchange.timings.total >= Duration::from_millis(50));
    let mut expected = every;
    expected.extend_from_slice(server.addr.to_string().as_bytes());
    expected.extend_from_slice(b"e10adc3949ba59abbe56e057f20f883e YWRtaW46MTIzNDU2");
    assert_eq!(server.received(), [expected]);
}

#[tokio::test]
async fn a_secret_in_a_target_is_percent_encoded_and_a_missing_one_is_not_sent() {
    let server = Server::answering(OK).await;
    let with = device(Options {
        credentials: Credentials {
            username: Some("a b&c".to_owned()),
            ..Credentials::default()
        },
        ..server.options()
    });
    let request = Request::Http(HttpRequest {
        method: "GET".to_owned(),
        target: Template::from("/?u=").secret(Secret::Username),
        ..HttpRequest::default()
    });
    for fresh in [false, true] {
        with.send(&request, fresh).await;
        let sent = text(server.received().last().unwrap());
        assert!(sent.starts_with("GET /?u=a%20b%26c HTTP/1.1\r\n"), "{sent}");
        let without = server.device();
        let exchange = without.send(&request, fresh).await;
        assert!(
            matches!(exchange.failure(), Some(Failure::NotSent(why)) if why.contains("--username")),
            "{exchange:?}"
        );
        assert_eq!((without.sent(), without.answered()), (0, 0));
    }
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_request_that_would_be_two_is_not_sent() {
    let server = Server::answering(OK).await;
    let device = server.device();
    for (target, name, value) in [
        ("/ HTTP/1.1\r\nX: y", "A", "b"),
        ("/a b", "A", "b"),
        ("/", "A", "b\r\nC: d"),
        ("/", "A:", "b"),
        ("/", "A", "b\0"),
    ] {
        let request = Request::Http(HttpRequest {
            method: "GET".to_owned(),
            target: target.into(),
            headers: vec![(name.to_owned(), value.into())],
            body: None,
        });
        for fresh in [false, true] {
            assert_eq!(
                class(&device.send(&request, fresh).await),
                "not-sent",
                "{request:?}"
            );
        }
    }
    assert!(server.received().is_empty());
}

// ---- connections ----

#[tokio::test]
async fn ordinary_requests_share_a_connection_and_fresh_ones_do_not() {
    let server = Server::answering(OK).await;
    let device = server.device();
    assert!(!device.send(&get("/"), false).await.reused);
    assert!(device.send(&post("/", "{}"), false).await.reused);
    assert!(!device.send(&get("/"), true).await.reused);
    assert!(!device.send(&raw_get(), false).await.reused);
    assert!(device.send(&get("/"), false).await.reused);
    // The ordinary client leaves no connection behind, and none of ours open beside its own.
    assert!(!ordinary(&device, &get("/")).await.reused);
    assert!(!ordinary(&device, &get("/")).await.reused);
    assert!(!device.send(&get("/"), false).await.reused);
    assert_eq!((device.sent(), device.answered()), (8, 8));
}

#[tokio::test]
async fn a_connection_that_ended_while_idle_is_no_failure() {
    // Each first connection answers once and swallows the second request: whether the device
    // dropped it or had closed the connection before cannot be told from here.
    let server = Server::start(|mut visit: Visit| async move {
        visit.request().await;
        visit.stream.write_all(OK.as_bytes()).await.unwrap();
        if visit.number.is_multiple_of(2) {
            visit.request().await;
            visit.reset();
        }
    })
    .await;
    let device = server.device();
    assert_eq!(class(&device.send(&get("/1"), false).await), "200");
    assert_eq!(class(&device.send(&get("/2"), false).await), "200");
    assert_eq!((device.sent(), device.answered()), (3, 2));
}

#[tokio::test]
async fn a_device_that_falls_over_a_request_is_not_excused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = device(Options {
        base_url: format!("http://{}", listener.local_addr().unwrap()),
        ..Options::default()
    });
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        read_request(&mut stream).await;
        drop(listener);
    });
    assert_eq!(class(&device.send(&get("/"), false).await), "200");
    assert_eq!(class(&device.send(&get("/"), false).await), "closed");
    assert_eq!(class(&device.send(&get("/"), false).await), "refused");
}

#[tokio::test]
async fn a_connection_that_was_closed_or_has_bytes_in_it_is_not_used_again() {
    let late = format!("{OK}late");
    for (answer, close) in [(OK.to_owned(), true), (late, false)] {
        let server = Server::start(move |mut visit: Visit| {
            let answer = answer.clone();
            async move {
                visit.request().await;
                let (now, later) = answer.split_at(OK.len());
                visit.stream.write_all(now.as_bytes()).await.unwrap();
                if !close {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    visit.stream.write_all(later.as_bytes()).await.unwrap();
                    visit.hold().await;
                }
            }
        })
        .await;
        let device = server.device();
        for _ in 0..2 {
            let exchange = device.send(&get("/"), false).await;
            assert_eq!((class(&exchange).as_str(), exchange.reused), ("200", false));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!((device.sent(), device.answered()), (2, 2));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Server::answering(
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let device = server.device();
    for _ in 0..2 {
        assert_eq!(class(&device.send(&get("/"), false).await), "302");
        assert_eq!(class(&ordinary(&device, &get("/")).await), "302");
    }
    let sent: Vec<String> = server.received().iter().map(|r| text(r)).collect();
    assert!(
        sent.iter()
            .all(|s| s.starts_with("GET / ") && !s.contains("Cookie")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_rate_is_kept() {
    let server = Server::answering(OK).await;
    let device = device(Options {
        rate: Some(50.0),
        ..server.options()
    });
    let start = Instant::now();
    for _ in 0..6 {
        device.send(&get("/"), false).await;
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
}

/// A server without threads: the next connection is served when this one has ended.
#[tokio::test]
async fn a_device_that_serves_one_connection_at_a_time_is_not_kept_from_serving() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while read_request(&mut stream).await.is_some() {
                if stream.write_all(OK.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    let device = device(Options {
        base_url: format!("http://{address}"),
        timeout: Duration::from_millis(500),
        ..Options::default()
    });
    let raw = raw_get();
    assert_eq!(device.send(&get("/"), false).await.status(), Some(200));
    // This one waits in vain, is told so, and is sent once more.
    assert_eq!(device.send(&raw, true).await.status(), Some(200));
    let begin = Instant::now();
    for _ in 0..5 {
        assert_eq!(device.send(&get("/"), false).await.status(), Some(200));
        assert_eq!(device.send(&raw, true).await.status(), Some(200));
        assert_eq!(device.send(&get("/"), true).await.status(), Some(200));
    }
    assert!(begin.elapsed() < Duration::from_millis(1500));
    serving.abort();
}
