//! The values that conditions compare: times, networks, numbers.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use roadstead_types::Timestamp;

/// Parses a time such as `2016-06-01T00:01:00Z` or `2022-05-31 00:00:00`, both in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text
        .strip_suffix('Z')
        .filter(|text| text.as_bytes().get(10) == Some(&b'T'))
        .or_else(|| Some(text).filter(|text| text.as_bytes().get(10) == Some(&b' ')))?;
    let shape = |(at, b): (usize, u8)| match at {
        4 | 7 => b == b'-',
        10 => b == b'T' || b == b' ',
        13 | 16 => b == b':',
        _ => b.is_ascii_digit(),
    };
    if text.len() != 19 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=days_in(year, month)?).contains(&day) {
        return None;
    }
    let seconds = (days_since_epoch(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    Some(Timestamp::from_millis(seconds * 1000))
}

/// Returns the number of days of the month, if the month exists.
fn days_in(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Counts the days since 1970-01-01 in the Gregorian calendar. The year begins in March, so that the leap day is its
/// last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Formats the time as `2016-06-01T00:01:00Z`.
pub(super) fn spelled(moment: Timestamp) -> String {
    let seconds = moment.as_secs();
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Parses a network or one address. Bits beyond the prefix are allowed. An IPv4-mapped IPv6 address counts as IPv4.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let IpNet::V6(v6) = net else { return Some(net.trunc()) };
    match v6.addr().to_ipv4_mapped() {
        Some(v4) if v6.prefix_len() >= 96 => {
            Ipv4Net::new(v4, v6.prefix_len() - 96).ok().map(|net| IpNet::V4(net.trunc()))
        }
        _ => Some(net.trunc()),
    }
}

/// Parses a finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Parses `true` or `false`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_have_two_spellings() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2016-06-01T00:01:00Z", 1_464_739_260),
            ("2022-05-31 00:00:00", 1_653_955_200),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!(moment(text).map(Timestamp::as_secs), Some(seconds), "{text}");
        }
        for bad in [
            "",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01",
            "2023-01-01T00:00:00",
            "2023-01-01 00:00:00Z",
            "2023-01-01T00:00:00+08:00",
            "soon",
            "2023-01-01T00:00:0\u{fc}Z",
            "+023-01-01T00:00:00Z",
            "1900-02-29T00:00:00Z",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn networks_may_have_host_bits() {
        let net = |text: &str| network(text).map(|net| net.to_string()).unwrap_or_default();
        assert_eq!(net("10.217.182.3/24"), "10.217.182.0/24");
        assert_eq!((net("10.1.2.3"), net("2001:db8::1")), ("10.1.2.3/32".into(), "2001:db8::1/128".into()));
        assert_eq!((net("::ffff:10.1.2.3/104"), net("::ffff:10.1.2.3")), ("10.0.0.0/8".into(), "10.1.2.3/32".into()));
        assert_eq!((net("::/0"), net("10.0.0.0/33"), net("here")), ("::/0".into(), String::new(), String::new()));
    }

    proptest! {
        #[test]
        fn moments_are_read_as_they_are_spelled(seconds in -62_135_596_800_i64..253_402_300_800) {
            let at = Timestamp::from_millis(seconds * 1000);
            prop_assert_eq!(moment(&spelled(at)), Some(at));
        }
    }
}
