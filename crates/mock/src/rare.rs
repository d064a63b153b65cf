//! Faults that no plan of single, telling requests meets: rare combinations of values, sequences,
//! long strings, particular octets. They measure what a search without end finds, so they are a
//! class of their own and not in [`super::faults`].
//!
//! Fields are named by their place in the contract (the first string field, the last number), so
//! that they can be planted in any contract with a JSON body.

use super::fault::{Class, FaultInfo, Set};
use super::fault_id::FaultId;
use super::service::{Act, Reply};
use probity_contract::{JsonType, Operation};
use serde_json::Value;

/// What a rare fault does with a request that meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// 500.
    Fail,
    /// The device restarts.
    Crash,
    /// The connection ends.
    Drop,
    /// What is invalid is accepted.
    Accept,
    /// What is valid is refused.
    Refuse,
    /// An error text that is no JSON.
    Garble,
}

/// One rare fault: id, what meets it, what it does.
struct Rare {
    id: &'static str,
    what: &'static str,
    meets: fn(&Look<'_>) -> bool,
    blow: Blow,
}

/// What a fault may look at.
struct Look<'a> {
    bytes: &'a [u8],
    value: Option<&'a Value>,
    /// Leaf strings of the body with the names of their members.
    texts: Vec<(&'a str, &'a str)>,
    /// Leaf numbers.
    numbers: Vec<(&'a str, i64)>,
    /// Names of the contract's fields.
    names: &'a [String],
    memory: &'a Memory,
    /// Whether the body is valid.
    valid: bool,
}

/// What the device remembers of earlier requests, for faults of sequences.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Refusals in a row, and accepted writes in a row.
    refused: u32,
    accepted: u32,
    /// Bodies in a row that were no JSON.
    broken: u32,
    /// The body before, and how often it came in a row.
    last: Vec<u8>,
    same: u32,
    /// A text of a certain kind was written before.
    armed: bool,
}

impl Look<'_> {
    fn any_text(&self, test: impl Fn(&str) -> bool) -> bool {
        self.texts.iter().any(|(_, text)| test(text))
    }

    fn any_number(&self, test: impl Fn(i64) -> bool) -> bool {
        self.numbers.iter().any(|(_, n)| test(*n))
    }

    fn members(&self) -> usize {
        self.value
            .and_then(Value::as_object)
            .map_or(0, serde_json::Map::len)
    }

    fn unknown(&self, test: impl Fn(&str, &Value) -> bool) -> bool {
        let map = self.value.and_then(Value::as_object);
        map.is_some_and(|map| {
            map.iter()
                .any(|(name, v)| !self.names.contains(name) && test(name, v))
        })
    }
}

/// Blanks in front.
fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| **b == b' ').count()
}

/// Values in values.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

const FAULTS: &[Rare] = &[
    Rare {
        id: "rare-same-value",
        what: "three fields with the same text of 4 to 12 characters without a dot fail (500)",
        meets: |l| {
            let texts = &l.texts;
            texts.iter().any(|(_, text)| {
                let same = texts.iter().filter(|(_, t)| t == text).count();
                (4..=12).contains(&text.chars().count()) && !text.contains('.') && same > 2
            })
        },
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-two-full",
        what: "two texts of 30 characters in one body overflow a line (crash)",
        meets: |l| {
            l.texts
                .iter()
                .filter(|(_, t)| t.chars().count() == 30)
                .count()
                > 1
        },
        blow: Blow::Crash,
    },
    Rare {
        id: "rare-sign-bit",
        what: "a number between 32768 and 49152 beside a text with a digit first fails (500)",
        meets: |l| {
            l.any_number(|n| (32_769..49_152).contains(&n))
                && l.any_text(|t| t.starts_with(|c: char| c.is_ascii_digit()))
        },
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-port-and-choice",
        what: "5061 together with `tcp` is refused",
        meets: |l| l.valid && l.any_number(|n| n == 5_061) && l.any_text(|t| t == "tcp"),
        blow: Blow::Refuse,
    },
    Rare {
        id: "rare-debug-member",
        what: "with an unknown member `debug` that is true nothing is checked",
        meets: |l| l.unknown(|name, v| name == "debug" && *v == Value::Bool(true)) && !l.valid,
        blow: Blow::Accept,
    },
    Rare {
        id: "rare-proto-object",
        what: "an unknown member `__proto__` that is an object fails (500)",
        meets: |l| l.unknown(|name, v| name == "__proto__" && v.is_object()),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-17-members",
        what: "more than sixteen members overflow a table (crash)",
        meets: |l| l.members() > 16,
        blow: Blow::Crash,
    },
    Rare {
        id: "rare-deep-array",
        what: "arrays twelve deep in a member end the connection",
        meets: |l| l.value.is_some_and(|v| v.is_object() && depth(v) > 12),
        blow: Blow::Drop,
    },
    Rare {
        id: "rare-blanks-in-front",
        what: "100 to 140 blanks before the body make it no JSON",
        meets: |l| l.valid && (100..=140).contains(&blanks(l.bytes)),
        blow: Blow::Refuse,
    },
    Rare {
        id: "rare-exact-size",
        what: "a body of exactly 256 or 512 octets fails (500)",
        meets: |l| matches!(l.bytes.len(), 256 | 512),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-twice",
        what: "a member that stands twice beside a number over 999 crashes",
        meets: |l| {
            // An object that loses a member when it is read.
            let quotes = l.bytes.iter().filter(|b| **b == b'"').count();
            let read = l
                .value
                .map_or(0, |v| v.to_string().bytes().filter(|b| *b == b'"').count());
            l.value.is_some() && quotes > read + 1 && l.any_number(|n| n > 999)
        },
        blow: Blow::Crash,
    },
    Rare {
        id: "rare-line-separator",
        what: "U+2028 in a text garbles the error",
        meets: |l| !l.valid && l.any_text(|t| t.contains('\u{2028}')),
        blow: Blow::Garble,
    },
    Rare {
        id: "rare-delete-character",
        what: "U+007F in a text of more than eight characters ends the connection",
        meets: |l| l.any_text(|t| t.contains('\u{7f}') && t.chars().count() > 8),
        blow: Blow::Drop,
    },
    Rare {
        id: "rare-tilde-first",
        what: "a text that begins with a tilde and has a slash is expanded (500)",
        meets: |l| l.any_text(|t| t.starts_with('~') && t.contains('/')),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-five-percents",
        what: "five percent signs in one text fail (500)",
        meets: |l| l.any_text(|t| t.matches('%').count() > 4),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-backslash-last",
        what: "a text that ends in a backslash beside an empty text fails (500)",
        meets: |l| l.any_text(|t| t.ends_with('\\')) && l.any_text(str::is_empty),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-five-broken",
        what: "after five bodies in a row that are no JSON the next valid one is refused",
        meets: |l| l.valid && l.memory.broken >= 5,
        blow: Blow::Refuse,
    },
    Rare {
        id: "rare-same-again",
        what: "the same refused body for the sixth time in a row crashes",
        meets: |l| !l.valid && l.memory.same >= 5,
        blow: Blow::Crash,
    },
    Rare {
        id: "rare-long-after-refusals",
        what: "a text of 28 characters or more right after three refusals fails (500)",
        meets: |l| l.memory.refused >= 3 && l.valid && l.any_text(|t| t.chars().count() >= 28),
        blow: Blow::Fail,
    },
    Rare {
        id: "rare-armed",
        what: "when a write with a `;` in a text beside `tcp` was accepted, the next invalid body crashes",
        meets: |l| l.memory.armed && !l.valid,
        blow: Blow::Crash,
    },
];

