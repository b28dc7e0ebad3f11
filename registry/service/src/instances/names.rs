//! Names of instances, and calendar months.

use std::time::Duration;

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode};
use roadstead_types::{InstanceName, Timestamp};

use super::InstanceService;
use crate::Result;

/// Names that the registry may need for hosts of its own.
const RESERVED: [&str; 14] = [
    "admin", "api", "cam", "ccr", "console", "internal", "mirror", "personal", "public", "registry", "sts", "tcr",
    "test", "www",
];

/// The result of checking a name for a new instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NameState {
    /// The name is free.
    Free(InstanceName),
    /// The name breaks the rules for names.
    Illegal,
    /// The name is reserved.
    Reserved,
    /// Another instance has the name.
    Taken,
}

impl InstanceService {
    /// Checks whether a new instance can have this name.
    pub async fn name_state<E: Mode>(&self, _: &Access<E, Account>, name: &str) -> Result<NameState> {
        let Ok(parsed) = name.parse::<InstanceName>() else { return Ok(NameState::Illegal) };
        if RESERVED.contains(&name) {
            return Ok(NameState::Reserved);
        }
        Ok(match self.base.meta.instance_by_name(name).await? {
            Some(_) => NameState::Taken,
            None => NameState::Free(parsed),
        })
    }
}

const DAY: i64 = 86_400;

/// Returns the same time of day so many months later, on the same day of the month or on the last day of a shorter
/// month.
pub fn after_months(at: Timestamp, months: u32) -> Timestamp {
    let seconds = at.as_secs();
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let months = year * 12 + (month - 1) + i64::from(months);
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let length = days(next_year, next_month, 1) - days(year, month, 1);
    let end = days(year, month, day.min(length)) * DAY + seconds.rem_euclid(DAY);
    at.after(Duration::from_secs(u64::try_from(end - seconds).unwrap_or(0)))
}

/// Returns the days from 1970-01-01 to a date. Years start in March here, so that the leap day is the last day of a
/// year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// Returns the date that is `number` days after 1970-01-01.
fn date(number: i64) -> (i64, i64, i64) {
    let mut year = 1970 + number.div_euclid(366);
    while days(year + 1, 1, 1) <= number {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= number {
        month += 1;
    }
    (year, month, number - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let time = humantime::parse_rfc3339(text).unwrap();
        let millis = time.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        Timestamp::from_millis(i64::try_from(millis).unwrap())
    }

    #[test]
    fn months_have_different_lengths() {
        for (start, months, end) in [
            ("2026-11-21T10:00:00Z", 1, "2026-12-21T10:00:00Z"),
            ("2026-11-30T23:59:59Z", 3, "2027-02-28T23:59:59Z"),
            ("2027-01-31T00:00:00Z", 13, "2028-02-29T00:00:00Z"),
            ("2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"),
            ("2026-12-31T12:00:00Z", 12, "2027-12-31T12:00:00Z"),
            ("2000-01-01T00:00:00Z", 36, "2003-01-01T00:00:00Z"),
            ("2026-11-21T10:00:00Z", 0, "2026-11-21T10:00:00Z"),
        ] {
            assert_eq!(after_months(at(start), months), at(end), "{start} + {months}");
        }
    }

    #[test]
    fn every_day_has_a_date() {
        for number in (0..40_000).step_by(13) {
            let (year, month, day) = date(number);
            assert_eq!(days(year, month, day), number);
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
