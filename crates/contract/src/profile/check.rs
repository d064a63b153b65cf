//! Whether a profile can be meant: each value by itself, and each name against the contract.

use super::{Life, Limits, Login, Profile, Role};
use crate::model::Contract;

impl Profile {
    /// Parses `device.toml`. The error names line and column, or the entry whose value is of no use,
    /// and for a key that is none the one that is most like it.
    pub fn from_toml(text: &str) -> Result<Profile, String> {
        let profile: Profile = toml::from_str(text).map_err(|e| meant(&e))?;
        profile.check()?;
        Ok(profile)
    }

    /// Whether everything that the profile names is in the contract.
    ///
    /// # Errors
    /// The first entry that names no operation or no path of it, with the nearest name there is.
    pub fn check_against(&self, contract: &Contract) -> Result<(), String> {
        let operation = |entry: String, name: &str| match contract.operation_named(name) {
            Some(_) => Ok(()),
            None => Err(format!(
                "{entry}: the contract has no operation {name}{}",
                contract.suggestion(name)
            )),
        };
        for name in self.read_back.keys() {
            operation(format!("[read-back.{name}]"), name)?;
        }
        for name in self.effects.keys() {
            operation("[effects]".to_owned(), name)?;
        }
        for name in self.roles.viewer.iter().flat_map(|v| &v.may) {
            operation("[roles.viewer] may".to_owned(), name)?;
        }
        let path = |entry: String, path: &str| match contract
            .operations
            .iter()
            .any(|o| o.path.trim_end_matches('/') == path.trim_end_matches('/'))
        {
            true => Ok(()),
            false => Err(format!(
                "{entry}: the contract has no path {path}{}",
                nearest(path, contract.operations.iter().map(|o| o.path.as_str()))
            )),
        };
        for (id, hint) in &self.resources {
            let slots = [
                ("read", &hint.read),
                ("replace", &hint.replace),
                ("patch", &hint.patch),
                ("create", &hint.create),
                ("delete", &hint.delete),
            ];
            let mut named = slots
                .iter()
                .filter_map(|(s, n)| n.as_deref().map(|n| (s, n)));
            named.try_for_each(|(slot, n)| operation(format!("[resources.{id:?}] {slot}"), n))?;
            if slots.iter().all(|(_, n)| n.is_none()) {
                path(format!("[resources.{id:?}]"), id)?;
            }
            let mut others = hint.changes.iter();
            others.try_for_each(|other| path(format!("[resources.{id:?}] changes"), other))?;
        }
        Ok(())
    }

    /// Whether every value can be meant: what would only show in the middle of a run, or never, is
    /// said at once.
    fn check(&self) -> Result<(), String> {
        if let Some(login) = &self.login {
            path("[login] path", &login.path)?;
            method("[login] method", &login.method)?;
            login.check()?;
        }
        if let Some(viewer) = &self.roles.viewer {
            viewer.check()?;
        }
        if self.keys.len() > crate::exchange::KEY_NAMES.len() {
            return Err(format!(
                "[keys]: {} keys, and {} at most can be told apart",
                self.keys.len(),
                crate::exchange::KEY_NAMES.len()
            ));
        }
        if let Some(life) = &self.life {
            life.check()?;
        }
        self.check_pointers()?;
        self.check_deny()?;
        self.limits.check()
    }

    /// Whether read-backs and resources are paths and pointers.
    fn check_pointers(&self) -> Result<(), String> {
        for (id, how) in &self.read_back {
            let entry = |name: &str| format!("[read-back.{id}] {name}");
            path(&entry("path"), &how.path)?;
            method(&entry("method"), &how.method)?;
            pointer(&entry("root"), &how.root)?;
            for member in how.unreadable.keys() {
                pointer(&entry("unreadable"), member)?;
            }
        }
        for (id, hint) in &self.resources {
            path("[resources]", id)?;
            pointer(&format!("[resources.{id:?}] root"), &hint.root)?;
            if let Some(member) = &hint.id {
                pointer(&format!("[resources.{id:?}] id"), member)?;
            }
        }
        Ok(())
    }

    /// Whether every pattern of `deny` can be matched by.
    fn check_deny(&self) -> Result<(), String> {
        if self.deny.len() > MOST_GLOBS {
            return Err(format!("deny: more than {MOST_GLOBS} patterns"));
        }
        for glob in &self.deny {
            let wrong = |e: globset::Error| format!("deny: {e}");
            let parsed = globset::Glob::new(glob).map_err(wrong)?;
            // One may be well-formed and still be too much to match by.
            let mut set = globset::GlobSetBuilder::new();
            set.add(parsed).build().map_err(wrong)?;
        }
        Ok(())
    }
}

