//! Digest access authentication (RFC 7616; RFC 2069 where the device asks for no `qop`): what a
//! device's challenge asks for, and the answer to it, right or wrong in one way. Own code because
//! the crate for it (`digest_auth` 0.3.1) reads one challenge of a field only, cannot make answers
//! wrong, and brings a second generation of every hash crate.

use crate::exchange::DigestForm;
use md5::{Digest as _, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Sha256, Sha512_256};
use std::fmt::Write as _;

/// What a device's `WWW-Authenticate` fields offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Offers {
    /// The first Digest challenge that can be answered.
    pub(super) digest: Option<Challenge>,
    /// Whether there is a Basic one.
    pub(super) basic: bool,
    /// Whether there is none of any scheme, although RFC 9110 §15.5.2 asks for one.
    pub(super) silent: bool,
    /// Why no Digest challenge can be answered, where there are some.
    pub(super) unspoken: Option<String>,
}

/// A Digest challenge.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Challenge {
    realm: String,
    pub(super) nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As the device spells it, to be sent back.
    spelled: Option<String>,
    /// Whether it offers `qop=auth`; without it RFC 2069 holds.
    qop: bool,
    userhash: bool,
    utf8: bool,
    /// The nonce of the answer before was right but old.
    pub(super) stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    hash: Hash,
    session: bool,
}

impl Algorithm {
    /// RFC 7616 §3.3: no `algorithm` is MD5; names have no case.
    fn named(name: Option<&str>) -> Option<Algorithm> {
        let name = name.unwrap_or("MD5").to_ascii_uppercase();
        let (plain, session) = match name.strip_suffix("-SESS") {
            Some(plain) => (plain, true),
            None => (name.as_str(), false),
        };
        let hash = match plain {
            "MD5" => Hash::Md5,
            "SHA-256" => Hash::Sha256,
            "SHA-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Algorithm { hash, session })
    }
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Hash::Md5 => hex(&Md5::digest(text)),
            Hash::Sha256 => hex(&Sha256::digest(text)),
            Hash::Sha512_256 => hex(&Sha512_256::digest(text)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl Offers {
    /// What the `WWW-Authenticate` fields among these offer.
    pub(super) fn of(headers: &[(String, Vec<u8>)]) -> Offers {
        let mut offers = Offers::default();
        let mut schemes = 0;
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("www-authenticate") {
                for (scheme, parameters) in challenges(&String::from_utf8_lossy(value)) {
                    schemes += 1;
                    offers.add(&scheme, &parameters);
                }
            }
        }
        offers.silent = schemes == 0;
        if offers.digest.is_some() {
            offers.unspoken = None;
        }
        offers
    }

    /// Whether Basic is to be tried: it is offered, or a device that asks for credentials does not
    /// say which; Basic is then what servers most often take (RFC 7617 §2.2 lets it be sent unasked).
    pub(super) fn takes_basic(&self) -> bool {
        self.basic || self.silent
    }

    fn add(&mut self, scheme: &str, parameters: &[(String, String)]) {
        if scheme.eq_ignore_ascii_case("basic") {
            self.basic = true;
        } else if scheme.eq_ignore_ascii_case("digest") && self.digest.is_none() {
            match Challenge::of(parameters) {
                Ok(challenge) => self.digest = Some(challenge),
                Err(why) => self.unspoken = Some(why),
            }
        }
    }
}

impl Challenge {
    fn of(parameters: &[(String, String)]) -> Result<Challenge, String> {
        let get = |name: &str| {
            let found = parameters
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let is_true = |name: &str| get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let spelled = get("algorithm");
        let algorithm = Algorithm::named(spelled.as_deref()).ok_or_else(|| {
            let name = spelled.clone().unwrap_or_default();
            format!("it asks for Digest with the algorithm {name:?}, which is not known")
        })?;
        let qop = get("qop");
        let auth = qop
            .iter()
            .flat_map(|q| q.split(','))
            .any(|q| q.trim().eq_ignore_ascii_case("auth"));
        if let Some(qop) = &qop
            && !auth
        {
            return Err(format!(
                "it asks for Digest with qop={qop:?} alone, which signs bodies and is not \
                 supported; let the device offer qop=\"auth\""
            ));
        }
        Ok(Challenge {
            realm: get("realm").unwrap_or_default(),
            nonce: get("nonce").ok_or("its Digest challenge has no nonce")?,
            opaque: get("opaque"),
            algorithm,
            spelled,
            qop: auth,
            userhash: is_true("userhash"),
            utf8: get("charset").is_some_and(|c| c.eq_ignore_ascii_case("utf-8")),
            stale: is_true("stale"),
        })
    }

    /// The nonce that `Authentication-Info` gives for the next request (RFC 7616 §3.5).
    pub(super) fn next_nonce(headers: &[(String, Vec<u8>)]) -> Option<String> {
        let field = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("authentication-info"))?;
        // A list of parameters is a challenge without its scheme.
        let text = format!("Digest {}", String::from_utf8_lossy(&field.1));
        let (_, parameters) = challenges(&text).into_iter().next()?;
        let next = parameters
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("nextnonce"));
        next.map(|(_, value)| value)
    }

    /// The client's nonce: one for each nonce of the device, so that `-sess` has one session key
    /// whichever way the device reads RFC 7616 §3.4.2.
    pub(super) fn client_nonce(&self) -> String {
        Hash::Md5.of(&format!("probity:{}", self.nonce))
    }
}

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) method: &'a str,
    /// Request target, as it stands in the request line.
    pub(super) uri: &'a str,
    /// Nonce count.
    pub(super) count: u32,
    pub(super) client_nonce: &'a str,
}

