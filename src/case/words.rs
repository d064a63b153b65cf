//! How values appear in the ids and the titles of cases.

/// The same short word for the same text, for ids: FNV-1a, 32 bits.
pub(super) fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

/// Text for titles: printable, at most 40 characters, in quotes.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 {
        out.push('…');
    }
    format!("\"{out}\"")
}
