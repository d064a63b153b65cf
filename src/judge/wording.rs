//! The title of a cause: what is wrong, in one line, from what was counted.

use super::catalogue::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sorts of cases, as far as titles speak of them.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// Surely valid.
    Valid,
    /// Surely invalid.
    Invalid,
    /// Without valid credentials.
    Unauthorized,
    /// Anything else.
    #[default]
    Other,
}

/// The symptom of an operation that fails whatever it is sent.
pub const IN_GENERAL: &str = "whatever is sent";

/// What a title is made of.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Kind of the finding.
    pub kind: Kind,
    /// What it is when it happens: another kind where the finding is flaky.
    pub shows: Kind,
    /// Id of the promise behind its operation: `body.proxy.pattern`, `auth.required`.
    pub part: &'a str,
    /// See [`super::Deviation::symptom`].
    pub symptom: &'a str,
    /// What the plainest case sends, in words.
    pub example: &'a str,
    /// How many cases show it.
    pub cases: u64,
    /// Of how many of the sort that were decided; 0: not counted.
    pub of: u64,
    /// The sort.
    pub inputs: Inputs,
    /// How many operations show it.
    pub operations: usize,
}

impl Told<'_> {
    /// Whether every case of the sort that was decided shows it.
    fn shown_by_all(&self) -> bool {
        self.cases == self.of
    }

    /// `3 of 17`
    fn share(&self) -> String {
        format!("{} of {}", self.cases, self.of)
    }
}

/// How the symptom ends of what is served although it is not there.
pub const NOT_THERE: &str = "to an item that does not exist";

/// The title of a cause.
pub fn title(told: &Told<'_>) -> String {
    if told.kind == Kind::Flaky {
        let headline = told.shows.entry().headline;
        return format!("{}: {headline}, but not every time", told.example);
    }
    let mut line = specific(told).unwrap_or_else(|| general(told));
    if told.operations > 1 {
        line.push_str(&format!(", in {} operations", told.operations));
    }
    line
}

/// Where the promise and the counts say more than one case does.
fn specific(told: &Told<'_>) -> Option<String> {
    let several = told.of > 1;
    match told.kind {
        Kind::ReadbackDiffers => readback(told),
        Kind::AcceptsInvalid if several => accepts_invalid(told),
        Kind::RejectsValid if several => rejects_valid(told),
        Kind::ServerError if told.symptom == IN_GENERAL && several => Some(server_error(told)),
        Kind::MalformedResponse if !told.symptom.is_empty() && several => {
            let half = ["half ", "an answer "]
                .iter()
                .any(|s| told.symptom.starts_with(s));
            let article = if half { "" } else { "an answer " };
            Some(draws(told, &format!("draws {article}{}", told.symptom)))
        }
        Kind::WrongStatus if told.symptom.ends_with(NOT_THERE) => Some(format!(
            "an item that does not exist is answered {}",
            told.symptom.trim_end_matches(NOT_THERE).trim_end()
        )),
        Kind::WrongStatus if several => {
            let line = format!(
                "is answered {}, which the document does not give",
                told.symptom
            );
            Some(draws(told, &line))
        }
        Kind::WrongErrorShape if several => {
            let line = format!(
                "draws an error text {} that the document does not give for it",
                told.symptom
            );
            Some(draws(told, &line))
        }
        Kind::WrongErrorField if several => {
            Some(draws(told, "draws an error text that names another field"))
        }
        Kind::AuthNotEnforced if told.inputs == Inputs::Unauthorized && several => {
            Some(auth_not_enforced(told))
        }
        _ => None,
    }
}

fn readback(told: &Told<'_>) -> Option<String> {
    match told.part {
        "state.created" | "state.removed" | "state.listed" => Some(told.symptom.to_owned()),
        "state.readback" if told.symptom.starts_with('/') => {
            let (member, how) = match told.symptom.strip_suffix(" in another form") {
                Some(member) => (member, "reads back in another form"),
                None => (told.symptom, "does not read back the same"),
            };
            Some(format!("{}: accepted, but `{member}` {how}", told.example))
        }
        _ => None,
    }
}

