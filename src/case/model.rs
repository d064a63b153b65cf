//! Cases and expectations as plain data, and the trait that every strategy implements.

use super::identity::{CaseId, InputClass, Tier};
use super::memo::Memo;
use crate::contract::{Contract, FaultKind, FieldPath, Operation, PromiseId};
use crate::exchange::{Request, Segment};
use crate::pattern::Texts;
use crate::profile::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request to send, with what it tests and what may come back.
#[derive(Clone, Debug)]
pub struct Case {
    /// Stable id.
    pub id: CaseId,
    /// Strategy that made it.
    pub strategy: &'static str,
    /// Operation it concerns (its id).
    pub operation: String,
    /// Ids of the promises it tests; the first is the one a deviation is charged to.
    pub promises: Vec<PromiseId>,
    /// What is sent, in words: `proxy is a number`.
    pub title: String,
    /// What to send.
    pub request: Request,
    /// What may come back.
    pub expect: Expect,
    /// Kind of input for the fingerprint of a finding.
    pub input_class: InputClass,
    /// What to look at afterwards.
    pub check: Check,
    /// Its turn.
    pub tier: Tier,
    /// The values that it holds for ideas of single fields, where it is a body that is packed with such.
    pub carries: Vec<Carried>,
}

/// A value for an idea of one field in a body that holds one in each of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The promise that the idea is about.
    pub promise: PromiseId,
    /// The kind of input.
    pub class: InputClass,
    /// The field.
    pub field: FieldPath,
    /// The keyword of the promise.
    pub(super) keyword: &'static str,
    /// Last part of the id of the case that holds the value alone.
    pub(super) name: String,
}

impl Case {
    /// A request that comes before a case and is not judged.
    pub fn before(request: &Request) -> Case {
        Case {
            id: CaseId::default(),
            strategy: "before",
            operation: String::new(),
            promises: Vec::new(),
            title: String::new(),
            request: request.clone(),
            expect: Expect::Survived {
                question: String::new(),
            },
            input_class: InputClass::default(),
            check: Check::Nothing,
            tier: Tier::FIRST,
            carries: Vec::new(),
        }
    }

    /// The ideas that it holds: kinds of input, each with the promise that it is tried on. The first is its
    /// own, the others those of the fields of a body that is packed.
    pub fn ideas(&self) -> impl Iterator<Item = (PromiseId, InputClass)> {
        let own = (self.main_promise(), self.input_class.clone());
        let carried = self.carries.iter();
        let carried = carried.map(|c| (c.promise.clone(), c.class.clone()));
        std::iter::once(own).chain(carried)
    }

    /// Whether the case is about what a header field of its request says, or about its absence.
    pub fn is_about_header(&self, name: &str) -> bool {
        let statement = self.promises.first().map_or("", |p| p.statement());
        let key = statement.strip_prefix("parameters.");
        let key = key.and_then(|rest| rest.rsplit_once('.'));
        key.is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// The promise that a deviation is charged to.
    pub fn main_promise(&self) -> PromiseId {
        // What a later look at the settings says is no matter of the answer.
        let of_answer = self.promises.iter().find(|p| !p.is_of_settings());
        of_answer
            .cloned()
            .unwrap_or_else(|| PromiseId::answers(&self.operation))
    }

    /// Whether it is valid by the document: that it is accepted shows that the operation works.
    /// Whether there is what its path names, or whether it can be done now, is for the device to
    /// say, and where it says yes nothing is open any more.
    pub fn is_valid(&self) -> bool {
        match &self.expect {
            Expect::Accepted | Expect::AcceptedOr { .. } => true,
            Expect::Either { .. } => self.input_class.is_valid(),
            _ => false,
        }
    }

    /// Whether it is valid and nothing about it is special.
    pub fn is_plain(&self) -> bool {
        self.is_valid() && self.input_class.is_plain()
    }

    /// Octets of its target, its header fields and its body, as far as the plan knows them.
    pub fn octets(&self) -> usize {
        match &self.request {
            Request::Http(http) => {
                let fields = http.headers.iter();
                let fields = fields.map(|(name, value)| name.len() + value.to_string().len());
                let body = http.body.as_ref().map_or(0, Vec::len);
                http.target.to_string().len() + fields.sum::<usize>() + body
            }
            Request::Raw(raw) => {
                let sent = |segment: &Segment| match segment {
                    Segment::Bytes(bytes) => bytes.len(),
                    _ => 0,
                };
                raw.segments.iter().map(sent).sum()
            }
        }
    }

    /// The input class whose acceptance explains that this case was accepted: a device that does
    /// without a member does without a misspelt one.
    pub fn follows_from(&self) -> Option<&'static str> {
        (self.input_class.is_misspelt_name() && self.main_promise().keyword() == "required")
            .then_some("absent")
    }

