//! Contract, cases, judge and reports: what needs no device. One binary, one module a topic.
#![allow(missing_docs)]

#[path = "../common/report_sample/mod.rs"]
mod report_sample;
#[path = "../common/scripted/mod.rs"]
mod scripted;
#[path = "../common/told/mod.rs"]
mod told;

mod assess;
mod attacks;
mod awkward;
mod broken_responses;
mod cases;
mod cases_values;
mod contract;
mod diff;
mod docs;
mod documents;
mod effects;
mod effects_acting;
mod effects_harm;
mod explain;
mod ideas;
mod imports;
mod init;
mod items;
mod json_suite;
mod judge;
mod misstated;
mod mock_answers;
mod mock_resources;
mod mutated;
mod plan;
mod published;
mod published_lint;
mod report;
mod report_curl;
mod report_snapshots;
mod report_terminal;
mod scale;
mod schema_bodies;
mod schema_suite;
mod stored;
mod supply;
mod values;
mod wire;
mod wire_plan;
