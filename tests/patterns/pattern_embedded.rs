//! The models against real engines that are built in: regress, regex, fancy-regex, pcre2 and
//! Oniguruma, on the witnesses of the page's readings and on many small patterns made from the
//! pieces on which dialects differ.

use crate::page;
use crate::pieces;

use probity::pattern::Text;
use probity::pattern::check;
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::parse::ParseError;
use probity::pattern::survey::{Scope, Survey};

/// What an engine says about a pattern in a mode: `None`, it was not asked (it may take too long, or
/// is known to be wrong there); `Some(None)`, it refuses the pattern.
type Answer = Option<Option<Vec<bool>>>;
type Asked<'a> = &'a dyn Fn(&str, Dialect, Mode, &[String]) -> Answer;

fn wrap(pattern: &str, mode: Mode) -> String {
    match mode {
        Mode::Search => pattern.to_owned(),
        Mode::Prefix => format!(r"\A(?:{pattern})"),
        Mode::Full => format!(r"\A(?:{pattern})\z"),
        Mode::FullGrouped => format!("^(?:{pattern})$"),
    }
}

fn pcre2(pattern: &str, dialect: Dialect, mode: Mode, texts: &[String]) -> Answer {
    Some(by_pcre2(pattern, dialect, mode, texts))
}

fn by_pcre2(pattern: &str, dialect: Dialect, mode: Mode, texts: &[String]) -> Option<Vec<bool>> {
    let unicode = dialect == Dialect::Pcre2Ucp;
    let build = |pattern: &str| {
        pcre2::bytes::RegexBuilder::new()
            .utf(unicode)
            .ucp(unicode)
            .build(pattern)
            .ok()
    };
    build(pattern)?;
    let regex = build(&wrap(pattern, mode))?;
    Some(
        texts
            .iter()
            .map(|text| regex.is_match(text.as_bytes()).unwrap_or(false))
            .collect(),
    )
}

fn rust(pattern: &str, _: Dialect, mode: Mode, texts: &[String]) -> Answer {
    Some(by_rust(pattern, mode, texts))
}

fn by_rust(pattern: &str, mode: Mode, texts: &[String]) -> Option<Vec<bool>> {
    regex::Regex::new(pattern).ok()?;
    let regex = regex::Regex::new(&wrap(pattern, mode)).ok()?;
    Some(texts.iter().map(|text| regex.is_match(text)).collect())
}

fn fancy(pattern: &str, _: Dialect, mode: Mode, texts: &[String]) -> Answer {
    Some(by_fancy(pattern, mode, texts))
}

fn by_fancy(pattern: &str, mode: Mode, texts: &[String]) -> Option<Vec<bool>> {
    fancy_regex::Regex::new(pattern).ok()?;
    let regex = fancy_regex::Regex::new(&wrap(pattern, mode)).ok()?;
    texts.iter().map(|text| regex.is_match(text).ok()).collect()
}

/// Oniguruma with Ruby's syntax. Ruby itself has Onigmo, a fork of it; `pattern_engines` asks that.
/// Only about ASCII texts: `\s`, `\d` and `\w` follow Unicode here, and ASCII in Ruby.
fn onig(pattern: &str, _: Dialect, mode: Mode, texts: &[String]) -> Answer {
    let build = |pattern: &str| {
        onig::Regex::with_options(
            pattern,
            onig::RegexOptions::REGEX_OPTION_NONE,
            onig::Syntax::ruby(),
        )
        .ok()
    };
    let Some(regex) = build(pattern).and_then(|_| build(&wrap(pattern, mode))) else {
        return Some(None);
    };
    let ascii = texts.iter().take_while(|text| text.is_ascii());
    Some(Some(ascii.map(|text| regex.find(text).is_some()).collect()))
}

fn regress(pattern: &str, dialect: Dialect, mode: Mode, texts: &[String]) -> Answer {
    let Ok(engine) = check::Engine::new(pattern, dialect, mode)? else {
        return Some(None);
    };
    let answers: Option<Vec<bool>> = texts.iter().map(|text| engine.accepts(text)).collect();
    answers.map(Some)
}

/// Compares model and engine; returns how many answers were compared, and the disagreements.
fn compare(
    patterns: &[(String, Mode, Vec<String>)],
    dialect: Dialect,
    engine: Asked<'_>,
    explained: &dyn Fn(&str) -> bool,
) -> (usize, Vec<String>) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (pattern, mode, texts) in patterns {
        let Some(theirs) = engine(pattern, dialect, *mode, texts) else {
            continue;
        };
        let mut model = match language(pattern, dialect, *mode) {
            Ok(model) => model,
            Err(ParseError::Unsupported { .. }) => continue,
            Err(error) => {
                if theirs.is_some() && !explained(pattern) {
                    wrong.push(format!(
                        "{dialect} {mode} {pattern:?}: only the model refuses: {error}"
                    ));
                }
                continue;
            }
        };
        let Some(theirs) = theirs else {
            if !explained(pattern) {
                wrong.push(format!(
                    "{dialect} {mode} {pattern:?}: only the engine refuses"
                ));
            }
            continue;
        };
        for (text, theirs) in texts.iter().zip(theirs) {
            compared += 1;
            if model.accepts(text) != theirs && !explained(pattern) {
                wrong.push(format!(
                    "{dialect} {mode} {pattern:?} {text:?}: the engine says {theirs}"
                ));
            }
        }
    }
    (compared, wrong)
}

