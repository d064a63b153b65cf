//! From the repairs of a rule in each dialect to its readings.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::alphabet::Classes;
use super::super::ast::Node;
use super::super::automaton::Automaton;
use super::super::dialect::{Alphabet, Dialect, Mode};
use super::super::format;
use super::super::language;
use super::super::merge;
use super::super::parse::ParseError;
use super::super::reading::{Acceptor, Bank, Language, Reading, Unit};
use super::super::repair::Repair;
use super::{MERGE, Rule};

/// What is needed of a repair in a dialect to make readings of it.
pub(super) struct Compiler {
    pub(super) automata: Vec<Automaton>,
    pub(super) known: HashMap<(Node, Alphabet), Option<usize>>,
    pub(super) classes: HashSet<Arc<Classes>>,
}

impl Compiler {
    pub(super) fn language(&mut self, node: &Node, dialect: Dialect, mode: Mode) -> Language {
        let key = language::full(node, dialect, mode);
        if let Some(known) = self.known.get(&key) {
            return known.map_or(Language::Unknown, Language::Known);
        }
        let built = language::build(&key.0, key.1).ok().map(|mut automaton| {
            automaton.share(&mut self.classes);
            self.automata.push(automaton);
            self.automata.len() - 1
        });
        self.known.insert(key, built);
        built.map_or(Language::Unknown, Language::Known)
    }
}

/// A reading before its language has a final number.
pub(super) struct Draft {
    pub(super) repair: usize,
    pub(super) dialect: &'static str,
    pub(super) mode: Mode,
    pub(super) unit: Unit,
    pub(super) bounds: &'static str,
    pub(super) compiles: bool,
    pub(super) plausible: bool,
    pub(super) decider: Acceptor,
}

/// Keeps one automaton of each class of equal languages among those that plausible readings use;
/// the others are kept as they are, their relations are decided when somebody asks.
pub(super) fn merge_plausible(
    automata: &mut Vec<Automaton>,
    drafts: &mut [Draft],
) -> Vec<Automaton> {
    let mut wanted: Vec<usize> = drafts
        .iter()
        .filter(|draft| draft.plausible)
        .filter_map(|draft| match draft.decider.language {
            Language::Known(index) => Some(index),
            _ => None,
        })
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    let mut place = vec![0; automata.len()];
    for (i, automaton) in automata.drain(..).enumerate() {
        if wanted.binary_search(&i).is_ok() {
            first.push(automaton);
        } else {
            later.push((i, automaton));
        }
    }
    let class = merge::classes(&mut first, MERGE);
    let mut kept = Vec::new();
    let mut new_place = Vec::with_capacity(class.len());
    for (i, automaton) in first.into_iter().enumerate() {
        let same = class.get(i).copied().unwrap_or(i);
        if same == i {
            new_place.push(kept.len());
            kept.push(automaton);
        } else {
            new_place.push(new_place.get(same).copied().unwrap_or(0));
        }
    }
    for (&old, &new) in wanted.iter().zip(&new_place) {
        if let Some(slot) = place.get_mut(old) {
            *slot = new;
        }
    }
    for (old, automaton) in later {
        if let Some(slot) = place.get_mut(old) {
            *slot = kept.len();
        }
        kept.push(automaton);
    }
    for draft in drafts {
        if let Language::Known(index) = draft.decider.language {
            draft.decider.language = Language::Known(place.get(index).copied().unwrap_or(index));
        }
    }
    kept
}

pub(super) fn units(rule: &Rule) -> &'static [Unit] {
    if rule.min_length.is_some() || rule.max_length.is_some() {
        &Unit::ALL
    } else {
        &[Unit::CodePoints]
    }
}

pub(super) fn bounded(rule: &Rule, language: Language, unit: Unit) -> Acceptor {
    Acceptor {
        language,
        unit,
        min: rule.min_length.unwrap_or(0),
        max: rule.max_length,
    }
}

/// Adds the readings of one repair in one dialect.
pub(super) fn draft(
    drafts: &mut Vec<Draft>,
    compiler: &mut Compiler,
    rule: &Rule,
    index: usize,
    repair: &Repair,
    dialect: Dialect,
    parsed: Result<Node, ParseError>,
) {
    // Guesses that do not count are listed once for each dialect and mode: units and bounds are
    // axes of their own.
    let units = if repair.plausible {
        units(rule)
    } else {
        &[Unit::CodePoints]
    };
    let plausible =
        repair.plausible && (dialect != Dialect::PosixEre || !perl_syntax(&repair.pattern));
    let mut push = |mode, unit, bounds, compiles, decider| {
        drafts.push(Draft {
            repair: index,
            dialect: dialect.id(),
            mode,
            unit,
            bounds,
            compiles,
            plausible: plausible && compiles,
            decider,
        });
    };
    let node = match parsed {
        Err(ParseError::Syntax { .. }) => {
            let unit = Unit::CodePoints;
            let decider = bounded(rule, Language::Any, unit);
            return push(Mode::Search, unit, "both", false, decider);
        }
        Err(ParseError::Unsupported { .. }) => {
            for &mode in Mode::ALL {
                for &unit in units {
                    push(
                        mode,
                        unit,
                        "both",
                        true,
                        bounded(rule, Language::Unknown, unit),
                    );
                }
            }
            return;
        }
        Ok(node) => node,
    };
    let prose = if repair.plausible {
        own_bounds(&node, rule)
    } else {
        None
    };
    for &mode in Mode::ALL {
        if mode == Mode::FullGrouped
            && matches!(
                language::read(&repair.pattern, dialect, mode),
                Err(ParseError::Syntax { .. })
            )
        {
            // Python: flags inside the group; a comment that swallows the parenthesis.
            let unit = Unit::CodePoints;
            push(
                mode,
                unit,
                "both",
                false,
                bounded(rule, Language::Any, unit),
            );
            continue;
        }
        let language = match mode {
            Mode::FullGrouped if language::closes_the_group(&repair.pattern, dialect, &node) => {
                Language::Unknown
            }
            _ => compiler.language(&node, dialect, mode),
        };
        for &unit in units {
            push(mode, unit, "both", true, bounded(rule, language, unit));
        }
        let Some(prose) = &prose else { continue };
        let alone = Acceptor {
            language,
            unit: Unit::CodePoints,
            min: 0,
            max: None,
        };
        push(mode, Unit::CodePoints, "pattern", true, alone);
        let language = compiler.language(prose, dialect, mode);
        for &unit in units {
            push(mode, unit, "prose", true, bounded(rule, language, unit));
        }
    }
}

