//! Which strings tell most about a pattern: those that a slightly wrong check answers otherwise.
//! Small mistakes are made in the published pattern, one at a time (an anchor lost, a dot not
//! escaped, a bound one off, a class too wide, an alternative forgotten), and strings are chosen so
//! that as few as possible show as many of these mistakes as possible.

use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

/// Strings longer than this are not tried.
const LONGEST: usize = 300;

/// Mistaken patterns that are tried at most.
const MOST_CHECKS: usize = 240;

/// Checks that firmware may have instead of the published one. They need not be exact in any
/// dialect, only wrong in a likely way, so one engine serves; it is one that takes linear time.
pub(super) struct Checks(Vec<DFA>);

impl Checks {
    /// All checks that are one mistake away from `pattern`; none where it does not compile, for
    /// then nobody knows which mistake is small.
    pub fn of(pattern: &str) -> Checks {
        let mut checks = Vec::new();
        if pattern.is_empty() || compiled(pattern).is_none() {
            return Checks(checks);
        }
        let whole = |p: &str| format!("^(?:{p})$");
        for flags in ["i", "m", "s"] {
            checks.extend(compiled(&format!("(?{flags}:{pattern})")));
            checks.extend(compiled(&format!("(?{flags}:^(?:{pattern})$)")));
        }
        for mistaken in mistakes(pattern) {
            checks.extend(compiled(&whole(&mistaken)));
            checks.extend(compiled(&mistaken));
            if checks.len() >= MOST_CHECKS {
                break;
            }
        }
        Checks(checks)
    }

    /// Orders `strings`, which are all invalid (`valid: false`) or all valid, so that each shows
    /// more mistakes that none before it shows than any later one would; then those that show
    /// nothing new. Answers indices with whether something new is shown.
    pub fn order(&self, strings: &[String], valid: bool) -> Vec<(usize, bool)> {
        let mut shows = vec![vec![false; self.0.len()]; strings.len()];
        for (at, check) in self.0.iter().enumerate() {
            let mut cache: Cache = check.create_cache();
            for (text, shows) in strings.iter().zip(&mut shows) {
                if text.len() <= LONGEST
                    && let Some(shows) = shows.get_mut(at)
                {
                    *shows = is_match(check, &mut cache, text) != valid;
                }
            }
        }
        let mut shown = vec![false; self.0.len()];
        let mut left: Vec<usize> = (0..strings.len()).collect();
        let mut out = Vec::new();
        loop {
            let gain = |i: usize| {
                let shows = shows.get(i).map_or(&[][..], Vec::as_slice);
                shows
                    .iter()
                    .zip(&shown)
                    .filter(|(new, old)| **new && !**old)
                    .count()
            };
            // The earliest of the best, so that order breaks ties.
            let best = left
                .iter()
                .copied()
                .enumerate()
                .map(|(at, i)| (gain(i), at, i));
            let Some((count, at, i)) = best.max_by_key(|(g, at, _)| (*g, usize::MAX - at)) else {
                return out;
            };
            if count == 0 {
                out.extend(left.iter().map(|i| (*i, false)));
                return out;
            }
            left.remove(at);
            for (old, new) in shown.iter_mut().zip(shows.get(i).into_iter().flatten()) {
                *old |= *new;
            }
            out.push((i, true));
        }
    }
}

/// Whether the check takes the text; `false` where its automaton gives up.
fn is_match(check: &DFA, cache: &mut Cache, text: &str) -> bool {
    matches!(
        check.try_search_fwd(cache, &Input::new(text).earliest(true)),
        Ok(Some(_))
    )
}

/// By octets first, where `\b` is cheap; by Unicode where the pattern needs it.
fn compiled(pattern: &str) -> Option<DFA> {
    /// Octets of the automaton; a contract may publish a pattern that blows up.
    const LIMIT: usize = 1 << 20;
    let build = |unicode: bool| {
        DFA::builder()
            .syntax(syntax::Config::new().unicode(unicode).utf8(unicode))
            .thompson(
                thompson::Config::new()
                    .utf8(unicode)
                    .nfa_size_limit(Some(LIMIT)),
            )
            .build(pattern)
            .ok()
    };
    build(false).or_else(|| build(true))
}

/// One piece of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    Anchor,
    Escape,
    Class,
    Literal,
    Quantifier,
    Open,
    Close,
    Bar,
}