    /// Requests that it costs when all goes well, read-back included.
    pub fn cost(&self) -> usize {
        match self.check {
            Check::ReadsBack(_) => 2,
            Check::Unchanged | Check::Nothing => 1,
            // Two looks at the whole, the parts behind the first, and the list as it comes by default.
            Check::Parts => 8,
            // As many as `probe` asks behind the answer.
            Check::Versions => 4,
            Check::Names => 3,
            Check::Preconditions(_) => 9,
        }
    }
}

/// What may come back. A timeout, 429, 503 or a reset is neither accept nor reject under any of
/// these; the judge reports it for what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// Surely valid: a documented 2xx with a body of its schema.
    Accepted,
    /// Surely invalid: a documented 4xx whose body has a shape that one of `faults` draws and
    /// names its field.
    Refused {
        /// Everything that is wrong with the request; which one is answered is the device's order.
        faults: Vec<Fault>,
    },
    /// The page leaves it open: documented success, or refusal in a documented shape. The choice
    /// is recorded, not accused.
    Either {
        /// What the page leaves open, in a few stable words: `unknown member`.
        question: String,
        /// The faults that a refusal may name.
        faults: Vec<Fault>,
    },
    /// Credentials are missing or wrong: the documented 401 (or 403), never a success.
    Unauthorized {
        /// Other faults of the same request, whose answer may come first without proving that
        /// authorization was skipped.
        faults: Vec<Fault>,
    },
    /// Good credentials of a user who may not do this: never a success.
    Forbidden,
    /// Wrong login credentials: never a token.
    LoginRefused,
    /// Login with good credentials in an unusual but valid way, or a life probe: a 2xx or
    /// documented refusal, well-formed.
    Answered {
        /// What the page leaves open.
        question: String,
    },
    /// Valid, but HTTP lets a server refuse any such request with one of `statuses` whatever the
    /// page says (a body without a length: 411, RFC 9112 §6.3): otherwise as [`Expect::Accepted`].
    AcceptedOr {
        /// What is left open.
        question: String,
        /// The statuses that are no fault, with any body; they may be 501 or 505.
        statuses: Vec<u16>,
    },
    /// HTTP lets servers answer it in several ways, or servers in wide use do: success, refusal,
    /// 501, 505, the end of the connection with or without an answer. Never another 5xx, a hang
    /// or a crash.
    Survived {
        /// What is left open.
        question: String,
    },
    /// Not a message, method or media type that the contract names: any 4xx, 501, 505, or the end
    /// of the connection; never a success, a 5xx of another kind or a hang.
    NotServed {
        /// The kind of finding that a success is.
        success: SuccessIs,
    },
}

impl Expect {
    /// Whether somebody tries to get in, or to do something, who may not.
    pub fn is_trespass(&self) -> bool {
        matches!(
            self,
            Expect::Unauthorized { .. } | Expect::Forbidden | Expect::LoginRefused
        )
    }
}