/// The value of `Authorization` that answers a challenge (RFC 7616 §3.4).
pub(super) fn answer(challenge: &Challenge, ask: &Ask<'_>, form: DigestForm) -> String {
    let mut challenge = challenge.clone();
    let mut ask = *ask;
    let other_uri = format!("{}probity", ask.uri);
    match form {
        DigestForm::Right
        | DigestForm::WrongResponse
        | DigestForm::EmptyResponse
        | DigestForm::ReplayedCount => {}
        DigestForm::WrongPassword => ask.password = "probity-not-your-password",
        DigestForm::UnknownUser => ask.user = "probity-nobody",
        DigestForm::OtherUri => ask.uri = &other_uri,
        DigestForm::OtherMethod => {
            ask.method = if ask.method == "GET" { "POST" } else { "GET" };
        }
        DigestForm::WrongRealm => challenge.realm.push_str("-probity"),
        DigestForm::UnknownNonce => challenge.nonce = Hash::Md5.of("probity-made-up-nonce"),
    }
    let mut response = response(&challenge, &ask);
    match form {
        DigestForm::WrongResponse => {
            let kept = response.len().saturating_sub(4);
            let tail: String = response
                .chars()
                .skip(kept)
                .map(|c| if c == 'a' { 'b' } else { 'a' })
                .collect();
            response.truncate(kept);
            response.push_str(&tail);
        }
        DigestForm::EmptyResponse => response.clear(),
        _ => {}
    }
    spell(&challenge, &ask, &response)
}

/// `response` of RFC 7616 §3.4.1.
fn response(challenge: &Challenge, ask: &Ask<'_>) -> String {
    let Algorithm { hash, session } = challenge.algorithm;
    let (nonce, client_nonce) = (&challenge.nonce, ask.client_nonce);
    let mut secret = hash.of(&format!(
        "{}:{}:{}",
        ask.user, challenge.realm, ask.password
    ));
    if session {
        secret = hash.of(&format!("{secret}:{nonce}:{client_nonce}"));
    }
    let request = hash.of(&format!("{}:{}", ask.method, ask.uri));
    match challenge.qop {
        true => hash.of(&format!(
            "{secret}:{nonce}:{:08x}:{client_nonce}:auth:{request}",
            ask.count
        )),
        // RFC 2069 §2.1.2.
        false => hash.of(&format!("{secret}:{nonce}:{request}")),
    }
}

fn spell(challenge: &Challenge, ask: &Ask<'_>, response: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let user = if challenge.userhash {
        let hashed = format!("{}:{}", ask.user, challenge.realm);
        format!("username={}", quoted(&challenge.algorithm.hash.of(&hashed)))
    } else if challenge.utf8 && !ask.user.is_ascii() {
        // RFC 5987, as RFC 7616 §3.4 wants it.
        let coded = utf8_percent_encode(ask.user, NON_ALPHANUMERIC);
        format!("username*=UTF-8''{coded}")
    } else {
        format!("username={}", quoted(ask.user))
    };
    let mut out = format!(
        "Digest {user}, realm={}, nonce={}, uri={}, response={}",
        quoted(&challenge.realm),
        quoted(&challenge.nonce),
        quoted(ask.uri),
        quoted(response)
    );
    let mut add = |text: String| {
        out.push_str(", ");
        out.push_str(&text);
    };
    if let Some(algorithm) = &challenge.spelled {
        add(format!("algorithm={algorithm}"));
    }
    if challenge.qop {
        add(format!("qop=auth, nc={:08x}", ask.count));
    }
    if challenge.qop || challenge.algorithm.session {
        add(format!("cnonce={}", quoted(ask.client_nonce)));
    }
    if let Some(opaque) = &challenge.opaque {
        add(format!("opaque={}", quoted(opaque)));
    }
    if challenge.userhash {
        add("userhash=true".to_owned());
    }
    out
}

