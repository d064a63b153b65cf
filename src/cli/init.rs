//! `probity init`: a commented profile for a document. What the document says is written down, what it
//! leaves open stands beside it, switched off: nothing that is guessed takes effect by itself.

mod login;
mod page;

use super::common::Error;
use super::contract_args::ContractArgs;
use super::out::print;
use super::toml_text::{key, text, value};
use crate::case::Context;
use crate::contract::{
    Allowed, Contract, Effect, Operation, Parameter, Place, Policy, Schema, assess, shape,
};
use crate::pattern::{Assessment, Texts};
use crate::pointer::escape;
use crate::profile::Profile;
use crate::run::Verdict;
use page::{Page, remark};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Lines that begin with `# ` explain; lines that begin with `#` and a letter are switched off: remove
the `#`. As it is written the profile changes nothing.

Examples:
  probity init --contract camera.yaml
  probity init --contract camera.yaml --output camera.toml
  probity check --contract camera.yaml --profile camera.toml --target http://10.0.0.7")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// Write it to this file, which must not exist; without it to stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (contract, built_in) = args.contract.load()?;
    let profile = profile(&contract, built_in != Profile::default())?;
    let Some(path) = args.output else {
        print(&profile)?;
        return Ok(Verdict::Kept);
    };
    let named = |e: std::io::Error| format!("--output {}: {e}", path.display());
    // What stands there was perhaps edited for hours.
    let mut file = std::fs::File::create_new(&path).map_err(named)?;
    file.write_all(profile.as_bytes()).map_err(named)?;
    print(&format!("{}: written\n", path.display()))?;
    Ok(Verdict::Kept)
}

/// The whole page; `built_in`: whether the program has a profile for this contract.
fn profile(contract: &Contract, built_in: bool) -> Result<String, Error> {
    let defaults = Profile::default();
    let policy = Policy::new(contract, &defaults, &Allowed::default())?.removing();
    let mut page = Page::default();
    let about = format!("{} {}", contract.title, contract.version);
    page.say(&format!(
        "Profile for {} ({}), as `probity init` drafts it.",
        about.trim(),
        contract.id
    ));
    page.say(
        "Lines like this one explain. A line that begins with # and no blank is off: remove its first \
         character to switch it on. `probity check --profile FILE --target URL …` says what is still \
         missing.",
    );
    if built_in {
        page.say("Without --profile the one that is built in for this contract is used.");
    }
    device(&mut page, contract);
    login::write(&mut page, contract);
    life(&mut page, contract);
    values(&mut page, contract);
    reads(&mut page, contract, &policy);
    effects(&mut page, contract, &policy);
    limits(&mut page);
    Ok(page.0)
}

