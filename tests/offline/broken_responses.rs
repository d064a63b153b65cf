//! 70 answers that a broken device could give, served to both transport paths: every one ends in
//! a classified exchange, in bounded time, and the classes are pinned.
#![allow(missing_docs)]

use crate::scripted;

use probity::device::answer;
use probity::exchange::Outcome;
use scripted::{Server, class, get, raw_get};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// File names and bytes, sorted; `None` (with a printed reason) where the data is absent.
fn data() -> Option<Vec<(String, Vec<u8>)>> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/http-broken-responses");
    let Ok(index) = std::fs::read(folder.join("index.json")) else {
        println!("skipped: {} is absent", folder.display());
        return None;
    };
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = index
        .iter()
        .map(|entry| {
            let name = entry["file"].as_str().unwrap().to_owned();
            let bytes = std::fs::read(folder.join(&name)).unwrap();
            (name, bytes)
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), 70);
    Some(files)
}

#[tokio::test]
async fn every_broken_answer_is_classified_on_both_paths() {
    let Some(files) = data() else { return };
    let mut table = String::new();
    let mut disagree = Vec::new();
    for (name, bytes) in files {
        let server = Server::once(bytes).await;
        let device = server.device();
        let start = Instant::now();
        let ordinary = scripted::ordinary(&device, &get("/")).await;
        let kept = device.send(&get("/"), false).await;
        let socket = device.send(&raw_get(), false).await;
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{name} took too long"
        );
        let [ordinary_class, socket_class] = [&ordinary, &socket].map(class);
        // What one path can read, the other can: a verdict may not hang on the path.
        assert_eq!(class(&kept), socket_class, "{name}");
        if ordinary.status() != socket.status() {
            disagree.push(name.clone());
        }
        writeln!(table, "{name:<40} {ordinary_class:<14} {socket_class}").unwrap();
    }
    insta::assert_snapshot!("broken_responses", table);
    assert_eq!(disagree, Vec::<String>::new());
}

#[test]
fn every_prefix_of_every_broken_answer_is_classified() {
    let Some(files) = data() else { return };
    for (name, bytes) in files {
        for cut in 0..=bytes.len() {
            for head in [false, true] {
                let parsed = answer::parse(&bytes[..cut], head, true, answer::Caps::default());
                assert!(parsed.outcome.is_some(), "{name} cut at {cut}");
                assert!(parsed.used <= cut, "{name} cut at {cut}");
                if let Some(Outcome::Answered(answer)) = parsed.outcome {
                    assert!((200..1000).contains(&answer.status), "{name} cut at {cut}");
                }
            }
        }
    }
}