impl Life {
    fn check(&self) -> Result<(), String> {
        path("[life] path", &self.path)?;
        for (name, member) in [
            ("uptime", &self.uptime),
            ("boot-id", &self.boot_id),
            ("model", &self.model),
            ("firmware", &self.firmware),
        ] {
            if let Some(member) = member {
                pointer(&format!("[life] {name}"), member)?;
            }
        }
        Ok(())
    }
}

impl Limits {
    fn check(&self) -> Result<(), String> {
        match self.rate {
            Some(rate) if !(rate.is_finite() && rate > 0.0) => Err(format!(
                "[limits] rate: {rate} is no number of requests a second; leave it out for no limit"
            )),
            _ if self.timeout_ms == 0 => {
                Err("[limits] timeout-ms: 0 lets no answer come; 5000 is five seconds".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Role {
    fn check(&self) -> Result<(), String> {
        match (&self.token_env, &self.username, &self.password_env) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => Ok(()),
            _ => {
                Err("[roles.viewer]: give `username` and `password-env`, or `token-env`".to_owned())
            }
        }
    }
}

impl Login {
    fn check(&self) -> Result<(), String> {
        if let Some(token) = &self.token {
            pointer("[login] token", token)?;
        }
        if !self.gives_token() && !self.cookies {
            return Err(
                "[login]: say what the session is: `token = \"/token\"` (a JSON pointer \
                        into the answer), `token-header = \"X-Auth-Token\"` or `cookies = true`"
                    .to_owned(),
            );
        }
        if self.body.is_some() && !self.form.is_empty() {
            return Err("[login]: `body` and `form` exclude each other".to_owned());
        }
        if let Some(logout) = &self.logout {
            path("[login.logout] path", &logout.path)?;
            method("[login.logout] method", &logout.method)?;
        }
        let Some(csrf) = &self.csrf else {
            return Ok(());
        };
        if let Some(page) = &csrf.page {
            path("[login.csrf] page", page)?;
        }
        let sources = [&csrf.cookie, &csrf.header, &csrf.field];
        match sources.into_iter().flatten().count() {
            1 => Ok(()),
            _ => Err(
                "[login.csrf]: name one place where the token is: `cookie`, `header` or `field`"
                    .to_owned(),
            ),
        }
    }
}

fn path(entry: &str, value: &str) -> Result<(), String> {
    match value.starts_with('/') && !value.contains(|c: char| c.is_whitespace() || c == '#') {
        true => Ok(()),
        false => Err(format!(
            "{entry}: {value:?} is no path below the base URL, such as /api/v1/login"
        )),
    }
}

/// A JSON pointer (RFC 6901).
fn pointer(entry: &str, value: &str) -> Result<(), String> {
    match value.is_empty() || value.starts_with('/') {
        true => Ok(()),
        false => Err(format!(
            "{entry}: {value:?} is no JSON pointer; write \"/{value}\""
        )),
    }
}

/// A method is a token of RFC 9110 §9.1.
fn method(entry: &str, value: &str) -> Result<(), String> {
    match !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
        true => Ok(()),
        false => Err(format!("{entry}: {value:?} is no HTTP method")),
    }
}

/// Most characters of a line that an error quotes.
const LINE: usize = 200;
/// Most patterns of `deny`: each path is held against each.
const MOST_GLOBS: usize = 1_000;

/// An error whose lines are of a length that people read: the reader quotes the whole line of the
/// file, which may be all of it.
fn short(error: &str) -> String {
    let line = |line: &str| match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    };
    let lines: Vec<String> = error.split('\n').map(line).collect();
    lines.join("\n")
}

/// The error of the TOML reader; an unknown key with the known one that it is most like.
fn meant(error: &toml::de::Error) -> String {
    let told = short(&error.to_string());
    let mut names = error.message().split('`').skip(1).step_by(2);
    let Some(wrong) = names
        .next()
        .filter(|_| error.message().starts_with("unknown "))
        // What is much longer than any key is like none, and costs its length to find out.
        .filter(|wrong| wrong.len() <= LINE)
    else {
        return told;
    };
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
    match nearest {
        Some((_, name)) => format!("{told}did you mean `{name}`?"),
        None => told,
    }
}

/// `; did you mean X?` for the name that is nearest, or the names there are where none is near.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let near = |n: &&str| strsim::jaro_winkler(&name.to_lowercase(), &n.to_lowercase());
    let best = names.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best {
        Some(best) if near(best) > 0.75 => format!("; did you mean {best}?"),
        _ => {
            let more = names.len().saturating_sub(SHOWN);
            let shown: Vec<&str> = names.into_iter().take(SHOWN).collect();
            let more = match more {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("; it has {}{more}", shown.join(", "))
        }
    }
}

/// Names that an error shows.
const SHOWN: usize = 12;
