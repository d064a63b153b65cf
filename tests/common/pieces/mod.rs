//! Small patterns made from the pieces on which dialects differ, with texts that are close to
//! them. Deterministic: one number is the seed.

use probity::pattern::dialect::Mode;
use probity_fuzzing::pieces::{GROUPS, PIECES, QUANTIFIERS, SYMBOLS};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// `count` patterns with a mode and texts each.
pub fn patterns(count: usize, seed: u64) -> Vec<(String, Mode, Vec<String>)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let pattern = pattern(&mut random, 0);
            let mode = Mode::ALL[random.random_range(0..Mode::ALL.len())];
            let texts = texts(&mut random, &pattern);
            (pattern, mode, texts)
        })
        .collect()
}

fn pick<'a>(random: &mut impl Rng, list: &[&'a str]) -> &'a str {
    list[random.random_range(0..list.len())]
}

fn pattern(random: &mut impl Rng, depth: u32) -> String {
    let mut out = String::new();
    for _ in 0..random.random_range(1..=4) {
        if depth < 2 && random.random_bool(0.2) {
            let open = pick(random, GROUPS);
            out.push_str(open);
            out.push_str(&pattern(random, depth + 1));
            out.push(')');
        } else {
            out.push_str(pick(random, PIECES));
        }
        if random.random_bool(0.3) {
            out.push_str(pick(random, QUANTIFIERS));
        }
    }
    if random.random_bool(0.15) {
        out.push('|');
        out.push_str(&pattern(random, depth + 1));
    }
    out
}

fn texts(random: &mut impl Rng, pattern: &str) -> Vec<String> {
    let own: Vec<String> = pattern.chars().map(String::from).collect();
    let mut out: Vec<String> = ["", "a", "\n", "a\n", "b"].map(str::to_owned).to_vec();
    for _ in 0..12 {
        let length = random.random_range(1..=5);
        out.push(
            (0..length)
                .map(|_| {
                    let i = random.random_range(0..SYMBOLS.len() + own.len());
                    SYMBOLS
                        .get(i)
                        .map_or_else(|| own[i - SYMBOLS.len()].clone(), |s| (*s).to_owned())
                })
                .collect(),
        );
    }
    out
}
