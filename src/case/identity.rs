//! What a case is known by: its id, the kind of its input and its turn. Each is made in one place
//! and asked there for what it says; nobody else takes the texts apart.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

/// The id of a case, `OPERATION/STRATEGY/FIELD/NAME`: unique within a plan, the same whatever the
/// order and the other cases are. Empty for a request of the program's own, which is in no plan.
///
/// One that is read from a report or a journal is what stands there; it finds a case of the plan or
/// none. It reads as its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(String);

impl CaseId {
    /// The id of a case that a strategy makes. Each part keeps letters, digits and `.`, `-`, `_`,
    /// `:`, `[`, `]`, `+`; anything else becomes `-`. An empty field (the body as a whole) is
    /// written `body`.
    pub fn new(operation: &str, strategy: &str, field: &str, name: &str) -> CaseId {
        let clean = |text: &str| -> String {
            let keep = |c: char| c.is_ascii_alphanumeric() || ".-_:[]+".contains(c);
            text.chars()
                .map(|c| if keep(c) { c } else { '-' })
                .collect()
        };
        let field = if field.is_empty() { WHOLE_BODY } else { field };
        let parts = [operation, strategy, field, name].map(clean);
        CaseId(parts.join("/"))
    }

    /// An id that was made by [`CaseId::new`] elsewhere, or that is of a format of its own.
    pub fn known(text: impl Into<String>) -> CaseId {
        CaseId(text.into())
    }

    /// The name of the idea: what is the same at every operation.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// Whether the idea is about this field of the body.
    pub fn is_of_field(&self, field: &str) -> bool {
        let of = CaseId::new("", "", field, "");
        let clean = of.field().rsplit_once('/').map(|(_, field)| field);
        self.field().rsplit_once('/').map(|(_, field)| field) == clean
    }

    /// [`CaseId::name`] without what is of one value: `one-too-long` of `one-too-long-811c9dc5`.
    pub fn idea(&self) -> &str {
        let name = self.name();
        let is_hash = |end: &str| end.len() == 8 && end.bytes().all(|b| b.is_ascii_hexdigit());
        let name = match name.rsplit_once('-') {
            Some((idea, end)) if is_hash(end) => idea,
            _ => name,
        };
        // One name for whichever character it is.
        match name.starts_with("char-") {
            true => "char",
            false => name,
        }
    }

    /// The field, or what else it is about.
    pub fn about(&self) -> &str {
        self.field().rsplit_once('/').map_or("", |(_, about)| about)
    }

    /// Whether it is about a field and not about the body as a whole, as far as the strategy is one of
    /// fields.
    pub fn is_about_field(&self) -> bool {
        self.about() != WHOLE_BODY
    }

    /// Operation, strategy and field: what ideas about one field have in common.
    pub fn field(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(field, _)| field)
    }
}

/// What stands for the body as a whole in place of a field.
const WHOLE_BODY: &str = "body";

/// The kind of input of a case, free of payload, seed and order: `type:number`, `near-miss:insert`.
/// The fingerprint of a finding is made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputClass(Cow<'static, str>);

impl InputClass {
    /// A call about which nothing is special and that has no body.
    pub const PLAIN: InputClass = InputClass(Cow::Borrowed("plain"));
    /// The device went away and did not come back.
    pub const GONE: InputClass = InputClass(Cow::Borrowed("gone"));
    /// Settings changed once while requests were refused.
    pub const SETTINGS_CHANGED_ONCE: InputClass =
        InputClass(Cow::Borrowed("settings-changed-once"));
    /// Settings were not what was written when the device came back.
    pub const SETTINGS_NOT_KEPT: InputClass = InputClass(Cow::Borrowed("settings-not-kept"));
    /// Answers took longer towards the end.
    pub const SLOWER_OVER_TIME: InputClass = InputClass(Cow::Borrowed("slower-over-time"));

    /// The class of a strategy's idea.
    pub fn new(text: impl Into<Cow<'static, str>>) -> InputClass {
        InputClass(text.into())
    }

