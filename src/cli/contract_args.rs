//! `--contract`: a file, a URL, or the name of an embedded one. The one place where documents are read,
//! and where it is decided what may be fetched for them.

use super::common::Error;
use super::device_args::DeviceArgs;
use crate::contract::{self, Contract, Files};
use crate::device::{Documents, Tls};
use crate::profile::Profile;
use std::path::Path;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// Most characters of the id that a URL gives a contract.
const LONGEST_ID: usize = 60;

/// Which contract, and how its device is driven.
#[derive(Debug, clap::Args)]
pub(super) struct ContractArgs {
    /// OpenAPI 3.0, 3.1 or 3.2 or Swagger 2.0 document (YAML or JSON): a file, a URL (on the device of
    /// --target, or with --fetch), or the name of the embedded one
    #[arg(
        long,
        value_name = "FILE|URL|sip-settings",
        default_value = "sip-settings"
    )]
    pub(super) contract: String,
    /// Read documents from any URL: that of --contract, and those that a document refers to
    #[arg(long)]
    pub(super) fetch: bool,
}

impl ContractArgs {
    /// Loads the contract, with the built-in profile where it is an embedded one.
    pub(super) fn load(&self) -> Result<(Contract, Profile), Error> {
        self.read(None)
    }

    /// [`load`](Self::load) where a device is named too: a document may come from it.
    pub(super) fn load_for(&self, device: &DeviceArgs) -> Result<(Contract, Profile), Error> {
        self.read(Some(device))
    }

    fn read(&self, device: Option<&DeviceArgs>) -> Result<(Contract, Profile), Error> {
        if let Some(found) = contract::embedded::by_name(&self.contract) {
            return Ok(found);
        }
        let mut remote = Remote::new(self.fetch, device)?;
        let contract = match as_url(&self.contract) {
            Some(url) => {
                if !url.username().is_empty() || url.password().is_some() {
                    // And are not printed.
                    return Err("--contract: credentials do not belong into a URL".into());
                }
                let shown = without_query(&url);
                let named = |why: String| format!("--contract {shown}: {why}");
                remote.document = Some(url.clone());
                remote.permits(&url).map_err(|why| named(why.to_owned()))?;
                let bytes = remote.fetch(&url).map_err(named)?;
                let mut contract = contract::load_from(&shown, &bytes, &remote)?;
                contract.id = id_of(&url);
                contract
            }
            None => contract::load_with(Path::new(&self.contract), &remote)?,
        };
        Ok((contract, Profile::default()))
    }
}

/// What is written as a URL.
fn as_url(text: &str) -> Option<Url> {
    let (scheme, _) = text.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    web.then(|| Url::parse(text).ok()).flatten()
}

/// A URL as messages and reports name it: a query may hold a key.
fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// A name for the contract at a URL: that of the file, without what a name of a file cannot have.
fn id_of(url: &Url) -> String {
    let mut segments = url.path().rsplit('/').filter(|s| !s.is_empty());
    let name = segments.next().unwrap_or_default();
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let id: String = name.chars().filter(plain).take(LONGEST_ID).collect();
    match id.trim_start_matches('.') {
        "" => "document".to_owned(),
        id => id.to_owned(),
    }
}

/// Documents elsewhere, as far as they may be read. The loader knows no network: it is handed this.
struct Remote {
    /// Whether any URL may be read.
    any: bool,
    /// `--target`, whose own documents may be read.
    target: Option<Url>,
    /// How the device's certificate is looked at; others are held against the system's authorities.
    tls: Tls,
    /// The document itself, where it is a URL: relative references are relative to it.
    document: Option<Url>,
    documents: Documents,
    runtime: Runtime,
}

impl Remote {
    fn new(any: bool, device: Option<&DeviceArgs>) -> Result<Remote, Error> {
        let target = device.and_then(|d| d.target.as_deref());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let documents = {
            // Its clock is the runtime's.
            let _entered = runtime.enter();
            Documents::default()
        };
        Ok(Remote {
            any,
            target: target.and_then(|t| Url::parse(t.trim()).ok()),
            tls: device.map(DeviceArgs::tls).unwrap_or_default(),
            document: None,
            documents,
            runtime,
        })
    }

    /// Whether a URL is on the device.
    fn is_own(&self, url: &Url) -> bool {
        let target = self.target.as_ref();
        target.is_some_and(|target| target.origin() == url.origin())
    }

    /// Whether a URL may be read.
    fn permits(&self, url: &Url) -> Result<(), &'static str> {
        match self.any || self.is_own(url) {
            true => Ok(()),
            false if self.target.is_some() => {
                Err("it is not on the device of --target; --fetch reads it all the same")
            }
            false => Err("no --target is given that it could be on; --fetch reads it all the same"),
        }
    }

    fn fetch(&self, url: &Url) -> Result<Vec<u8>, String> {
        let tls = match self.is_own(url) {
            true => self.tls.clone(),
            // What the user trusts for the device, and their certificate, are nobody else's.
            false => Tls::default(),
        };
        self.runtime.block_on(self.documents.read(url, &tls))
    }
}

impl Files for Remote {
    /// What a `$ref` names: a URL, or a path below the folder of a document that is one itself.
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let url = match (as_url(name), &self.document) {
            (Some(url), _) if self.any => url,
            (Some(_), _) => return Err("URLs are read with --fetch only".to_owned()),
            (None, Some(document)) => {
                let joined = document.join(&escaped(name)).map_err(|e| e.to_string())?;
                if joined.origin() != document.origin() {
                    return Err("it is on another origin than the document".to_owned());
                }
                joined
            }
            (None, None) => return Err("there is no such file".to_owned()),
        };
        self.fetch(&url)
    }
}

/// A path as a relative reference that is a path and nothing else.
fn escaped(name: &str) -> String {
    let path = name
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    // `//host/x` and `scheme:x` would lead elsewhere.
    format!("./{}", path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_urls_are_plain_names() {
        for (url, id) in [
            ("http://d/api/openapi.yaml", "openapi"),
            ("http://d/openapi.v3.json?x=1", "openapi.v3"),
            ("http://d/", "document"),
            ("http://d", "document"),
            ("http://d/docs/", "docs"),
            ("http://d/%1b%5b2J.yaml", "1b5b2J"),
            ("http://d/...", "document"),
        ] {
            assert_eq!(id_of(&Url::parse(url).expect("a URL")), id, "{url}");
        }
    }

    #[test]
    fn only_a_path_below_the_document_is_joined() {
        let document = Url::parse("http://d:1/api/openapi.yaml").expect("a URL");
        for name in [
            "a/b.yaml",
            "//evil/x",
            "http:evil",
            "/etc/passwd",
            "a?b#c",
            "%2e%2e/x",
        ] {
            let joined = document.join(&escaped(name)).expect("joins");
            assert_eq!(joined.origin(), document.origin(), "{name}");
            assert!(joined.path().starts_with("/api/"), "{name}: {joined}");
            assert_eq!((joined.query(), joined.fragment()), (None, None), "{name}");
        }
    }
}