/// Every repair of every pattern of the page, every mode, and all texts that tell readings apart.
fn page_patterns() -> Vec<(String, Mode, Vec<String>)> {
    let mut out = Vec::new();
    for (_, rule) in page::rules() {
        let text = Text::new(rule);
        let survey = Survey::new(&text, Scope::Modelled);
        let texts: Vec<String> = survey.probes().iter().map(|p| p.0.clone()).collect();
        for repair in text.repairs() {
            for &mode in Mode::ALL {
                out.push((repair.pattern.clone(), mode, texts.clone()));
            }
        }
    }
    out
}

const NOTHING: &dyn Fn(&str) -> bool = &|_| false;

/// Whether a pattern contains one of these pieces.
fn has(pattern: &str, pieces: &[&str]) -> bool {
    pieces.iter().any(|piece| pattern.contains(piece))
}

/// fancy-regex 0.20 reads possessive quantifiers as such, where regex repeats the repetition.
fn fancy_possessive(pattern: &str) -> bool {
    has(pattern, &["*+", "++", "?+", "}+", "}{"])
}

/// `(?x)` and `#`: the comment swallows what the test wraps around the pattern.
fn swallows(pattern: &str) -> bool {
    pattern.contains('#')
}

#[test]
fn on_the_witnesses_of_the_page() {
    let mut patterns = page_patterns();
    // ASCII first, for the one engine that is asked about nothing else.
    for (_, _, texts) in &mut patterns {
        texts.sort_by_key(|text| !text.is_ascii());
    }
    let engines: [(Dialect, Asked<'_>); 7] = [
        (Dialect::EcmaScript, &regress),
        (Dialect::EcmaScriptU, &regress),
        (Dialect::EcmaScriptV, &regress),
        (Dialect::Pcre2, &pcre2),
        (Dialect::Pcre2Ucp, &pcre2),
        (Dialect::Rust, &rust),
        (Dialect::Ruby, &onig),
    ];
    for (dialect, engine) in engines {
        let (compared, wrong) = compare(&patterns, dialect, engine, NOTHING);
        println!(
            "{dialect}: {compared} answers, {} disagreements",
            wrong.len()
        );
        assert!(compared > 1_000 || dialect == Dialect::EcmaScriptV || dialect == Dialect::Rust);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn pcre2_on_small_patterns() {
    let patterns = pieces::patterns(6_000, 1);
    for dialect in [Dialect::Pcre2, Dialect::Pcre2Ucp] {
        let (compared, wrong) = compare(&patterns, dialect, &pcre2, &swallows);
        println!(
            "{dialect}: {compared} answers, {} disagreements",
            wrong.len()
        );
        assert!(compared > 20_000);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn rust_on_small_patterns() {
    let patterns = pieces::patterns(6_000, 2);
    let (compared, wrong) = compare(&patterns, Dialect::Rust, &rust, NOTHING);
    println!("rust: {compared} answers");
    assert!(compared > 10_000 && wrong.is_empty(), "{wrong:#?}");
    // fancy-regex reads the same syntax and adds look-around: it must agree where regex compiles.
    let plain: Vec<_> = patterns
        .into_iter()
        .filter(|(p, _, _)| regex::Regex::new(p).is_ok() && fancy_regex::Regex::new(p).is_ok())
        .collect();
    let (compared, wrong) = compare(&plain, Dialect::Rust, &fancy, &fancy_possessive);
    println!(
        "fancy-regex: {compared} answers, {} disagreements",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ecmascript_on_small_patterns() {
    let patterns = pieces::patterns(6_000, 3);
    for dialect in [
        Dialect::EcmaScript,
        Dialect::EcmaScriptU,
        Dialect::EcmaScriptV,
    ] {
        let (compared, wrong) = compare(&patterns, dialect, &regress, NOTHING);
        println!(
            "{dialect}: {compared} answers, {} disagreements",
            wrong.len()
        );
        assert!(compared > 10_000);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_fuzz_body_agrees_with_itself() {
    for (pattern, _, texts) in pieces::patterns(300, 4) {
        for text in texts.iter().take(4) {
            let found = check::disagreement(&pattern, text);
            assert_eq!(found, None, "{pattern:?} {text:?}");
        }
    }
}