    /// Of a write after which a member reads back otherwise.
    pub fn read_back(pointer: &str) -> InputClass {
        InputClass::new(format!("readback:{pointer}"))
    }

    /// Of requests refused for these kinds of faults after which a member was changed.
    pub fn changing(kinds: &[String], pointer: &str) -> InputClass {
        InputClass::new(format!("{} changes {pointer}", kinds.join("+")))
    }

    /// The same, seen once and never again.
    pub fn once(&self) -> InputClass {
        InputClass::new(format!("{} once", self.0))
    }

    /// The same behind other requests.
    pub fn in_a_sequence(&self) -> InputClass {
        InputClass::new(format!("{} in a sequence", self.0))
    }

    /// The same with a changed parameter beside it.
    pub fn with_parameter(&self) -> InputClass {
        InputClass::new(format!("{}+parameter", self.0))
    }

    /// Whether nothing about the request is special: a call without a body, the fullest and the
    /// smallest body, an example of the document.
    pub fn is_plain(&self) -> bool {
        const WHOLES: [&str; 4] = ["minimal", "full", "second", "example"];
        let whole = self.0.strip_prefix("valid:");
        *self == InputClass::PLAIN || whole.is_some_and(|body| WHOLES.contains(&body))
    }

    /// Whether such input is valid by the document.
    pub fn is_valid(&self) -> bool {
        *self == InputClass::PLAIN || self.0.starts_with("valid:")
    }

    /// Whether the name of a member is spelt wrong.
    pub fn is_misspelt_name(&self) -> bool {
        self.0.starts_with("name:")
    }

    /// Whether no single exchange shows it, so that nothing can be replayed.
    pub fn is_of_the_run(&self) -> bool {
        let of_the_run = [
            InputClass::GONE,
            InputClass::SETTINGS_CHANGED_ONCE,
            InputClass::SETTINGS_NOT_KEPT,
            InputClass::SLOWER_OVER_TIME,
        ];
        of_the_run.contains(self)
    }
}

/// The turn of a case: 0 is sent first. Cheap and telling before dear and rare.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Tier(u8);

impl Tier {
    /// What has its turn before everything else.
    pub const FIRST: Tier = Tier(0);
    /// Cases from this tier on are sent only without a budget.
    pub const THOROUGH: Tier = Tier(6);

    /// The `n`th, counted from 0.
    pub const fn new(n: u8) -> Tier {
        Tier(n)
    }

    /// Some turns later, but neither the first ones nor beyond the last that a budget has.
    pub fn shifted(self, by: u8) -> Tier {
        match self {
            Tier::FIRST => self,
            tier if tier < Tier::THOROUGH => {
                Tier(tier.0.saturating_add(by)).min(Tier(Tier::THOROUGH.0 - 1))
            }
            tier => tier,
        }
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! reads_as_its_text {
    ($($name:ident)*) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                String::json_schema(generator)
            }
        }
    )*};
}

reads_as_its_text! { CaseId InputClass }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_few_characters() {
        assert_eq!(
            CaseId::new("GET /a b", "types", "", "x\n"),
            "GET--a-b/types/body/x-"
        );
        let id = CaseId::new("op", "names", "users[].é", "a:b+c");
        assert_eq!(id, "op/names/users[].-/a:b+c");
        assert_eq!(id.field(), "op/names/users[].-");
        assert_eq!(id.about(), "users[].-");
        for (name, idea) in [
            ("one-too-long-811c9dc5", "one-too-long"),
            ("char-3a-c5708077", "char"),
            ("over-long-1024", "over-long-1024"),
        ] {
            assert_eq!(CaseId::new("op", "any", "", name).idea(), idea);
        }
    }

    #[test]
    fn tiers_shift_within_the_budget() {
        for (tier, by, shifted) in [(0, 3, 0), (1, 1, 2), (5, 4, 5), (6, 1, 6), (7, 2, 7)] {
            assert_eq!(Tier::new(tier).shifted(by), Tier::new(shifted));
        }
    }
}
