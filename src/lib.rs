//! Probity finds out whether a device keeps the promises of its published HTTP API.
//!
//! The natural way of data through this library is
//! contract → cases → device → exchanges → judge → verdicts → findings → report,
//! and the modules stand in that order. Imports run one way, downward in this list:
//!
//! | module | duty |
//! |---|---|
//! | [`cli`] | one file a subcommand; parses arguments, calls the library, chooses the exit code |
//! | [`report`] | terminal, JSON, JUnit from one result model |
//! | [`campaign`] | inputs without end after the plan: generation, corpus, shrinking |
//! | [`run`] | schedules on the probe: plan → findings; emits events |
//! | [`probe`] | one engine: session, life, settings watch, send-judge-look |
//! | [`judge`] | exchange × expectation → verdicts |
//! | [`case`] | strategies: contract (and seed) → cases |
//! | [`device`] | HTTP transport byte for byte, login session, settings guard, life monitor |
//! | [`files`] | reading within limits, writing whole |
//! | [`redact`] | keeps secrets out of every text that leaves |
//! | [`mock`] | a real HTTP server that serves a contract under a chosen reading, with faults |
//! | [`profile`] | how one kind of device is driven: plain data |
//! | [`exchange`] | requests, answers, failures, timings: plain data |
//! | [`contract`] | OpenAPI → contract, promises, contract issues |
//! | [`pattern`] | dialects, repairs, readings → languages, relations, witnesses |
#![forbid(unsafe_code)]

pub mod campaign;
pub mod case;
pub mod cli;
pub mod device;
pub mod files;
pub mod judge;
pub mod probe;
pub mod redact;
pub mod report;
pub mod reproduce;
pub mod run;

pub use probity_contract as contract;
pub use probity_contract::{exchange, json, pointer, profile};
pub use probity_mock as mock;
pub use probity_pattern as pattern;
