//! `servers`: URLs with variables, and the path below which the operations are.

use serde_json::Value;
use url::Url;

/// A base for relative URLs, which are relative to where the document is (OpenAPI 3.1.1 §4.8.5).
const HERE: &str = "http://document.invalid/";

/// `servers[].url`, variables replaced by their defaults.
pub(super) fn urls(document: &Value) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array);
    servers.into_iter().flatten().filter_map(url).collect()
}

fn url(server: &Value) -> Option<String> {
    let mut url = server.get("url")?.as_str()?.to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        let default = match variable.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => continue,
        };
        url = url.replace(&format!("{{{name}}}"), &default);
    }
    Some(url)
}

/// The path of the first server, without a `/` at its end; `None`: there are no servers.
///
/// # Errors
/// Why the first server has no path.
pub(super) fn base_path(servers: Option<&Value>) -> Result<Option<String>, String> {
    let Some(servers) = servers else {
        return Ok(None);
    };
    let Some(list) = servers.as_array() else {
        return Err("must be an array".to_owned());
    };
    let Some(first) = list.first() else {
        return Ok(None);
    };
    let Some(text) = url(first) else {
        return Err("a server without `url`".to_owned());
    };
    // A host that is left to the reader says nothing of the path.
    let (head, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text.as_str()),
    };
    let path = match (head.is_empty(), rest.find('/')) {
        (true, _) => rest,
        (false, Some(start)) => &rest[start..],
        (false, None) => "",
    };
    if path.contains(['{', '}']) {
        return Err(format!(
            "the variable in the path of `{text}` has no default"
        ));
    }
    let joined = Url::parse(HERE).and_then(|base| base.join(path));
    let url = joined.map_err(|e| format!("`{text}` is no URL: {e}"))?;
    Ok(Some(url.path().trim_end_matches('/').to_owned()))
}