/// The rare faults, which [`super::faults`] does not list.
pub fn rare_faults() -> Vec<FaultInfo> {
    FAULTS
        .iter()
        .map(|fault| FaultInfo {
            id: FaultId::of_device(fault.id),
            class: Class::Rare,
            description: fault.what.to_owned(),
            promise: "http.answers".to_owned(),
            seen: "only with this very request or sequence".to_owned(),
            set: Set::Working,
        })
        .collect()
}

/// What the planted rare faults do with a body; `None`: the device goes on as usual. `valid`: what
/// it would say. Remembers the body.
pub(super) fn strike(
    planted: impl Fn(&str) -> bool,
    memory: &mut Memory,
    operation: &Operation,
    (bytes, value, valid): (&[u8], Option<&Value>, bool),
) -> Option<Struck> {
    let names: Vec<String> = operation
        .body
        .iter()
        .flat_map(|b| b.schema.properties.iter().map(|(name, _)| name.clone()))
        .collect();
    let fields = operation.fields();
    let leaves = || {
        fields.iter().filter_map(|f| {
            let inner = f.schema.types.contains(&JsonType::Object);
            let name = f.path.leaf().filter(|_| !inner)?;
            Some((name, value?.pointer(&f.path.pointer())?))
        })
    };
    let look = Look {
        bytes,
        value,
        texts: leaves()
            .filter_map(|(n, v)| Some((n, v.as_str()?)))
            .collect(),
        numbers: leaves()
            .filter_map(|(n, v)| Some((n, v.as_i64()?)))
            .collect(),
        names: &names,
        memory,
        valid,
    };
    let met = FAULTS.iter().find(|f| planted(f.id) && (f.meets)(&look));
    let armed = valid && look.any_text(|t| t.contains(';')) && look.any_text(|t| t == "tcp");
    let struck = met.map(|fault| Struck(fault.blow));
    memory.same = match memory.last == bytes {
        true => memory.same + 1,
        false => 0,
    };
    memory.last = bytes.to_vec();
    memory.broken = if value.is_none() {
        memory.broken + 1
    } else {
        0
    };
    memory.armed = armed;
    (memory.accepted, memory.refused) = match valid {
        true => (memory.accepted + 1, 0),
        false => (0, memory.refused + 1),
    };
    if matches!(met.map(|f| f.blow), Some(Blow::Crash)) {
        *memory = Memory::default();
    }
    struck
}

/// What a rare fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Struck(Blow);

impl Struck {
    /// Whether the body is accepted, whatever is wrong with it.
    pub(super) fn accepts(self) -> bool {
        self.0 == Blow::Accept
    }

    /// Whether the body is refused as no JSON.
    pub(super) fn refuses(self) -> bool {
        self.0 == Blow::Refuse
    }

    /// The answer, where it is neither.
    pub(super) fn reply(self) -> Reply {
        let act = |act| Reply {
            act,
            ..Reply::default()
        };
        let json = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        match self.0 {
            Blow::Crash => act(Act::Restart),
            Blow::Drop => act(Act::Drop),
            Blow::Garble => Reply {
                status: 400,
                headers: json,
                body: b"{\"error\": \"Wrong JSON body: ".to_vec(),
                ..Reply::default()
            },
            _ => Reply {
                status: 500,
                headers: json,
                body: b"{\"error\": \"internal\"}".to_vec(),
                ..Reply::default()
            },
        }
    }
}
