//! Relations and witnesses: the witness of a relation separates the two languages by another route,
//! nothing shorter does, and no text of a small alphabet contradicts what was proved.

use super::pieces;
use arbitrary::{Result, Unstructured};
use probity::pattern::check::Engine;
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::{language, read};
use probity::pattern::product::Budget;
use probity::pattern::relation::{Kind, Relation, Witness, compare};

/// Two patterns, each with a dialect and a mode.
pub fn body(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

/// Small enough for thousands of executions a second; what it cuts is `unknown`.
const BUDGET: Budget = Budget {
    nodes: 500,
    steps: 20_000,
};

/// Texts that are gone through.
const TEXTS: usize = 300;

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let a = Side::new(u)?;
    let b = if u.ratio(1, 3)? {
        // The same pattern as another engine reads it: what the product does all day.
        Side {
            pattern: a.pattern.clone(),
            dialect: pieces::dialect(u)?,
            mode: pieces::mode(u)?,
        }
    } else {
        Side::new(u)?
    };
    let (Ok(mut one), Ok(mut other)) = (
        language(&a.pattern, a.dialect, a.mode),
        language(&b.pattern, b.dialect, b.mode),
    ) else {
        return Ok(());
    };
    let relation = compare(&mut one, &mut other, BUDGET);
    let what = format!("{a:?}\n{b:?}\n{relation:?}");
    let (mut by_a, mut by_b) = (Judge::new(&a), Judge::new(&b));
    let wanted = [
        (&relation.a_only, [true, false]),
        (&relation.b_only, [false, true]),
        (&relation.both, [true, true]),
    ];
    for (witness, want) in wanted {
        for text in [&witness.shortest, &witness.printable]
            .into_iter()
            .flatten()
        {
            let got = [by_a.takes(text), by_b.takes(text)];
            let agrees = got.iter().zip(want).all(|(g, w)| g.is_none_or(|g| g == w));
            assert!(agrees, "{text:?} does not show it: {got:?}\n{what}");
        }
        if let (Some(short), Some(printable)) = (&witness.shortest, &witness.printable) {
            assert!(length(short) <= length(printable), "{what}");
        }
    }
    let alphabet = alphabet(&[&a.pattern, &b.pattern], &relation);
    for text in texts(&alphabet) {
        let (Some(in_a), Some(in_b)) = (by_a.takes(&text), by_b.takes(&text)) else {
            continue;
        };
        let allowed = match (in_a, in_b) {
            (true, false) => allows(&relation.a_only, &text, relation.kind),
            (false, true) => allows(&relation.b_only, &text, relation.kind),
            (true, true) => allows(&relation.both, &text, relation.kind),
            (false, false) => true,
        };
        assert!(allowed, "{text:?} is in {in_a}, {in_b}\n{what}");
    }
    Ok(())
}

/// Whether a text of this kind may be there: a witness stands for its kind and is no longer.
fn allows(witness: &Witness, text: &str, kind: Kind) -> bool {
    match &witness.shortest {
        Some(shortest) => length(shortest) <= length(text),
        // Of equal languages and where a limit was reached nobody looked for it to the end.
        None => kind == Kind::Unknown || kind == Kind::Equal,
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[derive(Debug)]
struct Side {
    pattern: String,
    dialect: Dialect,
    mode: Mode,
}

impl Side {
    fn new(u: &mut Unstructured<'_>) -> Result<Side> {
        Ok(Side {
            pattern: pieces::pattern(u)?,
            dialect: pieces::dialect(u)?,
            mode: pieces::mode(u)?,
        })
    }
}

/// The other route: an embedded engine where the dialect has one, else an automaton of its own,
/// without a product, of the tree as it was parsed.
enum Judge {
    Engine(Box<Engine>),
    Automaton(Box<probity::pattern::automaton::Automaton>),
    Nobody,
}

impl Judge {
    fn new(side: &Side) -> Judge {
        // regress reads some assertions otherwise (see the target `pattern`).
        let known = side.dialect == Dialect::Rust || !side.pattern.contains(r"\b");
        if known
            && !side.pattern.contains(r"\B")
            && let Some(Ok(engine)) = Engine::new(&side.pattern, side.dialect, side.mode)
        {
            return Judge::Engine(Box::new(engine));
        }
        let built = read(&side.pattern, side.dialect, side.mode)
            .ok()
            .and_then(|node| {
                let mode = match side.mode {
                    Mode::FullGrouped => Mode::Search,
                    mode => mode,
                };
                let nfa =
                    probity::pattern::nfa::Nfa::new(&node, side.dialect.alphabet(), mode).ok()?;
                probity::pattern::automaton::Automaton::new(
                    nfa,
                    probity::pattern::automaton::Limits::default(),
                )
            });
        built.map_or(Judge::Nobody, |a| Judge::Automaton(Box::new(a)))
    }

    fn takes(&mut self, text: &str) -> Option<bool> {
        match self {
            Judge::Engine(engine) => engine.accepts(text),
            Judge::Automaton(automaton) => {
                let answer = automaton.decide(text).ok();
                if answer.is_none() {
                    // A single state is over the limit, and it takes long to find that out.
                    *self = Judge::Nobody;
                }
                answer
            }
            Judge::Nobody => None,
        }
    }
}

/// A few characters that the patterns or the witnesses name, and two that few patterns do.
fn alphabet(patterns: &[&str], relation: &Relation) -> Vec<char> {
    let witnesses = [&relation.a_only, &relation.b_only, &relation.both];
    let shown = witnesses.iter().filter_map(|w| w.shortest.as_deref());
    let mut out: Vec<char> = Vec::new();
    let named = patterns
        .iter()
        .flat_map(|p| p.chars())
        .filter(|c| c.is_alphanumeric() || *c == '\n' || *c == '-');
    for c in shown.flat_map(str::chars).take(3).chain(named.take(3)) {
        if !out.contains(&c) {
            out.push(c);
        }
    }
    for c in ['\n', '_'] {
        if !out.contains(&c) {
            out.push(c);
        }
    }
    out
}

/// Texts of the alphabet, the shortest first.
fn texts(alphabet: &[char]) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut at = 0;
    while out.len() < TEXTS {
        let Some(base) = out.get(at).cloned() else {
            break;
        };
        out.extend(alphabet.iter().map(|c| format!("{base}{c}")));
        at += 1;
    }
    out.truncate(TEXTS);
    out
}
