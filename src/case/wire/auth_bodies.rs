//! Bodies that are wrong, for requests without credentials; part of the strategy `auth`.

use super::{EXTRA, THOROUGH, not_json};
use crate::case::Fault;
use crate::case::bodies::Bodies;
use crate::case::build::{emit, remove, set};
use crate::contract::FaultKind;
use serde_json::Value;

/// Name, tier, title, body and its faults.
pub(super) type RefusedBody = (&'static str, u8, &'static str, Option<Vec<u8>>, Vec<Fault>);

/// All of them.
pub(super) fn all(known: &Bodies<'_, '_>) -> Vec<RefusedBody> {
    let mut out = broken_bodies(&emit(&known.other));
    out.extend(wrong_members(known));
    out.push(too_large());
    out
}

/// Bodies that are wrong as a whole, and refused for their credentials before that.
fn broken_bodies(whole: &[u8]) -> Vec<RefusedBody> {
    let half = whole.get(..whole.len() / 2).unwrap_or_default();
    vec![
        (
            "no-body",
            2,
            "there are no credentials and no body",
            None,
            vec![Fault::whole(FaultKind::NoBody), not_json()],
        ),
        (
            "not-json",
            1,
            "there are no credentials and the body is not JSON",
            Some(b"settings".to_vec()),
            vec![not_json()],
        ),
        (
            "cut",
            3,
            "there are no credentials and the body is cut off",
            Some(half.to_vec()),
            vec![not_json()],
        ),
        (
            "root-array",
            2,
            "there are no credentials and the body is an array",
            Some(b"[]".to_vec()),
            vec![Fault::whole(FaultKind::WrongRoot)],
        ),
        (
            "deep",
            3,
            "there are no credentials and the body is 1,000 brackets",
            Some(b"[".repeat(1_000)),
            vec![not_json()],
        ),
    ]
}

/// Bodies without the first required member, and with null for it.
fn wrong_members(known: &Bodies<'_, '_>) -> Vec<RefusedBody> {
    let mut out: Vec<RefusedBody> = Vec::new();
    let required = known.fields().into_iter().find(|f| f.required);
    if let Some(path) = required.map(|f| f.path) {
        if let Some(body) = remove(&known.other, &path) {
            out.push((
                "missing",
                3,
                "there are no credentials and a member is absent",
                Some(emit(&body)),
                vec![Fault::at(FaultKind::Missing, &path)],
            ));
        }
        if let Some(body) = set(&known.other, &path, Value::Null) {
            out.push((
                "null",
                4,
                "there are no credentials and a member is null",
                Some(emit(&body)),
                vec![Fault::at(FaultKind::Null, &path)],
            ));
        }
    }
    out
}

fn too_large() -> RefusedBody {
    let large = format!("{{\"{EXTRA}\":\"{}\"}}", "a".repeat(65_536));
    (
        "large",
        THOROUGH,
        "there are no credentials and the body has 64 KiB",
        Some(large.into_bytes()),
        // A server may end the connection before it has read so much.
        vec![
            not_json(),
            Fault::whole(FaultKind::UnknownMember),
            Fault::whole(FaultKind::Missing),
        ],
    )
}
