//! Writes of the time of day. A clock goes on while it is tested: what was read of it is late when it is
//! put back, and sessions, leases and certificates end by it.

use super::acts::own_id;
use super::words::tokens;
use crate::model::{Operation, Schema};
use crate::shape;

/// Members further down are not looked at.
const DEEPEST: usize = 3;

/// Words of a path, a name or a summary that speak of the device's clock.
const CLOCK: [&str; 18] = [
    "clock",
    "time",
    "date",
    "datetime",
    "systemtime",
    "rtc",
    "uhr",
    "uhrzeit",
    "systemzeit",
    "horloge",
    "heure",
    "reloj",
    "hora",
    "orologio",
    "klok",
    "zegar",
    "时间",
    "時刻",
];

/// Words that say that the times are those of something else.
const OTHERS: [&str; 26] = [
    "alarm",
    "alarms",
    "appointment",
    "attendance",
    "booking",
    "calendar",
    "event",
    "events",
    "holiday",
    "job",
    "jobs",
    "log",
    "logs",
    "meeting",
    "message",
    "profile",
    "profiles",
    "record",
    "recording",
    "recordings",
    "reminder",
    "schedule",
    "schedules",
    "timer",
    "task",
    "tasks",
];

/// Members that are the time of day where the clock is spoken of, by their words.
const NOW: [&[&str]; 20] = [
    &["now"],
    &["time"],
    &["date"],
    &["utc"],
    &["datetime"],
    &["date", "time"],
    &["utc", "time"],
    &["utc", "date", "time"],
    &["local", "time"],
    &["local", "date", "time"],
    &["local", "date"],
    &["current", "time"],
    &["current", "date", "time"],
    &["current", "date"],
    &["system", "time"],
    &["device", "time"],
    &["unix", "time"],
    &["epoch"],
    &["timestamp"],
    &["clock"],
];

/// The member of a write that sets the device's clock, as the document names it. What stands below an id
/// is something else's time.
pub(super) fn own_clock(op: &Operation) -> Option<String> {
    let body = &op.body.as_ref()?.schema;
    if op.path.contains('{') {
        return None;
    }
    let mut words: Vec<String> = op.path.split('/').flat_map(tokens).collect();
    words.extend(tokens(own_id(op)));
    words.extend(tokens(&op.summary));
    let speaks = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    if !speaks(&CLOCK) || speaks(&OTHERS) {
        return None;
    }
    let last = op.path.rsplit('/').next().unwrap_or_default();
    let named = tokens(last).iter().any(|w| CLOCK.contains(&w.as_str()));
    below(body, named, 0)
}

/// `named`: the path ends with the clock, so that every text or number called `time` is its.
fn below(schema: &Schema, named: bool, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let members = shape::members(schema);
    members.into_iter().find_map(|(name, member)| {
        if member.read_only {
            return None;
        }
        let words = tokens(name);
        let moment = matches!(
            member.format.as_deref(),
            Some("date-time" | "date" | "time" | "unix-time")
        );
        let now = NOW.iter().any(|l| *l == words.as_slice());
        if now && (named || moment) && shape::members(member).is_empty() {
            return Some(name.to_owned());
        }
        below(member, named, depth + 1)
    })
}
