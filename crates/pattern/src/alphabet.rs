//! Which symbols an automaton cannot tell apart (minterms), and which member of such a class a
//! person would rather read.

use super::class::Set;
use super::dialect::Alphabet;
use super::hash::Table;

/// A division of all symbols from 0 to `max` into classes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Classes {
    /// First symbol of each stretch and its class, ascending, the first at 0.
    stretches: Vec<(u32, u16)>,
    ascii: [u16; 128],
    count: u16,
}

impl Classes {
    /// The coarsest division in which every set is a union of classes. `None` where there would
    /// be more than 65,000 classes.
    pub fn of(sets: &[&Set], max: u32) -> Option<Classes> {
        let mut edges: Vec<(u32, usize)> = Vec::new();
        for (index, set) in sets.iter().enumerate() {
            for &(low, high) in set.ranges() {
                edges.extend([(low, index), (high + 1, index)]);
            }
        }
        edges.sort_unstable();
        let mut signature = vec![0u64; sets.len().div_ceil(64)];
        let mut known: Table<Vec<u64>, u16> = Table::default();
        let mut stretches = Vec::new();
        let mut i = 0;
        let mut at = 0u32;
        loop {
            while let Some(&(edge, index)) = edges.get(i) {
                if edge > at {
                    break;
                }
                signature[index / 64] ^= 1 << (index % 64);
                i += 1;
            }
            let next_id = u16::try_from(known.len()).ok().filter(|&id| id < 65_000)?;
            let class = *known.entry(signature.clone()).or_insert(next_id);
            stretches.push((at, class));
            match edges.get(i) {
                Some(&(edge, _)) if edge <= max => at = edge,
                _ => break,
            }
        }
        Some(Classes::from_stretches(stretches, known.len() as u16))
    }

    fn from_stretches(mut stretches: Vec<(u32, u16)>, count: u16) -> Classes {
        stretches.dedup_by(|next, previous| next.1 == previous.1);
        let mut classes = Classes {
            stretches,
            ascii: [0; 128],
            count,
        };
        for symbol in 0..128u32 {
            classes.ascii[symbol as usize] = classes.look_up(symbol);
        }
        classes
    }

    fn look_up(&self, symbol: u32) -> u16 {
        let after = self.stretches.partition_point(|&(from, _)| from <= symbol);
        after
            .checked_sub(1)
            .and_then(|i| self.stretches.get(i))
            .map_or(0, |stretch| stretch.1)
    }

    /// The class of a symbol.
    pub fn class(&self, symbol: u32) -> u16 {
        match self.ascii.get(symbol as usize) {
            Some(&class) => class,
            None => self.look_up(symbol),
        }
    }

    /// How many classes there are.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// First symbol of each stretch and its class.
    pub fn stretches(&self) -> &[(u32, u16)] {
        &self.stretches
    }
}

/// Code points as sequences of symbols of another alphabet: classes of code points, and for each
/// the classes of its symbols.
#[derive(Clone, Debug)]
pub struct Spelling {
    /// Classes of code points.
    pub points: Classes,
    /// Symbol classes of each class of code points.
    pub symbols: Vec<Vec<u16>>,
}

/// More stretches than this are not modelled (odd byte classes).
const MAX_STRETCHES: usize = 200_000;

