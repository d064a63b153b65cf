//! The model against real engines that are part of the build: `regress` for ECMAScript,
//! `regex-automata` for Rust. The body of a fuzz target: pattern and text in, a disagreement out.

use super::ambiguity::{self, Growth};
use super::dialect::{Dialect, Mode};
use super::language;
use super::parse::ParseError;

/// A pattern and a text on which model and engine differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Which dialect.
    pub dialect: Dialect,
    /// What the model says: `None`, it does not compile.
    pub model: Option<bool>,
    /// What the engine says.
    pub engine: Option<bool>,
}

/// Searches `text` for `pattern` with the model and with every embedded engine, and returns the
/// first disagreement. Patterns without a model, and those on which a backtracking engine may take
/// exponential time, are passed over.
pub fn disagreement(pattern: &str, text: &str) -> Option<Disagreement> {
    // Backtracking has no limit of its own.
    if pattern.len() > 200 || text.len() > 200 {
        return None;
    }
    [
        Dialect::EcmaScript,
        Dialect::EcmaScriptU,
        Dialect::EcmaScriptV,
        Dialect::Rust,
    ]
    .into_iter()
    .find_map(|dialect| {
        let model = match language::language(pattern, dialect, Mode::Search) {
            Ok(mut automaton) => Some(automaton.decide(text).ok()?),
            Err(ParseError::Syntax { .. }) => None,
            Err(ParseError::Unsupported { .. }) => return None,
        };
        let engine = engine(pattern, dialect, text)?;
        (model != engine).then_some(Disagreement {
            dialect,
            model,
            engine,
        })
    })
}

/// What the embedded engine of a dialect says under search: `None`, there is none (or it was not
/// asked because it could take too long); `Some(None)`, it refuses the pattern.
pub fn engine(pattern: &str, dialect: Dialect, text: &str) -> Option<Option<bool>> {
    let engine = match Engine::new(pattern, dialect, Mode::Search)? {
        Ok(engine) => engine,
        Err(_) => return Some(None),
    };
    engine.accepts(text).map(Some)
}

/// A pattern compiled by an engine that is part of the build.
pub struct Engine {
    compiled: Compiled,
    /// Texts up to this many bytes are matched in reasonable time.
    most: usize,
}

enum Compiled {
    /// ECMAScript without `u`: on UTF-16 units.
    Units(regress::Regex),
    /// ECMAScript with `u` or `v`.
    Points(regress::Regex),
    /// Rust.
    Automata(regex_automata::meta::Regex),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// Most alternatives of a pattern that is given to `regress`, which goes one call deeper for each.
const ALTERNATIVES: usize = 2_000;

/// Compiles a pattern for [`regress`]. `None` where that could use up the stack.
///
/// # Errors
/// The engine refuses it.
pub fn ecma_script(pattern: &str, flags: &str) -> Option<Result<regress::Regex, regress::Error>> {
    (!has_too_many_alternatives(pattern)).then(|| regress::Regex::with_flags(pattern, flags))
}

fn has_too_many_alternatives(pattern: &str) -> bool {
    pattern.bytes().filter(|b| *b == b'|').count() > ALTERNATIVES
}

impl Engine {
    /// Compiles `pattern`, to be asked in `mode`. `None` where no engine is embedded for the
    /// dialect, or it is known to be wrong about such patterns.
    ///
    /// # Errors
    /// The engine's own words where it refuses the pattern.
    pub fn new(pattern: &str, dialect: Dialect, mode: Mode) -> Option<Result<Engine, String>> {
        if dialect != Dialect::Rust
            && (repeated_in_repeated(pattern)
                || leaves_the_standard(pattern, dialect)
                || has_too_many_alternatives(pattern))
        {
            return None;
        }
        let wrapped = |start: &str, end: &str| match mode {
            Mode::Search => pattern.to_owned(),
            Mode::Prefix => format!("{start}(?:{pattern})"),
            Mode::Full => format!("{start}(?:{pattern}){end}"),
            Mode::FullGrouped => format!("^(?:{pattern})$"),
        };
        let ecma = |flags: &str| {
            // The pattern alone must compile: "a)(b" may not be completed by the wrapping.
            regress::Regex::with_flags(pattern, flags)
                .and_then(|_| {
                    let text = wrapped("^", "$");
                    if flags.is_empty() {
                        regress::Regex::from_unicode(text.encode_utf16().map(u32::from), flags)
                    } else {
                        regress::Regex::with_flags(&text, flags)
                    }
                })
                .map_err(|error| error.to_string())
        };
        let compiled = match dialect {
            Dialect::EcmaScript => ecma("").map(Compiled::Units),
            Dialect::EcmaScriptU => ecma("u").map(Compiled::Points),
            // regress 0.12 takes Annex B syntax with `v` alone.
            Dialect::EcmaScriptV => ecma("uv").map(Compiled::Points),
            Dialect::Rust => {
                let build = |text: &str| {
                    regex_automata::meta::Regex::new(text).map_err(|error| error.to_string())
                };
                build(pattern)
                    .and_then(|_| build(&wrapped(r"\A", r"\z")))
                    .map(Compiled::Automata)
            }
            _ => return None,
        };
        let most = match &compiled {
            Ok(Compiled::Automata(_)) => usize::MAX,
            // A backtracking engine: the predicted growth says how long a text may be.
            _ => match ambiguity::risk(pattern, dialect, mode).map(|risk| risk.growth) {
                Ok(Some(Growth::Linear)) => 1 << 20,
                Ok(Some(Growth::Polynomial(2))) => 4_000,
                Ok(Some(Growth::Polynomial(3))) => 300,
                Ok(Some(Growth::Polynomial(_))) => 60,
                // regress 0.12 may want gigabytes even for a short text: only the model is asked.
                // The same where nobody knows.
                Ok(Some(Growth::Exponential) | None) | Err(_) => 0,
            },
        };
        Some(compiled.map(|compiled| Engine { compiled, most }))
    }

