//! What every reader of a part of the document needs: flaws with a place, references, the kinds of
//! values, the list of what is left out.

use super::document::{TWICE, WHY_TWICE};
use super::pointer::escape;
use crate::model::Unsupported;
use crate::source::Source;
use serde_json::{Map, Number, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Longest chain of `$ref`s that point to `$ref`s.
const REF_CHAIN: usize = 32;
/// Most flaws of one document that are listed.
const MOST_FLAWS: usize = 1_000;

/// Something in the document that cannot be read; what depends on it is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flaw {
    /// Where it stands.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// Whether the document may say so: it is this program that cannot follow it.
    pub(crate) lawful: bool,
}

/// A document that is being read.
pub(crate) struct Reader<'d> {
    pub(crate) source: &'d Arc<Source>,
    unsupported: Vec<Unsupported>,
    known: HashSet<Unsupported>,
    flaws: Vec<Flaw>,
}

impl<'d> Reader<'d> {
    pub(crate) fn new(source: &'d Arc<Source>) -> Self {
        Reader {
            source,
            unsupported: Vec::new(),
            known: HashSet::new(),
            flaws: Vec::new(),
        }
    }

    pub(crate) fn v31(&self) -> bool {
        self.source.v31
    }

    pub(crate) fn error(&self, place: &str, reason: impl Into<String>) -> Flaw {
        Flaw {
            place: place.to_owned(),
            reason: reason.into(),
            lawful: false,
        }
    }

    /// Something lawful that is not sent.
    pub(crate) fn beyond(&self, place: &str, reason: impl Into<String>) -> Flaw {
        Flaw {
            lawful: true,
            ..self.error(place, reason)
        }
    }

    /// Whether something in the value at a place is there twice with different values: what the
    /// document shows there, nobody knows.
    pub(crate) fn is_twice_within(&self, place: &str) -> bool {
        let differs = self.source.twice.iter().filter(|(_, same)| !same);
        let mut rests = differs.filter_map(|(at, _)| at.strip_prefix(place));
        rests.any(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Notes a flaw that reading goes on behind, once.
    pub(crate) fn note(&mut self, flaw: Flaw) {
        if flaw.lawful {
            self.skip(&flaw.place, flaw.reason);
            return;
        }
        if self.flaws.len() < MOST_FLAWS && !self.flaws.contains(&flaw) {
            self.flaws.push(flaw);
        }
    }

    /// Lists something that is left out, once.
    pub(crate) fn skip(&mut self, pointer: &str, what: impl Into<String>) {
        let entry = Unsupported {
            pointer: pointer.to_owned(),
            what: what.into(),
        };
        if self.known.insert(entry.clone()) {
            self.unsupported.push(entry);
        }
    }

    /// What was left out and what is wrong, in the order in which it was met.
    pub(crate) fn finish(self) -> (Vec<Unsupported>, Vec<Flaw>) {
        (self.unsupported, self.flaws)
    }

    /// Lists the members of an object that are none of `known`, no `x-` extension.
    pub(crate) fn leave_out(&mut self, map: &Map<String, Value>, known: &[&str], pointer: &str) {
        for name in map.keys() {
            if !known.contains(&name.as_str()) && !name.starts_with("x-") {
                let at = format!("{pointer}/{}", escape(name));
                self.skip(&at, format!("`{name}` is not used"));
            }
        }
    }

    /// What a `$ref` at `pointer` refers to, with its place.
    pub(crate) fn target(
        &self,
        target: &Value,
        pointer: &str,
    ) -> Result<(&'d Value, String), Flaw> {
        let at = || format!("{pointer}/$ref");
        let Some(target) = target.as_str() else {
            return Err(self.error(&at(), "must be a string"));
        };
        if target == TWICE {
            return Err(self.error(pointer, WHY_TWICE));
        }
        let place = self
            .source
            .resolve(target, pointer)
            .map_err(|why| self.error(&at(), why))?;
        match self.source.get(&place) {
            Some(value) => Ok((value, place)),
            None => Err(self.error(&at(), format!("`{target}` leads nowhere"))),
        }
    }

    /// Follows `$ref`s of an object that is no schema.
    pub(crate) fn follow(
        &self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<(&'d Value, String), Flaw> {
        let (mut value, mut at) = (value, pointer.to_owned());
        for _ in 0..REF_CHAIN {
            let Some(target) = value.get("$ref") else {
                return Ok((value, at));
            };
            (value, at) = self.target(target, &at)?;
        }
        Err(self.error(pointer, "`$ref`s lead in a circle"))
    }

    pub(crate) fn list(&self, value: &'d Value, at: &str) -> Result<&'d [Value], Flaw> {
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.error(at, "must be an array"))
    }

    pub(crate) fn object(
        &self,
        value: &'d Value,
        at: &str,
    ) -> Result<&'d Map<String, Value>, Flaw> {
        value
            .as_object()
            .ok_or_else(|| self.error(at, "must be an object"))
    }

    pub(crate) fn text(&self, value: &Value, at: &str) -> Result<String, Flaw> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.error(at, "must be a string"))
    }

    pub(crate) fn flag(&self, value: &Value, at: &str) -> Result<bool, Flaw> {
        value
            .as_bool()
            .ok_or_else(|| self.error(at, "must be true or false"))
    }

    /// A member that is true or false, false where it is absent.
    pub(crate) fn member_flag(
        &self,
        owner: &Value,
        name: &str,
        pointer: &str,
    ) -> Result<bool, Flaw> {
        match owner.get(name) {
            Some(value) => self.flag(value, &format!("{pointer}/{name}")),
            None => Ok(false),
        }
    }

    pub(crate) fn count(&self, value: &Value, at: &str) -> Result<u64, Flaw> {
        let whole = value
            .as_f64()
            .filter(|f| f.fract() == 0.0 && (0.0..1e15).contains(f));
        value
            .as_u64()
            .or_else(|| whole.map(|f| f as u64))
            .ok_or_else(|| self.error(at, "must be a whole number, not negative"))
    }

    pub(crate) fn number(&self, value: &Value, at: &str) -> Result<Number, Flaw> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(self.error(at, "must be a number")),
        }
    }

    /// `x-page-line`.
    pub(crate) fn line(&self, value: &Value, at: &str) -> Result<Option<u32>, Flaw> {
        match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
            Some(line) => Ok(Some(line)),
            None => Err(self.error(at, "must be the number of a line")),
        }
    }
}