impl Spelling {
    /// How the symbols of `alphabet`, divided into `units`, spell code points.
    pub fn new(units: &Classes, alphabet: Alphabet) -> Option<Spelling> {
        let mut known: Table<Vec<u16>, u16> = Table::default();
        let mut symbols: Vec<Vec<u16>> = Vec::new();
        let mut stretches: Vec<(u32, u16)> = Vec::new();
        let mut add = |from: u32, spelled: Vec<u16>| -> Option<()> {
            let class = match known.get(&spelled) {
                Some(&class) => class,
                None => {
                    let class = u16::try_from(symbols.len()).ok()?;
                    known.insert(spelled.clone(), class);
                    symbols.push(spelled);
                    class
                }
            };
            if stretches.last().is_none_or(|last| last.1 != class) {
                stretches.push((from, class));
            }
            (stretches.len() < MAX_STRETCHES).then_some(())
        };
        match alphabet {
            Alphabet::CodePoints => {
                for &(from, class) in units.stretches() {
                    add(from, vec![class])?;
                }
            }
            Alphabet::Utf16 => {
                for &(from, class) in units.stretches() {
                    add(from, vec![class])?;
                }
                let mut high = 0xD800u32;
                while high < 0xDC00 {
                    let mut low = 0xDC00u32;
                    while low < 0xE000 {
                        let point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        add(point, vec![units.class(high), units.class(low)])?;
                        low = stretch_end(units, low).saturating_add(1);
                    }
                    // Where low units are all alike, high units of one stretch are as well.
                    high = if stretch_end(units, 0xDC00) >= 0xDFFF {
                        stretch_end(units, high).saturating_add(1)
                    } else {
                        high + 1
                    };
                }
            }
            Alphabet::Bytes => {
                for byte in 0..0x80u32 {
                    add(byte, vec![units.class(byte)])?;
                }
                let mut from = 0x80u32;
                while from <= 0x10_FFFF {
                    let Some(c) = char::from_u32(from) else {
                        from = 0xE000;
                        continue;
                    };
                    let bytes = Alphabet::Bytes.symbols(c.encode_utf8(&mut [0; 4]));
                    add(from, bytes.iter().map(|&b| units.class(b)).collect())?;
                    // As far as the last byte stays in its stretch, and, where all continuation
                    // bytes are one stretch, as far as the first byte stays the same.
                    let last = bytes.last().copied().unwrap_or(0x80);
                    let whole = stretch_end(units, 0x80) >= 0xBF;
                    from = if whole {
                        let shift = 6 * (bytes.len() as u32 - 1);
                        let lead_end = from | ((1 << shift) - 1);
                        match from {
                            0..0x800 => lead_end.min(0x7FF),
                            0x800..0x10000 => lead_end.min(0xFFFF),
                            _ => lead_end,
                        }
                    } else {
                        from + (stretch_end(units, last).min(0xBF) - last)
                    } + 1;
                }
            }
        }
        let count = symbols.len() as u16;
        Some(Spelling {
            points: Classes::from_stretches(stretches, count),
            symbols,
        })
    }
}

/// The last symbol of the stretch that `symbol` is in.
fn stretch_end(classes: &Classes, symbol: u32) -> u32 {
    let after = classes
        .stretches()
        .partition_point(|&(from, _)| from <= symbol);
    classes
        .stretches()
        .get(after)
        .map_or(u32::MAX, |next| next.0 - 1)
}

/// Printable ASCII in the order in which a person would rather read it.
pub const FRIENDLY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_ :/@+,;=!#$%&*()[]{}<>?|~^'\"`\\";

/// One class of the common alphabet of several automata.
#[derive(Clone, Debug)]
pub struct JointClass {
    /// The member that reads best.
    pub sample: char,
    /// Whether the sample is printable ASCII.
    pub printable: bool,
    /// The class in each automaton.
    pub parts: Vec<u16>,
}

/// The common refinement of several divisions of the code points, the friendliest class first.
pub fn join(all: &[&Classes]) -> Vec<JointClass> {
    let mut edges: Vec<u32> = all
        .iter()
        .flat_map(|classes| classes.stretches().iter().map(|stretch| stretch.0))
        .chain([0])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let parts = |symbol: u32| -> Vec<u16> { all.iter().map(|c| c.class(symbol)).collect() };
    let mut known: Table<Vec<u16>, usize> = Table::default();
    let mut out: Vec<JointClass> = Vec::new();
    for c in FRIENDLY.chars() {
        let parts = parts(u32::from(c));
        if !known.contains_key(&parts) {
            known.insert(parts.clone(), out.len());
            out.push(JointClass {
                sample: c,
                printable: true,
                parts,
            });
        }
    }
    let mut rest: Vec<((u8, u32), JointClass)> = Vec::new();
    for (i, &from) in edges.iter().enumerate() {
        let parts = parts(from);
        let to = edges.get(i + 1).map_or(0x10_FFFF, |&next| next - 1);
        // Samples that cannot be improved need no look at the stretch.
        match known.get(&parts) {
            Some(&at) if at < out.len() => continue,
            Some(&at) if rest[at - out.len()].0.0 == 0 => continue,
            _ => {}
        }
        let Some(rank) = friendliest(from, to) else {
            continue;
        };
        match known.get(&parts) {
            Some(&at) => {
                let place = &mut rest[at - out.len()];
                if rank < place.0 {
                    place.0 = rank;
                    place.1.sample = char::from_u32(rank.1).unwrap_or(place.1.sample);
                }
            }
            None => {
                let Some(sample) = char::from_u32(rank.1) else {
                    continue;
                };
                known.insert(parts.clone(), out.len() + rest.len());
                rest.push((
                    rank,
                    JointClass {
                        sample,
                        printable: false,
                        parts,
                    },
                ));
            }
        }
    }
    rest.sort_by_key(|entry| entry.0);
    out.extend(rest.into_iter().map(|entry| entry.1));
    out
}

