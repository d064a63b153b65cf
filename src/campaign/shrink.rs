//! Makes an input smaller: requests before it, structure, values, bytes. Pure: offers candidates
//! and is told which of them still show the finding.

use super::input::Input;
use crate::case::Step;
use crate::case::build::emit;
use serde_json::{Number, Value};

/// Shrinks by asking. [`Shrinker::candidate`] gives a smaller input; [`Shrinker::answer`] says whether it
/// still shows the finding. Ends when nothing smaller is left to try.
#[derive(Debug)]
pub struct Shrinker {
    /// The smallest input so far.
    best: Input,
    /// Surely valid bodies by operation: values that say nothing.
    plain: Vec<(String, Vec<Value>)>,
    phase: Phase,
    /// Candidates that wait, the next one last.
    waiting: Vec<Input>,
    /// Whether this round of the phase made anything smaller.
    progress: bool,
    asked: Option<Input>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Requests before the last.
    Sequence,
    /// Members, items, nesting; values that say nothing in place of others.
    Structure,
    /// Strings shorter and plainer, numbers smaller.
    Values,
    /// Octets of what is no JSON, or of a spelling that matters.
    Bytes,
    Done,
}

/// Candidates of one round at most; the budget of requests ends long before.
const MOST: usize = 400;

impl Shrinker {
    /// A shrinker for an input that shows a finding. `plain` gives surely valid bodies of each
    /// operation.
    pub fn new(input: Input, plain: Vec<(String, Vec<Value>)>) -> Shrinker {
        let mut shrinker = Shrinker {
            best: input,
            plain,
            phase: Phase::Sequence,
            waiting: Vec::new(),
            progress: false,
            asked: None,
        };
        shrinker.fill();
        shrinker
    }

    /// The smallest input that shows the finding.
    pub fn best(&self) -> &Input {
        &self.best
    }

    /// The next candidate; `None` where nothing is left.
    pub fn candidate(&mut self) -> Option<Input> {
        loop {
            match self.waiting.pop() {
                Some(candidate) if simpler(&candidate, &self.best) => {
                    self.asked = Some(candidate.clone());
                    return Some(candidate);
                }
                Some(_) => {}
                None if self.phase == Phase::Done => return None,
                None => {
                    if !self.progress {
                        self.phase = match self.phase {
                            Phase::Sequence => Phase::Structure,
                            Phase::Structure => Phase::Values,
                            Phase::Values => Phase::Bytes,
                            Phase::Bytes | Phase::Done => Phase::Done,
                        };
                    }
                    self.progress = false;
                    self.fill();
                }
            }
        }
    }

    /// Whether the last candidate still shows the finding.
    pub fn answer(&mut self, shows: bool) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if shows {
            self.best = asked;
            self.progress = true;
            self.fill();
        }
    }

    /// Candidates of the phase for the best input so far, the boldest to be tried first.
    fn fill(&mut self) {
        let mut out = match self.phase {
            Phase::Sequence => sequences(&self.best),
            Phase::Structure => self.of_last(structures),
            Phase::Values => self.of_last(|step, _| values(step)),
            Phase::Bytes => self.of_last(|step, _| octets(step)),
            Phase::Done => Vec::new(),
        };
        out.truncate(MOST);
        out.reverse();
        self.waiting = out;
    }

    /// Candidates that change the last step; then, in the same way, the steps before.
    fn of_last(&self, change: impl Fn(&Step, &[Value]) -> Vec<Vec<u8>>) -> Vec<Input> {
        let mut out = Vec::new();
        for at in (0..self.best.steps.len()).rev() {
            let Some(step) = self.best.steps.get(at) else {
                continue;
            };
            let plain = self.plain.iter().find(|(op, _)| *op == step.operation);
            let plain = plain.map_or(&[][..], |(_, bodies)| bodies.as_slice());
            for body in change(step, plain) {
                let mut candidate = self.best.clone();
                if let Some(step) = candidate.steps.get_mut(at) {
                    step.body = body;
                }
                out.push(candidate);
            }
        }
        out
    }
}

/// Fewer requests, fewer octets, or the same number with plainer content; of numbers with as many
/// digits the lesser.
fn simpler(a: &Input, b: &Input) -> bool {
    fn bodies(input: &Input) -> Vec<&[u8]> {
        input.steps.iter().map(|s| s.body.as_slice()).collect()
    }
    let rank = |input: &Input| {
        let strange: usize = input
            .steps
            .iter()
            .flat_map(|s| &s.body)
            .map(|b| strangeness(*b))
            .sum();
        (input.steps.len(), input.size(), strange)
    };
    (rank(a), bodies(a)) < (rank(b), bodies(b))
}

/// How much an octet draws attention: a letter `a` or a digit says nothing.
fn strangeness(byte: u8) -> usize {
    match byte {
        b'a' | b'0'..=b'9' => 0,
        b'b'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        b' '..=b'~' => 4,
        _ => 5,
    }
}

