//! A look over the whole pattern before it is parsed: how many capturing groups there are and
//! what their names are. `\10` and `\k` mean different things depending on it. Imports
//! [`super::super::dialect`].

use super::super::dialect::{Dialect, Family};

/// What the whole pattern contains.
#[derive(Debug, Default)]
pub struct Scan {
    /// Capturing groups.
    pub groups: u32,
    /// Whether a group has a name.
    pub named: bool,
}

/// Counts groups: "(" outside classes and not escaped, not followed by "?" unless it is a name.
pub fn scan(input: &[u32], dialect: Dialect) -> Scan {
    let mut scan = Scan::default();
    let at = |i: usize| {
        input
            .get(i)
            .and_then(|&s| char::from_u32(s))
            .unwrap_or('\0')
    };
    let mut in_class = false;
    let mut i = 0;
    while i < input.len() {
        match at(i) {
            '\\' => i += 1,
            '[' if !in_class => {
                in_class = true;
                let literal_first = dialect.family() != Family::EcmaScript;
                let next = if at(i + 1) == '^' { i + 2 } else { i + 1 };
                if literal_first && at(next) == ']' {
                    i = next;
                }
            }
            ']' => in_class = false,
            '(' if !in_class => {
                if at(i + 1) != '?' && at(i + 1) != '*' {
                    scan.groups += 1;
                } else if at(i + 1) == '?' {
                    let (named, open) = match (at(i + 2), at(i + 3)) {
                        ('P', '<') => (dialect.family() != Family::EcmaScript, i + 4),
                        ('<' | '\'', _) => (true, i + 3),
                        _ => (false, i),
                    };
                    if named && !matches!(at(open), '=' | '!') {
                        scan.groups += 1;
                        scan.named = true;
                    }
                }
            }
            _ => {}
        }
        i += 1;
    }
    scan
}
