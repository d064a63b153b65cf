//! Every report format over the same results: an everyday report, an empty one, and one whose every
//! text is hostile.
#![allow(missing_docs)]

use crate::report_sample;

use probity::report::json::{ReadError, read};
use probity::report::text::{Style, render_with};
use probity::report::{Format, Target, json, schema};
use probity::run::result::{Report, Severity};
use quick_xml::events::Event as Xml;
use report_sample::{empty, everyday, nasty};
use std::path::Path;

fn text(report: &Report, style: Style) -> String {
    let setup = "export PROBITY_TOKEN=$(curl …)";
    render_with(report, style, Some(setup))
}

/// What the device cannot hold was put back as it was, and is another all the same.
#[test]
fn what_the_device_rounds_is_not_called_as_before() {
    let mut report = everyday();
    let line = |report: &Report| {
        let page = text(report, Style::default());
        let line = page
            .lines()
            .find(|l| l.starts_with("settings"))
            .expect("settings");
        line.trim_start_matches("settings").trim().to_owned()
    };
    assert_eq!(line(&report), "as they were before the run");
    report.device.rounded = true;
    assert_eq!(
        line(&report),
        "as they were before the run, but for what the device rounds (notes)"
    );
}

#[test]
fn text_of_an_everyday_report() {
    insta::assert_snapshot!(text(&everyday(), Style::default()));
}

#[test]
fn text_in_full() {
    let style = Style {
        verbose: true,
        ..Style::default()
    };
    insta::assert_snapshot!(text(&everyday(), style));
}

#[test]
fn text_in_brief() {
    let style = Style {
        quiet: true,
        ..Style::default()
    };
    insta::assert_snapshot!(text(&everyday(), style));
}

#[test]
fn text_in_a_narrow_terminal() {
    let style = Style {
        width: 50,
        ..Style::default()
    };
    let shown = text(&everyday(), style);
    insta::assert_snapshot!(shown);
}

#[test]
fn text_of_an_empty_report() {
    insta::assert_snapshot!(text(&empty(), Style::default()));
}

#[test]
fn text_of_a_nasty_report() {
    insta::assert_snapshot!(text(&nasty(), Style::default()));
}

