//! Small patterns made from the pieces on which dialects differ, with texts that are close to
//! them. Deterministic: one number is the seed.

use probity::pattern::dialect::Mode;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PIECES: &[&str] = &[
    "a",
    "b",
    "A",
    "0",
    "-",
    " ",
    "_",
    ".",
    ".",
    "^",
    "$",
    r"\b",
    r"\B",
    r"\d",
    r"\w",
    r"\s",
    r"\D",
    r"\W",
    r"\S",
    r"\n",
    r"\.",
    r"\-",
    r"\/",
    "]",
    "}",
    "{",
    "[ab]",
    "[^a]",
    "[a-c]",
    r"[\d-]",
    "[]a]",
    "[^]a]",
    "[a-]",
    "[-a]",
    r"[a\]]",
    r"[\w.]",
    "[[a]",
    "[a&&b]",
    "[[:alpha:]]",
    "[a[b]c]",
    "(a)",
    "(?:a|b)",
    "(a|)",
    "()",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?i:a)",
    "(?i)",
    "(?s)",
    "(?m)",
    "(?x)",
    r"\A",
    r"\Z",
    r"\z",
    r"\x41",
    r"\u0041",
    r"\t",
    r"\cA",
    r"\07",
    r"\0",
    r"\141",
    r"\p{L}",
    r"\pL",
    r"\P{Lu}",
    "é",
    "ß",
    "K",
    "😀",
    r"\e",
    r"\h",
    r"\v",
    r"\R",
    r"\Q.\E",
    "(?<n>a)",
    "(?P<n>a)",
    r"\1",
    r"[\b]",
    r"[a-\d]",
    r"[\w-z]",
    r"[\s\S]",
    r"[^\n]",
    r"\_",
    r"\@",
    r"\y",
    r"[\y]",
    "#",
    "\"",
    "(?#c)",
    "(?>a)",
    "(?i)é",
    r"[^\W_]",
    r"\x{41}",
    r"\N",
    "[é-ü]",
    r"[\x00-\x7f]",
    "[",
    "(",
    ")",
    r"\",
    "[z-a]",
    r"\'",
    "\n",
    "\r",
    "\u{2028}",
    "[a--b]",
    "[^^]",
    "[$]",
    "[.]",
    "[a|b]",
    "[()]",
    "a{,2}",
    "a{2,}",
    "x{1}",
];

const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{0,}", "{2}?", "{1,2}+",
    "{", "{a}", "{2,1}", "**", "{0}", "{}",
];

const SYMBOLS: &[&str] = &[
    "a", "a", "b", "A", "B", "0", "1", "-", " ", "_", ".", "\n", "\r", "é", "É", "ß", "K", "k",
    "😀", "\u{2028}", "\u{85}", "\u{a0}", "٣", "ſ", "\t", "\u{b}", "z", "x", "{", "}", "]", "[",
    "\\", "&", "^", "$", "\0", "ss",
];

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
            let open = pick(
                random,
                &[
                    "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?i:", "(?s:", "(?m:",
                ],
            );
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
