//! What the state of one resource should look like, and whether a read-back agrees. Pure: the probe
//! reads, this counts and compares.

use super::difference::{Difference, What, apart, below, compare, compare_as, show};
use crate::contract::Stored;
use crate::device::{ReadBackError, ReadBackState};
use crate::pointer::escape;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The state of one resource as far as it is known, whoever writes it.
#[derive(Debug, Default)]
pub struct SettingsWatch {
    /// The last read-back that nothing is known to have changed since; `None`: has to be read again.
    pub baseline: Option<Value>,
    /// JSON pointers whose values change by themselves (two readings in a row differed).
    volatile: BTreeSet<String>,
    /// JSON pointers that some read-back has shown, [`ANY_ITEM`] for the places of items.
    seen: BTreeSet<String>,
    /// JSON pointer → values that stand for what cannot be read.
    placeholders: BTreeMap<String, Vec<String>>,
    /// Those of them that a read-back has shown as they were written.
    clear: BTreeSet<String>,
    /// JSON pointers of what clients may write; other members are the device's own.
    writable: Vec<String>,
    /// In which form what is written is stored.
    stored: Stored,
    /// The baseline before the last write.
    previous: Option<Value>,
    /// Refused cases since the last look, by the numbers that the schedule gives them.
    pub pending: Vec<usize>,
    /// How many requests were refused since the last look, whether they are [pending](Self::pending) or not.
    pub refusals: usize,
    /// Read-backs that failed in a row.
    pub failures: u32,
    /// The first state that was seen.
    first: Option<Value>,
    /// The last state that a read-back has shown with its strong validator.
    tagged: Option<(Value, String)>,
    /// The validator of the last read-back, where the one before it had the same for another state.
    stale: Option<String>,
}

/// What a read-back after an accepted write has to show.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// The members that the write names.
    pub written: &'e Value,
    /// The members that it does not name.
    pub others: Others<'e>,
}

