//! From the repairs of a rule in each dialect to its readings.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::alphabet::Classes;
use super::super::ast::Node;
use super::super::automaton::Automaton;
use super::super::dialect::{Alphabet, Dialect, Mode};
use super::super::explore;
use super::super::format;
use super::super::language;
use super::super::merge;
use super::super::parse::{self, ParseError};
use super::super::reading::{Acceptor, Bank, Language, Reading, Unit};
use super::super::repair::Repair;
use super::{MERGE, Rule};

/// The languages of one rule, each built once.
#[derive(Default)]
struct Compiler {
    automata: Vec<Automaton>,
    known: HashMap<(Node, Alphabet), Option<usize>>,
    classes: HashSet<Arc<Classes>>,
}

impl Compiler {
    fn language(&mut self, node: &Node, dialect: Dialect, mode: Mode) -> Language {
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
fn merge_plausible(automata: Vec<Automaton>, drafts: &mut [Draft]) -> Vec<Automaton> {
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
    for (i, automaton) in automata.into_iter().enumerate() {
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
        let same = class[i];
        if same == i {
            new_place.push(kept.len());
            kept.push(automaton);
        } else {
            new_place.push(new_place[same]);
        }
    }
    for (&old, &new) in wanted.iter().zip(&new_place) {
        place[old] = new;
    }
    for (old, automaton) in later {
        place[old] = kept.len();
        kept.push(automaton);
    }
    for draft in drafts {
        if let Language::Known(index) = draft.decider.language {
            draft.decider.language = Language::Known(place[index]);
        }
    }
    kept
}

fn units(rule: &Rule) -> &'static [Unit] {
    if rule.min_length.is_some() || rule.max_length.is_some() {
        &Unit::ALL
    } else {
        &[Unit::CodePoints]
    }
}

fn bounded(rule: &Rule, language: Language, unit: Unit) -> Acceptor {
    Acceptor {
        language,
        unit,
        min: rule.min_length.unwrap_or(0),
        max: rule.max_length,
    }
}

/// One repair in one dialect.
#[derive(Clone, Copy)]
struct Source<'r> {
    rule: &'r Rule,
    /// The place of the repair in the list.
    index: usize,
    repair: &'r Repair,
    dialect: Dialect,
}

impl Source<'_> {
    fn is_plausible(&self) -> bool {
        let by_accident = self.dialect == Dialect::PosixEre && perl_syntax(&self.repair.pattern);
        self.repair.plausible && !by_accident
    }

    /// Units of length that make readings of their own. Guesses that do not count are listed once
    /// for each dialect and mode: units and bounds are axes of their own.
    fn units(&self) -> &'static [Unit] {
        if self.repair.plausible {
            units(self.rule)
        } else {
            &[Unit::CodePoints]
        }
    }

    /// A reading that compiles.
    fn draft(&self, mode: Mode, bounds: &'static str, decider: Acceptor) -> Draft {
        Draft {
            repair: self.index,
            dialect: self.dialect.id(),
            mode,
            unit: decider.unit,
            bounds,
            compiles: true,
            plausible: self.is_plausible(),
            decider,
        }
    }

    /// A reading that the dialect refuses.
    fn refused(&self, mode: Mode) -> Draft {
        let decider = bounded(self.rule, Language::Any, Unit::CodePoints);
        Draft {
            compiles: false,
            plausible: false,
            ..self.draft(mode, "both", decider)
        }
    }
}

/// The readings of one rule in the making.
#[derive(Default)]
pub(super) struct Drafts {
    compiler: Compiler,
    made: Vec<Draft>,
    /// The tree of the first plausible repair that compiles, with the alphabet of its dialect.
    pub(super) reference: Option<(Node, Alphabet)>,
}

impl Drafts {
    /// Those of every repair in every dialect, or of the lengths alone.
    pub(super) fn of(rule: &Rule, repairs: &[Repair]) -> Drafts {
        let mut drafts = Drafts::default();
        for (index, repair) in repairs.iter().enumerate() {
            for &dialect in Dialect::ALL {
                drafts.add(Source {
                    rule,
                    index,
                    repair,
                    dialect,
                });
            }
        }
        if rule.pattern.is_none() {
            drafts.made = units(rule)
                .iter()
                .map(|&unit| of_lengths(rule, unit))
                .collect();
        }
        drafts
    }

    /// Adds the readings of one repair in one dialect.
    fn add(&mut self, of: Source<'_>) {
        match parse::parse(&of.repair.pattern, of.dialect) {
            Err(ParseError::Syntax { .. }) => self.made.push(of.refused(Mode::Search)),
            Err(ParseError::Unsupported { .. }) => {
                for &mode in Mode::ALL {
                    self.in_units(of, mode, "both", Language::Unknown);
                }
            }
            Ok(node) => {
                let prose = match of.repair.plausible {
                    true => own_bounds(&node, of.rule),
                    false => None,
                };
                for &mode in Mode::ALL {
                    self.in_mode(of, mode, &node, prose.as_ref());
                }
                if of.repair.plausible && self.reference.is_none() {
                    self.reference = Some((node, of.dialect.alphabet()));
                }
            }
        }
    }

