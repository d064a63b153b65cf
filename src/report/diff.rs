//! What differs between two reports, for people and for scripts.

use super::text::{clean, severity_word};
use crate::run::diff::{Change, Diff, Item, Side};
use crate::run::result::{OperationState, Status};
use std::fmt::Write as _;
use std::io;

/// Most lines of one kind of change; JSON has them all.
const SHOWN: usize = 40;

/// For people: the two reports, findings, promises, operations, then the count.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    side(&mut out, "old", &diff.old);
    side(&mut out, "new", &diff.new);
    out.push('\n');
    let findings = &diff.findings;
    for (title, items) in [
        ("New findings", &findings.new),
        ("Gone: the promise is kept now", &findings.gone),
        (
            "Not told: no longer found, but the promise was not shown kept",
            &findings.untold,
        ),
        ("Still there", &findings.still),
    ] {
        if items.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for one in items {
            item(&mut out, one);
        }
        out.push('\n');
    }
    changes(&mut out, "Promises", &diff.promises, Status::word);
    changes(
        &mut out,
        "Operations",
        &diff.operations,
        OperationState::words,
    );
    for note in &diff.notes {
        let _ = writeln!(out, "note: {}", clean(note));
    }
    let _ = writeln!(
        out,
        "{} (exit code {})",
        clean(&diff.exit.reason),
        diff.exit.code
    );
    out
}

/// One JSON object with a final line feed.
///
/// # Errors
/// None in practice.
pub fn json(diff: &Diff) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(diff).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

fn side(out: &mut String, which: &str, side: &Side) {
    let model = side.model.as_deref().unwrap_or("a device");
    let firmware = side.firmware.as_deref();
    let firmware = firmware.map_or_else(String::new, |f| format!(", firmware {f}"));
    let line = format!(
        "{model}{firmware} at {}, {} ({})",
        side.target, side.started_at, side.report
    );
    let _ = writeln!(out, "{which}  {}", clean(&line));
}

fn item(out: &mut String, item: &Item) {
    let _ = writeln!(
        out,
        "  {}  {}  {}  {}",
        clean(&item.fingerprint),
        severity_word(item.severity).0,
        item.kind,
        clean(&item.promise)
    );
    let _ = writeln!(out, "      {}", clean(&item.title));
}

fn changes<T: Copy>(
    out: &mut String,
    title: &str,
    changes: &[Change<T>],
    word: fn(T) -> &'static str,
) {
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    let said = |state: Option<T>| state.map_or("absent", word);
    for change in changes.iter().take(SHOWN) {
        let reason = change.reason.as_deref();
        let reason = reason.map_or_else(String::new, |r| format!(": {r}"));
        let _ = writeln!(
            out,
            "  {}  {} -> {}{}",
            clean(&change.id),
            said(change.old),
            said(change.new),
            clean(&reason)
        );
    }
    if let Some(more @ 1..) = changes.len().checked_sub(SHOWN) {
        let _ = writeln!(out, "  and {more} more (--format json lists them)");
    }
    out.push('\n');
}
