//! A device that fits no listed reading, described axis by axis: anchors, line ends, members,
//! lengths, unit. Every axis is decided by its own few strings, made from one string that the
//! device takes.

use std::collections::BTreeMap;

use super::alphabet::FRIENDLY;
pub use super::description::Description;
use super::text::Text;

/// Asks along the axes. Holds no answers: what to ask next follows from what was answered.
#[derive(Clone, Debug)]
pub struct Axes<'t> {
    text: &'t Text,
    bases: Vec<String>,
    /// A character that no reading lets stand next to the base.
    foreign: Option<char>,
    /// A character that may be repeated in the middle of the base.
    filler: Option<(usize, char)>,
    members: Vec<char>,
    /// Lengths that published bounds and readings name.
    lengths: Vec<u64>,
}

/// No string longer than this is asked for to find a limit.
const MOST: u64 = 4_096;

impl<'t> Axes<'t> {
    /// Prepares strings; asks nothing.
    pub fn new(text: &'t Text) -> Axes<'t> {
        use super::text::Assessment;
        let mut bases: Vec<String> = text.valid().into_iter().collect();
        for sample in text.valid_cover(8) {
            if !sample.text.is_empty() && sample.text.len() < 40 && !bases.contains(&sample.text) {
                bases.push(sample.text);
            }
        }
        bases.retain(|base| !base.is_empty());
        // A base needs a middle for members, and room on both sides for foreign text and lengths.
        let shortest = bases.iter().min_by_key(|base| base.len()).cloned();
        if let Some((shortest, last)) = shortest.and_then(|b| Some((b.clone(), b.chars().last()?)))
        {
            // One that is not at the lower bound either, should the device have it one off.
            let have = shortest.chars().count();
            let more = 4_usize.saturating_sub(have).max(2);
            let roomy = shortest + &last.to_string().repeat(more);
            if text.assess(&roomy) == Assessment::SurelyValid && !bases.contains(&roomy) {
                bases.push(roomy);
            }
        }
        bases.sort_by_key(|base| (base.len() < 3, base.len()));
        let base = bases.first().cloned().unwrap_or_default();
        // Foreign on both sides in every reading but those that search.
        let foreign = ['!', '\u{1}', '\\', ':', '"', '\u{7f}', '<', ' ']
            .into_iter()
            .find(|c| {
                let both = format!("{c}{base}{c}");
                let full = text
                    .readings()
                    .iter()
                    .filter(|r| r.plausible && r.mode == "full" && r.modelled());
                let (mut count, mut refused) = (0, 0);
                for reading in full {
                    count += 1;
                    refused += u32::from(!reading.accepts(&both));
                }
                count > 0 && count == refused
            });
        // What may be doubled stays valid when it is; in a string as long as may be, what may be
        // left out.
        let chars: Vec<char> = base.chars().collect();
        let filler = [2, 0].into_iter().find_map(|times| {
            (0..chars.len()).rev().find_map(|i| {
                let c = *chars.get(i)?;
                let before = chars.iter().take(i).copied();
                let other: String = before
                    .chain(std::iter::repeat_n(c, times))
                    .chain(chars.iter().skip(i + 1).copied())
                    .collect();
                (text.assess(&other) != Assessment::SurelyInvalid).then_some((i, c))
            })
        });
        let mut members: Vec<char> = FRIENDLY
            .chars()
            .filter(|c| !c.is_ascii_alphanumeric())
            .chain("az09AZ".chars())
            .collect();
        members.extend(['\0', '\t', '\n', '\u{a0}', '\u{e9}', '\u{663}', '\u{1F600}']);
        let mut lengths: Vec<u64> = text
            .plausible
            .iter()
            .flat_map(|d| [Some(d.min), d.max].into_iter().flatten())
            .collect();
        for reading in text.readings().iter().take(1) {
            if let Some(pattern) = &reading.pattern {
                lengths.extend(numbers(pattern));
            }
        }
        lengths.retain(|&n| n > 0 && n <= MOST);
        lengths.sort_unstable();
        lengths.dedup();
        Axes {
            text,
            bases,
            foreign,
            filler,
            members,
            lengths,
        }
    }

    /// The first of our strings that the device takes, or the one to ask for.
    fn base(&self, answers: &BTreeMap<String, bool>) -> Result<Option<&String>, String> {
        for base in self.bases.iter().take(4) {
            match answers.get(base) {
                Some(true) => return Ok(Some(base)),
                Some(false) => {}
                None => return Err(base.clone()),
            }
        }
        Ok(None)
    }

    /// The string to ask next, `None` when the description is complete.
    pub fn next(&self, answers: &BTreeMap<String, bool>) -> Option<String> {
        let base = match self.base(answers) {
            Ok(Some(base)) => base.clone(),
            Ok(None) => return None,
            Err(ask) => return Some(ask),
        };
        let mut wanted: Vec<String> = Vec::new();
        if let Some(c) = self.foreign {
            wanted.push(format!("{c}{base}"));
            wanted.push(format!("{base}{c}"));
        }
        for (_, end) in LINE_ENDS {
            wanted.push(format!("{base}{end}"));
        }
        if let Some(ask) = wanted.into_iter().find(|s| !answers.contains_key(s)) {
            return Some(ask);
        }
        self.next_member(&base, answers)
            .or_else(|| self.next_length(&base, answers))
    }

    /// What every plausible reading takes is asked for together: one answer for many characters
    /// where the device agrees. The rest one by one.
    fn next_member(&self, base: &str, answers: &BTreeMap<String, bool>) -> Option<String> {
        let groups = self.groups(base);
        if let Some(ask) = groups.iter().find_map(|g| self.halve(base, g, answers)) {
            return Some(ask);
        }
        self.members
            .iter()
            .filter(|c| !groups.iter().flatten().any(|known| known == *c))
            .filter_map(|&c| self.with_member(base, c))
            .find(|s| !answers.contains_key(s))
    }

    /// Characters that every plausible reading takes, as many together as it takes together.
    fn groups(&self, base: &str) -> Vec<Vec<char>> {
        use super::text::Assessment::SurelyValid;
        let sure = |text: Option<String>| text.is_some_and(|s| self.text.assess(&s) == SurelyValid);
        let mut groups: Vec<Vec<char>> = Vec::new();
        for &c in &self.members {
            if !sure(self.with_member(base, c)) {
                continue;
            }
            if let Some(last) = groups.last_mut() {
                last.push(c);
                if sure(self.with_members(base, last)) {
                    continue;
                }
                last.pop();
            }
            groups.push(vec![c]);
        }
        groups
    }

    /// The question that finds out which of a group are refused; `None` when that is known.
    fn halve(
        &self,
        base: &str,
        group: &[char],
        answers: &BTreeMap<String, bool>,
    ) -> Option<String> {
        let text = match group {
            [one] => self.with_member(base, *one)?,
            _ => self.with_members(base, group)?,
        };
        match answers.get(&text) {
            None => Some(text),
            Some(false) if group.len() > 1 => {
                let (left, right) = group.split_at(group.len() / 2);
                self.halve(base, left, answers)
                    .or_else(|| self.halve(base, right, answers))
            }
            Some(_) => None,
        }
    }

    /// Whether a character may stand in the middle, by itself or together with others.
    fn takes(
        &self,
        base: &str,
        c: char,
        groups: &[Vec<char>],
        answers: &BTreeMap<String, bool>,
    ) -> Option<bool> {
        if let Some(known) = self.with_member(base, c).and_then(|s| answers.get(&s)) {
            return Some(*known);
        }
        let mut group = groups.iter().find(|group| group.contains(&c))?.as_slice();
        while group.len() > 1 {
            let text = self.with_members(base, group)?;
            if *answers.get(&text)? {
                return Some(true);
            }
            let (left, right) = group.split_at(group.len() / 2);
            group = if left.contains(&c) { left } else { right };
        }
        None
    }

    fn with_members(&self, base: &str, group: &[char]) -> Option<String> {
        let (at, _) = self.filler?;
        let before = base.chars().take(at);
        let after = base.chars().skip(at);
        Some(before.chain(group.iter().copied()).chain(after).collect())
    }

    fn with_member(&self, base: &str, c: char) -> Option<String> {
        let chars: Vec<char> = base.chars().collect();
        let at = match self.filler {
            Some((i, _)) => i,
            None => chars.len() / 2,
        };
        if chars.is_empty() {
            return None;
        }
        let string: String = chars
            .iter()
            .enumerate()
            .map(|(i, &old)| if i == at.min(chars.len() - 1) { c } else { old })
            .collect();
        // At an edge an insertion keeps the base whole.
        if chars.len() < 3 {
            return Some(format!("{base}{c}{base}"));
        }
        Some(string)
    }

    fn of_length(&self, base: &str, length: u64, piece: char) -> Option<String> {
        let (at, _) = self.filler?;
        let chars: Vec<char> = base.chars().collect();
        let have = chars.len() as u64;
        if length >= have {
            let more = usize::try_from(length - have).ok()?;
            return Some(
                chars
                    .iter()
                    .take(at)
                    .copied()
                    .chain(std::iter::repeat_n(piece, more))
                    .chain(chars.iter().skip(at).copied())
                    .collect(),
            );
        }
        // Shorter: what is the same character throughout can be cut.
        let short = usize::try_from(length).ok()?;
        chars
            .iter()
            .all(|&c| c == piece)
            .then(|| std::iter::repeat_n(piece, short).collect())
    }

    /// Bisects between lengths that are taken and lengths that are not.
    fn next_length(&self, base: &str, answers: &BTreeMap<String, bool>) -> Option<String> {
        let (_, piece) = self.filler?;
        for upper in [true, false] {
            match self.limit(base, piece, upper, answers) {
                Bisect::Ask(length) => {
                    return self.of_length(base, length, piece);
                }
                Bisect::Found(Some(limit)) if upper => {
                    // The unit: as many characters of two bytes, of two UTF-16 units.
                    let asked = self.unit_probes(base, limit);
                    if let Some(ask) = asked
                        .into_iter()
                        .flatten()
                        .chain(
                            self.beyond(limit)
                                .filter_map(|n| self.of_length(base, n, piece)),
                        )
                        .find(|s| !answers.contains_key(s))
                    {
                        return Some(ask);
                    }
                }
                Bisect::Found(_) => {}
            }
        }
        None
    }

    /// The longest string that is taken with one character replaced by one that is one code point
    /// and one UTF-16 unit but two bytes; and by one that is two units.
    fn unit_probes(&self, base: &str, limit: u64) -> [Option<String>; 2] {
        let (at, piece) = match self.filler {
            Some(filler) => filler,
            None => return [None, None],
        };
        let Some(longest) = self.of_length(base, limit, piece) else {
            return [None, None];
        };
        ['\u{e9}', '\u{1F600}'].map(|c| {
            Some(
                longest
                    .chars()
                    .enumerate()
                    .map(|(i, old)| if i == at { c } else { old })
                    .collect(),
            )
        })
    }

    /// Lengths that are named and lie beyond a limit, and their neighbours: where two bounds are
    /// published a device may look at either.
    fn beyond(&self, limit: u64) -> impl Iterator<Item = u64> {
        self.lengths
            .iter()
            .flat_map(|&n| [n, n + 1])
            .filter(move |&n| n > limit)
    }

    fn limit(
        &self,
        base: &str,
        piece: char,
        upper: bool,
        answers: &BTreeMap<String, bool>,
    ) -> Bisect {
        let have = base.chars().count() as u64;
        let (mut good, mut bad) = (have, None::<u64>);
        let answer = |length: u64| -> Option<Option<bool>> {
            let string = self.of_length(base, length, piece)?;
            Some(answers.get(&string).copied())
        };
        // Lengths that the contract names, and their neighbours, tell most at once.
        let mut order: Vec<u64> = self
            .lengths
            .iter()
            .flat_map(|&n| [n, if upper { n + 1 } else { n.saturating_sub(1) }])
            .collect();
        if upper {
            order.retain(|&n| n > have);
            order.extend(
                [64, 128, 256, 1_024, MOST]
                    .into_iter()
                    .filter(|&n| n > have),
            );
            order.sort_unstable();
        } else {
            order.retain(|&n| n < have);
            order.push(0);
            order.sort_unstable_by(|a, b| b.cmp(a));
        }
        order.dedup();
        for length in order {
            match answer(length) {
                None => break,
                Some(None) => return Bisect::Ask(length),
                Some(Some(true)) => good = length,
                Some(Some(false)) => {
                    bad = Some(length);
                    break;
                }
            }
        }
        let Some(mut bad) = bad else {
            // Nothing was refused: there is no upper limit, and the lower one is none only where even
            // the empty string could be asked for.
            return Bisect::Found((!upper && good == 0).then_some(good));
        };
        while good.abs_diff(bad) > 1 {
            let middle = good.min(bad) + good.abs_diff(bad) / 2;
            match answer(middle) {
                Some(None) => return Bisect::Ask(middle),
                Some(Some(true)) => good = middle,
                Some(Some(false)) => bad = middle,
                None => break,
            }
        }
        Bisect::Found(Some(good))
    }

    /// What the answers say.
    pub fn describe(&self, answers: &BTreeMap<String, bool>) -> Description {
        let mut out = Description::default();
        let Ok(Some(base)) = self.base(answers) else {
            return out;
        };
        out.base = Some(base.clone());
        if let Some(c) = self.foreign {
            let before = answers.get(&format!("{c}{base}"));
            let after = answers.get(&format!("{base}{c}"));
            out.mode = match (before, after) {
                (Some(true), Some(true)) => Some("search"),
                (Some(true), Some(false)) => Some("suffix"),
                (Some(false), Some(true)) => Some("prefix"),
                (Some(false), Some(false)) => Some("full"),
                _ => None,
            };
        }
        out.line_ends_known = true;
        for (name, end) in LINE_ENDS {
            match answers.get(&format!("{base}{end}")) {
                Some(true) => out.final_line_ends.push(name),
                Some(false) => {}
                None => out.line_ends_known = false,
            }
        }
        let groups = self.groups(base);
        for &c in &self.members {
            match self.takes(base, c, &groups, answers) {
                Some(true) => out.members.push(c),
                Some(false) => out.outsiders.push(c),
                None => {}
            }
        }
        if let Some((_, piece)) = self.filler {
            if let Bisect::Found(max) = self.limit(base, piece, true, answers) {
                out.max = Some(max);
                if let Some(max) = max {
                    let taken = |n: &u64| {
                        let text = self.of_length(base, *n, piece);
                        text.is_some_and(|s| answers.get(&s) == Some(&true))
                    };
                    out.beyond = self.beyond(max).filter(taken).collect();
                    let [bytes, units] = self
                        .unit_probes(base, max)
                        .map(|s| s.and_then(|s| answers.get(&s).copied()));
                    out.unit = match (
                        bytes.filter(|_| out.members.contains('\u{e9}')),
                        units.filter(|_| out.members.contains('\u{1F600}')),
                    ) {
                        (Some(false), _) => Some("bytes"),
                        (Some(true), Some(false)) => Some("utf16"),
                        (Some(true), Some(true)) => Some("codepoints"),
                        _ => None,
                    };
                }
            }
            if let Bisect::Found(min) = self.limit(base, piece, false, answers) {
                out.min = min;
            }
        }
        out
    }

    /// Strings that show a language wrong that was concluded from few answers, each where it can be
    /// made: the longest and the shortest that `accepts` takes, both one step further, and one of
    /// characters that are strange to all readings (`strange` says of a string that it is).
    pub(super) fn doubts(
        &self,
        accepts: impl Fn(&str) -> bool,
        strange: impl Fn(&str) -> bool,
    ) -> Vec<Doubt> {
        let mut out = Vec::new();
        let Some(base) = self.bases.iter().find(|base| accepts(base)) else {
            return out;
        };
        if let Some((_, piece)) = self.filler {
            let text = |n: u64| self.of_length(base, n, piece).filter(|s| accepts(s));
            let not = |n: u64| self.of_length(base, n, piece).filter(|s| !accepts(s));
            let longest = self.lengths.iter().rev();
            let upper = longest
                .filter_map(|&n| Some([text(n)?, not(n + 1)?]))
                .next();
            let shortest = self.lengths.iter();
            let lower = shortest
                .filter_map(|&n| Some([text(n)?, not(n.checked_sub(1)?)?]))
                .next();
            for [inside, outside] in [upper, lower].into_iter().flatten() {
                out.push(Doubt {
                    text: inside,
                    about: About::Inside,
                });
                out.push(Doubt {
                    text: outside,
                    about: About::Outside,
                });
            }
        }
        let length = base.chars().count();
        let strangers = ["'", "\\", ":", "\u{1}", "\u{4e2d}"];
        let mut strangers = strangers.iter().map(|c| c.repeat(length));
        if let Some(text) = strangers.find(|s| strange(s)) {
            out.push(Doubt {
                text,
                about: About::Characters,
            });
        }
        out
    }

    /// The rule that is asked about.
    pub fn text(&self) -> &Text {
        self.text
    }
}

/// A string that may show a conclusion wrong.
pub(super) struct Doubt {
    pub(super) text: String,
    pub(super) about: About,
}

/// What a [`Doubt`] is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// At a bound: must be taken.
    Inside,
    /// One step beyond it: must be refused, for its length alone.
    Outside,
    /// Must be refused for its characters.
    Characters,
}

enum Bisect {
    Ask(u64),
    Found(Option<u64>),
}

const LINE_ENDS: [(&str, &str); 4] = [
    ("LF", "\n"),
    ("CR LF", "\r\n"),
    ("CR", "\r"),
    ("U+2028", "\u{2028}"),
];

/// Numbers in the braces of a pattern.
fn numbers(pattern: &str) -> Vec<u64> {
    pattern
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}
