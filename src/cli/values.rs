//! The values of options as text: durations, rates, shares, pairs. Every error names what would be right.

use std::time::Duration;

/// `500ms`, `30s`, `8h`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| format!("`{text}` is not a duration such as 500ms, 30s or 8h"))?;
    Duration::try_from(parsed).map_err(|_| format!("`{text}` is negative"))
}

/// A duration that an answer can be waited for.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let parsed = duration(text)?;
    match parsed >= Duration::from_millis(1) && parsed <= DAY {
        true => Ok(parsed),
        false => Err(format!("`{text}` is not between 1ms and 24h")),
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `5/s` or `5`; one a day at least.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 1.0 / DAY.as_secs_f64() => Ok(rate),
        _ => Err(format!("`{text}` is not a rate such as 5/s")),
    }
}

/// `2/4`: the second of four shares.
pub(super) fn shard(text: &str) -> Result<(usize, usize), String> {
    let parsed = text
        .split_once('/')
        .and_then(|(i, n)| Some((i.parse::<usize>().ok()?, n.parse::<usize>().ok()?)));
    match parsed {
        Some((i, n)) if (1..=n).contains(&i) => Ok((i, n)),
        _ => Err(format!(
            "`{text}` is not a shard such as 1/4 (the first of four)"
        )),
    }
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_rates_and_shards() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("8h"), Ok(Duration::from_secs(8 * 3600)));
        assert!(duration("soon").is_err());
        assert!(duration("-1s").is_err());
        assert_eq!(rate("5/s"), Ok(5.0));
        assert!(rate("0/s").is_err());
        assert!(rate("inf").is_err());
        assert!(rate("1e-300/s").is_err());
        assert!(timeout("0s").is_err());
        assert!(timeout("1ns").is_err());
        assert!(timeout("99999h").is_err());
        assert_eq!(shard("2/4"), Ok((2, 4)));
        assert!(shard("0/4").is_err());
        assert!(shard("5/4").is_err());
    }
}
