//! One rule as a person reads it.

use crate::pattern::explain::{Explanation, RelationView};
use crate::report::visible::line as fit;
use anstyle::{AnsiColor, Style};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WARN: Style = AnsiColor::Yellow.on_default();

/// The lines about one rule; with `matrix` also how its meanings relate.
pub(super) fn table(name: &str, e: &Explanation, matrix: bool) -> String {
    let mut out = format!("{BOLD}{}{BOLD:#}\n", fit(name));
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    published(e, &mut line);
    compiles(e, &mut line);
    for contradiction in &e.contradictions {
        line(format!(
            "  {WARN}problem{WARN:#}     {}",
            fit(contradiction)
        ));
    }
    repairs(e, &mut line);
    guesses(e, &mut line);
    if e.differences.meanings == 0 {
        line(
            "\n  No dialect compiles it and no repair is known, so it has no meaning that could be\n  \
             compared: no device can enforce it as published."
                .to_owned(),
        );
        return out;
    }
    readings(e, &mut line);
    if matrix {
        meanings(e, &mut line);
        telling(e, &mut line);
        relations(e, &mut line);
    }
    certain(e, &mut line);
    risks(e, &mut line);
    line(String::new());
    out
}

/// The rule itself.
fn published(e: &Explanation, line: &mut impl FnMut(String)) {
    if let Some(pattern) = &e.published {
        line(format!("  published   {}", fit(pattern)));
    }
    if e.min_length.is_some() || e.max_length.is_some() {
        let max = e.max_length.map_or("any".to_owned(), |max| max.to_string());
        line(format!(
            "  lengths     {} to {max}",
            e.min_length.unwrap_or(0)
        ));
    }
    if !e.formats.is_empty() {
        line(format!("  type        {}", e.formats.join("|")));
    }
}

/// Which dialects refuse it, with what the first of them says.
fn compiles(e: &Explanation, line: &mut impl FnMut(String)) {
    let refused: Vec<_> = e.dialects.iter().filter(|d| !d.compiles).collect();
    let Some(first) = refused.first() else {
        return;
    };
    let names: Vec<&str> = refused.iter().map(|d| d.dialect).collect();
    line(format!(
        "  compiles in {} of {} dialects, not in {} ({} says: {} at {})",
        e.dialects.len() - refused.len(),
        e.dialects.len(),
        names.join(" "),
        first.dialect,
        fit(first.error.as_deref().unwrap_or("")),
        first.offset.unwrap_or(0)
    ));
}

/// What may have been meant where the published text is damaged.
fn repairs(e: &Explanation, line: &mut impl FnMut(String)) {
    let [_, guessed @ ..] = e.repairs.as_slice() else {
        return;
    };
    if guessed.is_empty() {
        return;
    }
    line(format!(
        "\n  {BOLD}What may have been meant{BOLD:#} (guesses)"
    ));
    for repair in guessed {
        let aside = if repair.plausible {
            ""
        } else {
            " (does not count)"
        };
        line(format!("  {}{aside}", repair.id));
        line(format!("      {}", fit(&repair.pattern)));
        line(format!("      {DIM}{}{DIM:#}", fit(&repair.derivation)));
    }
}

/// Texts that tell the repairs apart.
fn guesses(e: &Explanation, line: &mut impl FnMut(String)) {
    for row in &e.guesses {
        // "none" is the id of the repair that repairs nothing; to people it would say "nobody".
        let named = |id: &String| match id.as_str() {
            "none" => "the published text".to_owned(),
            id => id.to_owned(),
        };
        let names: Vec<String> = row.taken_by.iter().map(named).collect();
        let takes = if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        };
        line(format!(
            "  {:<18} is taken by {takes}",
            format!("{:?}", shorten(&row.text))
        ));
    }
}

/// Which dialects take the texts that tell the readings apart.
fn readings(e: &Explanation, line: &mut impl FnMut(String)) {
    let d = &e.differences;
    let repaired = match d.repair.as_str() {
        "none" => String::new(),
        repair => format!(" (as {repair})"),
    };
    line(format!("\n  {BOLD}How it can be read{BOLD:#}{repaired}"));
    line(format!(
        "  It depends on the engine and on how the engine is asked: search (a match anywhere), prefix (at\n  \
         the start), full (the whole text), full-grouped (a search for ^(?:pattern)$). That makes {}\n  \
         different meaning(s). For example, who takes",
        d.meanings
    ));
    for row in &d.texts {
        let note = if row.note.is_empty() {
            String::new()
        } else {
            format!("  {DIM}{}{DIM:#}", row.note)
        };
        line(format!("  {BOLD}{:?}{BOLD:#}{note}", shorten(&row.text)));
        // Modes with the same answer on one line.
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for mode in &row.taken_by {
            let who = who(&mode.dialects, &mode.refused_by);
            match said.iter_mut().find(|(known, _)| *known == who) {
                Some((_, modes)) => modes.push(mode.mode),
                None => said.push((who, vec![mode.mode])),
            }
        }
        for (who, modes) in said {
            line(format!("      {:<30} {who}", modes.join(", ")));
        }
    }
}