/// What members have to show that a write does not name.
#[derive(Clone, Copy, Debug)]
pub enum Others<'e> {
    /// Nothing is known of them.
    Any,
    /// What they were, where it is known: the write changes what it names (RFC 5789 §2, RFC 7396).
    Stay(Option<&'e Value>),
    /// What they were or their default: the write replaces the state (OpenAPI 3.1.1 §4.8.24, RFC 9110
    /// §9.3.4). `null`: nothing was there.
    StayOrDefault(&'e Value),
}

/// Why no settings were read after an accepted write.
#[derive(Debug)]
pub enum Unread {
    /// The write has broken them.
    Broken(Difference),
    /// Nothing is said of the write.
    Failed(ReadBackError),
}

/// How many failures in a row end the reading back.
pub const GIVE_UP_AFTER: u32 = 3;

impl SettingsWatch {
    /// Whether an object of `body`, at any depth, has two members or more that the settings have at
    /// their top: one name alone may be of both by chance.
    pub fn is_in(&self, body: &Value) -> bool {
        match body {
            Value::Object(map) => {
                let ours = map.iter().filter(|(name, value)| {
                    !value.is_null() && self.seen.contains(&format!("/{}", escape(name)))
                });
                ours.count() > 1 || map.values().any(|v| self.is_in(v))
            }
            Value::Array(items) => items.iter().any(|v| self.is_in(v)),
            _ => false,
        }
    }

    /// A watch over settings whose `placeholders` the profile names.
    /// `writable`: JSON pointers of what clients may write.
    pub fn new(placeholders: BTreeMap<String, Vec<String>>, writable: Vec<String>) -> Self {
        SettingsWatch {
            placeholders,
            writable,
            ..SettingsWatch::default()
        }
    }

    /// The same, of a state of which the document says in which form it is stored.
    #[must_use]
    pub fn storing(self, stored: Stored) -> Self {
        SettingsWatch { stored, ..self }
    }

    /// From now on nothing is known of the state.
    pub fn forget(&mut self) {
        self.previous = self.baseline.take();
        self.pending.clear();
        self.refusals = 0;
    }

    /// What stood before the last write, once.
    pub fn take_previous(&mut self) -> Option<Value> {
        self.previous.take()
    }

    /// Whether reading back still makes sense.
    pub fn readable(&self) -> bool {
        self.failures < GIVE_UP_AFTER
    }

    /// Counts what reading back came to, and gives the settings.
    ///
    /// # Errors
    /// As it came.
    pub fn take(
        &mut self,
        read: Result<ReadBackState, ReadBackError>,
    ) -> Result<Value, ReadBackError> {
        match read {
            Ok(state) => {
                self.failures = 0;
                self.saw(&state.value);
                self.heed_tag(&state);
                Ok(state.value)
            }
            Err(error) => {
                self.failures += 1;
                Err(error)
            }
        }
    }

    /// As [`SettingsWatch::take`], after an accepted write: what the write has broken is no failure to read.
    ///
    /// # Errors
    /// Why there are no settings.
    pub fn take_after_write(
        &mut self,
        read: Result<ReadBackState, ReadBackError>,
    ) -> Result<Value, Unread> {
        if let Err(error) = &read
            && let Some(broken) = self.broken_by_write(error)
        {
            return Err(Unread::Broken(broken));
        }
        self.take(read).map_err(Unread::Failed)
    }

    /// Whether a read-back names its state as the one before it has named another (RFC 9110 §8.8.1: a
    /// strong validator changes whenever what it names does).
    fn heed_tag(&mut self, state: &ReadBackState) {
        let strong = state.etag.clone().filter(|tag| tag.starts_with('"'));
        let before = self.tagged.take();
        self.stale = strong.clone().filter(|tag| {
            let same = before.as_ref().filter(|(_, known)| known == tag);
            same.is_some_and(|(value, _)| self.is_another(value, &state.value))
        });
        self.tagged = strong.map(|tag| (state.value.clone(), tag));
    }

    /// Whether clients have changed something between two states.
    fn is_another(&self, before: &Value, now: &Value) -> bool {
        let ours = |d: &Difference| self.writable.iter().any(|w| below(&d.pointer, w));
        let mut apart = apart(before, now).into_iter();
        apart.any(|d| ours(&d) && !self.is_volatile(&d.pointer))
    }

    /// What a failed read-back says of the accepted write before it: an answer that shows no settings
    /// where answers before did. `None` for what says nothing of them: no answer, a refusal, a device
    /// that is busy.
    fn broken_by_write(&self, error: &ReadBackError) -> Option<Difference> {
        let broken = match error {
            ReadBackError::NotJson(_) | ReadBackError::NoRoot(_) => true,
            ReadBackError::Status(status) => (500..600).contains(status) && *status != 503,
            ReadBackError::NotConfigured(_)
            | ReadBackError::Failed(_)
            | ReadBackError::Coded(_) => false,
        };
        (broken && !self.seen.is_empty()).then(|| Difference {
            pointer: String::new(),
            expected: "settings".to_owned(),
            observed: error.to_string(),
            what: What::Written,
        })
    }

    /// Two read-backs in a row, before the first write: what differs between them is volatile.
    pub fn learn(&mut self, first: &Value, second: Value) {
        self.saw(first);
        self.saw(&second);
        let apart = apart(first, &second).into_iter();
        self.volatile.extend(apart.map(|d| d.pointer));
        self.baseline = Some(second);
    }

    /// What stands at a pointer changes by itself.
    pub fn leave_aside(&mut self, pointer: &str) {
        self.volatile.insert(pointer.to_owned());
    }

    /// Remembers which members a read-back shows.
    pub fn saw(&mut self, read_back: &Value) {
        fn walk(value: &Value, at: &str, seen: &mut BTreeSet<String>) {
            seen.insert(at.to_owned());
            match value {
                Value::Object(map) => {
                    for (name, member) in map {
                        walk(member, &format!("{at}/{}", escape(name)), seen);
                    }
                }
                // What one item has been shown with, another can be.
                Value::Array(items) => {
                    for item in items {
                        walk(item, &format!("{at}/{ANY_ITEM}"), seen);
                    }
                }
                _ => {}
            }
        }
        walk(read_back, "", &mut self.seen);
        self.first.get_or_insert_with(|| read_back.clone());
    }

    /// Remembers which members are shown as they were written although the profile says that they
    /// cannot be read: those may be looked at.
    pub fn shows(&mut self, written: &Value, read_back: &Value) {
        let same = |p: &&String| {
            let value = written.pointer(p);
            value.is_some() && value == read_back.pointer(p)
        };
        let shown: Vec<String> = self.placeholders.keys().filter(same).cloned().collect();
        self.clear.extend(shown);
    }

    /// What a read-back after an accepted write of `written` shows otherwise. Members that the
    /// write does not name are not looked at; nor is what no read-back has ever shown, what cannot
    /// be read, and what changes by itself.
    /// After a write that leaves what it does not name as it is, other members that clients may
    /// write have to be as before.
    pub fn differs_from_written(
        &self,
        expected: Expected<'_>,
        read_back: &Value,
    ) -> Option<Difference> {
        let written = expected.written;
        let mut all = Vec::new();
        compare_as(&self.stored, (written, read_back), String::new(), &mut all);
        match expected.others {
            Others::Any | Others::Stay(None) => {}
            Others::Stay(Some(before)) => {
                let kept = self.of_others(written, before, read_back, &all);
                all.extend(kept);
            }
            Others::StayOrDefault(before) => {
                all.extend(self.of_left_out(written, before, read_back));
            }
        }
        // An empty text may be stored as none, and none may be shown as nothing of its kind.
        let blank = |d: &Difference| {
            let now = read_back.pointer(&d.pointer);
            match written.pointer(&d.pointer) {
                Some(Value::String(text)) if text.is_empty() => now.is_none_or(Value::is_null),
                Some(Value::Null) => {
                    now.is_none_or(is_nothing) || self.may_stand_for_none(expected, d, now)
                }
                _ => false,
            }
        };
        all.retain(|d| {
            !blank(d) && self.counts(d, read_back) && !self.stored.may_not_count(&d.pointer)
        });
        // What is surely another value comes first.
        let first = all.iter().position(|d| d.what != What::Near);
        let first = first.unwrap_or(0);
        let stale = self.stale.as_ref().map(|tag| Difference {
            pointer: "ETag".to_owned(),
            expected: "another".to_owned(),
            observed: tag.clone(),
            what: What::Tag,
        });
        all.into_iter().nth(first).or(stale)
    }

    /// Whether a value may be what a device shows of a member that was removed from a part of the state: its
    /// own default. What a write of ours has set, and stands as it was, is none.
    fn may_stand_for_none(&self, of: Expected<'_>, at: &Difference, now: Option<&Value>) -> bool {
        let first = self.first.as_ref();
        let as_found = first.and_then(|first| first.pointer(&at.pointer)) == now;
        match of.others {
            Others::Stay(before) => {
                as_found || before.is_some_and(|before| before.pointer(&at.pointer) != now)
            }
            Others::Any | Others::StayOrDefault(_) => false,
        }
    }

    /// Members that a write does not name, neither they nor what `named` tells of, and that are not as before.
    fn of_others(
        &self,
        written: &Value,
        before: &Value,
        now: &Value,
        named: &[Difference],
    ) -> Vec<Difference> {
        let mut kept = Vec::new();
        compare(before, now, String::new(), &mut kept);
        kept.retain(|d| {
            let told =
                |w: &Difference| below(&d.pointer, &w.pointer) || below(&w.pointer, &d.pointer);
            let named = written.pointer(&d.pointer).is_some()
                || named.iter().any(told)
                || names(written, &d.pointer);
            !named && self.writable.iter().any(|w| below(&d.pointer, w))
        });
        kept
    }

    /// Members that a write has left out and that are now neither as before nor their default.
    fn of_left_out(&self, written: &Value, before: &Value, now: &Value) -> Vec<Difference> {
        let left = self.stored.left_out(written).into_iter();
        let differs = left.filter_map(|(pointer, default)| {
            let shown = now.pointer(&pointer)?;
            // Numbers compare by value.
            if apart(&default, shown).is_empty() {
                return None;
            }
            let stayed = before.pointer(&pointer) == Some(shown);
            (!stayed).then(|| Difference {
                expected: show(&default),
                observed: show(shown),
                pointer,
                what: What::LeftOut,
            })
        });
        differs.collect()
    }

    /// What a read-back shows otherwise than the one that stands.
    pub fn differs_from_baseline(&self, read_back: &Value) -> Option<Difference> {
        let baseline = self.baseline.as_ref()?;
        // What clients cannot write is the device's own: it counts refusals, and tells the time.
        let ours = |d: &Difference| {
            let writable = |w: &String| below(&d.pointer, w) || below(w, &d.pointer);
            let there = baseline.pointer(&d.pointer).is_some();
            let stays = there && read_back.pointer(&d.pointer).is_some();
            !stays || self.writable.is_empty() || self.writable.iter().any(writable)
        };
        let mut apart = apart(baseline, read_back).into_iter();
        apart.find(|d| ours(d) && !self.is_volatile(&d.pointer))
    }

    fn is_volatile(&self, pointer: &str) -> bool {
        self.volatile.iter().any(|v| below(pointer, v))
    }

    fn counts(&self, difference: &Difference, read_back: &Value) -> bool {
        if self.is_volatile(&difference.pointer) {
            return false;
        }
        let at = &difference.pointer;
        if self.placeholders.contains_key(at) && !self.clear.contains(at) {
            return false;
        }
        let now = read_back.pointer(&difference.pointer);
        if now.is_none()
            && !self
                .seen
                .contains(&of_any_item(&difference.pointer, read_back))
        {
            return false;
        }
        !now.is_some_and(|v| self.is_placeholder(&difference.pointer, v))
    }

    /// Whether `value` at `pointer` stands for something that cannot be read: as the profile says,
    /// or nothing but stars or bullets.
    pub fn is_placeholder(&self, pointer: &str, value: &Value) -> bool {
        let Value::String(text) = value else {
            return false;
        };
        let stars = !text.is_empty() && text.chars().all(|c| matches!(c, '*' | '•' | '●'));
        stars
            || self
                .placeholders
                .get(pointer)
                .is_some_and(|list| list.contains(text))
    }
}

/// Stands for the place of an item in a list.
const ANY_ITEM: &str = "-";

/// A pointer to the same member of any item of the lists on the way to it in `root`.
fn of_any_item(pointer: &str, root: &Value) -> String {
    let (mut at, mut out) = (String::new(), String::new());
    for segment in pointer.split('/').skip(1) {
        let in_list = root.pointer(&at).is_some_and(Value::is_array);
        out.push('/');
        out.push_str(if in_list { ANY_ITEM } else { segment });
        at.push('/');
        at.push_str(segment);
    }
    out
}

/// Whether a value is the empty one of its kind.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a write names a member or something around it that is no object: all of that is written.
fn names(written: &Value, pointer: &str) -> bool {
    let mut ends: Vec<usize> = pointer.match_indices('/').map(|(at, _)| at).collect();
    ends.push(pointer.len());
    let outer = ends.into_iter().filter_map(|end| pointer.get(..end));
    outer
        .filter_map(|p| written.pointer(p))
        .any(|value| !value.is_object())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn watch() -> SettingsWatch {
        let mut watch = SettingsWatch::new(
            BTreeMap::from([("/password".to_owned(), vec!["WebPass".to_owned()])]),
            ["/a", "/b", "/n"].map(str::to_owned).to_vec(),
        );
        let settings = json!({"a": 1, "b": "x", "n": {"p": 5}, "password": "WebPass", "t": 7});
        let mut later = settings.clone();
        later["t"] = json!(8);
        watch.learn(&settings, later);
        watch
    }

    fn whole(written: &Value) -> Expected<'_> {
        Expected {
            written,
            others: Others::Any,
        }
    }

    #[test]
    fn what_a_partial_write_does_not_name_stays() {
        let before = json!({"a": 1, "b": "x", "n": {"p": 5, "q": 6}, "revision": 3});
        let written = json!({"n": {"p": 7}});
        let table = [
            (json!({"a": 1, "b": "x", "n": {"p": 7, "q": 6}}), None),
            (json!({"a": 2, "b": "x", "n": {"p": 7, "q": 6}}), Some("/a")),
            (json!({"a": 1, "b": "x", "n": {"p": 7}}), Some("/n/q")),
            // The device's own.
            (
                json!({"a": 1, "b": "x", "n": {"p": 7, "q": 6}, "revision": 4}),
                None,
            ),
        ];
        let expected = Expected {
            written: &written,
            others: Others::Stay(Some(&before)),
        };
        for (read, want) in table {
            let mut watch = watch();
            watch.saw(&before);
            let got = watch.differs_from_written(expected, &read);
            assert_eq!(got.map(|d| d.pointer).as_deref(), want, "{read}");
        }
    }

    #[test]
    fn what_a_part_removes_may_show_what_stood_at_first() {
        let (written, before) = (json!({"b": null}), json!({"b": "y"}));
        let table = [
            // The state before is known, is not known, or is replaced.
            (Others::Stay(Some(&before)), "x", None),
            (Others::Stay(Some(&before)), "y", Some("/b")),
            (Others::Stay(None), "x", None),
            (Others::Stay(None), "y", Some("/b")),
            (Others::StayOrDefault(&before), "x", Some("/b")),
            (Others::Any, "x", Some("/b")),
        ];
        for (others, read, want) in table {
            let expected = Expected {
                written: &written,
                others,
            };
            let got = watch().differs_from_written(expected, &json!({ "b": read }));
            let row = format!("{others:?} {read}");
            assert_eq!(got.map(|d| d.pointer).as_deref(), want, "{row}");
        }
    }

    #[test]
    fn what_was_written_must_read_back() {
        let table = [
            (json!({"a": 1}), json!({"a": 1.0, "z": 3}), None),
            (json!({"a": 1}), json!({"a": 2}), Some("/a")),
            (json!({"b": ""}), json!({"a": 1}), None),
            (json!({"b": ""}), json!({"b": null}), None),
            (json!({"b": ""}), json!({"b": "x"}), Some("/b")),
            (json!({"b": null}), json!({"b": ""}), None),
            (json!({"b": null}), json!({"b": "x"}), Some("/b")),
            (json!({"b": "y"}), json!({"a": 1}), Some("/b")),
            (json!({"b": ""}), json!({"b": 0}), Some("/b")),
            (json!({"a": 1}), json!({}), Some("/a")),
            (
                json!({"n": {"p": 5}}),
                json!({"n": {"p": "5"}}),
                Some("/n/p"),
            ),
            // Never shown by any read-back: the device does not tell.
            (json!({"hidden": 1}), json!({"a": 1}), None),
            (
                json!({"password": "secret"}),
                json!({"password": "WebPass"}),
                None,
            ),
            (
                json!({"password": "secret"}),
                json!({"password": "****"}),
                None,
            ),
            // It may be a hash, or a placeholder that nobody knows.
            (
                json!({"password": "secret"}),
                json!({"password": "other"}),
                None,
            ),
            (json!({"t": 1}), json!({"t": 9}), None),
        ];
        for (written, read, want) in table {
            let got = watch()
                .differs_from_written(whole(&written), &read)
                .map(|d| d.pointer);
            assert_eq!(got.as_deref(), want, "{written} read back as {read}");
        }
    }

    #[test]
    fn a_secret_that_was_shown_in_clear_must_read_back() {
        let mut watch = watch();
        let both = |text: &str| json!({ "password": text });
        watch.shows(&both("secret"), &both("secret"));
        let pointer = |read| watch.differs_from_written(whole(&both("longer")), &both(read));
        assert_eq!(
            pointer("long").map(|d| d.pointer).as_deref(),
            Some("/password")
        );
        assert_eq!(pointer("longer"), None);
        assert_eq!(pointer("WebPass"), None);
    }

    #[test]
    fn settings_are_told_from_an_error() {
        let table = [
            (json!({"error": "Log In", "b": 1}), false),
            (
                json!({"error": "Log In", "settings": {"a": 1, "b": "y"}}),
                true,
            ),
            (json!({"a": null, "b": "y"}), false),
            (json!([{"a": 1, "n": {}}]), true),
        ];
        for (body, want) in table {
            assert_eq!(watch().is_in(&body), want, "{body}");
        }
    }

    #[test]
    fn what_stands_must_stay() {
        let same = json!({"a": 1, "b": "x", "n": {"p": 5}, "password": "WebPass", "t": 99});
        assert_eq!(watch().differs_from_baseline(&same), None);
        let mut changed = same.clone();
        changed["n"]["p"] = json!(6);
        let difference = watch().differs_from_baseline(&changed).expect("differs");
        assert_eq!(
            (difference.pointer.as_str(), difference.observed.as_str()),
            ("/n/p", "6")
        );
        let mut grown = same.clone();
        grown["new"] = json!(true);
        let difference = watch().differs_from_baseline(&grown).expect("differs");
        assert_eq!(
            (difference.expected.as_str(), difference.observed.as_str()),
            ("absent", "true")
        );
    }
}
