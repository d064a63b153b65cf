//! What is kept of a device's settings over a job, and put back.

use super::session::{PROFILE, answer, device, first, serve};
use probity::contract::Stored;
use probity::device::{Guard, GuardedWrite, StateRead};
use probity::exchange::{HttpRequest, Secret, Template};
use probity::profile::Profile;
use serde_json::{Value, json};

pub(super) fn guarded(values: &[(&str, Value)]) -> GuardedWrite {
    GuardedWrite {
        operation: "write".to_owned(),
        writers: vec!["write".to_owned()],
        optional: false,
        read: StateRead::of(&Profile::from_toml(PROFILE).unwrap().read_back["write"]),
        read_only: Vec::new(),
        request: HttpRequest {
            method: "POST".to_owned(),
            target: "/settings".into(),
            headers: vec![(
                "Authorization".to_owned(),
                Template::from("Bearer ").secret(Secret::Token),
            )],
            body: None,
        },
        later: false,
        stored: Stored::default(),
        own: false,
        revision: None,
        members: ["/name", "/secret", "/inner/a", "/inner/b"]
            .map(str::to_owned)
            .to_vec(),
        values: values
            .iter()
            .map(|(p, v)| ((*p).to_owned(), v.clone()))
            .collect(),
        stand_ins: [("/secret".to_owned(), json!("stand-in"))].into(),
    }
}

#[tokio::test]
async fn settings_are_put_back_and_no_placeholder_is_written() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let values = [("/secret", json!("s3cret"))];
    let guard = Guard::take(&device, vec![guarded(&values)]).await;
    assert!(guard.before("write").is_some() && guard.lost().is_empty());

    model.lock().unwrap().settings = json!({"name": "two", "secret": "gone", "extra": 1});
    let restored = guard.restore(&device).await;
    assert_eq!(
        (restored.ok, restored.reasons.as_slice()),
        (Some(true), &[][..])
    );
    let writes = &model.lock().unwrap().writes;
    assert_eq!(
        writes.as_slice(),
        [json!({"name": "one", "inner": {"a": 1, "b": [1, 2]}, "secret": "s3cret"})]
    );
}

#[tokio::test]
async fn a_secret_that_nobody_knows_is_reported() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let guard = Guard::take(&device, vec![guarded(&[])]).await;
    let variable = Some("PROBITY_TEST_UNSET_VARIABLE".to_owned());
    assert_eq!(
        guard.lost(),
        [("write".to_owned(), "/secret".to_owned(), variable)]
    );
    // Nothing else differs: then a write without the secret could only do harm.
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, Some(false));
    assert!(model.lock().unwrap().writes.is_empty());
    model.lock().unwrap().settings["name"] = "two".into();
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, Some(false));
    insta::assert_snapshot!(
        restored.reasons.join("\n"),
        @"write: /secret cannot be read back and its value is not known, so it may be another now; set PROBITY_TEST_UNSET_VARIABLE next time"
    );
    assert!(model.lock().unwrap().writes[0].get("secret").is_none());
}

#[tokio::test]
async fn what_nobody_knows_does_not_keep_the_rest_from_being_put_back() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let guard = Guard::take(&device, vec![guarded(&[])]).await;
    {
        let mut model = model.lock().unwrap();
        model.settings["name"] = "two".into();
        model.needs_secret = true;
    }
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, Some(false), "the secret is lost");
    let model = model.lock().unwrap();
    assert_eq!(model.settings["name"], "one", "the rest is not");
    assert_eq!(model.settings["secret"], "stand-in");
    assert_eq!(restored.reasons.len(), 1, "{:?}", restored.reasons);
}

#[tokio::test]
async fn what_a_device_does_not_take_back_is_known_before_anything_is_written() {
    let values = [("/secret", json!("s3cret"))];
    let table = [
        (
            json!({"name": "one", "inner": {"a": 1}, "secret": "x"}),
            None,
        ),
        // Its own state is invalid to it.
        (
            json!({"name": 7, "inner": {"a": 1}, "secret": "x"}),
            Some("status 400"),
        ),
    ];
    for (settings, want) in table {
        let (server, model) = serve(settings.clone()).await;
        let device = device(&server, PROFILE);
        device.login().await.unwrap();
        let guard = Guard::take(&device, vec![guarded(&values)]).await;
        let unproven = guard.prove(&device).await;
        match want {
            None => assert!(unproven.is_empty(), "{unproven:?}"),
            Some(want) => assert!(unproven[0].why.contains(want), "{unproven:?}"),
        }
        let model = model.lock().unwrap();
        assert_eq!(model.writes.len(), 1, "{settings}");
        assert_eq!(model.settings["name"], settings["name"]);
    }
}

#[tokio::test]
async fn what_a_journal_masks_is_never_written() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let values = [("/secret", json!("s3cret"))];
    let mut guard = Guard::take(&device, vec![guarded(&values)]).await;
    let kept = json!({"name": "one", "inner": {"a": 1, "b": ["x", "***"]}});
    guard.adopt(&[("write".to_owned(), kept)].into());
    model.lock().unwrap().settings["name"] = "two".into();
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, Some(false));
    assert!(restored.reasons.iter().any(|r| r.contains("/inner/b")));
    let model = model.lock().unwrap();
    assert_eq!(model.settings["name"], "one");
    let written = model.writes.iter().map(Value::to_string);
    assert!(written.into_iter().all(|w| !w.contains("***")));
}

