//! Snapshots: whatever stands in a file of the folder, comparing gives a summary or an error, and
//! nothing beside the folder's own files changes.

use probity::report::snapshots::{Class, Snapshots};

/// The bytes are the file that a snapshot is compared with.
pub fn body(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let class = Class {
        operation: "op".to_owned(),
        fault: "missing".to_owned(),
        status: 400,
    };
    // What the name of the file is, an empty folder tells.
    let observe = || -> Option<String> {
        let mut snapshots = Snapshots::open(folder.path()).ok()?;
        snapshots.observe(class.clone(), "{\"error\": \"TEXT\"}");
        let summary = snapshots.finish().ok()?;
        let names = summary.matched.iter().chain(&summary.changed);
        names.chain(&summary.new).next().cloned()
    };
    let Some(name) = observe() else { return };
    let file = folder.path().join(format!("{name}.snap"));
    std::fs::write(&file, data).expect("is written");
    let seen = observe();
    assert!(seen.is_none_or(|seen| seen == name));
    if std::env::var("INSTA_UPDATE").is_err() {
        assert_eq!(std::fs::read(&file).expect("is there"), data);
    }
}
