//! Awkward documents against the mock of the same document: no finding, and every operation is
//! judged or says why it is not.

use crate::support::{Suite, in_parallel};

use probity::contract::load;
use probity::profile::Profile;
use probity::run::result::OperationState;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[test]
fn awkward_documents_draw_no_finding_on_their_mock() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/awkward");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    let wrong: Vec<String> = in_parallel(&paths, |path| {
        let contract = load(path).ok()?;
        let name = contract.id.clone();
        let suite = Suite::new(contract, Profile::default());
        let run = suite.run_with(suite.mock(), &mut (), Duration::from_secs(8));
        let findings = run.report.findings.iter().map(|f| {
            format!(
                "{name}: {} {} | {} | {}",
                f.case, f.promise, f.title, f.observed
            )
        });
        let silent = run.report.operations.iter().filter(|o| {
            o.state != OperationState::Judged && o.reason.as_deref().is_none_or(str::is_empty)
        });
        let silent = silent.map(|o| format!("{name}: {} is not judged, nobody knows why", o.id));
        let all: Vec<String> = findings.chain(silent).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
