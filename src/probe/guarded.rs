//! Which writes change settings that can be put back, and how.

use crate::case::Context;
use crate::contract::Operation;
use crate::device::GuardedWrite;
use serde_json::Value;
use std::collections::BTreeMap;

/// The writes of a contract whose settings are guarded, with the members that their bodies know.
/// `restore`: operation → JSON pointer → value of what cannot be read.
pub fn guarded(
    context: &Context<'_>,
    restore: &BTreeMap<String, BTreeMap<String, Value>>,
) -> Vec<GuardedWrite> {
    let writes = context.contract.operations.iter();
    writes
        .filter(|operation| operation.body.is_some())
        .map(|operation| GuardedWrite {
            operation: operation.id.clone(),
            request: context.request(operation, None),
            members: operation
                .fields()
                .iter()
                .map(|f| f.path.pointer())
                .collect(),
            values: restore.get(&operation.id).cloned().unwrap_or_default(),
            stand_ins: stand_ins(context, operation),
        })
        .collect()
}

/// Surely valid values of an operation's members.
fn stand_ins(context: &Context<'_>, operation: &Operation) -> BTreeMap<String, Value> {
    let body = context.full(operation).unwrap_or_default();
    let fields = operation.fields();
    let paths = fields.iter().map(|f| f.path.pointer());
    paths
        .filter_map(|p| Some((p.clone(), body.pointer(&p)?.clone())))
        .collect()
}
