//! Every way in which an exchange can fail, provoked by a server that really does it, is told from
//! every other by either client, in bounded time and memory.
#![allow(missing_docs)]

use crate::scripted;

use probity::device::{Caps, Options};
use probity::exchange::{Anomaly, Exchange, Failure, Outcome, Phase, RawRequest, Request, Segment};
use scripted::{Server, Visit, class, device, get, ordinary, post, raw, raw_get, read_request};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// Sends `GET /` by the ordinary client and by ours, and as bytes.
async fn all(options: &Options) -> [Exchange; 3] {
    [
        ordinary(&device(options.clone()), &get("/")).await,
        device(options.clone()).send(&get("/"), false).await,
        device(options.clone()).send(&raw_get(), false).await,
    ]
}

/// What the library says and what we say, which is the same on kept-alive and fresh connections.
async fn classes(options: &Options) -> [String; 2] {
    let [library, kept, fresh] = all(options).await.map(|e| class(&e));
    assert_eq!(kept, fresh);
    [library, fresh]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// ---- failures ----

#[tokio::test]
async fn refused_reset_and_closed_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Options {
        base_url: format!("http://{}", free.local_addr().unwrap()),
        ..Options::default()
    };
    drop(free);
    assert_eq!(classes(&nobody).await, ["refused", "refused"]);

    let reset = Server::start(|mut visit: Visit| async move {
        visit.request().await;
        visit.reset();
    })
    .await;
    assert_eq!(classes(&reset.options()).await, ["reset", "reset"]);

    let closed = Server::once("").await;
    assert_eq!(classes(&closed.options()).await, ["closed", "closed"]);

    // A label of over 63 octets is refused by the resolver without asking anybody.
    let unknown = Options {
        base_url: format!("http://{}.test", "x".repeat(64)),
        ..Options::default()
    };
    assert_eq!(classes(&unknown).await, ["unreachable", "unreachable"]);
}

#[tokio::test]
async fn timeouts_are_told_apart_by_phase() {
    let silent = Server::start(Visit::hold).await;
    assert_eq!(
        classes(&silent.impatient()).await,
        ["timeout-first-byte", "timeout-first-byte"]
    );
    let then_silent = |start: &'static str| {
        Server::start(move |mut visit: Visit| async move {
            visit.request().await;
            visit.stream.write_all(start.as_bytes()).await.unwrap();
            visit.hold().await;
        })
    };
    // The HTTP library of the ordinary path does not tell a silent device from half a head.
    let head = then_silent("HTTP/1.1 200 OK\r\nContent-").await;
    assert_eq!(
        classes(&head.impatient()).await,
        ["timeout-first-byte", "timeout-head"]
    );
    let body = then_silent("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
    for exchange in all(&body.impatient()).await {
        assert_eq!(class(&exchange), "timeout-body");
        let Outcome::Failed {
            partial: Some(partial),
            ..
        } = exchange.outcome
        else {
            panic!("{exchange:?}");
        };
        assert_eq!((partial.status, partial.body), (200, b"half".to_vec()));
    }
    // A body too large for all buffers, to a device that does not read.
    let deaf = Server::start(|visit: Visit| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(visit);
    })
    .await;
    let exchange = device(deaf.impatient())
        .send(&post("/", vec![b'x'; 32 << 20]), false)
        .await;
    assert_eq!(class(&exchange), "timeout-send");
}

#[tokio::test]
async fn a_connect_that_hangs_is_a_timeout_of_its_own() {
    // A listener whose queue is full drops further connection requests.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(addr)).await
    {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue never fills");
    }
    let options = Options {
        base_url: format!("http://{addr}"),
        timeout: Duration::from_millis(300),
        ..Options::default()
    };
    assert_eq!(
        classes(&options).await,
        ["timeout-connect", "timeout-connect"]
    );
}

