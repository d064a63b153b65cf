//! What a damaged pattern may have been before it was published. Every repair is a guess and
//! carries its derivation.
//!
//! The strongest repair *inverts the renderer*: a documentation generator that writes a pattern
//! between single backticks into Markdown loses, when the pattern itself contains a backtick, that
//! backtick, the closing one becomes text, and every `\` before ASCII punctuation that follows is
//! dropped (CommonMark 0.31 §2.4, §6.1). Sources are enumerated and *rendered again*: only those
//! that give exactly the published text stay.

use pulldown_cmark::{Event, Parser as Markdown};

use super::dialect::{Dialect, Mode};
use super::language;
use super::parse::{self, ParseError};
use super::product::{Budget, Product};

/// One guess at the source of a published pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Stable id, `none` for the published text itself.
    pub id: String,
    /// The pattern after the repair.
    pub pattern: String,
    /// How it was derived, for people.
    pub derivation: String,
    /// Whether readings of it count for what is surely valid and surely invalid.
    pub plausible: bool,
}

/// Whether an engine takes the pattern (whether or not we can model it).
pub fn compiles(pattern: &str, dialect: Dialect) -> bool {
    !matches!(
        parse::parse(pattern, dialect),
        Err(ParseError::Syntax { .. })
    )
}

/// All repairs of a published pattern, the published text itself first, then the most plausible.
///
/// A repair is plausible
/// - for a pattern that some engine takes as it stands: the published text, and, where the
///   alternatives of the pattern keep `^` and `$` from holding for all of them, the reading in
///   which they do;
/// - for a pattern that no engine takes: a repair that compiles under the strict syntax of
///   ECMAScript with `u` (where a stray bracket is an error, so nothing is left over) and whose
///   language is not empty.
pub fn repairs(published: &str) -> Vec<Repair> {
    let sound = Dialect::ALL
        .iter()
        .filter(|&&dialect| dialect != Dialect::PosixEre)
        .any(|&dialect| compiles(published, dialect));
    let mut out = Repairs(vec![Repair {
        id: "none".to_owned(),
        pattern: published.to_owned(),
        derivation: "as published".to_owned(),
        plausible: sound,
    }]);
    if sound {
        out.anchor(published);
        let lost =
            "a level of string escapes was lost: control characters were \\b, \\f, \\n, \\r, \\t";
        if let Some(pattern) = restore_controls(published) {
            out.add(
                "restore-escapes".to_owned(),
                pattern,
                lost.to_owned(),
                false,
            );
        }
        return out.0;
    }
    out.invert_the_renderer(published);
    out.mend_brackets(published);
    out.drop_entities();
    if let Some(pattern) = restore_controls(published) {
        let lost = "a level of string escapes was lost";
        out.add_compiling("restore-escapes".to_owned(), pattern, lost.to_owned());
    }
    out.ranked()
}

/// A step that mends one kind of damage: its id, the reason for it, and what it does.
type Step = (&'static str, &'static str, fn(&str) -> Option<String>);

const ESCAPE_DASH: Step = (
    "escape-dash",
    "the dash in the reversed range is a member",
    escape_dashes,
);
const CLOSE_LATER: Step = (
    "close-later",
    "a bracket inside the class is a member, the class closes later",
    close_later,
);
const DROP_SUFFIX: Step = (
    "drop-suffix",
    "the quote or backtick after the final $ is debris",
    drop_suffix,
);

/// Steps that are taken together, in the order in which they are tried.
const MENDS: [&[Step]; 7] = [
    &[ESCAPE_DASH, CLOSE_LATER, DROP_SUFFIX],
    &[ESCAPE_DASH, DROP_SUFFIX],
    &[ESCAPE_DASH, CLOSE_LATER],
    &[ESCAPE_DASH],
    &[CLOSE_LATER, DROP_SUFFIX],
    &[DROP_SUFFIX],
    &[CLOSE_LATER],
];

/// Repairs as they are found, the published text first.
struct Repairs(Vec<Repair>);

