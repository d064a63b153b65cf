//! The models of dialects against the engines that are part of the build, on any pattern and text.

use super::pieces;
use arbitrary::{Result, Unstructured};
use probity::pattern::check::disagreement;

/// A pattern and texts: of pieces and symbols, or raw.
pub fn body(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let pattern = pieces::pattern(u)?;
    for _ in 0..u.int_in_range(1..=3)? {
        let text = pieces::text(u, &pattern)?;
        let found = disagreement(&pattern, &text);
        assert_eq!(found, None, "{pattern:?} on {text:?}");
    }
    Ok(())
}
