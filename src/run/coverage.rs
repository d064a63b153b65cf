//! The ideas of one promise as a report keeps them: which kinds of input were judged, and why the others
//! were not. Pure.

use crate::case::{Fate, Ideas, InputClass};
use crate::contract::PromiseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kinds of input that there are to try on a promise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdeaResult {
    /// Those on which the device kept the promise, or broke it.
    #[serde(default)]
    pub judged: Vec<InputClass>,
    /// Those that were sent and of which no answer tells, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<String, Vec<InputClass>>,
    /// Those that were not sent, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_sent: BTreeMap<String, Vec<InputClass>>,
}

impl IdeaResult {
    /// The ideas of a promise with what became of them; why those are not sent that the plan has.
    pub(super) fn of<'i>(
        ideas: impl Iterator<Item = (&'i InputClass, &'i Fate)>,
        unsent: &str,
    ) -> IdeaResult {
        let mut result = IdeaResult::default();
        for (class, fate) in ideas {
            let list = match fate {
                Fate::Judged => &mut result.judged,
                Fate::Open(why) => result.open.entry(why.to_string()).or_default(),
                Fate::NotSent(why) => result.not_sent.entry(why.to_string()).or_default(),
                Fate::Planned => result.not_sent.entry(unsent.to_owned()).or_default(),
            };
            list.push(class.clone());
        }
        result
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let others = self.open.values().chain(self.not_sent.values());
        self.judged.len() + others.map(Vec::len).sum::<usize>()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes back that any was judged; why.
    pub(super) fn withdraw(&mut self, why: &str) {
        let judged = std::mem::take(&mut self.judged);
        if !judged.is_empty() {
            self.open.entry(why.to_owned()).or_default().extend(judged);
        }
    }

    /// With the reasons as `mask` leaves them.
    pub(super) fn mask(&mut self, mask: impl Fn(&str) -> String) {
        for reasons in [&mut self.open, &mut self.not_sent] {
            let masked = std::mem::take(reasons).into_iter();
            for (why, classes) in masked {
                reasons.entry(mask(&why)).or_default().extend(classes);
            }
        }
    }

    /// With what another share of the plan says of the same promise: each idea as far as it came in
    /// either.
    pub(super) fn join(&mut self, other: &IdeaResult) {
        let mut ideas = Ideas::default();
        for part in [&*self, other] {
            for (class, fate) in part.fates() {
                ideas.add(PromiseId::default(), class.clone(), fate);
            }
        }
        *self = IdeaResult::of(ideas.of(&PromiseId::default()), "");
    }

    fn fates(&self) -> impl Iterator<Item = (&InputClass, Fate)> {
        let judged = self.judged.iter().map(|class| (class, Fate::Judged));
        let open = self.open.iter().flat_map(|(why, classes)| {
            let fate = Fate::Open(why.as_str().into());
            classes.iter().map(move |class| (class, fate.clone()))
        });
        let not_sent = self.not_sent.iter().flat_map(|(why, classes)| {
            let fate = Fate::NotSent(why.as_str().into());
            classes.iter().map(move |class| (class, fate.clone()))
        });
        judged.chain(open).chain(not_sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::ANOTHER_SHARE;

    fn result(judged: &[&'static str], not_sent: &[(&str, &'static str)]) -> IdeaResult {
        let mut ideas = Ideas::default();
        let promise = PromiseId::default;
        for class in judged {
            ideas.add(promise(), InputClass::new(*class), Fate::Judged);
        }
        for (why, class) in not_sent {
            let fate = Fate::NotSent((*why).into());
            ideas.add(promise(), InputClass::new(*class), fate);
        }
        IdeaResult::of(ideas.of(&promise()), "")
    }

    #[test]
    fn shares_together_say_what_one_run_says() {
        let mut whole = result(
            &["a"],
            &[(ANOTHER_SHARE, "b"), (ANOTHER_SHARE, "d"), ("cut", "c")],
        );
        whole.join(&result(
            &["b"],
            &[(ANOTHER_SHARE, "a"), ("stopped", "d"), ("cut", "c")],
        ));
        assert_eq!(
            whole,
            result(&["a", "b"], &[("cut", "c"), ("stopped", "d")])
        );
    }
}
