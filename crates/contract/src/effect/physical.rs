//! Things that move, lock or sound. Where a device shows the position of a gate, a write of it can be
//! put back, and the gate has moved twice all the same.

use super::acts::literals;
use super::words::tokens;
use crate::model::{Operation, Schema};
use crate::shape;

/// Things that are moved, opened, locked, switched or sounded.
const THINGS: &[&str] = &[
    "motor",
    "motors",
    "servo",
    "servos",
    "stepper",
    "actuator",
    "actuators",
    "valve",
    "valves",
    "blind",
    "blinds",
    "shutter",
    "shutters",
    "curtain",
    "curtains",
    "awning",
    "awnings",
    "gate",
    "gates",
    "barrier",
    "barriers",
    "garage",
    "door",
    "doors",
    "lock",
    "locks",
    "relay",
    "relays",
    "ptz",
    "crane",
    "lift",
    "elevator",
    "robot",
    "robots",
    "gripper",
    "pump",
    "pumps",
    "heater",
    "heaters",
    "boiler",
    "siren",
    "sirens",
    "horn",
    "conveyor",
    "drone",
    "mower",
    "vacuum",
    "outlet",
    "outlets",
    "sprinkler",
    "tor",
    "tore",
    "tur",
    "tuer",
    "jalousie",
    "rollladen",
    "ventil",
    "pumpe",
    "schloss",
    "relais",
    "porte",
    "portail",
    "volet",
    "volets",
    "serrure",
    "vanne",
    "puerta",
    "valvula",
    "persiana",
    "motore",
    "porta",
    "valvola",
    "cancello",
];

/// Directions and steps of them, as the last segment of a path.
const STEPS: &[&str] = &[
    "up", "down", "left", "right", "forward", "backward", "back", "in", "out", "home", "next",
    "raise", "lower", "shut", "cycle", "jog", "buzzer", "park", "dock", "auf", "zu", "hoch",
    "runter", "haut", "bas", "arriba", "abajo",
];

/// Members that say where such a thing is to be or whether it is to work.
const TARGETS: &[&str] = &[
    "position",
    "angle",
    "pan",
    "tilt",
    "zoom",
    "open",
    "opened",
    "closed",
    "close",
    "locked",
    "unlocked",
    "armed",
    "on",
    "off",
    "state",
    "output",
    "active",
    "running",
    "speed",
    "x",
    "y",
    "z",
    "siren",
    "power",
    "enabled",
    "direction",
    "target",
];

fn is(word: &str, list: &[&str]) -> bool {
    list.contains(&word)
}

/// The step in a path that moves a thing which stands in front of it: `/motor/1/forward`.
pub(super) fn step(op: &Operation) -> Option<String> {
    let literals = literals(op);
    let (last, before) = literals.split_last()?;
    let word = match last.as_slice() {
        [one] => one,
        [thing, step] if is(thing, THINGS) && is(step, STEPS) => step,
        _ => return None,
    };
    let moved = last.len() > 1 || before.iter().flatten().any(|w| is(w, THINGS));
    (moved && is(word, STEPS)).then(|| format!("`{word}` in its path moves something"))
}

/// The member of a write that moves, locks or switches the thing which its path names. Its settings are
/// at a path of their own, or go by other names.
pub(super) fn moving_member(op: &Operation) -> Option<String> {
    let literals = literals(op);
    let path = op.path.split('?').next().unwrap_or_default();
    // `/relay/1`: the first of them.
    let literal = |s: &&str| {
        let number = s.chars().all(|c| c.is_ascii_digit());
        !s.is_empty() && !s.contains('{') && !number
    };
    let last = path.split('/').rfind(literal).map(tokens)?;
    let before = literals
        .len()
        .checked_sub(2)
        .and_then(|at| literals.get(at));
    let place = ["position", "state", "angle", "target", "status", "arm"];
    let thing = last.last().filter(|w| is(w, THINGS)).or_else(|| {
        let named = last.last().is_some_and(|w| is(w, &place));
        before?.last().filter(|w| named && is(w, THINGS))
    })?;
    let body = &op.body.as_ref()?.schema;
    let (member, _) = targets(body).into_iter().next()?;
    Some(format!(
        "`{member}` of `{thing}` moves or switches something"
    ))
}

fn targets(body: &Schema) -> Vec<(&str, &Schema)> {
    let mut members = shape::members(body);
    members.retain(|(name, member)| {
        let words = tokens(name);
        !member.read_only && matches!(words.as_slice(), [one] if is(one, TARGETS))
    });
    members
}