/// Without some of the requests before the last: all, halves, quarters, single ones.
fn sequences(input: &Input) -> Vec<Input> {
    let before = input.steps.len().saturating_sub(1);
    let mut out = Vec::new();
    let mut size = before;
    while size > 0 {
        let mut start = 0;
        while start < before {
            let mut candidate = input.clone();
            candidate.steps.drain(start..(start + size).min(before));
            out.push(candidate);
            start += size;
        }
        size /= 2;
    }
    out
}

/// A place in a value: member names and indices.
type Place = Vec<Key>;

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Member(String),
    Item(usize),
}

fn at<'v>(value: &'v mut Value, place: &[Key]) -> Option<&'v mut Value> {
    place.iter().try_fold(value, |value, key| match key {
        Key::Member(name) => value.as_object_mut()?.get_mut(name),
        Key::Item(i) => value.as_array_mut()?.get_mut(*i),
    })
}

/// Every place below the root, outer ones first.
fn places(value: &Value) -> Vec<Place> {
    fn walk(value: &Value, here: &Place, out: &mut Vec<Place>) {
        let mut enter = |key: Key, inner: &Value| {
            let mut place = here.clone();
            place.push(key);
            out.push(place.clone());
            walk(inner, &place, out);
        };
        match value {
            Value::Object(map) => {
                for (name, inner) in map {
                    enter(Key::Member(name.clone()), inner);
                }
            }
            Value::Array(items) => {
                for (i, inner) in items.iter().enumerate() {
                    enter(Key::Item(i), inner);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, &Vec::new(), &mut out);
    out
}

/// The plain spelling; without members and items; inner values in place of outer ones; plain values
/// in place of others.
fn structures(step: &Step, plain: &[Value]) -> Vec<Vec<u8>> {
    let Ok(value) = serde_json::from_slice::<Value>(&step.body) else {
        return Vec::new();
    };
    let mut out = vec![emit(&value)];
    // A plain body with one strange thing in it is where most ends up: try that at once.
    for body in plain {
        for place in places(&value).into_iter().filter(|p| p.len() == 1) {
            let Some(strange) = at(&mut value.clone(), &place).cloned() else {
                continue;
            };
            let mut candidate = body.clone();
            if let (Value::Object(map), Some(Key::Member(name))) = (&mut candidate, place.first()) {
                if map.get(name) == Some(&strange) {
                    continue;
                }
                map.insert(name.clone(), strange);
                out.push(emit(&candidate));
            }
        }
        if out.len() > 24 {
            break;
        }
    }
    // A crowd of members goes in halves first.
    if let Value::Object(map) = &value {
        let mut size = map.len() / 2;
        while size > 1 {
            let names: Vec<&String> = map.keys().collect();
            for gone in names.chunks(size) {
                let mut fewer = map.clone();
                for name in gone {
                    fewer.shift_remove(*name);
                }
                out.push(emit(&Value::Object(fewer)));
            }
            size /= 2;
        }
    }
    for place in places(&value) {
        let Some((last, parents)) = place.split_last() else {
            continue;
        };
        let mut candidate = value.clone();
        match (at(&mut candidate, parents), last) {
            (Some(Value::Object(map)), Key::Member(name)) => {
                map.shift_remove(name);
            }
            (Some(Value::Array(items)), Key::Item(i)) if *i < items.len() => {
                items.remove(*i);
            }
            _ => continue,
        }
        out.push(emit(&candidate));
    }
    for place in places(&value) {
        for body in plain.iter().take(2) {
            let mut body = body.clone();
            let Some(other) = at(&mut body, &place).cloned() else {
                continue;
            };
            let mut candidate = value.clone();
            if let Some(here) = at(&mut candidate, &place)
                && *here != other
            {
                *here = other;
                out.push(emit(&candidate));
            }
        }
        // What is inside, without what is around it.
        let mut candidate = value.clone();
        if let Some(here) = at(&mut candidate, &place) {
            let inner = match here {
                Value::Object(map) => map.values().next().cloned(),
                Value::Array(items) => items.first().cloned(),
                _ => None,
            };
            if let Some(inner) = inner {
                *here = inner;
                out.push(emit(&candidate));
            }
        }
    }
    out
}

/// Strings without pieces, with plainer characters; smaller numbers; shorter names of members.
fn values(step: &Step) -> Vec<Vec<u8>> {
    let Ok(value) = serde_json::from_slice::<Value>(&step.body) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for place in places(&value) {
        let mut original = value.clone();
        let smaller: Vec<Value> = match at(&mut original, &place) {
            Some(Value::String(text)) => shorter(text).into_iter().map(Value::from).collect(),
            Some(Value::Number(n)) => lesser(n),
            _ => Vec::new(),
        };
        for replacement in smaller {
            let mut candidate = value.clone();
            if let Some(here) = at(&mut candidate, &place) {
                *here = replacement;
                out.push(emit(&candidate));
            }
        }
        if let Some((Key::Member(name), parents)) = place.split_last() {
            for name_now in shorter(name).into_iter().take(8) {
                let mut candidate = value.clone();
                if let Some(Value::Object(map)) = at(&mut candidate, parents)
                    && !map.contains_key(&name_now)
                {
                    *map = std::mem::take(map)
                        .into_iter()
                        .map(|(n, v)| (if n == *name { name_now.clone() } else { n }, v))
                        .collect();
                    out.push(emit(&candidate));
                }
            }
        }
    }
    out
}

/// A text without pieces of it, large ones first; then with plain characters.
fn shorter(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut size = chars.len();
    while size > 0 {
        let mut start = 0;
        while start < chars.len() && out.len() < 96 {
            let end = (start + size).min(chars.len());
            out.push(chars[..start].iter().chain(&chars[end..]).collect());
            start += size;
        }
        size /= 2;
    }
    for (i, c) in chars.iter().enumerate().take(32) {
        let plain = match c {
            '0'..='9' => '0',
            'a' => continue,
            _ => 'a',
        };
        if plain != *c {
            let swapped = chars.iter().enumerate();
            out.push(
                swapped
                    .map(|(j, c)| if i == j { plain } else { *c })
                    .collect(),
            );
        }
    }
    out
}

fn lesser(number: &Number) -> Vec<Value> {
    let Some(n) = number.as_i64() else {
        return vec![Value::from(0), Value::from(1)];
    };
    let mut out: Vec<i64> = vec![0, 1];
    let mut step = n;
    while step != 0 && out.len() < 40 {
        step /= 2;
        out.push(n - step);
    }
    out.retain(|m| *m != n);
    out.into_iter().map(Value::from).collect()
}

/// Without runs of octets, long ones first; then with plain octets.
fn octets(step: &Step) -> Vec<Vec<u8>> {
    let bytes = &step.body;
    let mut out = Vec::new();
    let mut size = bytes.len() / 2;
    while size > 0 {
        for start in (0..bytes.len()).step_by(size) {
            let end = (start + size).min(bytes.len());
            out.push([&bytes[..start], &bytes[end..]].concat());
        }
        size /= 2;
        if out.len() > MOST {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(bodies: &[&str]) -> Input {
        Input {
            steps: bodies
                .iter()
                .map(|body| Step {
                    operation: "op".to_owned(),
                    body: body.as_bytes().to_vec(),
                    ..Step::default()
                })
                .collect(),
        }
    }

    fn shrunk(start: Input, shows: impl Fn(&Input) -> bool) -> (Vec<String>, usize) {
        assert!(shows(&start));
        let plain = vec![("op".to_owned(), vec![json!({"a": "x", "b": 1})])];
        let mut shrinker = Shrinker::new(start, plain);
        let mut asked = 0;
        while let Some(candidate) = shrinker.candidate() {
            asked += 1;
            assert!(asked < 5_000, "does not end");
            shrinker.answer(shows(&candidate));
        }
        let best = shrinker.best();
        let bodies = best.steps.iter();
        (
            bodies
                .map(|s| String::from_utf8_lossy(&s.body).into_owned())
                .collect(),
            asked,
        )
    }

    #[test]
    fn what_matters_is_left() {
        let has = |piece: &'static str| {
            move |input: &Input| {
                let last = input
                    .steps
                    .last()
                    .map(|s| s.body.clone())
                    .unwrap_or_default();
                String::from_utf8_lossy(&last).contains(piece)
            }
        };
        let table = [
            (
                r#"{"a":"some long text with %n inside","c":[1,{"d":null}],"b":77}"#,
                "%n",
                "%n",
            ),
            (r#"{"a":"x","b":77,"c":{"d":[[[["deep"]]]]}}"#, "[[", "[["),
            (r#"{"a":"x""#, "{", "{"),
        ];
        for (body, piece, want) in table {
            let (left, _) = shrunk(input(&[body]), has(piece));
            assert_eq!(left, [want], "{body}");
        }
    }

    #[test]
    fn json_stays_json_where_that_matters() {
        let shows = |input: &Input| {
            input.steps.last().is_some_and(|s| {
                serde_json::from_slice::<Value>(&s.body)
                    .is_ok_and(|v| v["b"].as_i64().is_some_and(|n| n > 1_000))
            })
        };
        let (left, asked) = shrunk(input(&[r#"{"a":"text","b":65535,"z":[1,2,3]}"#]), shows);
        assert_eq!(left, [r#"{"b":1001}"#]);
        assert!(asked < 200, "{asked}");
    }

    #[test]
    fn requests_that_are_not_needed_go_first() {
        let shows = |input: &Input| {
            let bad = input.steps.iter().filter(|s| s.body == b"bad").count();
            bad >= 3 && input.steps.last().is_some_and(|s| s.body == b"{}")
        };
        let start = input(&["{}", "bad", "x", "bad", "bad", "y", "bad", "{}"]);
        let (left, asked) = shrunk(start, shows);
        assert_eq!(left, ["bad", "bad", "bad", "{}"]);
        assert!(asked < 100, "{asked}");
    }
}
