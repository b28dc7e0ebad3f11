//! Formats and parses times as text.

use std::time::{Duration, UNIX_EPOCH};

use crate::Timestamp;

fn rfc3339(at: Timestamp) -> String {
    // Times before the epoch are shown as the epoch.
    let since_epoch = Duration::from_secs(u64::try_from(at.as_secs()).unwrap_or(0));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since_epoch).to_string()
}

/// Formats a time as `YYYY-MM-DD HH:MM:SS` in UTC, for the personal edition and CAM.
pub fn plain(at: Timestamp) -> String {
    rfc3339(at).replace('T', " ").replace('Z', "")
}

/// Formats a time as `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339), for instances and STS.
pub fn iso(at: Timestamp) -> String {
    rfc3339(at)
}

/// Parses either form, both in UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    let at = humantime::parse_rfc3339_weak(text).ok()?;
    let since_epoch = at.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let at = Timestamp::from_millis(1_795_284_096_789);
        assert_eq!((plain(at), iso(at)), ("2026-11-21 18:01:36".to_owned(), "2026-11-21T18:01:36Z".to_owned()));
        let whole = Timestamp::from_millis(1_795_284_096_000);
        assert_eq!((parse(&plain(at)), parse(&iso(at))), (Some(whole), Some(whole)));
        for wrong in ["", "yesterday", "2026-11-21", "2026-13-01 00:00:00", "1969-12-31 00:00:00"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
