//! What the benchmarks share with the tests: an embedded contract, its mock, and a run against it.

#[path = "../tests/common/support/mod.rs"]
pub mod support;
