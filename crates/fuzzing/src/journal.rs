//! Journals and files of a corpus: what can be read is written back the same, and whatever it says
//! can be asked.

use probity::campaign::input::Input;
use probity::run::journal;

/// The bytes are a journal, and a file of a corpus.
pub fn body(data: &[u8]) {
    input(data);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    std::fs::write(&path, data).expect("is written");
    let Ok((header, past)) = journal::read(&path) else {
        return;
    };
    let Some(header) = header else {
        assert!(past.records.is_empty());
        return;
    };
    let quiet = |id: &str| id.len().is_multiple_of(2);
    assert!(past.done(quiet).len() <= past.records.len());
    let (plan, campaign) = past.clone().parted(true);
    assert_eq!((plan.steps(), campaign.steps()), (past.steps(), Vec::new()));
    let _ = (past.not_looked_at(), past.may_have_changed(), past.ended());
    let mut lines = serde_json::to_vec(&header).expect("JSON");
    for record in &past.records {
        lines.push(b'\n');
        lines.extend(serde_json::to_vec(record).expect("JSON"));
    }
    lines.push(b'\n');
    std::fs::write(&path, lines).expect("is written");
    let (again, past_again) = journal::read(&path).expect("what was written can be read");
    assert_eq!(again.as_ref(), Some(&header));
    assert_eq!(past_again.records, past.records);
}

fn input(data: &[u8]) {
    let Ok(input) = Input::from_file(data) else {
        return;
    };
    assert_eq!(input.check(), Ok(()));
    assert_eq!(Input::from_file(&input.to_file()), Ok(input));
}
