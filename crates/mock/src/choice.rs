//! What the page leaves open, as named choices. Every combination is a device that keeps its
//! promises.

use std::collections::BTreeMap;

/// One open question with the answers that a device may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoiceInfo {
    /// Its name, as `--choice NAME=VALUE` takes it.
    pub name: &'static str,
    /// Its values, the default first.
    pub values: &'static [&'static str],
    /// What it is about.
    pub about: &'static str,
}

const fn choice(
    name: &'static str,
    values: &'static [&'static str],
    about: &'static str,
) -> ChoiceInfo {
    ChoiceInfo {
        name,
        values,
        about,
    }
}

const CHOICES: &[ChoiceInfo] = &[
    choice(
        "unknown-members",
        &["ignore", "refuse"],
        "members that the schema does not name",
    ),
    choice(
        "error-path",
        &["leaf", "dotted"],
        "how an error text names a nested field",
    ),
    choice(
        "check-order",
        &["document", "reverse", "types-first"],
        "which fault is answered first",
    ),
    choice(
        "constraint-text",
        &["base", "wrong-type", "missing"],
        "which text answers a broken rule",
    ),
    choice(
        "null-text",
        &["missing", "wrong-type", "base"],
        "which text answers a null",
    ),
    choice(
        "root-text",
        &["base", "missing", "wrong-type"],
        "which text answers a body that is no object",
    ),
    choice(
        "integer-fraction",
        &["accept", "refuse"],
        "5060.0 where an integer is wanted",
    ),
    choice(
        "bom",
        &["accept", "refuse"],
        "a byte order mark before the JSON",
    ),
    choice(
        "duplicates",
        &["last", "first", "refuse"],
        "a member name twice in one object",
    ),
    choice(
        "auth-order",
        &["before", "after"],
        "401 before or after 400",
    ),
    choice(
        "success-body",
        &["empty", "object", "text"],
        "the body of an undocumented success",
    ),
    choice(
        "media-type",
        &["lenient", "strict"],
        "a JSON body under another media type",
    ),
    choice(
        "wide-integers",
        &["accept", "refuse"],
        "integers beyond 32 bits",
    ),
    choice(
        "readback-secret",
        &["placeholder", "clear"],
        "what the read-back shows for a secret",
    ),
    choice(
        "readback-extra",
        &["no", "yes"],
        "members in the read-back that the write does not take",
    ),
    choice(
        "connection",
        &["keep-alive", "close"],
        "whether the connection stays",
    ),
    choice(
        "charset",
        &["no", "yes"],
        "`; charset=utf-8` behind the media type of answers",
    ),
    choice(
        "ambiguous-length",
        &["refuse", "first", "last"],
        "which of several lengths counts (RFC 9112 §6.3)",
    ),
    choice("scheme-case", &["any", "exact"], "`bearer` for `Bearer`"),
    choice(
        "omitted",
        &["clear", "keep"],
        "optional members that a write leaves out",
    ),
    choice(
        "digest",
        &[
            "md5", "sha-256", "md5-sess", "legacy", "one-time", "any-uri",
        ],
        "how Digest credentials are asked for, whether a nonce serves once, an answer any target",
    ),
];

/// All choices.
pub fn choices() -> &'static [ChoiceInfo] {
    CHOICES
}

/// The choices of one mock.
#[derive(Clone, Debug)]
pub(super) struct Chosen(BTreeMap<&'static str, &'static str>);

impl Chosen {
    pub(super) fn new(given: &BTreeMap<String, String>) -> Result<Chosen, String> {
        let mut map: BTreeMap<_, _> = choices()
            .iter()
            .filter_map(|c| Some((c.name, *c.values.first()?)))
            .collect();
        for (name, value) in given {
            let Some(info) = choices().iter().find(|c| c.name == name) else {
                return Err(format!("no choice `{name}` (see --list-choices)"));
            };
            let Some(value) = info.values.iter().find(|v| *v == value) else {
                return Err(format!(
                    "choice {name}: `{value}` is none of {}",
                    info.values.join(", ")
                ));
            };
            map.insert(info.name, value);
        }
        Ok(Chosen(map))
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    pub(super) fn get(&self, name: &str) -> &'static str {
        self.0.get(name).copied().unwrap_or_default()
    }
}
