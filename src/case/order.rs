//! The order of a plan: what shows most mistakes of firmware that nothing before it shows comes first.
//!
//! Which inputs show which mistakes is known from the faults of the mock (`mistakes.txt`, made by
//! `tests/servers/order-table` from three contracts and the faults that are not held back): no device and no
//! mock is asked for it when a plan is made. A mistake counts once at each field where it can be made, and the
//! less the more fields show it already. Beside what is known, what is new counts a little: the first of a
//! kind of input, of a promise, of a strategy. So mistakes that nobody thought of have their turn.

use super::identity::{InputClass, Tier};
use super::model::Case;
use crate::contract::PromiseId;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::hash::Hash;
use std::sync::LazyLock;

/// What shows a mistake: the strategy and name of a case, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the field that the case is about.
    ItsField,
    /// At any field of the operation.
    AnyField,
    /// Not at a field.
    Whole,
}

/// `types/null` → numbers of the mistakes that it shows.
type Table = BTreeMap<&'static str, Vec<(usize, Place)>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("mistakes.txt")));

fn read(text: &'static str) -> Table {
    let mut table = Table::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for (mistake, line) in lines.enumerate() {
        let mut words = line.split(' ').skip(1);
        let at_fields = words.next() == Some("field");
        for word in words {
            let (shows, place) = match (word.strip_prefix('*'), at_fields) {
                (Some(shows), _) => (shows, Place::AnyField),
                (None, true) => (word, Place::ItsField),
                (None, false) => (word, Place::Whole),
            };
            table.entry(shows).or_default().push((mistake, place));
        }
    }
    table
}

/// Fields of an operation at most that a case counts for which shows mistakes at any field.
const MOST_FIELDS: usize = 32;
/// What the first of a kind counts, against a mistake that nothing shows yet.
const NEW: f64 = 0.1;
/// How much less a mistake counts for each field at which it shows already.
const AGAIN: f64 = 0.2;

/// Numbers for things, from 0.
struct Numbers<T>(BTreeMap<T, usize>);

impl<T: Ord> Numbers<T> {
    fn of(&mut self, thing: T) -> usize {
        let next = self.0.len();
        *self.0.entry(thing).or_insert(next)
    }
}

/// What a case is the first of, or not.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Sort<'c> {
    Idea(&'c str, &'c str),
    Class(&'c str, &'c InputClass),
    Tried(PromiseId, &'c InputClass),
    Promise(PromiseId),
    Strategy(&'c str),
}

/// What a case tells.
struct Tells {
    /// Mistakes at their places, by number, each with the number of the mistake.
    shows: Vec<(usize, usize)>,
    /// What it is of.
    sorts: Vec<usize>,
    tier: Tier,
    cost: f64,
}

/// A case with what it would add where it was looked at last.
struct Next {
    gain: f64,
    at: usize,
    /// Number of the cases like it.
    kind: usize,
    /// How often that kind has entered the heap: what entered before counts no more.
    entry: usize,
}

impl Ord for Next {
    fn cmp(&self, other: &Next) -> Ordering {
        // Of two that add the same the one that came first.
        let gain = self.gain.total_cmp(&other.gain);
        gain.then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Next) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Next) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Next {}

/// The cases by what each adds to those before it. What only a plan without a budget has stays behind.
/// `of_the_server` are the strategies that are about what all operations share.
pub(super) fn by_information(
    cases: Vec<Case>,
    of_the_server: &BTreeSet<&'static str>,
) -> Vec<Case> {
    let (usual, thorough): (Vec<Case>, Vec<Case>) = cases
        .into_iter()
        .partition(|case| case.tier < Tier::THOROUGH);
    let mut places = vec![usize::MAX; usual.len()];
    for (turn, at) in greedy(&told(&usual, of_the_server)).into_iter().enumerate() {
        if let Some(place) = places.get_mut(at) {
            *place = turn;
        }
    }
    let mut turns: Vec<(usize, Case)> = places.into_iter().zip(usual).collect();
    turns.sort_by_key(|(turn, _)| *turn);
    let usual = turns.into_iter().map(|(_, case)| case);
    usual.chain(thorough).collect()
}

/// What each case tells.
fn told(cases: &[Case], of_the_server: &BTreeSet<&'static str>) -> Vec<Tells> {
    let mut fields: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        if ["types", "constraints"].contains(&case.strategy) && case.id.is_about_field() {
            let of_operation = fields.entry(&case.operation).or_default();
            of_operation.insert(case.id.about());
        }
    }
    let mut shown = Numbers(BTreeMap::new());
    let mut sorts = Numbers(BTreeMap::new());
    let nothing = BTreeSet::new();
    cases
        .iter()
        .map(|case| {
            let fields = fields.get(case.operation.as_str()).unwrap_or(&nothing);
            let promise = case.main_promise();
            let of = [
                Sort::Idea(case.strategy, case.id.idea()),
                Sort::Class(case.strategy, &case.input_class),
                Sort::Tried(promise.clone(), &case.input_class),
                Sort::Promise(promise),
                Sort::Strategy(case.strategy),
            ];
            Tells {
                shows: shows(case, fields, of_the_server, &mut shown),
                sorts: of.into_iter().map(|sort| sorts.of(sort)).collect(),
                tier: case.tier,
                cost: case.cost() as f64,
            }
        })
        .collect()
}