#[tokio::test]
async fn what_cannot_be_read_cannot_be_put_back() {
    let (server, _) = serve(first()).await;
    // Nobody has logged in.
    let device = device(&server, PROFILE);
    for (optional, want) in [(false, 1), (true, 0)] {
        let mut write = guarded(&[]);
        write.optional = optional;
        let guard = Guard::take(&device, vec![write]).await;
        assert_eq!(guard.not_restorable().len(), want);
    }
}

#[tokio::test]
async fn settings_that_did_not_change_are_not_written() {
    let mut settings = first();
    settings.as_object_mut().unwrap().remove("secret");
    // No secret among the members: all that the write knows can be seen.
    let (server, model) = serve(settings).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let mut write = guarded(&[]);
    write.members.retain(|m| m != "/secret");
    let guard = Guard::take(&device, vec![write]).await;
    // Members that the write does not know may change as they like.
    model.lock().unwrap().settings["own"] = false.into();
    assert_eq!(guard.restore(&device).await.ok, Some(true));
    assert!(model.lock().unwrap().writes.is_empty());
}

#[tokio::test]
async fn a_restore_that_fails_says_what_differs() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let values = [("/secret", json!("s3cret"))];
    let guard = Guard::take(&device, vec![guarded(&values)]).await;
    model.lock().unwrap().settings = json!({"name": "two", "secret": "x", "inner": {"b": []}});
    // It takes the write and keeps what it has; then it is not there at all.
    let device_says = |path, answer| model.lock().unwrap().instead.insert(path, answer);
    let shown = json!({"settings": {"name": "two", "secret": "***", "inner": {"b": []}}});
    device_says("/settings", answer(200, &shown.to_string()));
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, Some(false));
    insta::assert_snapshot!(restored.reasons.join("\n"), @r#"
    write: /inner/a was 1, is absent
    write: /inner/b was [1,2], is []
    write: /name was "one", is "two"
    "#);
    device_says("/settings", answer(503, "busy with s3cret"));
    let restored = guard.restore(&device).await;
    assert_eq!(restored.ok, None);
    insta::assert_snapshot!(restored.reasons.join("\n"), @"
    write: the settings could not be read after: status 503
    write: the device refuses its own settings with status 503: busy with ***
    ");
}

#[tokio::test]
async fn a_session_that_ended_is_opened_again_for_the_restore() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let values = [("/secret", json!("s3cret"))];
    let guard = Guard::take(&device, vec![guarded(&values)]).await;
    model.lock().unwrap().settings["name"] = "two".into();
    device.set_token("expired");
    assert_eq!(guard.restore(&device).await.ok, Some(true));
    assert_eq!(model.lock().unwrap().settings["name"], "one");
}

#[tokio::test]
async fn what_the_job_has_created_is_watched_and_not_put_back() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let values = [("/secret", json!("s3cret"))];
    let mut own = guarded(&values);
    own.own = true;
    let mut guard = Guard::take(&device, vec![own]).await;
    // It is known how it stood.
    assert!(guard.before("write").is_some());
    assert_eq!(guard.states().count(), 1);
    // It is removed at the end, so nothing of it is kept, put back or missed.
    assert!(!guard.keeps() && guard.snapshot().is_empty() && guard.lost().is_empty());
    model.lock().unwrap().settings["name"] = json!("written by a test");
    assert!(guard.stands(&device).await);
    assert_eq!(guard.restore(&device).await.ok, None);
    assert_eq!(
        model.lock().unwrap().settings["name"],
        json!("written by a test")
    );
    // Nor does what another process has kept stand for it.
    let before = guard.before("write").cloned();
    guard.adopt(&[("write".to_owned(), json!({"name": "of another"}))].into());
    assert_eq!(guard.before("write").cloned(), before);
    // Where it cannot be read, its writes are withheld like all others.
    let mut unread = guarded(&values);
    (unread.own, unread.read.target) = (true, "/nowhere".to_owned());
    let guard = Guard::take(&device, vec![unread]).await;
    assert_eq!(guard.not_restorable().len(), 1);
}

#[tokio::test]
async fn without_a_read_back_nothing_is_guarded() {
    let (server, model) = serve(first()).await;
    let device = device(&server, "");
    let guard = Guard::take(&device, Vec::new()).await;
    assert_eq!(guard.restore(&device).await.ok, None);
    assert!(model.lock().unwrap().writes.is_empty());
    assert!(server.received().is_empty());

    let device = super::session::device(&server, PROFILE);
    let guard = Guard::take(&device, vec![guarded(&[])]).await;
    assert_eq!(
        guard.unread(),
        [("write".to_owned(), "status 401".to_owned())]
    );
    assert_eq!(guard.restore(&device).await.ok, None);
}
