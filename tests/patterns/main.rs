//! Patterns: dialects, readings, languages, relations; no device. One binary, one module a topic.
#![allow(missing_docs)]

#[path = "../common/page/mod.rs"]
mod page;
#[path = "../common/pieces/mod.rs"]
mod pieces;

mod languages;
mod pattern;
mod pattern_classify;
mod pattern_dialects;
mod pattern_embedded;
mod pattern_engines;
mod pattern_parts;
mod pattern_sample;
mod pattern_suite;
mod pattern_syntax;
mod reading_classes;
mod repairs;