/// The challenges of a field, schemes with their parameters (RFC 9110 §11.6.1): several may stand in
/// one field, separated by the same commas as parameters are. What is neither is skipped.
fn challenges(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut out: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let behind = after.trim_start_matches([' ', '\t']);
        match behind.strip_prefix('=') {
            // `=` first, or a second one: the padding of a token68.
            Some(value) if !word.is_empty() && !value.starts_with('=') => {
                let (value, after) = parameter(value.trim_start_matches([' ', '\t']));
                if let Some((_, parameters)) = out.last_mut() {
                    parameters.push((word.to_owned(), value));
                }
                rest = after;
            }
            Some(after) => rest = after.trim_start_matches('='),
            None => {
                if !word.is_empty() {
                    out.push((word.to_owned(), Vec::new()));
                }
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    out
}

/// A token or a quoted string, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, inner.get(at + 1..).unwrap_or_default()),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(fields: &[&str]) -> Offers {
        let headers: Vec<_> = fields
            .iter()
            .map(|f| ("WWW-Authenticate".to_owned(), f.as_bytes().to_vec()))
            .collect();
        Offers::of(&headers)
    }

    /// RFC 7616 §3.9.1; §3.9.2, whose hashes are those of a truncated SHA-512: this one is
    /// hashlib's `sha512_256`; RFC 2617 §3.5; RFC 2069 §2.4 with the response of its erratum 749.
    #[test]
    fn the_examples_of_the_rfcs() {
        const LIFE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let realm = "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let old = "Digest realm=\"testrealm@host.com\", \
                   nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let doe = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
                   nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", charset=UTF-8, userhash=true";
        let mufasa = ("Mufasa", "Circle of Life", "/dir/index.html", LIFE);
        let early = ("Mufasa", "Circle Of Life", "/dir/index.html", "0a4f113b");
        let oldest = ("Mufasa", "CircleOfLife", "/dir/index.html", "");
        let jason = (
            "J\u{e4}s\u{f8}n Doe",
            "Secret, or not?",
            "/doe.json",
            "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
        );
        for (challenge, (user, password, uri, client_nonce), want) in [
            (
                format!("Digest {realm}, algorithm=MD5"),
                mufasa,
                "8ca523f5e9506fed4657c9700eebdbec",
            ),
            (
                format!("Digest {realm}, algorithm=SHA-256"),
                mufasa,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
            (
                doe.to_owned(),
                jason,
                "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c",
            ),
            (
                format!("{old}, qop=\"auth,auth-int\""),
                early,
                "6629fae49393a05397450978507c4ef1",
            ),
            (old.to_owned(), oldest, "1949323746fe6a43ef61f9606e7febea"),
        ] {
            let found = offers(&[&challenge]).digest.expect("a challenge");
            let ask = Ask {
                user,
                password,
                method: "GET",
                uri,
                count: 1,
                client_nonce,
            };
            assert_eq!(response(&found, &ask), want, "{challenge}");
            let field = answer(&found, &ask, DigestForm::Right);
            assert!(field.contains(&format!("response=\"{want}\"")), "{field}");
        }
    }

    #[test]
    fn a_hashed_user_name_is_that_of_the_rfc() {
        let challenge = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
                         nonce=\"n\", userhash=true";
        let found = offers(&[challenge]).digest.expect("a challenge");
        let ask = Ask {
            user: "J\u{e4}s\u{f8}n Doe",
            password: "",
            method: "GET",
            uri: "/",
            count: 1,
            client_nonce: "c",
        };
        let field = answer(&found, &ask, DigestForm::Right);
        let hashed = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
        assert!(field.contains(hashed), "{field}");
    }

    #[test]
    fn several_challenges_in_one_field_are_told_apart() {
        let found = offers(&[
            "Negotiate YWJj==, Basic realm=\"a, Digest b\", Digest realm=\"x\\\"y\", qop=\"auth-int\", \
             nonce=1, DIGEST realm=z, qop=\"auth-int, auth\", nonce=\"2\", algorithm=sha-256-SESS",
        ]);
        let digest = found.digest.expect("the second one");
        assert!(found.basic && found.unspoken.is_none());
        assert_eq!((digest.realm.as_str(), digest.nonce.as_str()), ("z", "2"));
        assert!(digest.qop && digest.algorithm.session);
        assert_eq!(digest.algorithm.hash, Hash::Sha256);
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        for (field, word) in [
            ("Digest realm=a, nonce=b, qop=\"auth-int\"", "auth-int"),
            ("Digest realm=a, nonce=b, algorithm=WHIRLPOOL", "WHIRLPOOL"),
            ("Digest realm=a", "no nonce"),
        ] {
            let found = offers(&[field]);
            assert_eq!(found.digest, None, "{field}");
            assert!(
                found.unspoken.is_some_and(|why| why.contains(word)),
                "{field}"
            );
        }
        assert_eq!(offers(&["Bearer", "=, ,=\"", ""]), Offers::default());
    }

    #[test]
    fn no_wrong_form_is_the_right_one() {
        let challenge = offers(&["Digest realm=a, nonce=b, qop=auth, opaque=c"]).digest;
        let challenge = challenge.expect("a challenge");
        let ask = Ask {
            user: "u",
            password: "p",
            method: "PUT",
            uri: "/x?y=1",
            count: 2,
            client_nonce: "c",
        };
        let right = answer(&challenge, &ask, DigestForm::Right);
        for form in DigestForm::ALL {
            let same = matches!(form, DigestForm::Right | DigestForm::ReplayedCount);
            assert_eq!(answer(&challenge, &ask, form) == right, same, "{form:?}");
        }
    }
}
