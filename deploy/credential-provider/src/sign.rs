//! The signature of a cloud API request: TC3-HMAC-SHA256 over method, query, two headers and the body.

use aws_lc_rs::{digest, hmac};

/// The parts of a request that are signed.
pub struct Signed<'a> {
    /// `tcr` or `sts`.
    pub service: &'a str,
    /// The `Host` header as it is sent, including the port if it has one.
    pub host: &'a str,
    /// The body of the POST.
    pub body: &'a str,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// The `Authorization` header of a `POST /` with `Content-Type: application/json`.
pub fn authorization(request: &Signed<'_>, secret_id: &str, secret_key: &str) -> String {
    let date = date(request.timestamp);
    let scope = format!("{date}/{}/tc3_request", request.service);
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/json\nhost:{}\n\ncontent-type;host\n{}",
        request.host,
        hex::encode(digest::digest(&digest::SHA256, request.body.as_bytes()))
    );
    let text = format!(
        "TC3-HMAC-SHA256\n{}\n{scope}\n{}",
        request.timestamp,
        hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
    );
    let day = mac(format!("TC3{secret_key}").as_bytes(), &date);
    let key = mac(mac(day.as_ref(), request.service).as_ref(), "tc3_request");
    let signature = hex::encode(mac(key.as_ref(), &text));
    format!("TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders=content-type;host, Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// The date of a time in UTC, as `YYYY-MM-DD`. Counts in eras of 400 years that begin on 1 March, as the Gregorian
/// calendar repeats after 400 years.
fn date(timestamp: u64) -> String {
    let days = timestamp / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (timestamp, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_709_251_199, "2024-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_795_284_096, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(timestamp), expected);
        }
    }

    /// A request that the Python SDK sent.
    #[test]
    fn a_request_of_the_sdk_has_the_same_signature() {
        let request = Signed {
            service: "tcr",
            host: "127.0.0.1:38435",
            body: r#"{"RepoName": "proj/app", "Tags": ["v1", "v2"]}"#,
            timestamp: 1_795_284_096,
        };
        assert_eq!(
            authorization(&request, "AKIDstudy0000000000000000000000EXAMPLE", "StudyKey00000000000000000EXAMPLE"),
            "TC3-HMAC-SHA256 Credential=AKIDstudy0000000000000000000000EXAMPLE/2026-11-21/tcr/tc3_request, SignedHeaders=content-type;host, \
             Signature=858534e7f7b090c73def94dc6c504103de69f08adbde44184fea89153f873b1c"
        );
    }
}
