//! What the unattended job sends: one request, or several in a row. The form in which inputs stand
//! in the corpus.

use crate::case::Step;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The `input` member of a corpus file.
pub const SCHEMA_ID: &str = "probity-input/1";
/// Most requests in a row.
pub const MOST_STEPS: usize = 12;
/// Largest body.
pub const LARGEST: usize = 64 * 1024;

/// Requests in a row; every answer is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Input {
    /// The requests.
    pub steps: Vec<Step>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    input: String,
    #[serde(flatten)]
    content: Input,
}

impl Input {
    /// A single request.
    pub fn one(step: Step) -> Input {
        Input { steps: vec![step] }
    }

    /// Octets of all bodies.
    pub fn size(&self) -> usize {
        self.steps.iter().map(|s| s.body.len()).sum()
    }

    /// A name that is the same for the same content: 16 hexadecimal digits of its SHA-256.
    pub fn name(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let hash = Sha256::digest(&text);
        hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// As a corpus file.
    pub fn to_file(&self) -> Vec<u8> {
        let document = Document {
            input: SCHEMA_ID.to_owned(),
            content: self.clone(),
        };
        let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// From a corpus file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_file(bytes: &[u8]) -> Result<Input, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if document.input != SCHEMA_ID {
            return Err(format!(
                "its `input` is {:?}, not {SCHEMA_ID}",
                document.input
            ));
        }
        document.content.check()?;
        Ok(document.content)
    }

    /// Whether it is one that the job could have made: files and journals may come from anybody.
    ///
    /// # Errors
    /// What is too much.
    pub fn check(&self) -> Result<(), String> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            return Err(format!(
                "it has {} steps, not 1 to {MOST_STEPS}",
                self.steps.len()
            ));
        }
        match self.steps.iter().any(|s| s.body.len() > LARGEST) {
            true => Err(format!("a body is larger than {LARGEST} octets")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_as_it_was_and_a_bad_one_says_why() {
        let step = |body: &[u8]| Step {
            operation: "op".to_owned(),
            body: body.to_vec(),
            ..Step::default()
        };
        let input = Input {
            steps: vec![step(b"{\"a\":1}"), step(&[0xFF, 0]), step(b"")],
        };
        let file = input.to_file();
        assert_eq!(Input::from_file(&file), Ok(input));
        let table: [(&[u8], &str); 4] = [
            (b"", "EOF"),
            (b"{\"input\":\"probity-input/1\"}", "steps"),
            (b"{\"input\":\"x\",\"steps\":[]}", "not probity-input/1"),
            (b"{\"input\":\"probity-input/1\",\"steps\":[]}", "0 steps"),
        ];
        for (bytes, want) in table {
            let error = Input::from_file(bytes).expect_err("bad");
            assert!(error.contains(want), "{error}");
        }
    }
}