/// A mistake where it is made: its number, the operation, the field. What all operations share is made in
/// one place.
type Made<'c> = (usize, &'c str, &'c str);

/// The mistakes that a case shows.
fn shows<'c>(
    case: &'c Case,
    fields: &BTreeSet<&'c str>,
    of_the_server: &BTreeSet<&'static str>,
    numbers: &mut Numbers<Made<'c>>,
) -> Vec<(usize, usize)> {
    let name = format!("{}/{}", case.strategy, case.id.idea());
    let operation = match of_the_server.contains(case.strategy) {
        true => "",
        false => case.operation.as_str(),
    };
    let about = case.id.about();
    let known = TABLE.get(name.as_str()).into_iter().flatten();
    let mut out = Vec::new();
    for (mistake, place) in known {
        let mut add = |operation, field| {
            out.push((numbers.of((*mistake, operation, field)), *mistake));
        };
        match place {
            Place::ItsField if fields.contains(about) => add(&case.operation, about),
            Place::AnyField if !fields.contains(about) => {
                let fields = fields.iter().take(MOST_FIELDS);
                fields.for_each(|field| add(&case.operation, field));
            }
            Place::Whole => add(operation, ""),
            Place::ItsField | Place::AnyField => {}
        }
    }
    out
}

/// Places of the cases by what each adds. What a case adds never grows, so only what seemed to add most is
/// looked at again. Cases that add the same, whatever comes before them, are looked at as one: thousands of
/// operations have the same few kinds of them.
fn greedy(cases: &[Tells]) -> Vec<usize> {
    let mut had = Had::default();
    let mut alike = Alike::new(cases);
    let mut heap: BinaryHeap<Next> = BinaryHeap::new();
    for kind in 0..alike.members.len() {
        heap.extend(alike.enter(kind, cases, &had));
    }
    let mut order = Vec::with_capacity(cases.len());
    while let Some(next) = heap.pop() {
        let Some(now) = alike.again(&next, cases, &had) else {
            continue;
        };
        if heap.peek().is_some_and(|other| *other > now) {
            heap.push(now);
            continue;
        }
        order.push(now.at);
        cases.get(now.at).iter().for_each(|case| had.add(case));
        let mut kinds = alike.take(now.at, cases, &had);
        kinds.insert(now.kind);
        for kind in kinds {
            heap.extend(alike.enter(kind, cases, &had));
        }
    }
    order
}

/// Cases at most that have a sort in common for it to be theirs, and not one of all.
const FEW: usize = 64;

/// What decides how much a case adds, now and later: what it shows that nothing shows yet, how often each of its own
/// sorts came, which sorts of all it is of, its tier and its cost.
#[derive(PartialEq, Eq, Hash)]
struct Worth {
    fresh: Vec<usize>,
    sorts: Vec<Result<usize, usize>>,
    tier: Tier,
    cost: u64,
}