impl Repairs {
    /// Adds a repair unless it, or one with its id, is there.
    fn add(&mut self, id: String, pattern: String, derivation: String, plausible: bool) {
        if self.0.iter().all(|r| r.pattern != pattern && r.id != id) {
            self.0.push(Repair {
                id,
                pattern,
                derivation,
                plausible,
            });
        }
    }

    /// Adds a repair that compiles; it is plausible where it is strict.
    fn add_compiling(&mut self, id: String, pattern: String, derivation: String) {
        if compiles(&pattern, Dialect::EcmaScript) {
            let plausible = strict(&pattern);
            self.add(id, pattern, derivation, plausible);
        }
    }

    /// `^` and `$` around all alternatives.
    fn anchor(&mut self, published: &str) {
        if let Some(pattern) = anchor_all(published)
            && compiles(&pattern, Dialect::EcmaScript)
        {
            let all = "the anchors (and the literal text after ^) hold for every alternative";
            self.add("anchor-all".to_owned(), pattern, all.to_owned(), true);
        }
    }

    /// See [`invert_markdown`].
    fn invert_the_renderer(&mut self, published: &str) {
        for (pattern, derivation, opens) in invert_markdown(published) {
            let id = match opens {
                true => "markdown+escape-open-bracket",
                false => "markdown",
            };
            let plausible = strict(&pattern);
            self.add(id.to_owned(), pattern, derivation, plausible);
        }
    }

    /// The steps of [`MENDS`], where each of them finds something to mend.
    fn mend_brackets(&mut self, published: &str) {
        // Debris after the final $ can never match, so where there is any it is dropped.
        let debris = drop_suffix(published).is_some();
        for steps in MENDS {
            let drops = steps.iter().any(|(id, ..)| *id == DROP_SUFFIX.0);
            if debris && !drops {
                continue;
            }
            let mended = steps
                .iter()
                .try_fold(published.to_owned(), |pattern, (_, _, step)| step(&pattern));
            if let Some(pattern) = mended {
                let ids: Vec<&str> = steps.iter().map(|(id, _, _)| *id).collect();
                let reasons: Vec<&str> = steps.iter().map(|(_, reason, _)| *reason).collect();
                self.add_compiling(ids.join("+"), pattern, reasons.join("; "));
            }
        }
    }

    /// "&;" is what an HTML entity leaves when its name is lost; whether ";" was ever a member
    /// cannot be told, so both stay.
    fn drop_entities(&mut self) {
        let entities: Vec<Repair> = self
            .0
            .iter()
            .filter(|r| r.plausible && r.pattern.contains("&;"))
            .cloned()
            .collect();
        for repair in entities {
            self.add(
                format!("{}+drop-entity-debris", repair.id),
                repair.pattern.replace("&;", "&"),
                format!(
                    "{}; the semicolon after & is debris of an HTML entity",
                    repair.derivation
                ),
                true,
            );
        }
    }

    /// The plausible ones before the others, behind the published text.
    fn ranked(mut self) -> Vec<Repair> {
        if !self.0.iter().any(|repair| repair.plausible) {
            // Nothing is strict: whatever compiles at all is all we have.
            for repair in &mut self.0 {
                repair.plausible = compiles(&repair.pattern, Dialect::EcmaScript);
            }
        }
        self.0[1..].sort_by_key(|repair| !repair.plausible);
        self.0
    }
}

/// Compiles with `u` and accepts something.
fn strict(pattern: &str) -> bool {
    let Ok(mut automaton) = language::language(pattern, Dialect::EcmaScriptU, Mode::Search) else {
        return false;
    };
    let budget = Budget {
        nodes: 5_000,
        steps: 100_000,
    };
    let mut product = Product::new(vec![&mut automaton], budget);
    let mut node = 0;
    while (node as usize) < product.len() {
        if product.accepts(node).contains(&true) {
            return true;
        }
        for class in 0..product.classes().len() {
            if product.step(node, class).is_err() {
                return true;
            }
        }
        node += 1;
    }
    false
}

/// Removes a quote or backtick that follows the final `$`.
fn drop_suffix(pattern: &str) -> Option<String> {
    let cut = pattern.trim_end_matches(['`', '\'', '"']);
    (cut.len() < pattern.len() && cut.ends_with('$')).then(|| cut.to_owned())
}

