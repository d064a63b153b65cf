//! Super-linear matching time: where a backtracking engine can match one text in more ways than its
//! length accounts for, it tries them all when the match fails in the end.
//!
//! After Weideman, van der Merwe, Berglund and Watson, "Analyzing Matching Time Behavior of
//! Backtracking Regular Expression Matchers by Using Ambiguity of NFA" (CIAA 2016), and Weber and
//! Seidl, "On the degree of ambiguity of finite automata" (TCS 88, 1991): two different ways around
//! one state with the same text (EDA) give exponential time, a chain of loops that share a text
//! (IDA) polynomial time, and a text after which the match fails makes it happen. Conditions (`\b`,
//! look-around) are left aside, so a risk may be overstated; that the attack text is really refused
//! is checked. Where a look-around may be slow by itself, nothing is predicted instead of linear
//! time.

mod machine;

use super::ast::Node;
use super::dialect::{Alphabet, Dialect, Mode};
use super::language;
use super::parse::{self, ParseError};
use machine::Machine;

/// How the time of a backtracking engine grows with the length of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Growth {
    /// With the length.
    Linear,
    /// With this power of the length, 2 or more.
    Polynomial(u32),
    /// Doubles again and again.
    Exponential,
}

/// A text that makes it happen: `prefix`, `pump` as often as wanted, `suffix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attack {
    /// Leads to the loop.
    pub prefix: String,
    /// Goes around it.
    pub pump: String,
    /// Makes the match fail.
    pub suffix: String,
}

impl Attack {
    /// The text with the pump `times` times.
    pub fn text(&self, times: usize) -> String {
        format!("{}{}{}", self.prefix, self.pump.repeat(times), self.suffix)
    }
}

/// What is known about a pattern in one dialect and mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The predicted growth; `None` where a limit was reached before it was known.
    pub growth: Option<Growth>,
    /// A text for it, where there is growth beyond linear.
    pub attack: Option<Attack>,
}

/// Reading states beyond which nothing is predicted.
const MAX_POSITIONS: usize = 1_500;
/// Steps of all searches together.
const MAX_STEPS: usize = 3_000_000;

/// Predicts the growth for a backtracking engine of `dialect`.
///
/// # Errors
/// As [`parse::parse`].
pub fn risk(pattern: &str, dialect: Dialect, mode: Mode) -> Result<Risk, ParseError> {
    let node = parse::parse(pattern, dialect)?;
    let mut automaton = language::language(pattern, dialect, mode)?;
    let unknown = Risk {
        growth: None,
        attack: None,
    };
    let Some(machine) = Machine::new(&node, dialect.alphabet(), mode) else {
        return Ok(unknown);
    };
    let mut steps = MAX_STEPS;
    if let Some(found) = machine.exponential(&mut steps) {
        let attack = found.and_then(|(at, pump)| machine.attack(&mut automaton, at, &pump));
        if attack.is_some() {
            return Ok(Risk {
                growth: Some(Growth::Exponential),
                attack,
            });
        }
    } else {
        return Ok(unknown);
    }
    let Some(chain) = machine.polynomial(&mut steps) else {
        return Ok(unknown);
    };
    for (degree, at, pump) in chain {
        if let Some(attack) = machine.attack(&mut automaton, at, &pump) {
            return Ok(Risk {
                growth: Some(Growth::Polynomial(degree)),
                attack: Some(attack),
            });
        }
    }
    if hidden(&node, dialect.alphabet(), &mut steps) {
        return Ok(unknown);
    }
    Ok(Risk {
        growth: Some(Growth::Linear),
        attack: None,
    })
}

/// Whether a look-around may take more than linear time by itself: it is a match of its own, of
/// which the pattern around it shows nothing.
fn hidden(node: &Node, alphabet: Alphabet, steps: &mut usize) -> bool {
    match node {
        Node::Around { node, .. } => {
            let linear = Machine::new(node, alphabet, Mode::Full).is_some_and(|machine| {
                machine.exponential(steps) == Some(None)
                    && machine
                        .polynomial(steps)
                        .is_some_and(|chains| chains.is_empty())
            });
            !linear || hidden(node, alphabet, steps)
        }
        Node::Concat(nodes) | Node::Alt(nodes) => {
            nodes.iter().any(|node| hidden(node, alphabet, steps))
        }
        Node::Repeat { node, .. } => hidden(node, alphabet, steps),
        Node::Empty | Node::Set(_) | Node::Look(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_predicted_of_slow_look_arounds() {
        for (pattern, growth) in [
            (r"(?!(\D*|a*)*[ab])", None),
            (r"^(?:(?=(a|a)*b)a)?c", None),
            (r"^(?=.*a.*b)c", None),
            (r"^(?=.*[A-Z])(?=.*\d).{8,}$", Some(Growth::Linear)),
            (r"^(?=(a|a)*b)(a|a)*$", Some(Growth::Exponential)),
        ] {
            let risk = risk(pattern, Dialect::EcmaScript, Mode::Search).expect("compiles");
            assert_eq!(risk.growth, growth, "{pattern} {risk:?}");
        }
    }

    #[test]
    fn growth_is_predicted() {
        use Growth::{Exponential, Linear, Polynomial};
        let table = [
            ("^(a+)+$", Mode::Search, Exponential),
            ("^(a*)*$", Mode::Search, Exponential),
            ("^(a|a)*$", Mode::Search, Exponential),
            ("^(a|aa)+$", Mode::Search, Exponential),
            ("^([a-z]+[0-9]*)*$", Mode::Search, Exponential),
            ("^a*a*$", Mode::Search, Polynomial(2)),
            ("^a*b?a*c?a*$", Mode::Search, Polynomial(3)),
            ("^a+$", Mode::Search, Linear),
            ("a+$", Mode::Search, Polynomial(2)),
            ("^(ab)*$", Mode::Search, Linear),
            ("^[a-z]{1,31}$", Mode::Search, Linear),
            ("^(a+b)+$", Mode::Search, Linear),
            (".*", Mode::Search, Linear),
            ("(a+)+", Mode::Search, Linear),
            ("(a+)+", Mode::Full, Exponential),
        ];
        for (pattern, mode, growth) in table {
            let risk = risk(pattern, Dialect::Python, mode).expect("compiles");
            assert_eq!(risk.growth, Some(growth), "{pattern} {risk:?}");
            if let Some(attack) = risk.attack {
                let mut automaton =
                    language::language(pattern, Dialect::Python, mode).expect("compiles");
                assert!(!automaton.accepts(&attack.text(30)), "{pattern} {attack:?}");
            }
        }
    }
}
