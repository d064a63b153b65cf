//! What `probity pattern` shows, as plain data that serializes.

use serde::Serialize;

/// What one rule can mean.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The pattern as published.
    pub published: Option<String>,
    /// Published shortest length.
    pub min_length: Option<u64>,
    /// Published greatest length.
    pub max_length: Option<u64>,
    /// Published formats, alternatives.
    pub formats: Vec<String>,
    /// Which dialects take the published pattern.
    pub dialects: Vec<DialectView>,
    /// Guesses at the source.
    pub repairs: Vec<RepairView>,
    /// Different meanings, `A` first.
    pub meanings: Vec<Meaning>,
    /// How each two meanings relate.
    pub relations: Vec<RelationView>,
    /// Few texts that tell all meanings apart.
    pub telling: Vec<Telling>,
    /// The likeliest guess (or the published text) and few texts on which its engines and ways of
    /// asking differ.
    pub differences: Differences,
    /// Few texts on which the guesses differ, with those that take them in ECMAScript.
    pub guesses: Vec<Telling>,
    /// A shortest text that every plausible reading takes.
    pub surely_valid: Option<String>,
    /// A longest one, where there is a longest.
    pub surely_valid_longest: Option<String>,
    /// One that none takes, close to a valid one.
    pub surely_invalid: Option<String>,
    /// What in the published rule contradicts itself.
    pub contradictions: Vec<String>,
    /// Super-linear matching time of backtracking engines.
    pub risks: Vec<RiskView>,
}

/// One dialect and the published pattern.
#[derive(Clone, Debug, Serialize)]
pub struct DialectView {
    /// Its id.
    pub dialect: &'static str,
    /// Whether it compiles.
    pub compiles: bool,
    /// Why not, or why there is no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where, in code points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// A repair as shown.
#[derive(Clone, Debug, Serialize)]
pub struct RepairView {
    /// Its id.
    pub id: String,
    /// The pattern after it.
    pub pattern: String,
    /// How it was derived: a guess.
    pub derivation: String,
    /// Whether it counts.
    pub plausible: bool,
}

/// Readings that accept the same texts.
#[derive(Clone, Debug, Serialize)]
pub struct Meaning {
    /// A letter.
    pub id: String,
    /// Whether it counts for what is surely valid and invalid.
    pub plausible: bool,
    /// Who reads it so, in words.
    pub who: Vec<String>,
    /// Ids of the readings.
    pub readings: Vec<String>,
}

/// How two meanings relate.
#[derive(Clone, Debug, Serialize)]
pub struct RelationView {
    /// The first.
    pub a: String,
    /// The second.
    pub b: String,
    /// `equal`, `subset`, `superset`, `overlap`, `disjoint`, `unknown`.
    pub relation: &'static str,
    /// Shortest text that only the first takes.
    pub a_only: Option<String>,
    /// Shortest text that only the second takes.
    pub b_only: Option<String>,
    /// Shortest text that both take.
    pub both: Option<String>,
    /// The same in printable ASCII.
    pub a_only_printable: Option<String>,
    /// The same in printable ASCII.
    pub b_only_printable: Option<String>,
}

/// A text and the meanings that take it.
#[derive(Clone, Debug, Serialize)]
pub struct Telling {
    /// The text.
    pub text: String,
    /// Letters.
    pub taken_by: Vec<String>,
}

/// Texts on which engines and ways of asking differ, for one repair.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Differences {
    /// The repair.
    pub repair: String,
    /// How many different meanings its readings have.
    pub meanings: usize,
    /// The texts.
    pub texts: Vec<Difference>,
}

/// One text, and who takes it.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The text.
    pub text: String,
    /// What is special about it.
    pub note: &'static str,
    /// For each mode, in the order search, prefix, full, full-grouped: the dialects that take it.
    pub taken_by: Vec<ModeView>,
}

/// The dialects that take a text in one mode.
#[derive(Clone, Debug, Serialize)]
pub struct ModeView {
    /// The mode.
    pub mode: &'static str,
    /// They take it.
    pub dialects: Vec<String>,
    /// They do not.
    pub refused_by: Vec<String>,
}

/// Super-linear time in one dialect and mode.
#[derive(Clone, Debug, Serialize)]
pub struct RiskView {
    /// Repair that was looked at.
    pub repair: String,
    /// `search` or `full`.
    pub mode: &'static str,
    /// `linear`, `polynomial`, `exponential`, `unknown`.
    pub growth: &'static str,
    /// The power, where polynomial.
    pub degree: Option<u32>,
    /// `prefix`, `pump` and `suffix` of a text that makes it happen.
    pub attack: Option<[String; 3]>,
}