/// Cases in kinds of the same worth, each by their places in order.
struct Alike {
    members: Vec<BTreeSet<usize>>,
    /// How often each kind has entered the heap.
    entries: Vec<usize>,
    /// Case → its kind; `None`: it is taken.
    kinds: Vec<Option<usize>>,
    known: HashMap<Worth, usize>,
    /// Place of a mistake → cases that show it.
    of_place: HashMap<usize, Vec<usize>>,
    /// Sort → cases of it.
    of_sort: HashMap<usize, Vec<usize>>,
}

impl Alike {
    fn new(cases: &[Tells]) -> Alike {
        let mut alike = Alike {
            members: Vec::new(),
            entries: Vec::new(),
            kinds: vec![None; cases.len()],
            known: HashMap::new(),
            of_place: HashMap::new(),
            of_sort: HashMap::new(),
        };
        for (at, case) in cases.iter().enumerate() {
            for (place, _) in &case.shows {
                alike.of_place.entry(*place).or_default().push(at);
            }
            for sort in &case.sorts {
                alike.of_sort.entry(*sort).or_default().push(at);
            }
        }
        let had = Had::default();
        for (at, case) in cases.iter().enumerate() {
            alike.put(at, case, &had);
        }
        alike
    }

    /// The first of a kind as it stands now, in place of what has entered before.
    fn enter(&mut self, kind: usize, cases: &[Tells], had: &Had) -> Option<Next> {
        let entry = self.entries.get_mut(kind)?;
        *entry += 1;
        let entry = *entry;
        self.first(kind, entry, cases, had)
    }

    /// The same entry with what it adds now; `None` where it counts no more.
    fn again(&self, next: &Next, cases: &[Tells], had: &Had) -> Option<Next> {
        let current = self.entries.get(next.kind) == Some(&next.entry);
        current.then(|| self.first(next.kind, next.entry, cases, had))?
    }

    fn first(&self, kind: usize, entry: usize, cases: &[Tells], had: &Had) -> Option<Next> {
        let at = *self.members.get(kind)?.first()?;
        let gain = had.gain(cases.get(at)?);
        Some(Next {
            gain,
            at,
            kind,
            entry,
        })
    }

    /// Whether few cases are of a sort.
    fn is_own(&self, sort: usize) -> bool {
        self.of_sort.get(&sort).is_none_or(|of| of.len() <= FEW)
    }

    /// Puts a case where it belongs; the kind that it has joined.
    fn put(&mut self, at: usize, case: &Tells, had: &Had) -> Option<usize> {
        let fresh = case.shows.iter();
        let fresh = fresh.filter(|(place, _)| !had.shown.contains(place));
        let sorts = case.sorts.iter().map(|sort| match self.is_own(*sort) {
            true => Ok(had.sorts.get(sort).copied().unwrap_or(0)),
            false => Err(*sort),
        });
        let worth = Worth {
            fresh: fresh.map(|(_, mistake)| *mistake).collect(),
            sorts: sorts.collect(),
            tier: case.tier,
            cost: case.cost.to_bits(),
        };
        let next = self.members.len();
        let kind = *self.known.entry(worth).or_insert(next);
        if kind == next {
            self.members.push(BTreeSet::new());
            self.entries.push(0);
        }
        let slot = self.kinds.get_mut(at)?;
        if *slot == Some(kind) {
            return None;
        }
        if let Some(before) = slot.replace(kind).and_then(|k| self.members.get_mut(k)) {
            before.remove(&at);
        }
        self.members.get_mut(kind)?.insert(at);
        Some(kind)
    }

    /// Takes a case that has just been counted; the kinds that others have joined by that.
    fn take(&mut self, at: usize, cases: &[Tells], had: &Had) -> BTreeSet<usize> {
        let kind = self.kinds.get_mut(at).and_then(Option::take);
        if let Some(members) = kind.and_then(|kind| self.members.get_mut(kind)) {
            members.remove(&at);
        }
        let Some(case) = cases.get(at) else {
            return BTreeSet::new();
        };
        let mut others: BTreeSet<usize> = BTreeSet::new();
        for (place, _) in &case.shows {
            // It shows now, once for all.
            others.extend(self.of_place.remove(place).into_iter().flatten());
        }
        for sort in case.sorts.iter().filter(|sort| self.is_own(**sort)) {
            others.extend(self.of_sort.get(sort).into_iter().flatten());
        }
        others.retain(|other| self.kinds.get(*other).is_some_and(Option::is_some));
        let joined = others.into_iter();
        joined
            .filter_map(|other| self.put(other, cases.get(other)?, had))
            .collect()
    }
}

