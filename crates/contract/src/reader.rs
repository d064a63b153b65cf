//! What every reader of a part of the document needs: errors with a place, references, the kinds
//! of values, the list of what is left out. Imports [`super::model`] alone.

use super::model::{ContractError, Unsupported};
use serde_json::{Map, Number, Value};
use std::collections::HashSet;

/// Longest chain of `$ref`s that point to `$ref`s.
const REF_CHAIN: usize = 32;

/// A document that is being read.
pub(super) struct Reader<'d> {
    file: &'d str,
    pub(super) document: &'d Value,
    /// OpenAPI 3.1 (JSON Schema 2020-12), 3.0 otherwise.
    pub(super) v31: bool,
    unsupported: Vec<Unsupported>,
    known: HashSet<Unsupported>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(file: &'d str, document: &'d Value, v31: bool) -> Self {
        Reader {
            file,
            document,
            v31,
            unsupported: Vec::new(),
            known: HashSet::new(),
        }
    }

    pub(super) fn error(&self, place: &str, reason: impl Into<String>) -> ContractError {
        ContractError {
            file: self.file.to_owned(),
            place: place.to_owned(),
            reason: reason.into(),
        }
    }

    /// Lists something that is left out, once.
    pub(super) fn skip(&mut self, pointer: &str, what: impl Into<String>) {
        let entry = Unsupported {
            pointer: pointer.to_owned(),
            what: what.into(),
        };
        if self.known.insert(entry.clone()) {
            self.unsupported.push(entry);
        }
    }

    /// What was left out, in the order in which it was met.
    pub(super) fn into_unsupported(self) -> Vec<Unsupported> {
        self.unsupported
    }

    /// Lists the members of an object that are none of `known`, no `x-` extension.
    pub(super) fn leave_out(&mut self, map: &Map<String, Value>, known: &[&str], pointer: &str) {
        for name in map.keys() {
            if !known.contains(&name.as_str()) && !name.starts_with("x-") {
                let at = format!("{pointer}/{}", escape(name));
                self.skip(&at, format!("`{name}` is not used"));
            }
        }
    }

    /// What a `$ref` at `pointer` refers to, with its JSON pointer.
    pub(super) fn target(
        &self,
        target: &Value,
        pointer: &str,
    ) -> Result<(&'d Value, String), ContractError> {
        let Some(target) = target.as_str() else {
            return Err(self.error(&format!("{pointer}/$ref"), "must be a string"));
        };
        let at = format!("{pointer}/$ref");
        let Some(fragment) = target.strip_prefix('#') else {
            let why = format!("`{target}` leads out of the document, which is not supported");
            return Err(self.error(&at, why));
        };
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return Err(self.error(&at, format!("`{target}` is no JSON pointer")));
        }
        let found = percent_encoding::percent_decode_str(fragment)
            .decode_utf8_lossy()
            .into_owned();
        match self.document.pointer(&found) {
            Some(value) => Ok((value, found)),
            None => Err(self.error(&at, format!("`{target}` leads nowhere"))),
        }
    }

    /// Follows `$ref`s of an object that is no schema.
    pub(super) fn follow(
        &self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<(&'d Value, String), ContractError> {
        let (mut value, mut at) = (value, pointer.to_owned());
        for _ in 0..REF_CHAIN {
            let Some(target) = value.get("$ref") else {
                return Ok((value, at));
            };
            (value, at) = self.target(target, &at)?;
        }
        Err(self.error(pointer, "`$ref`s lead in a circle"))
    }

    pub(super) fn list(&self, value: &'d Value, at: &str) -> Result<&'d [Value], ContractError> {
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.error(at, "must be an array"))
    }

    pub(super) fn object(
        &self,
        value: &'d Value,
        at: &str,
    ) -> Result<&'d Map<String, Value>, ContractError> {
        value
            .as_object()
            .ok_or_else(|| self.error(at, "must be an object"))
    }

    pub(super) fn text(&self, value: &Value, at: &str) -> Result<String, ContractError> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.error(at, "must be a string"))
    }

    pub(super) fn flag(&self, value: &Value, at: &str) -> Result<bool, ContractError> {
        value
            .as_bool()
            .ok_or_else(|| self.error(at, "must be true or false"))
    }

    /// A member that is true or false, false where it is absent.
    pub(super) fn member_flag(
        &self,
        owner: &Value,
        name: &str,
        pointer: &str,
    ) -> Result<bool, ContractError> {
        match owner.get(name) {
            Some(value) => self.flag(value, &format!("{pointer}/{name}")),
            None => Ok(false),
        }
    }

    pub(super) fn count(&self, value: &Value, at: &str) -> Result<u64, ContractError> {
        let whole = value
            .as_f64()
            .filter(|f| f.fract() == 0.0 && (0.0..1e15).contains(f));
        value
            .as_u64()
            .or_else(|| whole.map(|f| f as u64))
            .ok_or_else(|| self.error(at, "must be a whole number, not negative"))
    }

    pub(super) fn number(&self, value: &Value, at: &str) -> Result<Number, ContractError> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(self.error(at, "must be a number")),
        }
    }

    /// `x-page-line`.
    pub(super) fn line(&self, value: &Value, at: &str) -> Result<Option<u32>, ContractError> {
        match value.as_u64().and_then(|n| u32::try_from(n).ok()) {
            Some(line) => Ok(Some(line)),
            None => Err(self.error(at, "must be the number of a line")),
        }
    }
}

/// A member name as a step of a JSON pointer (RFC 6901 §3).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
