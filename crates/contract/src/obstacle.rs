//! Why an operation cannot be judged as a whole, as far as the document alone says so.

use super::contradictions::contradictions;
use super::model::*;
use super::serialization::Format;

/// Deepest schema that is looked into.
const DEEPEST: usize = 8;

impl Operation {
    /// What keeps a valid request from being made, in words; `None` where the document shows
    /// nothing that does.
    pub fn obstacle(&self) -> Option<String> {
        if let Access::Unfed(why) = &self.access {
            return Some(why.clone());
        }
        if let Some(twin) = &self.twin {
            return Some(format!(
                "its path is that of {twin} as well, and which of the two answers is not stated"
            ));
        }
        let feedable = |all: &Vec<SecurityScheme>| !all.iter().any(|s| unfed(s).is_some());
        if !self.security.is_empty() && !self.security.iter().any(feedable) {
            return self.security.iter().flatten().find_map(unfed);
        }
        let body = self.body.as_ref()?;
        if body.format == Format::Unsupported {
            let media = &body.media_type;
            return Some(format!("no body of {media} can be made"));
        }
        if body.schema.not.as_deref() == Some(&Schema::default()) {
            return Some("its schema allows no body".to_owned());
        }
        if let Some(issue) = contradictions(&body.schema).first() {
            // What is required and not described may be there all the same, with any value.
            let open = issue.id.starts_with("required-undeclared:")
                && body.schema.additional != Additional::Forbidden;
            return Some(match open {
                true => format!("no value is known that its body needs: {}", issue.title),
                false => format!("nothing keeps its body's schema: {}", issue.title),
            });
        }
        let (path, keyword) = unreadable(&body.schema, &mut Vec::new(), 0)?;
        let member = match path.as_str() {
            "" => "of the body".to_owned(),
            path => format!("of `{path}` in the body"),
        };
        Some(format!("`{keyword}` {member} cannot be read"))
    }
}

fn unfed(scheme: &SecurityScheme) -> Option<String> {
    match scheme {
        SecurityScheme::Other(what) => Some(format!("it asks for {what}, which cannot be fed")),
        SecurityScheme::MutualTls => {
            Some("it asks for a client certificate (--client-cert)".to_owned())
        }
        _ => None,
    }
}

/// The first required part with a keyword that could not be read.
fn unreadable(schema: &Schema, at: &mut Vec<String>, depth: usize) -> Option<(String, String)> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(keyword) = schema.unchecked.first() {
        return Some((at.join("."), keyword.clone()));
    }
    for part in &schema.all_of {
        if let Some(found) = unreadable(part, at, depth + 1) {
            return Some(found);
        }
    }
    let required = schema.properties.iter();
    for (name, member) in required.filter(|(name, _)| schema.required.contains(name)) {
        at.push(name.clone());
        let found = unreadable(member, at, depth + 1);
        at.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}