/// What the cases so far tell.
#[derive(Default)]
struct Had {
    shown: BTreeSet<usize>,
    /// Mistake → places at which it shows.
    mistakes: BTreeMap<usize, usize>,
    sorts: BTreeMap<usize, usize>,
}

impl Had {
    fn gain(&self, case: &Tells) -> f64 {
        let count = |of: &BTreeMap<usize, usize>, key| of.get(key).copied().unwrap_or(0) as f64;
        let fresh = case.shows.iter().filter(|(at, _)| !self.shown.contains(at));
        let known: f64 = fresh
            .map(|(_, mistake)| 1.0 / (1.0 + AGAIN * count(&self.mistakes, mistake)))
            .sum();
        let sorts = case.sorts.iter();
        let new: f64 = sorts
            .map(|sort| 1.0 / (1.0 + count(&self.sorts, sort)))
            .sum();
        let early = 1.0 / (1.0 + f64::from(case.tier.number()));
        (known + NEW * (new + early)) / case.cost.max(1.0)
    }

    fn add(&mut self, case: &Tells) {
        for (at, mistake) in &case.shows {
            if self.shown.insert(*at) {
                *self.mistakes.entry(*mistake).or_default() += 1;
            }
        }
        for sort in &case.sorts {
            *self.sorts.entry(*sort).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use std::time::{Duration, Instant};

    /// Every case looked at again before each is chosen.
    fn plainly(cases: &[Tells]) -> Vec<usize> {
        let mut had = Had::default();
        let mut left: BTreeSet<usize> = (0..cases.len()).collect();
        let mut order = Vec::new();
        while let Some(at) = left.iter().copied().max_by(|a, b| {
            let gain = had.gain(&cases[*a]).total_cmp(&had.gain(&cases[*b]));
            gain.then(b.cmp(a))
        }) {
            left.remove(&at);
            had.add(&cases[at]);
            order.push(at);
        }
        order
    }

    /// Cases of so many operations, of which `shapes` are different.
    fn cases(operations: usize, shapes: usize, random: &mut ChaCha8Rng) -> Vec<Tells> {
        let shown: Vec<Vec<usize>> = (0..shapes * 10)
            .map(|_| {
                let count = random.random_range(0..4);
                (0..count).map(|_| random.random_range(0..6)).collect()
            })
            .collect();
        let mut cases = Vec::new();
        for operation in 0..operations {
            for kind in 0..10 {
                let mistakes = shown[operation % shapes * 10 + kind].iter();
                let shows = mistakes.map(|m| (operation * 6 + m, *m)).collect();
                let own = 1_000_000 + operation * 4 + kind % 4;
                cases.push(Tells {
                    shows,
                    sorts: vec![kind, 100 + kind % 3, own],
                    tier: Tier::new(u8::try_from(kind / 4).expect("few")),
                    cost: 1.0 + (kind % 2) as f64,
                });
            }
        }
        cases
    }

    #[test]
    fn what_adds_most_comes_next() {
        for seed in 0..20 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let cases = cases(1 + seed as usize, 7, &mut random);
            assert_eq!(greedy(&cases), plainly(&cases), "seed {seed}");
        }
    }

    #[test]
    fn the_order_takes_time_in_step_with_the_operations() {
        const TIMES: usize = 8;
        let took = |operations: usize| -> Duration {
            let cases = cases(operations, 3, &mut ChaCha8Rng::seed_from_u64(7));
            let once = |_| {
                let started = Instant::now();
                assert_eq!(greedy(&cases).len(), cases.len());
                started.elapsed()
            };
            (0..3).map(once).min().expect("three")
        };
        let (few, many) = (took(100), took(100 * TIMES));
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        // Between what is linear and what is quadratic.
        assert!(ratio < 28.0, "{few:?}, {many:?}: {ratio:.1}");
    }
}
