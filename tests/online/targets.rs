//! Targets that are not the device: the real binary says so at once, with exit code 3, and never
//! with a list of findings.

use crate::scripted;

use probity::report::json;
use scripted::Server;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// What a target does to every connection.
#[derive(Clone, Copy, Debug)]
enum Does {
    Closes,
    Resets,
    Holds,
    Answers(&'static str),
    Floods(&'static str, &'static str),
}

async fn server(does: Does) -> Server {
    match does {
        Does::Answers(answer) => Server::answering(answer).await,
        other => {
            Server::start(move |mut visit| async move {
                match other {
                    Does::Closes => drop(visit),
                    Does::Resets => visit.reset(),
                    Does::Floods(head, more) => {
                        visit.request().await;
                        let _ = visit.stream.write_all(head.as_bytes()).await;
                        while visit.stream.write_all(more.as_bytes()).await.is_ok() {}
                    }
                    _ => visit.hold().await,
                }
            })
            .await
        }
    }
}

const MOVED: &str =
    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n";
const STATUS_500: &str = "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n";
const STATUS_503: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
const STATUS_401: &str = "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n";
const STATUS_404: &str = "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn what_is_not_the_device_is_not_judged() {
    let table = [
        (Does::Closes, "no answer to POST http://"),
        (Does::Resets, "no answer to POST http://"),
        (Does::Holds, "time-out"),
        (
            Does::Answers("SSH-2.0-OpenSSH_9.0\r\n"),
            "is not the expected API",
        ),
        (Does::Answers(MOVED), "refused every request"),
        (Does::Answers(STATUS_500), "could not judge"),
        (Does::Answers(STATUS_503), "busy"),
        (Does::Answers(STATUS_401), "refused every request"),
        (Does::Answers(STATUS_404), "refused every request"),
        (
            Does::Floods("HTTP/1.1 200 OK\r\n", "X: aaaaaaaaaaaaaaaa\r\n"),
            "head larger than",
        ),
        (
            Does::Floods("HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaaaaaaaaaa"),
            "body larger than",
        ),
    ];
    // Most of it is waiting.
    let rows = table.map(|(does, want)| is_not_judged(does, want));
    futures_util::future::join_all(rows).await;
}

async fn is_not_judged(does: Does, want: &str) {
    let folder = tempfile::tempdir().expect("folder");
    let server = server(does).await;
    let started = Instant::now();
    // A busy machine takes a while to read as much as the limit.
    let patience = match does {
        Does::Floods(..) => "10s",
        _ => "500ms",
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    command
        .args(["run", "--target", &server.url(), "--token-env", "TOKEN"])
        .args(["--timeout", patience, "--report", "json=report.json"])
        .env("TOKEN", "a-token-of-the-test")
        .current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().expect("runs"));
    let output = output.await.expect("ends");
    let took = started.elapsed();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{does:?}: {out}");
    assert!(out.contains(want), "{does:?}: {out}");
    let bytes = std::fs::read(folder.path().join("report.json")).expect("report");
    let report = json::read(&bytes).expect("report reads");
    assert!(report.findings.is_empty(), "{does:?}: {out}");
    assert!(took < Duration::from_secs(100), "{does:?} took {took:?}");
    for request in server.received() {
        let line = String::from_utf8_lossy(&request).into_owned();
        assert!(!line.contains("elsewhere"), "{does:?}: {line}");
    }
}