/// What holds whatever the reading.
fn certain(e: &Explanation, line: &mut impl FnMut(String)) {
    line(format!("\n  {BOLD}Whatever the reading{BOLD:#}"));
    if let Some(valid) = &e.surely_valid {
        line(format!("  every reading takes {:?}", shorten(valid)));
    }
    if let Some(longest) = &e.surely_valid_longest {
        line(format!(
            "  the longest of these has {} characters",
            longest.chars().count()
        ));
    }
    if let Some(invalid) = &e.surely_invalid {
        line(format!("  no reading takes {:?}", shorten(invalid)));
    }
}

/// How long a backtracking engine may take.
fn risks(e: &Explanation, line: &mut impl FnMut(String)) {
    for risk in &e.risks {
        let growth = match (risk.growth, risk.degree) {
            ("linear", _) => continue,
            ("polynomial", Some(2)) => "grows with the square of the length".to_owned(),
            ("polynomial", Some(degree)) => {
                format!("grows with the length to the power of {degree}")
            }
            ("exponential", _) => "doubles with every few characters more".to_owned(),
            _ => "could not be predicted within the limits".to_owned(),
        };
        let attack = risk
            .attack
            .as_ref()
            .map_or(String::new(), |[prefix, pump, suffix]| {
                format!(", e.g. for {prefix:?}, then {pump:?} again and again, then {suffix:?}")
            });
        line(format!(
            "  {WARN}time{WARN:#} of a backtracking engine ({}) {growth}{attack}",
            risk.mode
        ));
    }
}

/// The dialects that take a text, said in the shorter way.
fn who(taken: &[String], refused: &[String]) -> String {
    match (taken.len(), refused.len()) {
        (0, _) => "none".to_owned(),
        (_, 0) => "all".to_owned(),
        (t, r) if t > r => format!("all but {}", refused.join(" ")),
        _ => taken.join(" "),
    }
}

/// The meanings, each with the engines that share it.
fn meanings(e: &Explanation, line: &mut impl FnMut(String)) {
    line(format!(
        "\n  {BOLD}{} different meaning(s){BOLD:#}; engines on one line accept exactly the same texts",
        e.meanings.len()
    ));
    for meaning in &e.meanings {
        for (i, who) in meaning.who.iter().enumerate() {
            let id = if i == 0 { meaning.id.as_str() } else { "" };
            line(format!("  {id:>3}  {who}"));
        }
    }
}

/// Texts that tell the meanings apart.
fn telling(e: &Explanation, line: &mut impl FnMut(String)) {
    if e.telling.is_empty() {
        return;
    }
    line(format!(
        "\n  {BOLD}Texts that tell them apart{BOLD:#} (+ taken, . refused)"
    ));
    let header: String = e.meanings.iter().map(|m| format!("{} ", m.id)).collect();
    line(format!("  {header}"));
    for telling in &e.telling {
        let row: String = e
            .meanings
            .iter()
            .map(|m| {
                let mark = if telling.taken_by.contains(&m.id) {
                    "+"
                } else {
                    "."
                };
                format!("{mark:<width$}", width = m.id.len() + 1)
            })
            .collect();
        line(format!("  {row} {:?}", shorten(&telling.text)));
    }
}

/// The matrix of relations.
fn relations(e: &Explanation, line: &mut impl FnMut(String)) {
    if e.relations.is_empty() || e.meanings.len() < 2 {
        return;
    }
    line(format!(
        "\n  {BOLD}How each row relates to each column{BOLD:#}: < takes less, > takes more, x both have \
             texts of their own, 0 nothing in common, ? not decided within the limits"
    ));
    let width = e.meanings.iter().map(|m| m.id.len()).max().unwrap_or(1) + 1;
    let header: String = e
        .meanings
        .iter()
        .map(|m| format!("{:>width$}", m.id))
        .collect();
    line(format!("     {header}"));
    for row in &e.meanings {
        let cells: String = e
            .meanings
            .iter()
            .map(|column| format!("{:>width$}", mark(&e.relations, &row.id, &column.id)))
            .collect();
        line(format!("  {:>3}{cells}", row.id));
    }
}

/// The sign of one pair.
fn mark(relations: &[RelationView], row: &str, column: &str) -> &'static str {
    if row == column {
        return "=";
    }
    let sign = |relation: &str, swapped: bool| match (relation, swapped) {
        ("equal", _) => "=",
        ("subset", false) | ("superset", true) => "<",
        ("superset", false) | ("subset", true) => ">",
        ("overlap", _) => "x",
        ("disjoint", _) => "0",
        _ => "?",
    };
    for relation in relations {
        if relation.a == row && relation.b == column {
            return sign(relation.relation, false);
        }
        if relation.a == column && relation.b == row {
            return sign(relation.relation, true);
        }
    }
    "?"
}

/// Long texts in the middle.
fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= 60 {
        return text.to_owned();
    }
    let head: String = text.chars().take(25).collect();
    let tail: String = text.chars().skip(count - 25).collect();
    format!("{head}…({count} characters)…{tail}")
}
