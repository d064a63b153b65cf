//! Octets in JSON: a string where they are UTF-8, `{"base64": "…"}` (RFC 4648 §4) where they are
//! not. For serde's `with`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The JSON form.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Octets {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Base64 {
        /// RFC 4648 §4, padded.
        base64: String,
    },
}

impl Octets {
    fn of(bytes: &[u8]) -> Octets {
        match std::str::from_utf8(bytes) {
            Ok(text) => Octets::Text(text.to_owned()),
            Err(_) => Octets::Base64 {
                base64: STANDARD.encode(bytes),
            },
        }
    }

    fn bytes<E: de::Error>(self) -> Result<Vec<u8>, E> {
        match self {
            Octets::Text(text) => Ok(text.into_bytes()),
            Octets::Base64 { base64 } => STANDARD
                .decode(base64)
                .map_err(|e| E::custom(format!("bad base64: {e}"))),
        }
    }
}

/// Writes octets.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    Octets::of(bytes).serialize(serializer)
}

/// Reads octets.
///
/// # Errors
/// Neither a string nor `{"base64": …}`; bad base64.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Octets::deserialize(deserializer)?.bytes()
}

/// Octets that may be absent (`null`).
pub mod option {
    use super::{Deserialize, Deserializer, Octets, Serialize, Serializer};

    /// Writes octets or `null`.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Octets::of).serialize(serializer)
    }

    /// Reads octets or `null`.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let read: Option<Octets> = Option::deserialize(deserializer)?;
        read.map(Octets::bytes).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn octets_come_back_as_they_were() {
        for bytes in [
            &b""[..],
            b"abc\0\n",
            "\u{10FFFF}".as_bytes(),
            &[0xFF, 0, 0xC3],
        ] {
            let text = serde_json::to_string(&Holder(bytes.to_vec())).expect("writes");
            let back: Holder = serde_json::from_str(&text).expect("reads");
            assert_eq!(back.0, bytes, "{text}");
        }
        assert!(serde_json::from_str::<Holder>(r#"{"base64":"?"}"#).is_err());
    }
}
