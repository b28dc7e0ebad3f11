//! Ranges and conditions of requests (RFC 9110, sections 13 and 14; distribution-spec, "Pushing a blob in chunks").

use actix_web::http::header;

use roadstead_http::Call;
use roadstead_http::error::{ApiError, Code};
use roadstead_service::{BlobRange, ChunkRange};

/// Returns whether the client already has the content that `etag` names.
pub fn none_match(call: &Call<'_>, etag: &str) -> bool {
    let Some(value) = call.header(header::IF_NONE_MATCH) else { return false };
    // Some clients omit the quotes.
    let named = |candidate: &str| candidate.trim_start_matches("W/").trim_matches('"') == etag.trim_matches('"');
    value.split(',').map(str::trim).any(|candidate| candidate == "*" || named(candidate))
}

/// The most ranges of one request.
const MAX_RANGES: usize = 100;
/// The longest gap between two ranges that are merged. The header of a second part would take about as many bytes.
const GAP: u64 = 256;

/// The requested part of a blob.
#[derive(Debug, PartialEq, Eq)]
pub enum Requested {
    /// The whole blob.
    Whole,
    /// One range.
    Part(BlobRange),
    /// Several separate ranges, in the order of the request.
    Parts(Vec<BlobRange>),
}

/// Returns the requested part of a blob of `size` bytes. Fails if no range lies within the blob.
///
/// Ranges that overlap or lie close together are merged. Ranges that are malformed or too many are ignored, and the whole
/// blob is sent. RFC 9110, section 14.2, allows this.
pub fn requested(call: &Call<'_>, size: u64, etag: &str) -> Result<Requested, ApiError> {
    let Some(value) = call.header(header::RANGE) else { return Ok(Requested::Whole) };
    // A date never matches, because blobs have no date. Only the strong tag of this content matches.
    if call.header(header::IF_RANGE).is_some_and(|condition| condition.trim() != etag) {
        return Ok(Requested::Whole);
    }
    parse_ranges(value, size).ok_or_else(|| {
        ApiError::from(Code::RangeInvalid).with_header(header::CONTENT_RANGE, &format!("bytes */{size}"))
    })
}

/// Parses a `Range` header. Returns `None` if no range lies within the blob.
fn parse_ranges(value: &str, size: u64) -> Option<Requested> {
    let set = value.trim().split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"));
    let Some((_, set)) = set else { return Some(Requested::Whole) };
    let mut parts = Vec::new();
    let mut count = 0;
    for text in set.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        count += 1;
        match parse_range(text, size) {
            _ if count > MAX_RANGES => return Some(Requested::Whole),
            Parsed::Malformed => return Some(Requested::Whole),
            Parsed::Outside => {}
            Parsed::Part(range) => parts.push(range),
        }
    }
    let mut parts = merged(parts);
    match parts.len() {
        0 if count == 0 => Some(Requested::Whole),
        0 => None,
        1 => parts.pop().map(Requested::Part),
        _ => Some(Requested::Parts(parts)),
    }
}

/// Merges ranges that overlap or lie close together. A merged range takes the place of its first part in the request.
fn merged(ranges: Vec<BlobRange>) -> Vec<BlobRange> {
    let mut sorted: Vec<(usize, BlobRange)> = ranges.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, range)| range.start);
    let mut merged: Vec<(usize, BlobRange)> = Vec::new();
    for (place, range) in sorted {
        match merged.last_mut() {
            Some((first, last)) if range.start <= last.end.saturating_add(GAP) => {
                *first = place.min(*first);
                last.end = range.end.max(last.end);
            }
            _ => merged.push((place, range)),
        }
    }
    merged.sort_by_key(|(place, _)| *place);
    merged.into_iter().map(|(_, range)| range).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Malformed,
    Part(BlobRange),
    Outside,
}