/// The best member of a stretch outside printable ASCII, with its rank: letters and digits, then
/// other visible ones, then white space, then the rest.
fn friendliest(from: u32, to: u32) -> Option<(u8, u32)> {
    let rank = |symbol: u32| -> Option<(u8, u32)> {
        let c = char::from_u32(symbol)?;
        let tier = if c.is_alphanumeric() {
            0
        } else if matches!(symbol, 9 | 10 | 13) {
            2
        } else if c.is_whitespace() {
            3
        } else if c.is_control()
            || matches!(symbol, 0x200B..=0x200F | 0x2028..=0x202E | 0xFE00..=0xFE0F | 0xFEFF | 0xE000..=0xF8FF | 0xFFF0..)
        {
            4
        } else {
            1
        };
        Some((tier, symbol))
    };
    let inside = (from..=to.min(from.saturating_add(60))).chain(
        [0xE4u32, 0x20AC, 0x4E2D, 0xE000, 0x1F600]
            .into_iter()
            .filter(|&symbol| symbol >= from && symbol <= to),
    );
    let ranks = inside
        .filter(|symbol| !(0x20..0x7F).contains(symbol))
        .filter_map(rank);
    // They ascend, so that nothing is better than the first letter or digit.
    ranks
        .clone()
        .find(|(tier, _)| *tier == 0)
        .or_else(|| ranks.min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_divide_exactly() {
        let (a, b) = (Set::of("abc"), Set::range(u32::from('b'), 0x20AC));
        let classes = Classes::of(&[&a, &b], 0x10_FFFF).expect("few classes");
        assert_eq!(classes.count(), 4);
        for x in ['a', 'b', 'c', 'd', '\0', '€', '\u{20AD}'] {
            for y in ['a', 'b', 'c', 'd', '\0', '€', '\u{20AD}'] {
                let (x, y) = (u32::from(x), u32::from(y));
                let same = a.contains(x) == a.contains(y) && b.contains(x) == b.contains(y);
                assert_eq!(classes.class(x) == classes.class(y), same);
            }
        }
    }

    #[test]
    fn spelling_follows_the_encoding() {
        for alphabet in [Alphabet::CodePoints, Alphabet::Utf16, Alphabet::Bytes] {
            let sets = [
                Set::range(0x80, 0x93),
                Set::of("a"),
                Set::range(0xD800, 0xD83D),
            ];
            let sets: Vec<Set> = sets
                .iter()
                .map(|s| s.intersect(&Set::range(0, alphabet.max())))
                .collect();
            let refs: Vec<&Set> = sets.iter().collect();
            let units = Classes::of(&refs, alphabet.max()).expect("few classes");
            let spelling = Spelling::new(&units, alphabet).expect("few stretches");
            for c in [
                'a',
                'b',
                '\u{7F}',
                '\u{80}',
                'ä',
                '\u{7FF}',
                '\u{800}',
                '€',
                '\u{D7FF}',
                '\u{E000}',
                '\u{FFFF}',
                '\u{10000}',
                '😀',
                '\u{10FFFF}',
            ] {
                let expected: Vec<u16> = alphabet
                    .symbols(c.encode_utf8(&mut [0; 4]))
                    .into_iter()
                    .map(|s| units.class(s))
                    .collect();
                let class = spelling.points.class(u32::from(c));
                assert_eq!(
                    spelling.symbols[class as usize], expected,
                    "{c:?} {alphabet:?}"
                );
            }
        }
    }
}
