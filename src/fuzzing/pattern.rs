//! The models of dialects against the engines that are part of the build, on any pattern and text.
//! Imports [`crate::pattern`].

use super::pieces;
use crate::pattern::check::disagreement;
use arbitrary::{Result, Unstructured};

/// A pattern and texts: of pieces and symbols, or raw.
pub fn body(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let pattern = pieces::pattern(u)?;
    if left_out(&pattern) {
        return Ok(());
    }
    for _ in 0..u.int_in_range(1..=3)? {
        let text = pieces::text(u, &pattern)?;
        let found = disagreement(&pattern, &text);
        assert_eq!(found, None, "{pattern:?} on {text:?}");
    }
    Ok(())
}

/// Where regress 0.12 leaves ECMA-262, which V8 follows as the model does: it takes quantifiers
/// behind `\b` and `\B` (Assertion is no Atom), and reads `[\b]` as a letter with `v`
/// (ClassSetCharacter: `\b` is backspace), and any two of the punctuators that may not be doubled as
/// if they were a double (`[?!]`, ClassSetReservedDoublePunctuator).
fn left_out(pattern: &str) -> bool {
    let has = |piece: String| pattern.contains(&piece);
    let quantified = ["*", "+", "?", "{"]
        .iter()
        .any(|q| has(format!(r"\b{q}")) || has(format!(r"\B{q}")));
    let class = pattern.contains('[');
    let bytes = pattern.as_bytes();
    let punctuators = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .any(|(a, b)| a != b && PUNCTUATORS.contains(a) && PUNCTUATORS.contains(b));
    quantified || (class && (punctuators || pattern.contains(r"\b")))
}

/// What may not stand twice in a class with `v` (ClassSetReservedDoublePunctuator).
const PUNCTUATORS: &[u8] = b"&!#$%*+,.:;<=>?@^`~";