fn digits(text: &str) -> Option<u64> {
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A number that exceeds 64 bits lies beyond the end of every blob.
    fits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn parse_range(text: &str, size: u64) -> Parsed {
    let Some((first, last)) = text.split_once('-') else { return Parsed::Malformed };
    let (first, last) = (first.trim(), last.trim());
    match (digits(first), digits(last)) {
        (Some(first), None) if last.is_empty() => within(first, u64::MAX, size),
        (Some(first), Some(last)) if first <= last => within(first, last, size),
        // RFC 9110 allows ignoring a range that ends before it starts, but an error helps the client more.
        (Some(_), Some(_)) => Parsed::Outside,
        (None, Some(0)) if first.is_empty() => Parsed::Outside,
        (None, Some(suffix)) if first.is_empty() && size > 0 => Parsed::Part(size.saturating_sub(suffix)..size),
        (None, Some(_)) if first.is_empty() => Parsed::Outside,
        _ => Parsed::Malformed,
    }
}

fn within(first: u64, last: u64, size: u64) -> Parsed {
    if first < size { Parsed::Part(first..last.saturating_add(1).min(size)) } else { Parsed::Outside }
}

/// Reads the `Content-Range` of a chunk: `first-last`, both inclusive.
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
    // Older docker clients write `bytes FIRST-LAST/*`.
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
        let part = |value: &str| match parse_ranges(value, 10) {
            Some(Requested::Part(range)) => range,
            other => panic!("{value}: {other:?}"),
        };
        assert_eq!(part("bytes=0-0"), 0..1);
        assert_eq!(part("Bytes=5-"), 5..10);
        assert_eq!(part("bytes=5-99"), 5..10);
        assert_eq!(part("bytes=-3"), 7..10);
        assert_eq!(part("bytes=-30"), 0..10);
        for outside in ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-", "bytes=3-2", "bytes=10-11, 12-"] {
            assert_eq!(parse_ranges(outside, 10), None, "{outside}");
        }
        assert_eq!(parse_ranges("bytes=0-", 0), None);
        for ignored in ["bytes=a-b", "items=0-1", "bytes=", "bytes=,", "bytes=--1", "bytes=0-1,x", "0-1"] {
            assert_eq!(parse_ranges(ignored, 10), Some(Requested::Whole), "{ignored}");
        }
    }

    #[test]
    fn several_ranges_keep_their_order_and_are_bounded() {
        let parts = |value: &str| parse_ranges(value, 10_000);
        assert_eq!(parts("bytes=800-899, 0-1,,-1"), Some(Requested::Parts(vec![800..900, 0..2, 9999..10_000])));
        // Ranges outside the blob are left out.
        assert_eq!(parts("bytes=20000-30000,0-1,300-400"), Some(Requested::Parts(vec![0..2, 300..401])));
        assert_eq!(parts("bytes=20000-30000,3-4"), Some(Requested::Part(3..5)));
        let many = |count: usize| {
            let ranges: Vec<String> = (0..count).map(|number| format!("{0}-{0}", number * 1000)).collect();
            format!("bytes={}", ranges.join(","))
        };
        let found = parse_ranges(&many(MAX_RANGES), 200_000);
        assert!(matches!(found, Some(Requested::Parts(parts)) if parts.len() == MAX_RANGES));
        assert_eq!(parse_ranges(&many(MAX_RANGES + 1), 200_000), Some(Requested::Whole));
    }

    #[test]
    fn ranges_that_overlap_or_are_near_are_one() {
        let parts = |value: &str| parse_ranges(value, 10_000);
        assert_eq!(parts("bytes=0-,0-"), Some(Requested::Part(0..10_000)));
        assert_eq!(parts("bytes=5-9,0-4,100-199,150-160"), Some(Requested::Part(0..200)));
        assert_eq!(
            parts("bytes=900-999,8000-8999,0-9,1100-1199"),
            Some(Requested::Parts(vec![900..1200, 8000..9000, 0..10]))
        );
        assert_eq!(parts("bytes=0-9,266-300"), Some(Requested::Part(0..301)));
        assert_eq!(parts("bytes=0-9,267-300"), Some(Requested::Parts(vec![0..10, 267..301])));
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
        fn merged_ranges_have_every_byte_once(asked in prop::collection::vec((0u64..3000, 1u64..400), 0..30)) {
            let asked: Vec<BlobRange> = asked.into_iter().map(|(start, length)| start..start + length).collect();
            let parts = merged(asked.clone());
            for range in &asked {
                prop_assert!(parts.iter().any(|part| part.start <= range.start && range.end <= part.end));
            }
            for (number, part) in parts.iter().enumerate() {
                let others = parts.iter().enumerate().filter(|(other, _)| *other != number);
                prop_assert!(others.into_iter().all(|(_, other)| part.end + GAP < other.start || other.end + GAP < part.start));
            }
        }

        #[test]
        fn a_part_lies_within_the_blob(text in "\\PC{0,40}", first in 0u64..50, last in 0u64..50, size in 0u64..40) {
            for value in [text.clone(), format!("bytes={text}"), format!("bytes={first}-{last}"), format!("bytes=-{last}")] {
                let parts = match parse_ranges(&value, size) {
                    Some(Requested::Part(range)) => vec![range],
                    Some(Requested::Parts(parts)) => parts,
                    Some(Requested::Whole) | None => Vec::new(),
                };
                prop_assert!(parts.iter().all(|range| range.start < range.end && range.end <= size));
            }
            if let Some(range) = parse_chunk(&text) {
                prop_assert!(range.first <= range.last);
            }
        }
    }
}