/// Escapes the dash of every range whose ends are in the wrong order.
fn escape_dashes(pattern: &str) -> Option<String> {
    let mut text: Vec<char> = pattern.chars().collect();
    for _ in 0..8 {
        let current: String = text.iter().collect();
        match parse::parse(&current, Dialect::EcmaScript) {
            Err(ParseError::Syntax { offset, message }) if message.contains("out of order") => {
                let dash = text
                    .iter()
                    .enumerate()
                    .skip(offset + 1)
                    .find(|&(_, &c)| c == '-')?
                    .0;
                text.insert(dash, '\\');
            }
            _ => return (current != pattern).then_some(current),
        }
    }
    None
}

/// Positions of unescaped `[` and `]`, in characters.
fn brackets(text: &[char]) -> Vec<(usize, char)> {
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&c) = text.get(i) {
        match c {
            '\\' => i += 1,
            '[' | ']' => out.push((i, c)),
            _ => {}
        }
        i += 1;
    }
    out
}

/// Escapes closing brackets so that the first class ends at the last one.
fn close_later(pattern: &str) -> Option<String> {
    let text: Vec<char> = pattern.chars().collect();
    let all = brackets(&text);
    let open = all.iter().position(|&(_, c)| c == '[')?;
    let last = all.iter().rposition(|&(_, c)| c == ']')?;
    let inner: Vec<usize> = all
        .get(open..last)?
        .iter()
        .filter(|&&(_, c)| c == ']')
        .map(|&(at, _)| at)
        .collect();
    if inner.is_empty() {
        return None;
    }
    Some(with_escapes(&text, &inner))
}

fn with_escapes(text: &[char], at: &[usize]) -> String {
    text.iter()
        .enumerate()
        .flat_map(|(i, &c)| at.contains(&i).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// Sources that, written between backticks into Markdown, come out as `published`: the pattern,
/// its derivation, and whether opening brackets were escaped as well.
fn invert_markdown(published: &str) -> Vec<(String, String, bool)> {
    let Some(body) = published.strip_suffix('`') else {
        return Vec::new();
    };
    let text: Vec<char> = body.chars().collect();
    // What must have been escaped for the pattern to be one: dashes of reversed ranges, closing
    // brackets before the last; opening brackets inside may have been.
    let dashes = escaped_places(body, escape_dashes);
    let later = escape_dashes(body).and_then(|fixed| close_later(&fixed));
    let all = brackets(&text);
    let last = all.iter().rposition(|&(_, c)| c == ']').unwrap_or(0);
    let first = all.iter().position(|&(_, c)| c == '[').unwrap_or(0);
    let inner = |wanted: char| -> Vec<usize> {
        all.get(first + 1..last)
            .unwrap_or(&[])
            .iter()
            .filter(|&&(_, c)| c == wanted)
            .map(|&(at, _)| at)
            .collect()
    };
    let mut closers = dashes.clone();
    if later.is_some() {
        closers.extend(inner(']'));
    }
    let mut openers = closers.clone();
    openers.extend(inner('['));
    let mut out = Vec::new();
    for (escapes, opens) in [(closers, false), (openers, true)] {
        if opens && out.is_empty() {
            break;
        }
        let earliest = escapes.iter().min().copied().unwrap_or(text.len());
        let mut best: Option<(u32, String, usize)> = None;
        for split in 1..=earliest {
            let (Some(head), Some(tail)) = (text.get(..split), text.get(split..)) else {
                continue;
            };
            let tail_escapes: Vec<usize> = escapes.iter().map(|&at| at - split).collect();
            let source: String = head
                .iter()
                .copied()
                .chain(['`'])
                .chain(with_escapes(tail, &tail_escapes).chars())
                .collect();
            if rendered(&format!("`{source}`")) != published || !strict(&source) {
                continue;
            }
            // Where the place makes no difference, prefer the seam between letters and signs, as
            // people write classes.
            let before = head.last().is_some_and(|c| c.is_ascii_alphanumeric());
            let after = tail
                .first()
                .is_some_and(|c| c.is_ascii_punctuation() && *c != '-');
            let inside = head.contains(&'[');
            let cost = u32::from(!inside) * 4 + u32::from(!(before && after));
            // Of several such seams the last.
            if best
                .as_ref()
                .is_none_or(|(least, ..)| cost < *least || cost == 0)
            {
                best = Some((cost, source, split));
            }
        }
        if let Some((_, source, at)) = best {
            let derivation = format!(
                "`{source}` rendered as Markdown gives the published text: the backtick at {at} \
                 closes the code span, and the backslashes of {} escape(s) after it are dropped",
                escapes.len()
            );
            out.push((source, derivation, opens));
        }
    }
    out
}

/// Where `fix` puts backslashes, as places of the original text.
fn escaped_places(text: &str, fix: fn(&str) -> Option<String>) -> Vec<usize> {
    let Some(fixed) = fix(text) else {
        return Vec::new();
    };
    let (old, new): (Vec<char>, Vec<char>) = (text.chars().collect(), fixed.chars().collect());
    let (mut places, mut i, mut j) = (Vec::new(), 0, 0);
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        if a == b {
            i += 1;
        } else {
            places.push(i);
        }
        j += 1;
    }
    places
}

/// The text of a Markdown document.
fn rendered(markdown: &str) -> String {
    let mut out = String::new();
    for event in Markdown::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                out.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            _ => {}
        }
    }
    out
}