/// What a success means where none may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuccessIs {
    /// The body or message was invalid.
    AcceptsInvalid,
    /// The method is not offered.
    MethodNotRefused,
    /// Nobody may get in this way.
    AuthNotEnforced,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Kind, as the error shapes know it.
    pub kind: FaultKind,
    /// The field at fault, where there is one.
    pub field: Option<FieldPath>,
}

impl Fault {
    /// A fault of a field.
    pub fn at(kind: FaultKind, field: &FieldPath) -> Self {
        Fault {
            kind,
            field: Some(field.clone()),
        }
    }

    /// A fault of the whole request.
    pub fn whole(kind: FaultKind) -> Self {
        Fault { kind, field: None }
    }
}

/// What to look at after the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Nothing: the request cannot change settings.
    Nothing,
    /// If it was accepted: a read-back shows these members with these values (members that are not
    /// named are not looked at).
    ReadsBack(Value),
    /// If it was refused: a later read-back shows what stood before.
    Unchanged,
    /// If it was accepted: it is the first part of a list, and the parts behind it show each item of
    /// the whole list once.
    Parts,
    /// If it was accepted: a client that names the version which it was shown is told that it has it
    /// (RFC 9110 §13.1.2).
    Versions,
    /// If it was accepted: it is the item that was asked for, and no other id leads to it.
    Names,
    /// If it was accepted: the same write with this body is done where it names the version that stands,
    /// and where it names another one it is not (RFC 9110 §13.1.1).
    Preconditions(String),
}

impl Check {
    /// Whether it asks more of the device behind the answer.
    pub fn is_dialogue(&self) -> bool {
        use Check::{Names, Parts, Preconditions, Versions};
        matches!(self, Parts | Versions | Names | Preconditions(_))
    }

    /// Whether it is about the version that a write names.
    pub fn is_of_versions(&self) -> bool {
        matches!(self, Check::Preconditions(_))
    }
}

/// What strategies work from.
pub struct Context<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// How the device is driven.
    pub profile: &'a Profile,
    /// Readings of every string rule of the contract.
    pub texts: &'a Texts,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether the plan may exceed its default budget.
    pub thorough: bool,
    /// What was worked out before; empty at first.
    pub(super) memo: Memo,
}

impl<'a> Context<'a> {
    /// What strategies work from, with seed 0 and within the default budget. `texts` are those of
    /// `contract`.
    pub fn new(contract: &'a Contract, profile: &'a Profile, texts: &'a Texts) -> Self {
        Context {
            contract,
            profile,
            texts,
            seed: 0,
            thorough: false,
            memo: Memo::default(),
        }
    }

    /// The same with another seed, and nothing worked out yet.
    pub fn seeded(self, seed: u64) -> Self {
        Context {
            seed,
            memo: Memo::default(),
            ..self
        }
    }

    /// The same, within its default budget or not.
    pub fn thorough(self, thorough: bool) -> Self {
        Context { thorough, ..self }
    }
}

/// One idea of what to send.
pub trait Strategy {
    /// Stable name, e.g. `types`.
    fn name(&self) -> &'static str;
    /// What it is after and why devices get it wrong, for `plan --explain`.
    fn explain(&self) -> &'static str;
    /// Whether it has its turn at every operation, however many there are: what is plainly valid,
    /// plainly invalid, and the only one for a kind of operation.
    fn is_first(&self) -> bool {
        false
    }

    /// Whether it is about what all operations of a device share, so that a few of them tell for
    /// all: how a message is read, what is JSON.
    fn is_of_the_server(&self) -> bool {
        false
    }

    /// Its cases for one operation of the contract, in any order; the plan sorts and trims. What
    /// may not be sent is the plan's to leave out.
    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case>;

    /// [`Strategy::cases`] for every operation that the document does not say acts (`x-acts`).
    fn all_cases(&self, context: &Context<'_>) -> Vec<Case> {
        let operations = context.contract.operations.iter();
        let operations = operations.filter(|op| op.acts != Some(true));
        operations.flat_map(|op| self.cases(context, op)).collect()
    }
}
