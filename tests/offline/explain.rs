//! `probity explain`: every word that a report may use is explained, in shapes that snapshots hold.

use probity::contract::embedded::sip_settings;
use probity::judge::catalogue::CATALOGUE;
use probity::pattern::dialect::Dialect;
use probity::run::Verdict;
use std::process::Command;

/// Exit code, stdout, stderr.
fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("explain")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn one_word_of_each_sort() {
    let thermostat = "tests/contracts/thermostat.yaml";
    let mut page = String::new();
    for arguments in [
        &["auth-not-enforced"][..],
        &["3"],
        &["pcre2-ucp"],
        &["setSipSettings.body.proxy.pattern"],
        &["--contract", thermostat, "putSchedule.responses.401"],
    ] {
        let (code, out, err) = explain(arguments);
        page.push_str(&format!(
            "$ probity explain {}\n{out}{err}",
            arguments.join(" ")
        ));
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
        page.push('\n');
    }
    insta::assert_snapshot!(page);
}

#[test]
fn every_word_has_a_page() {
    let kinds = CATALOGUE.iter().map(|entry| entry.id.to_owned());
    let codes = Verdict::ALL.into_iter().map(|v| v.code().to_string());
    let dialects = Dialect::ALL.iter().map(|d| d.id().to_owned());
    for word in kinds.chain(codes).chain(dialects) {
        let (code, out, err) = explain(&[&word]);
        assert_eq!(code, Some(0), "{word}: {err}");
        assert!(out.starts_with(&format!("{word}: ")), "{word}: {out}");
        assert!(out.lines().count() > 4, "{word}: {out}");
    }
}

#[test]
fn promises_of_the_contract_have_a_page() {
    let (contract, _) = sip_settings();
    for promise in contract.promises.iter().step_by(7) {
        let (code, out, err) = explain(&[&promise.id]);
        assert_eq!(code, Some(0), "{}: {err}", promise.id);
        assert!(out.contains(&promise.source.pointer), "{out}");
    }
}

#[test]
fn an_unknown_word_gets_the_nearest() {
    for (word, want) in [
        ("auth-not-enforce", "did you mean auth-not-enforced?"),
        ("servererror", "did you mean server-error?"),
        ("pcre", "did you mean pcre2?"),
        (
            "setSipSettings.body.proxy.patern",
            "did you mean setSipSettings.body.proxy.pattern?",
        ),
        ("7", "no kind of finding, dialect or exit code"),
        ("\u{1b}[2J", "\\u{1b}[2J: no kind of finding"),
    ] {
        let (code, out, err) = explain(&[word]);
        assert_eq!(code, Some(2), "{word}: {out}");
        assert!(err.contains(want), "{word}: {err}");
        assert!(!err.contains('\u{1b}'), "{err:?}");
    }
    let (code, _, err) = explain(&["--contract", "none.yaml", "nothing"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("none.yaml"), "{err}");
}
