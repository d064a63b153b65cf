//! Formats that a device checks in part. A format may be an annotation, so what a device takes accuses
//! nobody by itself; but one that refuses most of the texts that are surely none of a field's format does
//! hold the field against it, and the others that it takes and keeps are no more of that format than those.
//! Asks behind the plan, one text at a time, and demands again what has to be refused then.

use super::runner::Run;
use crate::case::{Case, format_demand, format_misses, format_question};
use crate::contract::{FieldPath, Operation, PromiseId};
use crate::judge::Acceptance;
use std::collections::BTreeSet;

/// Texts that are asked about, all in all.
pub(super) const MOST: usize = 160;

/// Texts of one field that a device takes all, after which it is not asked on.
const IN_VAIN: usize = 3;

/// Texts of one field that have to be refused before another may not be taken.
const REFUSED: usize = 3;

impl<'a> Run<'a> {
    /// Asks about every field with a format whose promise the plan tests.
    pub(super) async fn ask_of_formats(&mut self) {
        if self.job.options.questions == 0 {
            return;
        }
        let mut left = MOST;
        for (operation, path, texts) in self.fields_with_formats() {
            let (mut refused, mut taken) = (0, Vec::new());
            for (nth, text) in texts.into_iter().enumerate() {
                if left == 0 || self.over() || nth >= IN_VAIN && refused == 0 {
                    break;
                }
                left -= 1;
                match self.ask_of_format(operation, &path, text).await {
                    Some((Acceptance::Refused, _)) => refused += 1,
                    Some((Acceptance::Accepted, case)) => taken.push(case),
                    _ => {}
                }
            }
            if refused >= REFUSED && refused >= 2 * taken.len() {
                for case in taken {
                    self.demand(case).await;
                }
            }
        }
    }

    /// The fields with their operations, and the texts that are none of their formats.
    fn fields_with_formats(&self) -> Vec<(&'a Operation, FieldPath, Vec<&'static str>)> {
        let plan = self.cases.plan().iter();
        let tested: BTreeSet<&str> = plan
            .flat_map(|case| case.promises.iter().map(PromiseId::as_str))
            .collect();
        let mut out = Vec::new();
        for operation in &self.job.contract.operations {
            for field in operation.fields() {
                let texts = format_misses(field.schema);
                let asked = tested.contains(field.promise("format").as_str());
                if asked && !field.schema.read_only && !texts.is_empty() {
                    out.push((operation, field.path, texts));
                }
            }
        }
        out
    }

    /// Whether the device took a text, and kept it as it was sent; `None` where that is not known.
    async fn ask_of_format(
        &mut self,
        operation: &Operation,
        path: &FieldPath,
        text: &str,
    ) -> Option<(Acceptance, &'a Case)> {
        let job = self.job;
        let case = format_question(&job.context(), operation, path, text)?;
        let at = self.cases.keep_beside(case)?;
        if self.is_withheld(at) || self.spared(at) {
            return None;
        }
        let case = self.case(at);
        let seen = self.probe.send(case, false).await;
        let acceptance = seen.judgement.content();
        let shown = seen.exchange.answer().map(|a| a.body.clone());
        self.settle(at, seen).await;
        if acceptance == Acceptance::Accepted {
            let pointer = path.pointer();
            let is = |value: &serde_json::Value| {
                value.pointer(&pointer).and_then(serde_json::Value::as_str) == Some(text)
            };
            let shown = shown.and_then(|body| crate::json::read(&body));
            let read = self.probe.compare(&operation.id).await.is_some();
            self.heed(None);
            let state = self.probe.settings().baseline(&operation.id);
            // What was created is gone again; its answer has shown it.
            let state = state.filter(|_| read).or(shown.as_ref());
            let kept = state.is_some_and(is);
            return kept.then_some((acceptance, case));
        }
        Some((acceptance, case))
    }

    /// Sends a text that was taken once more, as one that has to be refused.
    async fn demand(&mut self, question: &Case) {
        let Some(at) = format_demand(question).and_then(|case| self.cases.keep_beside(case)) else {
            return;
        };
        if self.over() || self.spared(at) {
            return;
        }
        self.probe.look_again().await;
        let seen = self.probe.send(self.case(at), false).await;
        self.settle(at, seen).await;
        self.checkpoint().await;
    }
}
