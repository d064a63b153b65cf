//! Profiles: any text gives a profile or an error with its place; the login request of a profile is
//! one that HTTP and JSON allow, whatever the credentials.

use probity::case::wire::is_json;
use probity::exchange::{HttpRequest, Part, Secret};
use probity::profile::{Login, Profile, encode_query};

/// The bytes are `device.toml`.
pub fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    encoded(text);
    match Profile::from_toml(text) {
        Ok(profile) => {
            let again = Profile::from_toml(&format!("{text}\n# the end\n"));
            assert_eq!(
                format!("{again:?}"),
                format!("{:?}", Ok::<_, String>(&profile))
            );
            if let Some(login) = &profile.login {
                request(login);
            }
        }
        Err(error) => {
            // Of TOML its line, of a value its entry.
            let placed =
                error.contains("line ") || error.starts_with('[') || error.starts_with("deny: ");
            assert!(placed, "no place in {error:?}");
        }
    }
}

/// What was percent-encoded is text of a query, and decodes to what it was.
fn encoded(text: &str) {
    let encoded = encode_query(text);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
    assert!(encoded.bytes().all(allowed), "{encoded:?}");
    let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8();
    assert_eq!(decoded.as_deref(), Ok(text));
}

/// Credentials can put nothing into the request that the profile did not.
fn request(login: &Login) {
    let named = login.request();
    for secret in login.secrets() {
        assert!(matches!(
            secret,
            Secret::Username | Secret::Password | Secret::PasswordMd5
        ));
    }
    let awkward = |_: Secret| Part::Text("a\"b\\c&d=e\r\nx: y#\u{e9}{password}".to_owned());
    let filled = login.request_with(&awkward);
    for request in [&named, &filled] {
        if let Some(body) = &request.body {
            assert!(is_json(body), "{:?}", String::from_utf8_lossy(body));
        }
    }
    let lines = |r: &HttpRequest| r.target.to_string().matches(['\r', '\n', ' ', '#']).count();
    let own = login.path.matches(['\r', '\n', ' ', '#']).count();
    assert_eq!(lines(&filled), own, "{}", filled.target);
    let parameters = |r: &HttpRequest| r.target.to_string().matches('&').count();
    assert_eq!(parameters(&named), parameters(&filled), "{}", filled.target);
}