/// Byte ranges of the pieces of a pattern.
fn pieces(pattern: &str) -> Vec<(Piece, usize, usize)> {
    let chars: Vec<(usize, char)> = pattern.char_indices().collect();
    let end = |i: usize| chars.get(i).map_or(pattern.len(), |c| c.0);
    let mut out = Vec::new();
    let mut i = 0;
    while let Some((start, c)) = chars.get(i).copied() {
        i += 1;
        let piece = match c {
            '^' | '$' => Piece::Anchor,
            '\\' => {
                let next = chars.get(i).map(|c| c.1);
                i += 1;
                if matches!(next, Some('b' | 'B')) {
                    Piece::Anchor
                } else {
                    Piece::Escape
                }
            }
            '[' => {
                while let Some((_, c)) = chars.get(i) {
                    i += if *c == '\\' { 2 } else { 1 };
                    if *c == ']' {
                        break;
                    }
                }
                Piece::Class
            }
            '(' => {
                if chars.get(i).is_some_and(|c| c.1 == '?') {
                    while chars.get(i).is_some_and(|c| "?:=!<".contains(c.1)) {
                        i += 1;
                    }
                }
                Piece::Open
            }
            ')' => Piece::Close,
            '|' => Piece::Bar,
            '*' | '+' | '?' | '{' => {
                if c == '{' {
                    while chars.get(i).is_some_and(|c| c.1 != '}') {
                        i += 1;
                    }
                    i += 1;
                }
                if chars.get(i).is_some_and(|c| c.1 == '?') {
                    i += 1;
                }
                Piece::Quantifier
            }
            _ => Piece::Literal,
        };
        i = i.min(chars.len());
        out.push((piece, start, end(i)));
    }
    out
}

/// Patterns that are one small mistake away.
fn mistakes(pattern: &str) -> Vec<String> {
    let pieces = pieces(pattern);
    let mut out: Vec<String> = Vec::new();
    let mut put = |start: usize, end: usize, text: &str| {
        let (Some(before), Some(after)) = (pattern.get(..start), pattern.get(end..)) else {
            return;
        };
        let mistaken = format!("{before}{text}{after}");
        if mistaken != pattern && !out.contains(&mistaken) {
            out.push(mistaken);
        }
    };
    for (at, &(piece, start, end)) in pieces.iter().enumerate() {
        let text = pattern.get(start..end).unwrap_or_default();
        match piece {
            Piece::Anchor => put(start, end, ""),
            Piece::Escape => {
                put(start, end, ".");
                put(start, end, &format!("(?:{text})?"));
                if matches!(text, "\\d" | "\\s") {
                    put(start, end, "[0-9A-Za-z_]");
                }
            }
            Piece::Class => {
                for wider in ["[^ ]", "[0-9A-Za-z_]", "."] {
                    put(start, end, wider);
                }
                // A range of digits that ends early, `[0-4]`, written as all digits.
                if text.starts_with("[0-") {
                    put(start, end, "[0-9]");
                }
                for (part, other) in [("A-Z", ""), ("a-z", ""), ("0-9", ""), ("_", ""), ("+", "")] {
                    put(start, end, &text.replacen(part, other, 1));
                }
            }
            Piece::Literal => {
                put(start, end, ".");
                put(start, end, "");
                put(start, end, &format!("{text}?"));
            }
            Piece::Quantifier => {
                for other in other_quantifiers(text) {
                    put(start, end, &other);
                }
            }
            Piece::Bar => {
                // Forgets the alternative before, or the one behind.
                let before = alternative_start(&pieces, at);
                let behind = alternative_end(&pieces, at);
                let from = pieces.get(before).map_or(start, |p| p.1);
                let to = behind
                    .and_then(|i| pieces.get(i))
                    .map_or(pattern.len(), |p| p.1);
                put(from, end, "");
                put(start, to, "");
            }
            Piece::Open | Piece::Close => {}
        }
    }
    out
}

fn other_quantifiers(text: &str) -> Vec<String> {
    let greedy = text
        .strip_suffix('?')
        .filter(|t| !t.is_empty())
        .unwrap_or(text);
    match greedy {
        "*" => return vec!["+".into(), "?".into()],
        "+" => return vec!["*".into(), String::new(), "{1,2}".into()],
        "?" => return vec!["*".into(), String::new()],
        _ => {}
    }
    let inner = greedy.trim_start_matches('{').trim_end_matches('}');
    let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
    let Ok(low) = low.parse::<u32>() else {
        return Vec::new();
    };
    let mut out = vec![format!("{{{low},}}")];
    if let Ok(high) = high.parse::<u32>() {
        out.push(format!("{{{low},{}}}", high.saturating_add(1)));
        out.push(format!("{{{},{high}}}", low.saturating_sub(1)));
        // Where both are the same, these do not compile.
        out.push(format!("{{{},{high}}}", low.saturating_add(1)));
        out.push(format!("{{{low},{}}}", high.saturating_sub(1)));
    }
    out
}

