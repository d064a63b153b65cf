//! Where a device is.

use super::DeviceError;
use url::Url;

/// Where a device is.
#[derive(Debug)]
pub(super) struct Base {
    /// Normalised, without a slash at the end.
    pub(super) url: String,
    /// Length of the part of `url` before the path.
    pub(super) origin: usize,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) https: bool,
}

impl Base {
    pub(super) fn parse(text: &str) -> Result<Base, DeviceError> {
        let error = |why: &str| DeviceError::BaseUrl {
            url: text.to_owned(),
            why: why.to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|e| {
            error(&format!(
                "{e}; write it like http://192.168.1.20 or https://panel.example:8443"
            ))
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(error(
                "it must begin with http:// or https://, like http://192.168.1.20:8080",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(error(
                "credentials do not belong into it; use --username and --password-env",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(error("leave out what follows the path (`?…`, `#…`)"));
        }
        let host = url.host().ok_or_else(|| error("it names no host"))?;
        let port = url
            .port_or_known_default()
            .ok_or_else(|| error("it names no port"))?;
        Ok(Base {
            host: match host {
                // Without the brackets that a URL wants around it.
                url::Host::Ipv6(address) => address.to_string(),
                other => other.to_string(),
            },
            port,
            https: url.scheme() == "https",
            origin: url[..url::Position::BeforePath].len(),
            url: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// `host[:port]` as a `Host` field wants it.
    pub(super) fn authority(&self) -> &str {
        let origin = self.url.get(..self.origin).unwrap_or_default();
        origin.split_once("://").map_or(origin, |(_, a)| a)
    }

    /// The path before every target; empty or `/…` without a slash at the end.
    pub(super) fn prefix(&self) -> &str {
        self.url.get(self.origin..).unwrap_or_default()
    }
}