    /// Adds the readings under one mode: with the published lengths, and where the bounds of the
    /// pattern differ from those, with either alone.
    fn in_mode(&mut self, of: Source<'_>, mode: Mode, node: &Node, prose: Option<&Node>) {
        let pattern = &of.repair.pattern;
        if mode == Mode::FullGrouped
            && matches!(
                language::read(pattern, of.dialect, mode),
                Err(ParseError::Syntax { .. })
            )
        {
            // Python: flags inside the group; a comment that swallows the parenthesis.
            self.made.push(of.refused(mode));
            return;
        }
        let language = match mode {
            Mode::FullGrouped if language::closes_the_group(pattern, of.dialect, node) => {
                Language::Unknown
            }
            _ => self.compiler.language(node, of.dialect, mode),
        };
        self.in_units(of, mode, "both", language);
        let Some(prose) = prose else { return };
        let alone = Acceptor {
            language,
            unit: Unit::CodePoints,
            min: 0,
            max: None,
        };
        self.made.push(of.draft(mode, "pattern", alone));
        let language = self.compiler.language(prose, of.dialect, mode);
        self.in_units(of, mode, "prose", language);
    }

    /// Adds a reading for each unit of length.
    fn in_units(&mut self, of: Source<'_>, mode: Mode, bounds: &'static str, language: Language) {
        for &unit in of.units() {
            let decider = bounded(of.rule, language, unit);
            self.made.push(of.draft(mode, bounds, decider));
        }
    }

    /// The drafts, and the automata that their languages count.
    pub(super) fn merged(mut self) -> (Vec<Draft>, Vec<Automaton>) {
        let kept = merge_plausible(self.compiler.automata, &mut self.made);
        (self.made, kept)
    }
}

/// The reading of a rule without a pattern.
fn of_lengths(rule: &Rule, unit: Unit) -> Draft {
    Draft {
        repair: usize::MAX,
        dialect: "any",
        mode: Mode::Full,
        unit,
        bounds: "both",
        compiles: true,
        plausible: true,
        decider: bounded(rule, Language::Any, unit),
    }
}

/// The published format as one more condition.
pub(super) struct FormatDraft {
    /// What stands before it.
    literal: String,
    pub(super) decider: Acceptor,
    pub(super) plausible: bool,
}

impl FormatDraft {
    pub(super) fn finish(self, rule: &Rule, bank: &Bank) -> Reading {
        let dialect = format!("{}{}", self.literal, rule.formats.join("|"));
        Reading {
            id: format!("format/{dialect}/full/codepoints/pattern"),
            repair: "format".into(),
            dialect: dialect.into(),
            mode: Mode::Full.id(),
            unit: Unit::CodePoints.id(),
            compiles: true,
            plausible: self.plausible,
            pattern: None,
            decider: self.decider,
            bank: bank.clone(),
        }
    }
}

/// The ways to hold the published format beside the pattern that were tried: alone, then behind the
/// literal text that the pattern begins with. One that some string meets together with all plausible
/// readings becomes one of these.
pub(super) fn with_format(
    rule: &Rule,
    automata: &mut Vec<Automaton>,
    plausible: &mut Vec<Acceptor>,
) -> Vec<FormatDraft> {
    let mut tried = Vec::new();
    for literal in format_literals(rule) {
        let Some(automaton) = format_language(rule, literal) else {
            break;
        };
        automata.push(automaton);
        let decider = Acceptor {
            language: Language::Known(automata.len() - 1),
            unit: Unit::CodePoints,
            min: 0,
            max: format_length(rule, literal),
        };
        plausible.push(decider);
        // Only a proof that nothing meets both makes the format implausible.
        let contradicts = matches!(explore::shortest(automata, plausible, true), Ok(None));
        tried.push(FormatDraft {
            literal: literal.to_owned(),
            decider,
            plausible: !contradicts,
        });
        if !contradicts {
            break;
        }
        plausible.pop();
    }
    tried
}

/// Where the pattern is one repeated class with bounds that differ from the published lengths:
/// the same with the published ones.
fn own_bounds(node: &Node, rule: &Rule) -> Option<Node> {
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
fn perl_syntax(pattern: &str) -> bool {
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
fn format_literals(rule: &Rule) -> Vec<&str> {
    let pattern = rule.pattern.as_deref().unwrap_or_default();
    let literal = pattern
        .strip_prefix('^')
        .map(super::super::repair::literal_before_group);
    std::iter::once("")
        .chain(literal.filter(|l| !l.is_empty()))
        .collect()
}

/// The published formats as alternatives, all behind `literal`; `None` where one of them is unknown.
fn format_language(rule: &Rule, literal: &str) -> Option<Automaton> {
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

/// Characters that every one of the published formats takes at most, where all have such a bound and
/// nothing else stands round them.
fn format_length(rule: &Rule, literal: &str) -> Option<u64> {
    let mut longest = rule.formats.iter().map(|name| format::longest(name));
    let least = longest.try_fold(u64::MAX, |least, longest| Some(least.min(longest?)))?;
    (literal.is_empty() && least < u64::MAX).then_some(least)
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