#[tokio::test]
async fn answers_that_are_cut_short_or_no_http() {
    for (bytes, ordinary, socket) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "truncated",
            "truncated",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
            "truncated",
            "truncated",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfull\r\n",
            "truncated",
            "truncated",
        ),
        // Inside the head; the HTTP library of the ordinary path does not tell.
        ("HTTP/1.1 200 OK\r\nContent-", "closed", "truncated"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "malformed-http",
            "malformed-http",
        ),
        ("SIP/2.0 200 OK\r\n\r\n", "malformed-http", "malformed-http"),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "malformed-http",
            "malformed-http",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
            "201",
            "201",
        ),
    ] {
        let server = Server::once(bytes).await;
        assert_eq!(
            classes(&server.options()).await,
            [ordinary, socket],
            "{bytes:?}"
        );
    }
    let server = Server::once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
    for exchange in all(&server.options()).await {
        assert_eq!(
            exchange.failure(),
            Some(&Failure::Truncated {
                promised: Some(9),
                got: 4
            })
        );
    }
    let reset = Server::start(|mut visit: Visit| async move {
        visit.request().await;
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
        visit.stream.write_all(start.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        visit.reset();
    })
    .await;
    assert_eq!(classes(&reset.options()).await, ["reset", "reset"]);
}

/// A server that sends `start` and then `more` without end.
async fn endless(start: &'static str, more: Vec<u8>, pause: Duration) -> Server {
    let more: std::sync::Arc<[u8]> = more.into();
    Server::start(move |mut visit: Visit| {
        let more = std::sync::Arc::clone(&more);
        async move {
            visit.request().await;
            let mut sent = start.len();
            if visit.stream.write_all(start.as_bytes()).await.is_err() {
                return;
            }
            while visit.stream.write_all(&more).await.is_ok() {
                sent += more.len();
                visit.log(sent.to_string().into_bytes());
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn endless_answers_cost_at_most_the_limit() {
    let limits = Caps {
        head: 32 * 1024,
        body: 128 * 1024,
    };
    let block = vec![b'x'; 16 * 1024];
    let chunk = [b"4000\r\n".as_slice(), &block, b"\r\n"].concat();
    for (start, more) in [
        ("HTTP/1.1 200 OK\r\nX-Long: ", block.clone()),
        ("HTTP/1.1 200 OK\r\n", b"X-Many: y\r\n".repeat(1000)),
        ("HTTP/1.1 200 OK\r\n\r\n", block.clone()),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
            block.clone(),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        ),
    ] {
        let server = endless(start, more, Duration::ZERO).await;
        let options = Options {
            limits,
            timeout: Duration::from_secs(10),
            ..server.options()
        };
        for exchange in all(&options).await {
            assert_eq!(class(&exchange), "too-large", "{start:?}");
            let Outcome::Failed { partial, .. } = &exchange.outcome else {
                unreachable!()
            };
            assert!(partial.as_ref().is_none_or(|p| p.body.len() <= limits.body));
        }
        // Both stopped reading: what was sent beyond the limit sits in the sockets' buffers.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let most = server
            .received()
            .iter()
            .filter_map(|r| text(r).parse::<usize>().ok())
            .max();
        assert!(most.unwrap_or(0) < 16 << 20, "{start:?}: {most:?} octets");
    }
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_deadline() {
    for (start, ordinary, socket) in [
        (
            "HTTP/1.1 200 OK\r\nX-Slow: ",
            "timeout-first-byte",
            "timeout-head",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "timeout-body", "timeout-body"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
            "timeout-body",
            "timeout-body",
        ),
    ] {
        let server = endless(start, b"x".to_vec(), Duration::from_millis(5)).await;
        let start = Instant::now();
        assert_eq!(classes(&server.impatient()).await, [ordinary, socket]);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    // Interim answers without end.
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    let server = endless("", interim, Duration::from_millis(5)).await;
    let [library, kept, fresh] = all(&server.impatient()).await;
    assert_eq!(library.failure(), Some(&Failure::Timeout(Phase::FirstByte)));
    for exchange in [kept, fresh] {
        assert!(matches!(
            exchange.failure(),
            Some(Failure::Timeout(Phase::Head) | Failure::MalformedHttp(_))
        ));
    }
}

// ---- more than was asked for ----

#[tokio::test]
async fn what_follows_an_answer_is_seen_on_a_fresh_connection() {
    for (after, anomaly) in [
        ("", None),
        ("!", Some(Anomaly::ExtraBytes(1))),
        ("\r\n", Some(Anomaly::ExtraBytes(2))),
        (OK, Some(Anomaly::SecondAnswer)),
    ] {
        let server = Server::answering(format!("{OK}{after}")).await;
        let device = server.device();
        for request in [raw_get(), get("/")] {
            let exchange = device.send(&request, true).await;
            let answer = exchange.answer().unwrap();
            assert_eq!(
                answer.anomalies,
                anomaly.clone().into_iter().collect::<Vec<_>>()
            );
            assert_eq!(answer.body, b"hi");
        }
    }
    // A moment later is still seen.
    let late = Server::start(|mut visit: Visit| async move {
        visit.request().await;
        visit.stream.write_all(OK.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let _ = visit.stream.write_all(OK.as_bytes()).await;
        visit.hold().await;
    })
    .await;
    let patient = device(Options {
        grace: Duration::from_secs(5),
        ..late.options()
    });
    let exchange = patient.send(&raw_get(), false).await;
    assert_eq!(
        exchange.answer().unwrap().anomalies,
        [Anomaly::SecondAnswer]
    );
    // A body where none may be.
    let head = Request::Raw(RawRequest {
        segments: vec![Segment::Bytes(
            b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        )],
        answers: 1,
        head: true,
    });
    let server = Server::answering(OK).await;
    let exchange = server.device().send(&head, false).await;
    assert_eq!(
        exchange.answer().unwrap().anomalies,
        [Anomaly::UnexpectedBody]
    );
}

#[tokio::test]
async fn a_pipeline_draws_as_many_answers_as_it_should() {
    let request = |answers| {
        Request::Raw(RawRequest {
            segments: vec![Segment::Bytes(b"GET / HTTP/1.1\r\n\r\n".repeat(2))],
            answers,
            head: false,
        })
    };
    let last = "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n";
    let server = Server::once(format!("{OK}{last}")).await;
    assert_eq!(
        class(&server.device().send(&request(2), false).await),
        "201"
    );
    assert_eq!(
        class(&server.device().send(&request(1), false).await),
        "200 [SecondAnswer]"
    );
    // One answer and the end, without and with notice.
    let server = Server::once(OK).await;
    let exchange = server.device().send(&request(2), false).await;
    assert!(
        matches!(&exchange.outcome, Outcome::Failed { failure: Failure::Closed, partial: Some(p) } if p.status == 200),
        "{exchange:?}"
    );
    let server =
        Server::once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(
        class(&server.device().send(&request(2), false).await),
        "200"
    );
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_counts() {
    // Refuses by the head and closes with the body unread, which resets the connection.
    let server = Server::start(|mut visit: Visit| async move {
        let mut head = [0; 64];
        let _ = visit.stream.read(&mut head).await;
        let refusal = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        visit.stream.write_all(refusal.as_bytes()).await.unwrap();
        let _ = visit.stream.shutdown().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    })
    .await;
    let device = device(Options {
        timeout: Duration::from_secs(5),
        ..server.options()
    });
    let body = vec![b'x'; 8 << 20];
    let mut bytes = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n".to_vec();
    bytes.extend_from_slice(&body);
    for request in [post("/", body), raw(bytes)] {
        for fresh in [false, true] {
            assert_eq!(class(&device.send(&request, fresh).await), "413");
        }
    }
    // And in a pause, without waiting for the rest of the request.
    let slow = Request::Raw(RawRequest {
        segments: vec![
            Segment::Bytes(b"GET / HTTP/1.1\r\nHost: ".to_vec()),
            Segment::Pause(Duration::from_secs(60)),
            Segment::Bytes(b"x\r\n\r\n".to_vec()),
        ],
        answers: 1,
        head: false,
    });
    let start = Instant::now();
    assert_eq!(class(&device.send(&slow, false).await), "413");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection() {
    let server = Server::once("HTTP/1.0 200 OK\r\n\r\nto the end").await;
    for exchange in all(&server.options()).await {
        assert_eq!(exchange.answer().unwrap().body, b"to the end");
    }
}

#[tokio::test]
async fn the_request_of_a_test_server_is_read_whole() {
    // The helper that the tests above rest on.
    let (mut a, mut b) = tokio::io::duplex(64);
    let writer = tokio::spawn(async move {
        for part in [
            &b"POST / HTTP/1.1\r\nContent-Le"[..],
            b"ngth: 3\r\n\r\na",
            b"bc",
        ] {
            a.write_all(part).await.unwrap();
        }
        a
    });
    let request = read_request(&mut b).await.unwrap();
    assert!(request.ends_with(b"\r\n\r\nabc"));
    writer.await.unwrap();
}
