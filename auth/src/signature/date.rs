//! Converts days since 1970 to civil dates.

/// Returns the UTC date of a time in seconds since the epoch, as `YYYY-MM-DD`; `None` beyond the year 9999.
pub(crate) fn utc_date(seconds: i64) -> Option<String> {
    // Counts days in eras of 400 years, each beginning on the first of March.
    let days = seconds.div_euclid(86_400).checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (0..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::utc_date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_551_113_065, "2019-02-25"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_284_096, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(utc_date(seconds).as_deref(), Some(date), "{seconds}");
        }
        for beyond in [253_402_300_800, i64::MAX, i64::MIN, -62_167_219_201] {
            assert_eq!(utc_date(beyond), None, "{beyond}");
        }
    }
}
