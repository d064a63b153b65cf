//! Globs of a profile's `deny`: what is taken can be matched with, and denies what it names.

use crate::stage;
use probity::contract::Effects;
use probity::profile::Profile;

/// The bytes are a glob.
pub fn body(data: &[u8]) {
    let Ok(glob) = std::str::from_utf8(data) else {
        return;
    };
    let quoted = serde_json::to_string(glob).unwrap_or_default();
    // TOML has the escapes of JSON, but for the octet 0x7F.
    let text = format!("deny = [{}]\n", quoted.replace('\u{7f}', "\\u007f"));
    let profile = match Profile::from_toml(&text) {
        Ok(profile) => profile,
        Err(error) => {
            assert!(error.starts_with("deny: "), "{error:?}");
            return;
        }
    };
    let contract = &stage::embedded().contract;
    let plain = glob
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    let (denied, open) = (
        Effects::of(contract, &profile),
        Effects::of(contract, &Profile::default()),
    );
    for operation in &contract.operations {
        let shown = |effects: &Effects| {
            let effect = effects.get(&operation.id).expect("of every operation");
            format!("{effect:?}")
        };
        let (denied, open) = (shown(&denied), shown(&open));
        if plain && glob != operation.path {
            assert_eq!(denied, open, "{glob:?} names another path");
        } else if plain {
            assert_ne!(denied, open, "{glob:?} names the path");
        }
    }
}
