//! What a device does that fits no listed reading, axis by axis, and how that is said. Plain data;
//! [`super::axes`] finds it out.

use std::fmt;

/// What was found; `None` where it is not (yet) known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// A string that the device takes and that the other findings start from.
    pub base: Option<String>,
    /// `search`, `prefix`, `full`, `suffix`: where foreign text may stand.
    pub mode: Option<&'static str>,
    /// Line ends that may follow at the end.
    pub final_line_ends: Vec<&'static str>,
    /// Whether foreign text before or after was not decided.
    pub line_ends_known: bool,
    /// Characters that may stand in the middle, of those that were tried.
    pub members: String,
    /// Characters that may not.
    pub outsiders: String,
    /// Fewest code points.
    pub min: Option<u64>,
    /// Most code points; `None` in `Some` where no limit was found.
    pub max: Option<Option<u64>>,
    /// Lengths beyond that limit that are taken all the same, of those that were tried.
    pub beyond: Vec<u64>,
    /// `bytes`, `utf16`, `codepoints`: what the limit counts.
    pub unit: Option<&'static str>,
}

impl Description {
    /// Whether every character that was tried may stand anywhere, those around the base too: what
    /// a device does that does not look at the pattern.
    pub fn no_pattern(&self) -> bool {
        let all_kinds = |text: &str| {
            text.contains(char::is_alphanumeric) && text.contains(|c: char| !c.is_alphanumeric())
        };
        self.mode == Some("search") && self.outsiders.is_empty() && all_kinds(&self.members)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if self.no_pattern() {
            parts.push("no pattern at all".to_owned());
        }
        match self.mode {
            _ if self.no_pattern() => {}
            Some("full") => parts.push("full match".to_owned()),
            Some("prefix") => parts.push("match at the start, anything after it".to_owned()),
            Some("suffix") => parts.push("match at the end, anything before it".to_owned()),
            Some(_) => parts.push("match anywhere".to_owned()),
            None => {}
        }
        if self.line_ends_known && self.mode == Some("full") {
            if self.final_line_ends.is_empty() {
                parts.push("no line end after it".to_owned());
            } else {
                parts.push(format!(
                    "a final {} let through",
                    self.final_line_ends.join(", ")
                ));
            }
        }
        let show = |text: &str| -> String {
            text.chars()
                .map(|c| {
                    if c.is_ascii_graphic() {
                        c.to_string()
                    } else {
                        format!("\\u{{{:x}}}", u32::from(c))
                    }
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        if !self.members.is_empty() {
            parts.push(format!("takes {}", show(&self.members)));
        }
        if !self.outsiders.is_empty() {
            parts.push(format!("refuses {}", show(&self.outsiders)));
        }
        let unit = match self.unit {
            Some("bytes") => "bytes of UTF-8",
            Some("utf16") => "UTF-16 units",
            Some(_) => "code points",
            None => "characters",
        };
        match (self.min, self.max) {
            (Some(min), Some(Some(max))) => parts.push(format!("{min} to {max} {unit}")),
            (Some(min), Some(None)) => parts.push(format!("{min} or more {unit}, no limit found")),
            (None, Some(Some(max))) => parts.push(format!("up to {max} {unit}")),
            (None, Some(None)) => parts.push("no limit of length found".to_owned()),
            (Some(min), None) => parts.push(format!("at least {min} {unit}")),
            _ => {}
        }
        if !self.beyond.is_empty() {
            let beyond: Vec<String> = self.beyond.iter().map(u64::to_string).collect();
            parts.push(format!("and {} again", beyond.join(" and ")));
        }
        if parts.is_empty() {
            return f.write_str(
                "nothing could be found out: no string is taken that every reading allows",
            );
        }
        f.write_str(&parts.join(", "))
    }
}
