//! One operation, and what its requests do to a device.

use super::*;

/// One method on one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `operationId`, or `METHOD /path` where it has none.
    pub id: String,
    /// Upper-case method token.
    pub method: String,
    /// Path template with `{name}`s, the base path of `servers` included.
    pub path: String,
    /// The part of [`Operation::path`] that comes from `servers`.
    pub base: String,
    /// Path, query, header and cookie parameters.
    pub parameters: Vec<Parameter>,
    /// The request body.
    pub body: Option<Body>,
    /// Documented answers.
    pub responses: Vec<Response>,
    /// Alternatives, each a list of schemes that hold together; empty: no authorization.
    pub security: Vec<Vec<SecurityScheme>>,
    /// `summary`, or the first sentence of `description` where there is none: what it does, in words.
    pub summary: String,
    /// What its `description` says of the form in which it stores what it is sent.
    pub stored: Vec<Said>,
    /// Whether its texts say that it shows a change some time after it was made.
    pub late: bool,
    /// Whether its texts say that values beyond their bounds are taken for the nearest ones.
    pub clamps: bool,
    /// The sentences of its texts, those of its responses among them, that set one thing against another.
    pub tied: Vec<String>,
    /// Whether its summary or description speaks of `If-Match` as something that is minded.
    pub speaks_of_versions: bool,
    /// JSON pointer to the operation object.
    pub pointer: String,
    /// How its requests get in.
    pub access: Access,
    /// JSON pointer to the `security` that holds: the operation's own or the document's.
    pub security_pointer: String,
    /// `x-acts`: whether the document says that calling it acts beyond settings; `None`: it does
    /// not say. See [`crate::effect`].
    pub acts: Option<bool>,
    /// The path of another operation of this method that every request of this one fits as well
    /// (OpenAPI 3.1.1 §4.8.8.1 forbids such paths): which of the two a device means is not stated.
    pub twin: Option<String>,
}

/// What an operation may do to a device. The order is that of harm.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes a state that can be read and put back.
    Writes,
    /// Makes something that can be removed.
    Creates,
    /// Changes or deletes what cannot be brought back.
    #[serde(rename = "cannot-be-undone", alias = "irreversible")]
    Irreversible,
    /// Does something in the world: restarts, opens, calls, sends.
    Acts,
}

impl Effect {
    /// All, from the least harmful to the most.
    pub const ALL: [Effect; 5] = [
        Effect::Reads,
        Effect::Writes,
        Effect::Creates,
        Effect::Irreversible,
        Effect::Acts,
    ];

