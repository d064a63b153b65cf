//! What the answer to a login holds: whether it lets in, its token, what stands in a page.

use super::login::LoginError;
use crate::exchange::{Answer, Exchange, Failure, Outcome};
use crate::profile::Login;
use serde_json::Value;

/// A complete answer, or why there is none.
pub(super) fn whole<'e>(exchange: &'e Exchange, url: &str) -> Result<&'e Answer, LoginError> {
    match &exchange.outcome {
        Outcome::Answered(answer) => Ok(answer),
        Outcome::Failed { failure, .. } => {
            let (failure, url) = (failure.clone(), url.to_owned());
            let exchange = Box::new(exchange.clone());
            Err(match failure {
                Failure::MalformedHttp(why) => LoginError::NotTheApi {
                    why: format!("malformed HTTP: {why}"),
                    url,
                    exchange,
                },
                failure => LoginError::Unreachable {
                    url,
                    failure,
                    exchange,
                },
            })
        }
    }
}

/// The value of the cookie that a session is known by: the longest, the one against forgery apart.
pub(super) fn identifier(cookies: &str, csrf: Option<&str>) -> Option<String> {
    let pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
    let values = pairs.map(|(_, value)| value).filter(|v| Some(*v) != csrf);
    values.max_by_key(|v| v.len()).map(str::to_owned)
}

pub(super) fn is_refusal(login: &Login, status: u16) -> bool {
    match login.refused.is_empty() {
        // No such path, no such method: that says nothing of the credentials.
        true => (400..500).contains(&status) && !matches!(status, 404 | 405 | 429),
        false => login.refused.contains(&status),
    }
}

/// The value of the hidden input, or the content of the `meta` element, of this name in a page.
/// Pages of devices are not always HTML that a parser takes, so only the element's own tag is read.
pub(super) fn in_page(page: &str, name: &str) -> Option<String> {
    page.split('<').find_map(|tag| {
        let tag = tag.split('>').next()?;
        let element = tag.split_ascii_whitespace().next()?.to_ascii_lowercase();
        let value = match element.as_str() {
            "input" => "value",
            "meta" => "content",
            _ => return None,
        };
        let named = attribute(tag, "name").or_else(|| attribute(tag, "id"));
        (named.as_deref() == Some(name)).then(|| attribute(tag, value))?
    })
}

/// The value of an attribute in a tag, quoted either way or not at all.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..)?.find(name) {
        let start = from + at;
        from = start + name.len();
        let apart = lower
            .get(..start)?
            .ends_with(|c: char| c.is_ascii_whitespace() || "\"'".contains(c));
        let Some(value) = tag.get(from..)?.trim_start().strip_prefix('=') else {
            continue;
        };
        if !apart {
            continue;
        }
        let value = value.trim_start();
        let end = |quote: char| value.get(1..)?.split(quote).next();
        let found = match value.chars().next()? {
            quote @ ('"' | '\'') => end(quote)?,
            _ => value.split_ascii_whitespace().next()?.trim_end_matches('/'),
        };
        return Some(
            found
                .replace("&amp;", "&")
                .replace("&#43;", "+")
                .replace("&quot;", "\""),
        );
    }
    None
}

/// The token in the answer to a login, where the profile says that there is one.
pub(super) fn token(answer: &Answer, login: &Login) -> Result<Option<String>, String> {
    let status = answer.status;
    // A login of a page may end with a redirect to elsewhere, its cookies set.
    let well = match login.gives_token() {
        true => 200..300,
        false => 200..400,
    };
    if !well.contains(&status) {
        return Err(format!("status {status}"));
    }
    if let Some(name) = &login.token_header {
        let value = answer.header(name).filter(|v| !v.is_empty());
        return match value {
            Some(token) => usable(token).map(Some),
            None => Err(format!("status {status} without the field `{name}`")),
        };
    }
    match &login.token {
        Some(pointer) => token_at(answer, pointer).map(Some),
        None => Ok(None),
    }
}

/// Longest token, in octets: servers take headers of 8 to 16 KiB. What is longer only costs, for a
/// token is looked for in all that leaves.
pub(super) const LONGEST_TOKEN: usize = 16 << 10;

pub(super) fn usable(token: String) -> Result<String, String> {
    match token.len() {
        0..=LONGEST_TOKEN => Ok(token),
        length => Err(format!(
            "its token has {length} octets, and more than {LONGEST_TOKEN} fit into no request"
        )),
    }
}

/// The text at a pointer of a JSON answer.
pub(super) fn token_at(answer: &Answer, pointer: &str) -> Result<String, String> {
    let status = answer.status;
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|e| format!("status {status} with a body that is no JSON ({e})"))?;
    match body.pointer(pointer) {
        Some(Value::String(token)) if !token.is_empty() => usable(token.clone()),
        Some(_) => Err(format!("`{pointer}` in its JSON is not a token")),
        None => Err(format!("its JSON has no `{pointer}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::in_page;

    #[test]
    fn a_token_is_found_in_a_page() {
        for (page, want) in [
            (
                r#"<form><input type="hidden" name="csrf" value="a&amp;b"></form>"#,
                Some("a&b"),
            ),
            ("<INPUT VALUE='x y' NAME='csrf'/>", Some("x y")),
            ("<input name=csrf value=abc/>", Some("abc")),
            (r#"<meta name="csrf" content="m">"#, Some("m")),
            (
                r#"<input data-value="no" name="csrf" value="yes">"#,
                Some("yes"),
            ),
            (r#"<input name="csrf">"#, None),
            (
                r#"<a name="csrf" value="x"><input name="other" value="y">"#,
                None,
            ),
            ("<input name=\"csrf\" value=", None),
            ("", None),
        ] {
            assert_eq!(in_page(page, "csrf").as_deref(), want, "{page}");
        }
    }
}