fn device(page: &mut Page, contract: &Contract) {
    page.part("Device");
    page.say(
        "Where it is. --target wins, and credentials go only to a device that --target names. The \
         paths of the document are below it.",
    );
    let mut servers = contract
        .servers
        .iter()
        .filter_map(|s| url::Url::parse(s).ok());
    let origin = servers
        .find(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .map(|url| url.origin().ascii_serialization());
    let origin = origin.unwrap_or_else(|| "http://192.168.1.20".to_owned());
    page.off(&format!("base-url = {}", text(&origin)));
}

/// A request that tells that the device lives.
fn life(page: &mut Page, contract: &Contract) {
    page.part("Life");
    page.say(
        "A GET that tells that the device lives. With the seconds since boot, or an id of the boot, \
         restarts are seen.",
    );
    let plain = |op: &&Operation| {
        op.method == "GET"
            && !op
                .path
                .contains(|c: char| "{#?".contains(c) || c.is_whitespace())
    };
    let member = |op: &Operation, words: &[&str]| {
        let answer = shape::answer(op)?;
        let named = words.iter().find_map(|w| shape::member_named(answer, w));
        let (name, _) = named?;
        Some(format!("/{}", escape(name)))
    };
    let uptime = |op: &Operation| member(op, &["uptime", "up_time", "uptimeSeconds"]);
    let firmware = |op: &Operation| member(op, &["firmware_version", "firmware", "version"]);
    let reads = || contract.operations.iter().filter(plain);
    let found = reads().find(|op| uptime(op).is_some());
    let found = found.or_else(|| reads().find(|op| firmware(op).is_some()));
    page.off("[life]");
    let Some(op) = found else {
        page.off("path = \"/info\" # the document shows none");
        page.off("uptime = \"/uptime\"");
        return;
    };
    page.off(&format!("path = {} {}", text(&op.path), remark(&op.id)));
    for (name, pointer) in [
        ("uptime", uptime(op)),
        ("firmware", firmware(op)),
        ("model", member(op, &["device_model", "model", "product"])),
    ] {
        if let Some(pointer) = pointer {
            page.off(&format!("{name} = {}", text(&pointer)));
        }
    }
}

/// Path parameters that the document shows no value of.
fn values(page: &mut Page, contract: &Contract) {
    let texts = contract.texts();
    let profile = Profile::default();
    let context = Context::new(contract, &profile, &texts);
    let mut by_path: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for op in &contract.operations {
        let unknown = op.parameters.iter().any(is_unknown);
        if unknown {
            by_path.entry(&op.path).or_default().push(op);
        }
    }
    if by_path.is_empty() {
        return;
    }
    page.part("Values of path parameters");
    page.say(
        "The document shows no value of these: without one that stands on the device, their \
         operations are asked for something that is perhaps not there, and are judged in part. The \
         values here are only well-formed; put in real ones.",
    );
    for (path, operations) in by_path {
        let mut lines: BTreeMap<&str, String> = BTreeMap::new();
        let all = operations.iter().flat_map(|op| &op.parameters);
        for parameter in all.filter(|p| is_unknown(p)) {
            if lines.contains_key(parameter.name.as_str()) {
                continue;
            }
            let of_path = operations.iter().flat_map(|op| &op.parameters);
            let same: Vec<&Schema> = of_path
                .filter(|p| p.name == parameter.name)
                .map(|p| &p.schema)
                .collect();
            let line = value_line(&context, parameter, &same, &texts);
            lines.insert(&parameter.name, line);
        }
        page.off(&format!("[values.{}]", key(path)));
        for line in lines.values() {
            page.off(line);
        }
    }
}

fn is_unknown(parameter: &Parameter) -> bool {
    let schema = &parameter.schema;
    parameter.place == Place::Path
        && schema.examples.is_empty()
        && schema.enum_values.is_none()
        && schema.const_value.is_none()
}

/// A value that every operation of the path takes, or prose that none is known.
fn value_line(
    context: &Context<'_>,
    parameter: &Parameter,
    same: &[&Schema],
    texts: &Texts,
) -> String {
    let shown = context.parameter_text(parameter);
    let number = shown.parse::<i64>().ok().map(Value::from);
    let own = context.parameter_value(parameter);
    let candidates = [own, Some(Value::from(shown.as_str())), number];
    let fits = |value: &Value| {
        let mut all = same.iter();
        all.all(|s| assess(s, value, texts).certainty != Assessment::SurelyInvalid)
    };
    let segment = |value: &Value| !["", ".", ".."].map(Some).contains(&value.as_str());
    let mut known = candidates.into_iter().flatten();
    let name = key(&parameter.name);
    let written = known.find(|v| fits(v) && segment(v));
    match written.as_ref().and_then(value) {
        Some(value) => format!("{name} = {value}"),
        None => format!(" {name} = … no well-formed value is known"),
    }
}

/// How the state of what is written is read.
fn reads(page: &mut Page, contract: &Contract, policy: &Policy) {
    page.part("Reads of what is written");
    page.say(
        "What is written is read before, after every write, and put back at the end. Found in the \
         document:",
    );
    let effects = policy.effects();
    let mut missing = Vec::new();
    let mut found = false;
    for resource in effects.resources.iter().filter(|r| !r.writers.is_empty()) {
        let writes = [&resource.replace, &resource.patch];
        let Some(write) = writes.into_iter().flatten().next() else {
            continue;
        };
        match &resource.read {
            Some(read) => {
                found = true;
                page.say(&format!("  {write}: {} {}", read.method, read.path));
            }
            None => missing.extend(contract.operation(write)),
        }
    }
    if !found {
        page.say("  nothing");
    }
    missing.retain(|op| !op.path.contains(|c: char| c.is_whitespace() || c == '#'));
    if missing.is_empty() {
        return;
    }
    page.say(
        "Nothing in the document reads these; if the device answers a GET with the same members, \
         say where (`root` is the JSON pointer to them):",
    );
    for op in missing {
        page.off(&format!("[read-back.{}]", key(&op.id)));
        page.off(&format!("path = {}", text(&op.path)));
        page.off("root = \"\"");
    }
}

/// What is not sent, and what would change that.
fn effects(page: &mut Page, contract: &Contract, policy: &Policy) {
    let mut left_out = Vec::new();
    for effect in policy.effects().iter() {
        if let Err(refusal) = policy.operation(&effect.operation)
            && let Some(op) = contract.operation(&effect.operation)
        {
            left_out.push((op, effect.effect, refusal.reason));
        }
    }
    if left_out.is_empty() {
        return;
    }
    page.part("What is left out");
    page.say(
        "These are not sent for what they may do. `--allow OPERATION` on the command line sends one \
         all the same. Where the effect is guessed wrongly, say here what it is: reads, writes (can \
         be read and put back), creates (can be removed), cannot-be-undone, acts.",
    );
    page.off("[effects]");
    for (op, effect, reason) in left_out {
        let why = remark(&format!("{} {}: {reason}", op.method, op.path));
        page.off(&format!("{} = {} {why}", key(&op.id), text(word(effect))));
    }
    if !contract.left_out.is_empty() {
        page.say(&format!(
            "{} parts of the document are not judged because of a flaw in it: `probity lint` names \
             them.",
            contract.left_out.len()
        ));
    }
}

/// As the profile spells it.
fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Reads => "reads",
        Effect::Writes => "writes",
        Effect::Creates => "creates",
        Effect::Irreversible => "cannot-be-undone",
        Effect::Acts => "acts",
    }
}

fn limits(page: &mut Page) {
    page.part("Limits");
    let limits = Profile::default().limits;
    page.say("What a small device bears. Without a rate: as fast as it answers.");
    page.off("[limits]");
    page.off("rate = 5.0 # requests a second");
    page.off(&format!(
        "timeout-ms = {} # longest wait for one answer",
        limits.timeout_ms
    ));
    page.off("writes = 1000 # flash memory wears out");
    page.off("failed-logins = 20 # accounts lock");
    page.off(&format!("reboots = {}", limits.reboots));
}