/// Control characters written as their escapes.
fn restore_controls(pattern: &str) -> Option<String> {
    let out: String = pattern
        .chars()
        .map(|c| match c {
            '\u{8}' => "\\b".to_owned(),
            '\u{C}' => "\\f".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            other => other.to_string(),
        })
        .collect();
    (out != pattern).then_some(out)
}

/// Where the alternatives of a pattern end on the top level, in characters.
pub fn top_level_bars(text: &[char]) -> Vec<usize> {
    let (mut depth, mut in_class, mut i) = (0u32, false, 0);
    let mut out = Vec::new();
    while let Some(&c) = text.get(i) {
        match c {
            '\\' => i += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth = depth.saturating_sub(1),
            '|' if !in_class && depth == 0 => out.push(i),
            _ => {}
        }
        i += 1;
    }
    out
}

/// The literal text before the group that a pattern begins with, its `^` left out: of `sip:(a)|b` it
/// is `sip:`. Empty where anything but a group follows: what is read as one word then may end
/// anywhere.
pub(super) fn literal_before_group(pattern: &str) -> &str {
    let literal =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '@' | '_' | '-' | '=');
    let rest = pattern.trim_start_matches(literal);
    let length = pattern.len() - rest.len();
    pattern
        .get(..length)
        .filter(|_| rest.starts_with('('))
        .unwrap_or_default()
}

/// `^lit(A)|B$` as `^lit(?:(A)|B)$`, where `^` stands only before the first alternative and `$`
/// only after the last. (Where that `$` is escaped, what comes out does not compile.)
fn anchor_all(pattern: &str) -> Option<String> {
    let text: Vec<char> = pattern.chars().collect();
    let bars = top_level_bars(&text);
    if bars.is_empty() {
        return None;
    }
    let mut branches: Vec<String> = Vec::new();
    let mut from = 0;
    for &bar in bars.iter().chain([&text.len()]) {
        branches.push(text.get(from..bar)?.iter().collect());
        from = bar + 1;
    }
    let first = branches.first()?.strip_prefix('^')?.to_owned();
    let last = branches.last()?.strip_suffix('$')?.to_owned();
    if branches.iter().skip(1).all(|b| b.starts_with('^')) {
        return None;
    }
    let prefix = literal_before_group(&first).to_owned();
    let rest = first.get(prefix.len()..)?.to_owned();
    let count = branches.len();
    let mut inner: Vec<String> = branches;
    if let Some(place) = inner.first_mut() {
        *place = rest;
    }
    inner[count - 1] = last;
    Some(format!("^{prefix}(?:{})$", inner.join("|")))
}