    /// Whether the engine takes `text`; `None` where it could take too long.
    pub fn accepts(&self, text: &str) -> Option<bool> {
        (text.len() <= self.most).then(|| self.accepts_patiently(text))
    }

    /// As [`Engine::accepts`], however long it takes: for who wants to be as slow as the engine.
    pub fn accepts_patiently(&self, text: &str) -> bool {
        match &self.compiled {
            Compiled::Units(regex) => {
                let units: Vec<u16> = text.encode_utf16().collect();
                regex.find_from_ucs2(&units, 0).next().is_some()
            }
            Compiled::Points(regex) => regex.find(text).is_some(),
            Compiled::Automata(regex) => regex.is_match(text),
        }
    }
}

/// Where regress 0.12 leaves ECMA-262, which V8 follows as the model does: it takes quantifiers behind
/// `\b` and `\B` (22.2.1, an Assertion is no Atom); without `u`, `\u{1F600}` is a code point to it and
/// not the letter `u` before a brace (B.1.2); the `+` of `\u+0041` is the sign of a number to it and
/// not a quantifier behind the letter; with `v` it reads `[\b]` as a letter (ClassSetCharacter:
/// `\b` is the backspace), and any two of the punctuators that may not be doubled as if they were a
/// double (`[?!]`, ClassSetReservedDoublePunctuator).
fn leaves_the_standard(pattern: &str, dialect: Dialect) -> bool {
    if dialect == Dialect::EcmaScriptV && pattern.contains('[') {
        let bytes = pattern.as_bytes();
        let punctuators = bytes
            .windows(2)
            .any(|pair| pair[0] != pair[1] && pair.iter().all(|b| PUNCTUATORS.contains(b)));
        if punctuators || pattern.contains(r"\b") {
            return true;
        }
    }
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            continue;
        }
        let escaped = chars.next();
        let next = chars.peek();
        if matches!(escaped, Some('b' | 'B')) && matches!(next, Some('*' | '+' | '?' | '{')) {
            return true;
        }
        if dialect == Dialect::EcmaScript && escaped == Some('u') && next == Some(&'{') {
            return true;
        }
        if matches!(escaped, Some('u' | 'x')) {
            let mut digits = chars.clone();
            digits.next_if_eq(&'{');
            if digits.next() == Some('+') {
                return true;
            }
        }
    }
    false
}

/// What may not stand twice in a class with `v` (ClassSetReservedDoublePunctuator).
const PUNCTUATORS: &[u8] = b"&!#$%*+,.:;<=>?@^`~";

/// Whether a group that repeats stands in a group that repeats, as in `((a+)+)+`: regress 0.12 loses
/// matches there that V8 finds, and `((a*|a*)*|a*){2}` costs it all memory on the empty text; so does
/// an optional group in place of the inner one where it can be empty, as in `(a*(a*|a*)??)*`.
/// Classes are not looked into; a bracket in one may make this say yes too often.
fn repeated_in_repeated(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    // For each open group, whether one that repeats stands in it, and whether anything without end.
    let mut open = vec![(false, false)];
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '(' => open.push((false, false)),
            '*' | '+' => {
                if let Some((_, endless)) = open.last_mut() {
                    *endless = true;
                }
            }
            ')' => {
                let (inside, endless) = open.pop().unwrap_or_default();
                let repeats = match chars.peek() {
                    Some('*' | '+' | '{') => true,
                    Some('?') => endless,
                    _ => false,
                };
                if inside && repeats {
                    return true;
                }
                match open.last_mut() {
                    Some(around) => {
                        around.0 |= inside || repeats;
                        around.1 |= endless;
                    }
                    None => open.push((repeats, endless)),
                }
            }
            _ => {}
        }
    }
    false
}
