//! A look over the whole pattern before it is parsed: how many capturing groups there are and what
//! their names are. `\10` and `\k` mean different things depending on it.

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
    while let Some(&symbol) = input.get(i) {
        match char::from_u32(symbol).unwrap_or('\0') {
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
                if at(i + 1) == '?' {
                    let named = match (at(i + 2), at(i + 3)) {
                        ('P', '<') => dialect.family() != Family::EcmaScript,
                        ('<', '=' | '!') => false,
                        ('<' | '\'', _) => true,
                        _ => false,
                    };
                    if named {
                        scan.groups += 1;
                        scan.named = true;
                    }
                } else {
                    scan.groups += 1;
                }
            }
            _ => {}
        }
        i += 1;
    }
    scan
}
