//! What each element of syntax means in each of the dialects: the tables of `pattern_syntax/*.txt`
//! name patterns and texts, the pinned text says which of the texts each dialect finds the pattern
//! in, or why it refuses it. What the engines that run here say of the same rows (node 20, CPython
//! 3.11, Perl 5.36, PCRE2 10.42, JDK 17, Ruby 3.1, glibc 2.36, the crate `regex`) was compared when
//! a row was written; where the model follows a newer version a comment says so.
//!
//! A row is `pattern :: text text …`, or a pattern alone, which is asked about the texts of the
//! last line `@ text text …`. `% dialect …` says whom the rows below are put to (`java*`: all that
//! begin so; `% all`). Control characters are written as their pictures (`␊`), a blank as `␠`, any
//! other symbol that is hard to see as `⟨A0⟩`, the empty text as `∅`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use probity::pattern::ast::Node;
use probity::pattern::dialect::{Alphabet, Dialect, Mode};
use probity::pattern::language::{build, full};
use probity::pattern::parse::{ParseError, parse};

/// A text as the tables write it.
fn read(word: &str) -> String {
    let mut out = String::new();
    let mut symbols = word.chars();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '∅' => {}
            '␠' => out.push(' '),
            '␡' => out.push('\u{7f}'),
            '\u{2400}'..='\u{241F}' => {
                out.extend(char::from_u32(u32::from(symbol) - 0x2400));
            }
            '⟨' => {
                let digits: String = symbols.by_ref().take_while(|&c| c != '⟩').collect();
                let number = u32::from_str_radix(&digits, 16).expect("hexadecimal digits");
                out.push(char::from_u32(number).expect("a code point"));
            }
            other => out.push(other),
        }
    }
    out
}

/// The dialects of a line `% …`, or the names of some, families as one word.
fn dialects(words: &str) -> Vec<Dialect> {
    let named = |dialect: &Dialect, word: &str| match word.strip_suffix('*') {
        Some(stem) => dialect.id().starts_with(stem),
        None => word == "all" || dialect.id() == word,
    };
    let found: Vec<Dialect> = Dialect::ALL
        .iter()
        .filter(|dialect| words.split(' ').any(|word| named(dialect, word)))
        .copied()
        .collect();
    assert!(!found.is_empty(), "no dialect: {words}");
    found
}

fn names(some: &[Dialect]) -> String {
    let mut out: Vec<String> = Vec::new();
    for dialect in some {
        let whole = |stem: &str| {
            let mut family = Dialect::ALL.iter().filter(|d| d.id().starts_with(stem));
            family.all(|d| some.contains(d))
        };
        let stem = dialect.id().split('-').next().expect("a first part");
        let several = matches!(stem, "ecmascript" | "python" | "pcre2" | "java" | "dotnet");
        let name = if several && whole(stem) {
            format!("{stem}*")
        } else {
            dialect.id().to_owned()
        };
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out.join(" ")
}

/// Which of the texts a tree is found in; kept, as many dialects have the same tree.
type Known = HashMap<(Node, Alphabet), String>;

fn found_in(pattern: &str, dialect: Dialect, words: &[&str], known: &mut Known) -> String {
    let node = match parse(pattern, dialect) {
        Ok(node) => node,
        Err(ParseError::Syntax { offset, .. }) => return format!("refused at {offset}"),
        Err(ParseError::Unsupported { offset, message }) => {
            return format!("no model at {offset}: {message}");
        }
    };
    let key = full(&node, dialect, Mode::Search);
    if let Some(answer) = known.get(&key) {
        return answer.clone();
    }
    let answer = match build(&key.0, key.1) {
        Ok(mut automaton) => {
            let taken: Vec<&str> = words
                .iter()
                .filter(|word| automaton.accepts(&read(word)))
                .copied()
                .collect();
            match taken.len() {
                0 => "none".to_owned(),
                n if n == words.len() && n > 1 => "all".to_owned(),
                _ => taken.join(" "),
            }
        }
        Err(error) => format!("no model: {error}"),
    };
    known.insert(key, answer.clone());
    answer
}

/// One row and what each of the dialects says to it, equal answers together.
fn row(line: &str, pattern: &str, words: &[&str], asked: &[Dialect]) -> String {
    let mut known = Known::new();
    let mut answers: Vec<(String, Vec<Dialect>)> = Vec::new();
    for &dialect in asked {
        let answer = found_in(&read(pattern), dialect, words, &mut known);
        match answers.iter_mut().find(|(other, _)| *other == answer) {
            Some((_, same)) => same.push(dialect),
            None => answers.push((answer, vec![dialect])),
        }
    }
    if let [(answer, _)] = answers.as_slice() {
        return format!("{line}  ->  {answer}\n");
    }
    let mut out = format!("{line}\n");
    // The answer of most stands first and names nobody, if more than two are asked.
    answers.sort_by_key(|(_, same)| std::cmp::Reverse(same.len()));
    for (i, (answer, same)) in answers.iter().enumerate() {
        let who = match i {
            0 if same.len() > 2 => "others".to_owned(),
            _ => names(same),
        };
        let _ = writeln!(out, "    {answer}  <- {who}");
    }
    out
}

fn pinned(table: &str) -> String {
    let mut out = String::new();
    let mut asked = Dialect::ALL.to_vec();
    let mut texts = "";
    for line in table.lines().map(str::trim).filter(|l| !l.is_empty()) {
        match line.split_at(line.floor_char_boundary(2)) {
            ("% ", list) => asked = dialects(list),
            ("@ ", list) => texts = list,
            ("# ", _) => {}
            _ => {
                let (pattern, words) = line.split_once(" :: ").unwrap_or((line, texts));
                let words: Vec<&str> = words.split_whitespace().collect();
                out.push_str(&row(line, pattern, &words, &asked));
                continue;
            }
        }
        let _ = writeln!(out, "\n{line}");
    }
    out
}

fn table(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pattern_syntax");
    let text = std::fs::read_to_string(folder.join(format!("{name}.txt"))).expect("a table");
    pinned(&text)
}

#[test]
fn quantifiers() {
    insta::assert_snapshot!("pattern_syntax_quantifiers", table("quantifiers"));
}

#[test]
fn places() {
    insta::assert_snapshot!("pattern_syntax_places", table("places"));
}

#[test]
fn groups() {
    insta::assert_snapshot!("pattern_syntax_groups", table("groups"));
}

#[test]
fn escapes() {
    insta::assert_snapshot!("pattern_syntax_escapes", table("escapes"));
}

#[test]
fn brackets() {
    insta::assert_snapshot!("pattern_syntax_brackets", table("brackets"));
}

#[test]
fn properties() {
    insta::assert_snapshot!("pattern_syntax_properties", table("properties"));
}

#[test]
fn case() {
    insta::assert_snapshot!("pattern_syntax_case", table("case"));
}
