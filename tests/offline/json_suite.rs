//! The JSON parsing test suite as request bodies at the mock: no crash, no hang, and every body
//! that must be refused is.

use probity::contract::embedded::sip_settings;
use probity::device::{Credentials, Device, Options};
use probity::exchange::{HttpRequest, Request, Secret, Template};
use probity::mock::{self, MockConfig};
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_file_draws_an_answer_and_every_n_file_is_refused() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/json-test-suite/test_parsing");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let mut files: Vec<_> = entries.map(|e| e.expect("entry").path()).collect();
    files.sort();
    let (contract, profile) = sip_settings();
    let (contract, profile) = (Arc::new(contract), Arc::new(profile));
    let mock = mock::spawn(MockConfig::clean(contract, profile.clone())).expect("mock");
    let device = Device::new(
        Options {
            base_url: format!("http://{}", mock.addr()),
            credentials: Credentials {
                username: Some("admin".to_owned()),
                password: Some("123456".into()),
                token: None,
                ..Credentials::default()
            },
            ..Options::default()
        },
        profile,
    )
    .expect("device");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        device.login().await.expect("login");
        for file in &files {
            let name = file
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            let request = Request::Http(HttpRequest {
                method: "POST".to_owned(),
                target: "/api/v1/device/sip/settings".into(),
                headers: vec![
                    (
                        "Authorization".to_owned(),
                        Template::from("Bearer ").secret(Secret::Token),
                    ),
                    ("Content-Type".to_owned(), "application/json".into()),
                ],
                body: Some(std::fs::read(file).expect("file")),
            });
            let exchange = device.send(&request, false).await;
            let status = exchange.status();
            assert!(status.is_some(), "{name}: {:?}", exchange.failure());
            // No file is a valid settings object, so none may be accepted; whether the text says
            // that it is no JSON is the business of the shapes.
            assert_eq!(status, Some(400), "{name}");
            let body =
                String::from_utf8_lossy(&exchange.answer().expect("answer").body).into_owned();
            if name.starts_with("n_") {
                assert_eq!(body, r#"{"error":"Wrong JSON body"}"#, "{name}");
            }
        }
    });
    println!("{} files", files.len());
}
