//! What the targets share and make once a process: contracts with their readings, plans, mocks
//! without sockets, one runtime a thread.

use probity::case::{self, Case, Context, DEFAULT_BUDGET};
use probity::contract::{self, Contract};
use probity::mock::{Front, MockConfig};
use probity::pattern::{Text, Texts};
use probity::profile::Profile;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// A contract with everything that is made from it.
#[derive(Debug)]
pub struct Stage {
    /// The contract.
    pub contract: Arc<Contract>,
    /// How its device is driven.
    pub profile: Arc<Profile>,
    /// Readings of its string rules.
    pub texts: Arc<Texts>,
    /// Devices that keep it, each under readings and choices of its own.
    pub devices: Vec<Device>,
}

/// A mock without a socket.
#[derive(Debug)]
pub struct Device {
    /// It.
    pub front: Front,
    /// A token that it takes, where it asks for one.
    pub token: Option<String>,
}

/// A contract with most keywords of a schema, so that bodies are about more than one page.
const KEYWORDS: &str = include_str!("keywords.yaml");

/// The embedded contract and one with most keywords.
pub fn stages() -> &'static [Stage; 2] {
    static STAGES: OnceLock<[Stage; 2]> = OnceLock::new();
    STAGES.get_or_init(|| {
        let (contract, profile) = contract::embedded::sip_settings();
        let keywords = contract::load_bytes("keywords", KEYWORDS.as_bytes())
            .unwrap_or_else(|e| panic!("the contract with most keywords: {e}"));
        [
            Stage::new(contract, profile),
            Stage::new(keywords, Profile::default()),
        ]
    })
}

/// Makes what is made once, before a fuzzer looks at the clock: readings and plan take seconds on a
/// busy machine.
pub fn warm() {
    let _ = (stages(), plan());
}

/// The embedded contract.
pub fn embedded() -> &'static Stage {
    &stages()[0]
}

/// The default plan for the embedded contract.
pub fn plan() -> &'static [Case] {
    static PLAN: OnceLock<Vec<Case>> = OnceLock::new();
    PLAN.get_or_init(|| {
        let stage = embedded();
        let context = Context::new(&stage.contract, &stage.profile, &stage.texts);
        case::plan(&context, Some(DEFAULT_BUDGET)).cases
    })
}

impl Stage {
    fn new(contract: Contract, profile: Profile) -> Stage {
        let texts = Arc::new(contract.texts());
        let (contract, profile) = (Arc::new(contract), Arc::new(profile));
        let devices = choices()
            .iter()
            .enumerate()
            .map(|(nth, choices)| {
                let config = MockConfig::clean(contract.clone(), profile.clone())
                    .with_texts(texts.clone())
                    .with_readings(readings(&contract, &texts, nth))
                    .with_choices(choices.iter().map(|(k, v)| (k.to_string(), v.to_string())));
                Device::new(&config)
            })
            .collect();
        Stage {
            contract,
            profile,
            texts,
            devices,
        }
    }
}

/// Choices of the devices: each value that bears on bodies occurs in one of them. `duplicates`
/// stays, because a name given twice has no one value that could be assessed.
fn choices() -> [&'static [(&'static str, &'static str)]; 4] {
    [
        &[],
        &[
            ("unknown-members", "refuse"),
            ("error-path", "dotted"),
            ("check-order", "reverse"),
            ("integer-fraction", "refuse"),
            ("charset", "yes"),
        ],
        &[
            ("check-order", "types-first"),
            ("constraint-text", "wrong-type"),
            ("null-text", "wrong-type"),
            ("wide-integers", "refuse"),
            ("success-body", "object"),
        ],
        &[
            ("constraint-text", "missing"),
            ("root-text", "missing"),
            ("null-text", "base"),
            ("bom", "refuse"),
            ("success-body", "text"),
            ("omitted", "keep"),
        ],
    ]
}

/// For every string field one of its plausible readings, another for each device.
fn readings(contract: &Contract, texts: &Texts, nth: usize) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for field in contract.operations.iter().flat_map(|o| o.fields()) {
        let Some(text) = field.schema.rule().and_then(|rule| texts.get(&rule)) else {
            continue;
        };
        if let Some(id) = reading(text, nth) {
            out.entry(field.path.dotted()).or_insert(id);
        }
    }
    out
}

fn reading(text: &Text, nth: usize) -> Option<String> {
    let usable: Vec<_> = text
        .readings()
        .iter()
        .filter(|r| r.plausible && r.compiles && r.modelled() && !r.id.starts_with("format/"))
        .collect();
    // Far apart, so that dialects, modes and repairs all change.
    let at = usable.len().checked_mul(nth)? / 4;
    Some(usable.get(at)?.id.clone())
}

impl Device {
    fn new(config: &MockConfig) -> Device {
        let front = Front::new(config).unwrap_or_else(|e| panic!("a mock: {e}"));
        let login = "/api/v1/login?username=admin&password=e10adc3949ba59abbe56e057f20f883e";
        let token = config.profile.login.as_ref().and_then(|how| {
            let (_, _, body) = front.answer(&how.method, login, &[], b"");
            let answer: serde_json::Value = serde_json::from_slice(&body).ok()?;
            Some(answer.pointer(how.token.as_deref()?)?.as_str()?.to_owned())
        });
        Device { front, token }
    }

    /// The header fields of a JSON request with credentials.
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut out = vec![("content-type".to_owned(), "application/json".to_owned())];
        if let Some(token) = &self.token {
            out.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        out
    }
}

/// Runs a future to its end on this thread's runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap_or_else(|e| panic!("a runtime: {e}"));
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