fn accepts_invalid(told: &Told<'_>) -> Option<String> {
    let rule = rule(told.part)?;
    let all = told.shown_by_all();
    let checked = match (all, rule.must_be_there) {
        (true, true) => "is not asked for",
        (false, true) => "is not always asked for",
        (true, false) => "is not checked",
        (false, false) => "is not checked in full",
    };
    let were = match rule.must_be_there {
        true => "requests without it",
        false => "invalid values",
    };
    let was = if told.cases == 1 { "was" } else { "were" };
    let of = told.share();
    let mut line = format!("{} {checked}: {of} {were} {was} accepted", rule.words);
    if !all {
        line.push_str(&format!(", the plainest: {}", told.example));
    }
    Some(line)
}

fn rejects_valid(told: &Told<'_>) -> Option<String> {
    if told.symptom.starts_with("session") {
        return None;
    }
    let of = told.share();
    let status = told.symptom.strip_prefix("with ").unwrap_or(told.symptom);
    let is = if told.cases == 1 { "is" } else { "are" };
    let subject = match rule(told.part) {
        // A whole body stands for every rule in it.
        Some(rule) if told.part != "body.type" => format!(
            "{} is checked too strictly: {of} valid requests",
            rule.words
        ),
        _ => format!("{of} valid requests"),
    };
    Some(format!(
        "{subject} {is} refused with {status}: {}",
        told.example
    ))
}

fn server_error(told: &Told<'_>) -> String {
    let of = told.share();
    match (told.shown_by_all(), told.cases) {
        (true, _) => format!("every valid request draws 5xx, plain ones too: {of}"),
        (false, 1) => format!(
            "{of} valid requests draws 5xx, a plain one: {}",
            told.example
        ),
        (false, _) => format!(
            "{of} valid requests draw 5xx, plain ones too: {}",
            told.example
        ),
    }
}

fn auth_not_enforced(told: &Told<'_>) -> String {
    let of = told.share();
    match told.shown_by_all() {
        true => {
            format!("credentials are not asked for: {of} requests without valid ones were served")
        }
        false => format!(
            "{of} requests without valid credentials were served, the plainest: {}",
            told.example
        ),
    }
}

/// `every valid request …`, `3 of 17 invalid requests …`.
fn draws(told: &Told<'_>, what: &str) -> String {
    let sort = match told.inputs {
        Inputs::Valid => "valid request",
        Inputs::Invalid => "invalid request",
        Inputs::Unauthorized => "request without valid credentials",
        Inputs::Other => "request",
    };
    if told.shown_by_all() {
        return format!("every {sort} {what}");
    }
    let sorts = match sort.strip_prefix("request ") {
        Some(rest) => format!("requests {rest}"),
        None => format!("{sort}s"),
    };
    let what = match what.split_once(' ') {
        _ if told.cases == 1 => what.to_owned(),
        Some(("draws", rest)) => format!("draw {rest}"),
        Some(("is", rest)) => format!("are {rest}"),
        _ => what.to_owned(),
    };
    format!("{} {sorts} {what}: {}", told.share(), told.example)
}

/// The plainest case and what it draws.
fn general(told: &Told<'_>) -> String {
    let entry = told.kind.entry();
    let others = match told.cases {
        0 | 1 => String::new(),
        2 => " (and 1 more case)".to_owned(),
        n => format!(" (and {} more cases)", n - 1),
    };
    format!("{}: {}{others}", told.example, entry.headline)
}

/// A rule about input, for people.
struct Rule {
    words: String,
    must_be_there: bool,
}

/// The rule behind `body.proxy.pattern`; `None`: the promise is not about input.
fn rule(part: &str) -> Option<Rule> {
    let (place, rest) = part.split_once('.')?;
    if !matches!(place, "body" | "parameters") {
        return None;
    }
    let (path, keyword) = rest.rsplit_once('.').unwrap_or(("", rest));
    let of = match (place, path) {
        ("body", "") => "the body".to_owned(),
        ("body", path) => format!("`{path}`"),
        (_, "") => return None,
        (_, path) => format!("the parameter `{path}`"),
    };
    let what = match keyword {
        "required" => {
            return Some(Rule {
                words: of,
                must_be_there: true,
            });
        }
        "json" => "that the body is JSON".to_owned(),
        "pattern" | "type" | "format" => format!("the {keyword} of {of}"),
        "enum" => format!("the list of values of {of}"),
        "const" => format!("the one value of {of}"),
        "additionalProperties" => format!("that {of} has no other members"),
        keyword => format!("`{keyword}` of {of}"),
    };
    Some(Rule {
        words: what,
        must_be_there: false,
    })
}