/// Where the pattern is one repeated class with bounds that differ from the published lengths:
/// the same with the published ones.
pub(super) fn own_bounds(node: &Node, rule: &Rule) -> Option<Node> {
    if rule.min_length.is_none() && rule.max_length.is_none() {
        return None;
    }
    let nodes = match node {
        Node::Concat(nodes) => nodes.clone(),
        other => vec![other.clone()],
    };
    let mut changed = None;
    let mut out = Vec::with_capacity(nodes.len());
    for part in nodes {
        match part {
            Node::Repeat { node, min, max } if matches!(*node, Node::Set(_)) => {
                if changed.is_some() {
                    return None;
                }
                let wanted_min = rule
                    .min_length
                    .map_or(Some(min), |m| u32::try_from(m).ok())?;
                let wanted_max = match rule.max_length {
                    Some(most) => Some(u32::try_from(most).ok()?),
                    None => max,
                };
                // Unbounded repetitions say nothing that could contradict the prose.
                max?;
                changed = Some((min, max) != (wanted_min, wanted_max));
                out.push(Node::Repeat {
                    node,
                    min: wanted_min,
                    max: wanted_max,
                });
            }
            other => {
                if other.width() != (0, Some(0)) && !matches!(other, Node::Look(_)) {
                    return None;
                }
                out.push(other);
            }
        }
    }
    (changed == Some(true)).then(|| Node::concat(out))
}

/// Syntax that POSIX ERE does not have, so that whoever wrote it used another engine.
pub(super) fn perl_syntax(pattern: &str) -> bool {
    let mut previous = '\0';
    let mut escaped = false;
    for c in pattern.chars() {
        if escaped {
            if c.is_ascii_alphanumeric() {
                return true;
            }
            escaped = false;
            previous = '\0';
            continue;
        }
        if c == '?' && matches!(previous, '(' | '*' | '+' | '?' | '}') {
            return true;
        }
        // In POSIX a backslash in a class is a member: an escape there is Perl's as well.
        escaped = c == '\\';
        previous = c;
    }
    pattern.contains("\\]") || pattern.contains("\\-") || pattern.contains("\\[")
}

/// What may stand before the published format: nothing, or else the literal text that the pattern
/// begins with. (`ipv4|dns` beside `^sip:(…)`: the address is what follows.)
pub(super) fn format_literals(rule: &Rule) -> Vec<&str> {
    let pattern = rule.pattern.as_deref().unwrap_or_default();
    let literal = pattern
        .strip_prefix('^')
        .map(super::super::repair::literal_before_group);
    std::iter::once("")
        .chain(literal.filter(|l| !l.is_empty()))
        .collect()
}

/// The published formats as alternatives, all behind `literal`; `None` where one of them is unknown.
pub(super) fn format_language(rule: &Rule, literal: &str) -> Option<Automaton> {
    let patterns: Vec<&str> = rule
        .formats
        .iter()
        .filter_map(|name| format::pattern(name))
        .collect();
    // One unknown alternative allows everything.
    if patterns.is_empty() || patterns.len() < rule.formats.len() {
        return None;
    }
    // Where the type alone contradicts the pattern, the pattern says what stands around it: the
    // literal in front, and a port behind.
    let pattern = rule.pattern.as_deref().unwrap_or_default();
    let port = [r":\d", ":[0-9]"].iter().any(|port| pattern.contains(port));
    let port = match port && !literal.is_empty() {
        true => "(?::[1-9][0-9]{0,3})?",
        false => "",
    };
    // Letters, digits and `:/@_-=` stand for themselves; `/` has to be escaped nowhere.
    let any = format!("{literal}(?:{}){port}", patterns.join("|"));
    language::language(&any, Dialect::EcmaScriptU, Mode::Full).ok()
}

/// `names` holds id and pattern of each repair.
pub(super) fn finish(draft: Draft, names: &[(Arc<str>, Arc<str>)], bank: &Bank) -> Reading {
    let names = names.get(draft.repair);
    let repair: Arc<str> = names.map_or_else(|| "none".into(), |(id, _)| id.clone());
    Reading {
        id: format!(
            "{repair}/{}/{}/{}/{}",
            draft.dialect,
            draft.mode,
            draft.unit.id(),
            draft.bounds
        ),
        repair,
        dialect: draft.dialect.into(),
        mode: draft.mode.id(),
        unit: draft.unit.id(),
        compiles: draft.compiles,
        plausible: draft.plausible,
        pattern: names.map(|(_, pattern)| pattern.clone()),
        decider: draft.decider,
        bank: bank.clone(),
    }
}
