//! Ranges and conditions of requests (RFC 9110, sections 13 and 14; distribution-spec, "Pushing a blob in chunks").

use actix_web::http::header;

use crate::api::call::Call;
use crate::api::error::{ApiError, Code};
use roadstead_service::{BlobRange, ChunkRange};

/// Whether the client has what `etag` names already.
pub fn none_match(call: &Call<'_>, etag: &str) -> bool {
    let Some(value) = call.header(header::IF_NONE_MATCH) else { return false };
    value.split(',').map(str::trim).any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == etag)
}

/// The part of a blob of `size` bytes that the request asks for; `None` for all of it.
///
/// Several ranges in one request are answered with the whole blob, which RFC 9110, section 14.2, allows; a single range
/// outside the blob is an error.
pub fn requested(call: &Call<'_>, size: u64, etag: &str) -> Result<Option<BlobRange>, ApiError> {
    let Some(value) = call.header(header::RANGE) else { return Ok(None) };
    // A date cannot match: blobs have none. Only the strong tag of this very content does.
    if call.header(header::IF_RANGE).is_some_and(|condition| condition.trim() != etag) {
        return Ok(None);
    }
    match parse_range(value, size) {
        Parsed::Whole => Ok(None),
        Parsed::Part(range) => Ok(Some(range)),
        Parsed::Outside => {
            Err(ApiError::from(Code::RangeInvalid).with_header(header::CONTENT_RANGE, &format!("bytes */{size}")))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Whole,
    Part(BlobRange),
    Outside,
}

fn digits(text: &str) -> Option<u64> {
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A number beyond 64 bits lies behind the end of every blob.
    fits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn parse_range(value: &str, size: u64) -> Parsed {
    let Some(set) = value.trim().strip_prefix("bytes=") else { return Parsed::Whole };
    if set.contains(',') {
        return Parsed::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Parsed::Whole };
    let (first, last) = (first.trim(), last.trim());
    match (digits(first), digits(last)) {
        (Some(first), None) if last.is_empty() => within(first, u64::MAX, size),
        (Some(first), Some(last)) if first <= last => within(first, last, size),
        // A range that ends before it starts may be ignored or refused; a client that asks for a part is better told.
        (Some(_), Some(_)) => Parsed::Outside,
        (None, Some(0)) if first.is_empty() => Parsed::Outside,
        (None, Some(suffix)) if first.is_empty() && size > 0 => Parsed::Part(size.saturating_sub(suffix)..size),
        (None, Some(_)) if first.is_empty() => Parsed::Outside,
        // What is no range is ignored (RFC 9110, section 14.2).
        _ => Parsed::Whole,
    }
}

fn within(first: u64, last: u64, size: u64) -> Parsed {
    if first < size { Parsed::Part(first..last.saturating_add(1).min(size)) } else { Parsed::Outside }
}

/// The `Content-Range` of a chunk: `first-last`, both inclusive.
pub fn chunk(call: &Call<'_>) -> Result<Option<ChunkRange>, ApiError> {
    let Some(value) = call.request.headers().get(header::CONTENT_RANGE) else { return Ok(None) };
    let text = value.to_str().ok().and_then(parse_chunk);
    let malformed = || ApiError::new(Code::BlobUploadInvalid, "Content-Range must be FIRST-LAST, in bytes");
    let range = text.ok_or_else(malformed)?;
    let announced = call.header(header::CONTENT_LENGTH).and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|length| length != range.last - range.first + 1) {
        return Err(Code::SizeInvalid.into());
    }
    Ok(Some(range))
}

fn parse_chunk(text: &str) -> Option<ChunkRange> {
    // Docker's older clients write `bytes FIRST-LAST/*`.
    let text = text.trim().strip_prefix("bytes ").unwrap_or(text.trim());
    let text = text.split('/').next()?;
    let (first, last) = text.split_once('-')?;
    let range = ChunkRange { first: digits(first)?, last: digits(last)? };
    (range.first <= range.last && range.last < u64::MAX).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_follow_rfc_9110() {
        assert_eq!(parse_range("bytes=0-0", 10), Parsed::Part(0..1));
        assert_eq!(parse_range("bytes=5-", 10), Parsed::Part(5..10));
        assert_eq!(parse_range("bytes=5-99", 10), Parsed::Part(5..10));
        assert_eq!(parse_range("bytes=-3", 10), Parsed::Part(7..10));
        assert_eq!(parse_range("bytes=-30", 10), Parsed::Part(0..10));
        assert_eq!(parse_range("bytes=10-", 10), Parsed::Outside);
        assert_eq!(parse_range("bytes=-0", 10), Parsed::Outside);
        assert_eq!(parse_range("bytes=0-", 0), Parsed::Outside);
        assert_eq!(parse_range("bytes=99999999999999999999-", 10), Parsed::Outside);
        assert_eq!(parse_range("bytes=3-2", 10), Parsed::Outside);
        for ignored in ["bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=", "bytes=--1"] {
            assert_eq!(parse_range(ignored, 10), Parsed::Whole, "{ignored}");
        }
    }

    #[test]
    fn chunks_are_first_and_last() {
        assert_eq!(parse_chunk("0-9"), Some(ChunkRange { first: 0, last: 9 }));
        assert_eq!(parse_chunk("bytes 5-9/10"), Some(ChunkRange { first: 5, last: 9 }));
        for bad in ["", "9-0", "-9", "0-", "a-b", "0-18446744073709551615"] {
            assert_eq!(parse_chunk(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_blob(text in "\\PC{0,40}", first in 0u64..50, last in 0u64..50, size in 0u64..40) {
            for value in [text.clone(), format!("bytes={text}"), format!("bytes={first}-{last}"), format!("bytes=-{last}")] {
                if let Parsed::Part(range) = parse_range(&value, size) {
                    prop_assert!(range.start < range.end && range.end <= size);
                }
            }
            if let Some(range) = parse_chunk(&text) {
                prop_assert!(range.first <= range.last);
            }
        }
    }
}