#[test]
fn text_never_carries_what_moves_a_terminal() {
    for style in [
        Style::default(),
        Style {
            verbose: true,
            width: 0,
            ..Style::default()
        },
        Style {
            quiet: true,
            ..Style::default()
        },
        Style {
            width: usize::MAX,
            ..Style::default()
        },
    ] {
        let shown = text(&nasty(), style);
        let bad = shown
            .chars()
            .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(bad, None, "{style:?}: {shown}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for report in [everyday(), empty(), nasty()] {
        let style = Style {
            colour: true,
            ..Style::default()
        };
        let coloured = text(&report, style);
        assert!(coloured.contains("\u{1b}["));
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        let tidy = |t: &str| t.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(tidy(&plain), tidy(&text(&report, Style::default())));
    }
}

#[test]
fn a_credential_in_an_answer_is_not_shown() {
    let mut report = everyday();
    let finding = &mut report.findings[0];
    finding.observed = "it echoes Authorization: Bearer feedfeedfeedfeed".to_owned();
    finding.evidence.answer = "HTTP 200\nauthorization: Basic YWRtaW46MTIzNDU2\n".to_owned();
    report
        .notes
        .push("saw Authorization: Bearer feedfeedfeedfeed".to_owned());
    for verbose in [false, true] {
        let shown = text(
            &report,
            Style {
                verbose,
                ..Style::default()
            },
        );
        assert!(
            !shown.contains("feedfeed") && !shown.contains("YWRtaW46"),
            "{shown}"
        );
        assert!(shown.contains("Bearer ***"));
        // The line to be copied names it and stays whole.
        assert!(shown.contains("-H \"Authorization: Bearer $PROBITY_TOKEN\""));
    }
    let xml = Format::Junit.render(&report).unwrap();
    assert!(
        !xml.contains("feedfeed") && !xml.contains("YWRtaW46"),
        "{xml}"
    );
}

#[test]
fn json_reads_back_the_same() {
    for report in [everyday(), empty(), nasty()] {
        let written = json::render(&report).unwrap();
        assert!(written.ends_with("}\n"));
        assert_eq!(read(written.as_bytes()).unwrap(), report);
        // Writing twice is the same text.
        assert_eq!(
            json::render(&read(written.as_bytes()).unwrap()).unwrap(),
            written
        );
    }
}

#[test]
fn members_of_later_versions_are_ignored() {
    let written = json::render(&everyday()).unwrap();
    let later = written.replacen('{', "{\n  \"later\": [1],", 1);
    assert_eq!(read(later.as_bytes()).unwrap(), everyday());
}

#[test]
fn what_cannot_be_read_says_why_and_where() {
    let good = json::render(&everyday()).unwrap();
    let cut = &good[..good.len() / 2];
    let table: Vec<(Vec<u8>, &str)> = vec![
        (
            b"".to_vec(),
            "line 1, column 0: not JSON: EOF while parsing a value",
        ),
        (
            b"{\"schema\": 1,\n}".to_vec(),
            "line 2, column 1: not JSON: trailing comma",
        ),
        (
            b"\xff".to_vec(),
            "line 1, column 1: not JSON: expected value",
        ),
        (
            b"[]".to_vec(),
            "no `schema` member: not a probity-report/2 report",
        ),
        (
            b"7".to_vec(),
            "no `schema` member: not a probity-report/2 report",
        ),
        (
            b"{}".to_vec(),
            "no `schema` member: not a probity-report/2 report",
        ),
        (
            b"{\"schema\": null}".to_vec(),
            "no `schema` member: not a probity-report/2 report",
        ),
        (
            b"{\"schema\": \"probity-report/9\"}".to_vec(),
            "its `schema` is \"probity-report/9\"; this version reads probity-report/2 and probity-report/1",
        ),
        (
            b"{\"schema\": \"probity-report/2\"}".to_vec(),
            "line 1, column 30: missing field `tool`",
        ),
        (
            good.replace("\"seed\": 7", "\"seed\": -7").into_bytes(),
            "line 7, column 12: invalid value: integer `-7`, expected u64",
        ),
        (
            good.replace("\"kind\": \"auth-not-enforced\"", "\"kind\": \"bad-mood\"")
                .into_bytes(),
            "unknown variant `bad-mood`",
        ),
        (cut.as_bytes().to_vec(), "not JSON: EOF while parsing"),
        (
            "[".repeat(100_000).into_bytes(),
            "not JSON: recursion limit exceeded",
        ),
    ];
    for (bytes, want) in table {
        let error = read(&bytes).expect_err("not a report").to_string();
        assert!(error.contains(want), "{error:?} is not {want:?}");
    }
    assert!(matches!(
        read(b"{"),
        Err(ReadError::NotJson { line: 1, .. })
    ));
}

#[test]
fn the_published_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/probity-report-2.schema.json");
    let current = schema::render().unwrap();
    if std::env::var_os("PROBITY_UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &current).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == current,
        "{} is not what the result model says. If the change is meant, write it anew:\n  \
         PROBITY_UPDATE_SCHEMA=1 cargo test --test offline schema\nand look at `git diff schema/`.",
        path.display()
    );
}

#[test]
fn reports_are_valid_under_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema::render().unwrap()).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for report in [everyday(), empty(), nasty()] {
        let value = serde_json::to_value(&report).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    // And it is no schema that everything is valid under.
    let good = serde_json::to_value(everyday()).unwrap();
    for (pointer, bad) in [
        ("/schema", serde_json::json!("probity-report/1")),
        ("/exit/code", 7.into()),
        ("/seed", (-1).into()),
        ("/findings/0/kind", "bad-mood".into()),
        ("/findings/0/fingerprint", "XYZ".into()),
        ("/contract/sha256", "abc".into()),
        ("/promises/0/status", "Kept".into()),
        ("/device", serde_json::Value::Null),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = bad;
        assert!(!validator.is_valid(&value), "{pointer}");
    }
}

/// Names and attributes of elements, and texts, as a parser sees them.
fn parsed(xml: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut seen = Vec::new();
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|e| panic!("{e} at {}", reader.buffer_position()))
        {
            Xml::Eof => return seen,
            Xml::Start(tag) | Xml::Empty(tag) => {
                let mut entry = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = attribute
                        .decoded_and_normalized_value(
                            quick_xml::XmlVersion::Explicit1_0,
                            reader.decoder(),
                        )
                        .unwrap();
                    let name = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    entry.push_str(&format!(" {name}={value:?}"));
                }
                seen.push(entry);
            }
            _ => {}
        }
    }
}

#[test]
fn junit_of_an_everyday_report() {
    let xml = Format::Junit.render(&everyday()).unwrap();
    insta::assert_snapshot!(xml);
}

