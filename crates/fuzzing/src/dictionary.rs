//! Dictionaries: any text gives words or an error with its line, and words that are written as AFL
//! writes them are read back.

use probity::campaign::dictionary::parse;

/// The bytes are a dictionary.
pub fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match parse(text) {
        Ok(words) => {
            let lines = words.iter().map(|word| {
                let octets = word.bytes().map(|b| format!("\\x{b:02x}"));
                format!("\"{}\"\n", octets.collect::<String>())
            });
            let written: String = lines.collect();
            assert_eq!(parse(&written), Ok(words));
        }
        Err(error) => assert!(error.starts_with("line "), "no place in {error:?}"),
    }
}