    /// In words: `writes, can be put back`.
    pub fn words(self) -> &'static str {
        match self {
            Effect::Reads => "reads",
            Effect::Writes => "writes, can be put back",
            Effect::Creates => "creates, can be removed",
            Effect::Irreversible => "cannot be undone",
            Effect::Acts => "acts",
        }
    }

    /// Whether operations of this effect are tested unless the user says otherwise.
    pub fn harmless(self) -> bool {
        matches!(self, Effect::Reads | Effect::Writes | Effect::Creates)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Operation {
    /// Whether `name` is `METHOD /path` of this operation.
    pub fn is_named(&self, name: &str) -> bool {
        name.split_once(' ').is_some_and(|(method, path)| {
            method.eq_ignore_ascii_case(&self.method)
                && [self.path.as_str(), self.stated_path()].contains(&path.trim())
        })
    }

    /// The path as the document has it, below the base path of `servers`.
    pub fn stated_path(&self) -> &str {
        self.path.strip_prefix(&self.base).unwrap_or(&self.path)
    }

    /// `METHOD /path`.
    pub fn signature(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What names a parameter in the ids of promises and cases: its name, behind its place where
    /// another parameter has that name too (OpenAPI 3.0.4 §4.7.12: a parameter is its name and
    /// its place).
    pub fn parameter_key(&self, parameter: &Parameter) -> String {
        let name = &parameter.name;
        let named = self.parameters.iter().filter(|p| p.name == *name);
        match (named.count(), parameter.place) {
            (..=1, _) => name.clone(),
            (_, Place::Path) => format!("path.{name}"),
            (_, Place::Query) => format!("query.{name}"),
            (_, Place::Header) => format!("header.{name}"),
            (_, Place::Cookie) => format!("cookie.{name}"),
        }
    }

    /// Gives it another id, where the document has its id twice.
    pub(crate) fn rename(&mut self, id: &str) {
        for response in &mut self.responses {
            for shape in &mut response.shapes {
                shape.promise = PromiseId::new(id, shape.promise.statement());
            }
        }
        self.id = id.to_owned();
    }

    /// Whether the operation asks for credentials (some alternative is not empty and none is).
    pub fn needs_auth(&self) -> bool {
        !self.security.is_empty() && self.security.iter().all(|all| !all.is_empty())
    }

    /// Documented statuses of success (2xx), in the document's order.
    pub fn success_statuses(&self) -> Vec<u16> {
        self.responses
            .iter()
            .filter_map(|r| r.status.exact())
            .filter(|s| (200..300).contains(s))
            .collect()
    }

    /// Whether this status, which points to another resource, is how the operation says that it has done
    /// what was asked (RFC 9110 §15.4.3, §15.4.4): the document gives it by its number, no 2xx, and
    /// another status for what is refused.
    pub fn sends_elsewhere_with(&self, status: u16) -> bool {
        let given = |wanted: &dyn Fn(StatusKey) -> bool| {
            let mut keys = self.responses.iter().map(|r| r.status);
            keys.any(wanted)
        };
        let class = |of: u16| {
            move |key: StatusKey| match key {
                StatusKey::Exact(status) => status / 100 == of,
                StatusKey::Range(class) => u16::from(class) == of,
                StatusKey::Default => false,
            }
        };
        matches!(status, 302 | 303)
            && given(&|key| key == StatusKey::Exact(status))
            && !given(&class(2))
            && given(&class(4))
    }

    /// Whether the document has an answer for exactly this status.
    pub fn documents(&self, status: u16) -> bool {
        let exact = StatusKey::Exact(status);
        self.responses.iter().any(|r| r.status == exact)
    }

    /// The parameter that is a header field of this name, in any case (RFC 9110 §5.1).
    pub fn header_parameter(&self, name: &str) -> Option<&Parameter> {
        let named = |p: &&Parameter| p.place == Place::Header && p.name.eq_ignore_ascii_case(name);
        self.parameters.iter().find(named)
    }

    /// Whether the document says that a write may name the version that it replaces (`If-Match`, RFC 9110
    /// §13.1.1), be it in prose only.
    pub fn takes_versions(&self) -> bool {
        self.changes() && (self.header_parameter("If-Match").is_some() || self.speaks_of_versions)
    }

    /// As [`Operation::takes_versions`], or at least has a status for one that names another version or none.
    pub fn minds_versions(&self) -> bool {
        let documented = self.documents(412) || self.documents(428);
        self.takes_versions() || self.changes() && documented
    }

    fn changes(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "PATCH" | "DELETE" | "POST")
    }

    /// The parameter that ends the path, and so names an item, if one does.
    pub fn item_parameter(&self) -> Option<&Parameter> {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        let named = |p: &&Parameter| p.place == Place::Path && last == format!("{{{}}}", p.name);
        self.parameters.iter().find(named)
    }

    /// The documented answer for a status: exact, then range (`4XX`), then `default`.
    pub fn response(&self, status: u16) -> Option<&Response> {
        self.responses
            .iter()
            .find(|r| r.status == StatusKey::Exact(status))
            .or_else(|| {
                self.responses
                    .iter()
                    .find(|r| r.status == StatusKey::Range((status / 100) as u8))
            })
            .or_else(|| {
                self.responses
                    .iter()
                    .find(|r| r.status == StatusKey::Default)
            })
    }

    /// Error shapes of all answers, with their status.
    pub fn error_shapes(&self) -> impl Iterator<Item = &ErrorShape> {
        self.responses.iter().flat_map(|r| r.shapes.iter())
    }
}