/// Index of the first piece of the alternative that ends at the bar.
fn alternative_start(pieces: &[(Piece, usize, usize)], bar: usize) -> usize {
    let mut depth = 0_usize;
    for at in (0..bar).rev() {
        match pieces.get(at).map(|p| p.0) {
            Some(Piece::Close) => depth += 1,
            Some(Piece::Open) if depth == 0 => return at + 1,
            Some(Piece::Open) => depth -= 1,
            Some(Piece::Bar) if depth == 0 => return at + 1,
            _ => {}
        }
    }
    0
}

/// Index of the piece behind the alternative that begins at the bar.
fn alternative_end(pieces: &[(Piece, usize, usize)], bar: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, (piece, ..)) in pieces.iter().enumerate().skip(bar + 1) {
        match piece {
            Piece::Open => depth += 1,
            Piece::Close if depth == 0 => return Some(at),
            Piece::Close => depth -= 1,
            Piece::Bar if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_the_small_ones() {
        let all = mistakes(r"^a(?:b|c)\.[0-5]{2,3}$");
        for mistake in [
            r"a(?:b|c)\.[0-5]{2,3}$",
            r"^a(?:b|c)\.[0-5]{2,3}",
            r"^a(?:c)\.[0-5]{2,3}$",
            r"^a(?:b)\.[0-5]{2,3}$",
            r"^a(?:b|c).[0-5]{2,3}$",
            r"^a(?:b|c)\.[0-9]{2,3}$",
            r"^a(?:b|c)\.[0-5]{2,4}$",
            r"^a(?:b|c)\.[0-5]{1,3}$",
            r"^a(?:b|c)\.[0-5]{2,}$",
        ] {
            assert!(
                all.iter().any(|m| m == mistake),
                "{mistake} not in {all:#?}"
            );
        }
    }

    #[test]
    fn an_alternative_goes_with_the_groups_in_it() {
        for (pattern, forgotten) in [
            ("ab|cd|ef", &["cd|ef", "ab|ef", "ab|cd"][..]),
            ("kl|ab(cd)gh|ij", &["ab(cd)gh|ij", "kl|ij", "kl|ab(cd)gh"]),
            (
                "ab(cd|ef)gh|ij",
                &["ab(ef)gh|ij", "ab(cd)gh|ij", "ij", "ab(cd|ef)gh"],
            ),
            (
                "ij|(kl|ab(cd|ef)gh)mn",
                &[
                    "(kl|ab(cd|ef)gh)mn",
                    "ij",
                    "ij|(ab(cd|ef)gh)mn",
                    "ij|(kl)mn",
                    "ij|(kl|ab(ef)gh)mn",
                    "ij|(kl|ab(cd)gh)mn",
                ],
            ),
            (
                "^a(?:b(?:y)z|c(?:x)d)$",
                &["^a(?:c(?:x)d)$", "^a(?:b(?:y)z)$"],
            ),
        ] {
            // What forgets an alternative is the only mistake that drops more than one letter.
            let mut all = mistakes(pattern);
            all.retain(|m| m.len() + 2 < pattern.len());
            assert_eq!(all, forgotten, "{pattern}");
        }
    }

    #[test]
    fn strings_that_show_more_come_first_and_idle_ones_last() {
        let checks = Checks::of(r"^[0-4]\.x$");
        let strings = ["nothing at all", "5.x", "!0.x", "0yx"].map(str::to_owned);
        let order = checks.order(&strings, false);
        let telling: Vec<usize> = order.iter().filter(|o| o.1).map(|o| o.0).collect();
        assert_eq!(telling.len(), 3);
        assert_eq!(order.last(), Some(&(0, false)));
    }

    #[test]
    fn any_text_can_be_taken_apart() {
        for pattern in [
            "", "\\", "[", "(", "a{", "a{1", "é|[\\", "(?", "x)?|", "^$|", "{,}", "[]",
        ] {
            mistakes(pattern);
        }
    }
}