#[test]
fn junit_is_well_formed_whatever_the_texts() {
    for report in [everyday(), empty(), nasty()] {
        let xml = Format::Junit.render(&report).unwrap();
        // XML 1.0 §2.2: the characters that may be there at all.
        let bad = xml.chars().find(|c| {
            c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}')
        });
        assert_eq!(bad, None);
        let elements = parsed(&xml);
        let count = |name: &str| elements.iter().filter(|e| e.starts_with(name)).count();
        assert_eq!(count("testsuites "), 1);
        let mut promises: Vec<&str> = report.promises.iter().map(|p| p.id.as_str()).collect();
        promises.extend(report.findings.iter().map(|f| f.promise.as_str()));
        promises.sort_unstable();
        promises.dedup();
        assert_eq!(count("testcase "), promises.len() + 1, "{elements:#?}");
    }
}

#[test]
fn junit_tells_a_run_that_could_not_judge_from_success() {
    let mut report = empty();
    for (code, errors) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (6, 1)] {
        report.exit.code = code;
        let elements = parsed(&Format::Junit.render(&report).unwrap());
        let found = elements.iter().filter(|e| e.starts_with("error ")).count();
        assert_eq!(found, errors, "exit code {code}");
    }
}

#[test]
fn targets_are_format_and_path() {
    let target: Target = "junit=a=b.xml".parse().unwrap();
    assert_eq!(
        (target.format(), target.is_stdout()),
        (Format::Junit, false)
    );
    let target: Target = "json=-".parse().unwrap();
    assert_eq!((target.format(), target.is_stdout()), (Format::Json, true));
    let formats = Format::listed();
    let no_such = format!("there is no report format \"pdf\"; write {formats}");
    for (text, want) in [
        (
            "json",
            "\"json\" is not FORMAT=PATH, such as junit=report.xml or json=-",
        ),
        (
            "json=",
            "`json=` names no file; write json=report.xml, or json=- for stdout",
        ),
        ("pdf=x", no_such.as_str()),
        (
            "",
            "\"\" is not FORMAT=PATH, such as junit=report.xml or json=-",
        ),
    ] {
        assert_eq!(text.parse::<Target>(), Err(want.to_owned()));
    }
    for (name, format) in Format::ALL {
        assert_eq!(
            (format.to_string().as_str(), name.parse()),
            (name, Ok(format))
        );
    }
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str| {
        let target: Target = format!("json={}", at(name).display()).parse().unwrap();
        target.write(&everyday())
    };
    let left = || {
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    write("a.json").unwrap();
    assert_eq!(
        read(&std::fs::read(at("a.json")).unwrap()).unwrap(),
        everyday()
    );
    // What was there is replaced.
    std::fs::write(at("b.json"), "x".repeat(1 << 20)).unwrap();
    write("b.json").unwrap();
    assert_eq!(
        std::fs::read(at("a.json")).unwrap(),
        std::fs::read(at("b.json")).unwrap()
    );
    std::fs::create_dir(at("folder")).unwrap();
    let error = write("folder").unwrap_err().to_string();
    assert!(
        error.starts_with("--report json=") && error.ends_with("is a folder, not a file"),
        "{error}"
    );
    let error = write("no/such/folder.json").unwrap_err().to_string();
    assert!(error.contains("no/such/folder.json: "), "{error}");
    assert_eq!(left(), ["a.json", "b.json", "folder"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
        // A report holds what a device said: for its owner alone. A link stays a link.
        let mode = std::fs::metadata(at("a.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        symlink(at("a.json"), at("link.json")).unwrap();
        std::fs::write(at("a.json"), "old").unwrap();
        write("link.json").unwrap();
        assert!(
            std::fs::symlink_metadata(at("link.json"))
                .unwrap()
                .is_symlink()
        );
        assert_eq!(
            std::fs::read(at("a.json")).unwrap(),
            std::fs::read(at("b.json")).unwrap()
        );
        // A device is written to, not replaced.
        let null: Target = "json=/dev/null".parse().unwrap();
        null.write(&everyday()).unwrap();
        assert!(
            std::fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
    }
}

#[test]
fn every_finding_is_in_every_format() {
    let report = everyday();
    assert!(report.findings.iter().any(|f| f.severity == Severity::Low));
    for (name, format) in Format::ALL {
        let out = format.render(&report).unwrap();
        for finding in &report.findings {
            assert!(
                out.contains(&finding.fingerprint),
                "{name}: {}",
                finding.title
            );
        }
    }
}
