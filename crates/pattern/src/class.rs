//! Sets of symbols: sorted, disjoint, non-adjacent ranges. A symbol is a code point, a UTF-16 unit
//! or a byte, as the dialect works ([`super::dialect::Alphabet`]).

use std::fmt;
use std::sync::Arc;

/// A set of symbols as sorted, disjoint, non-adjacent inclusive ranges. Copies share them: classes
/// of Unicode have hundreds, and every dialect, mode and repair of a pattern has its copy.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Set {
    ranges: Arc<[(u32, u32)]>,
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for &(low, high) in &*self.ranges {
            let show = |symbol: u32| match char::from_u32(symbol) {
                Some(c) if c.is_ascii_graphic() => c.to_string(),
                _ => format!("\\x{{{symbol:x}}}"),
            };
            if low == high {
                write!(f, "{}", show(low))?;
            } else {
                write!(f, "{}-{}", show(low), show(high))?;
            }
        }
        f.write_str("]")
    }
}

impl Set {
    /// The empty set.
    pub fn empty() -> Set {
        Set::default()
    }

    /// One symbol.
    pub fn single(symbol: u32) -> Set {
        Set {
            ranges: Arc::new([(symbol, symbol)]),
        }
    }

    /// All symbols from `low` to `high`, both included; empty if `low > high`.
    pub fn range(low: u32, high: u32) -> Set {
        if low > high {
            return Set::empty();
        }
        Set {
            ranges: Arc::new([(low, high)]),
        }
    }

    /// The union of ranges in any order, overlapping or not.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> Set {
        let mut ranges: Vec<(u32, u32)> = ranges.into_iter().filter(|r| r.0 <= r.1).collect();
        ranges.sort_unstable();
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match out.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Set { ranges: out.into() }
    }

    /// The symbols of a text, as code points.
    pub fn of(text: &str) -> Set {
        Set::from_ranges(text.chars().map(|c| (u32::from(c), u32::from(c))))
    }

    /// The ranges in ascending order.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// Whether no symbol is in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether `symbol` is in the set.
    pub fn contains(&self, symbol: u32) -> bool {
        self.ranges
            .binary_search_by(|&(low, high)| {
                if high < symbol {
                    std::cmp::Ordering::Less
                } else if low > symbol {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
    }

    /// How many symbols are in the set.
    pub fn len(&self) -> u64 {
        self.ranges
            .iter()
            .map(|&(low, high)| u64::from(high) - u64::from(low) + 1)
            .sum()
    }

    /// Symbols of either set.
    pub fn union(&self, other: &Set) -> Set {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        Set::from_ranges(self.ranges.iter().chain(&*other.ranges).copied())
    }

    /// Symbols of both sets.
    pub fn intersect(&self, other: &Set) -> Set {
        let mut out = Vec::new();
        let (mut left, mut right) = (
            self.ranges.iter().peekable(),
            other.ranges.iter().peekable(),
        );
        while let (Some(&&(a, b)), Some(&&(c, d))) = (left.peek(), right.peek()) {
            let (low, high) = (a.max(c), b.min(d));
            if low <= high {
                out.push((low, high));
            }
            // Whichever ends first is done with, or both.
            if b == high {
                left.next();
            }
            if d == high {
                right.next();
            }
        }
        Set { ranges: out.into() }
    }

    /// Symbols from 0 to `max` that are not in the set.
    pub fn complement(&self, max: u32) -> Set {
        let mut out = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(0u32);
        for &(low, high) in &*self.ranges {
            let Some(from) = next else { break };
            if low > max {
                break;
            }
            if from < low {
                out.push((from, low - 1));
            }
            next = high.checked_add(1);
        }
        if let Some(from) = next
            && from <= max
        {
            out.push((from, max));
        }
        Set { ranges: out.into() }
    }

    /// Symbols of this set that are not in the other.
    pub fn minus(&self, other: &Set) -> Set {
        self.intersect(&other.complement(u32::MAX))
    }
}

impl FromIterator<(u32, u32)> for Set {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(ranges: I) -> Set {
        Set::from_ranges(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::Set;

    #[test]
    fn algebra_agrees_with_membership() {
        let sets = [
            Set::empty(),
            Set::of("abcz"),
            Set::range(0, u32::MAX),
            Set::range(5, 9).union(&Set::range(98, 200)),
            Set::single(u32::MAX),
            Set::of("09").union(&Set::range(10, 40)),
        ];
        let symbols: Vec<u32> = (0..256).chain([u32::MAX - 1, u32::MAX]).collect();
        for a in &sets {
            for &s in &symbols {
                assert_eq!(
                    a.complement(u32::MAX).contains(s),
                    !a.contains(s),
                    "{a:?} {s}"
                );
                assert_eq!(a.complement(99).contains(s), s <= 99 && !a.contains(s));
            }
            for b in &sets {
                for &s in &symbols {
                    let (x, y) = (a.contains(s), b.contains(s));
                    assert_eq!(a.union(b).contains(s), x || y);
                    assert_eq!(a.intersect(b).contains(s), x && y);
                    assert_eq!(a.minus(b).contains(s), x && !y);
                }
            }
        }
    }
}
