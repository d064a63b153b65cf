//! What a gate says, for people and for scripts.

use super::text::{clean, severity_word};
use crate::run::gate::{Gate, Item};
use crate::run::known::KnownIssue;
use std::fmt::Write as _;
use std::io;

/// For people: what holds the candidate back first, then what is known and who owns it, then the
/// verdict. `list` is the name of the known-issue file.
pub fn text(gate: &Gate, list: Option<&str>) -> String {
    let mut out = String::new();
    for (title, items) in [
        ("New", &gate.new),
        (
            "Stale: no longer found, and the promise is kept",
            &gate.stale,
        ),
        ("Arguable, which does not hold it back", &gate.arguable),
        ("Known", &gate.known),
        (
            "Not told: the promise was not tested, or is broken otherwise",
            &gate.untold,
        ),
    ] {
        if items.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for one in items {
            item(&mut out, one, list);
        }
        out.push('\n');
    }
    let word = if gate.exit.code == 0 {
        "passed"
    } else {
        "held back"
    };
    let _ = writeln!(
        out,
        "{word}: {} (exit code {})",
        clean(&gate.exit.reason),
        gate.exit.code
    );
    out
}

/// One JSON object with a final line feed.
///
/// # Errors
/// None in practice.
pub fn json(gate: &Gate) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(gate).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

fn item(out: &mut String, item: &Item, list: Option<&str>) {
    let severity = item.severity.map(|s| format!("  {}", severity_word(s).0));
    let _ = writeln!(
        out,
        "  {}{}  {}",
        clean(&item.fingerprint),
        severity.unwrap_or_default(),
        clean(&item.promise)
    );
    let flaky = if item.flaky { "flaky: " } else { "" };
    if !item.title.is_empty() {
        let _ = writeln!(out, "      {flaky}{}", clean(&item.title));
    }
    if let Some(why) = &item.arguable {
        let _ = writeln!(out, "      arguable: {}", clean(why));
    }
    if !item.reports.is_empty() {
        let _ = writeln!(out, "      in {}", clean(&item.reports.join(", ")));
    }
    if item.baseline {
        out.push_str("      in the baseline\n");
    }
    if let Some(issue) = &item.issue {
        let place = item
            .line
            .map(|line| format!(" ({}:{line})", list.unwrap_or("line")));
        let _ = writeln!(
            out,
            "      {}{}",
            owned(issue),
            clean(&place.unwrap_or_default())
        );
    }
}

fn owned(issue: &KnownIssue) -> String {
    let mut text = format!("{}: {}, since {}", issue.owner, issue.reason, issue.since);
    if let Some(until) = issue.until {
        let _ = write!(text, ", until {until}");
    }
    if let Some(ticket) = &issue.ticket {
        let _ = write!(text, ", {ticket}");
    }
    clean(&text)
}
