//! Pages of lists.

use super::code::Code;
use super::error::CloudError;
use super::language::Phrase;
use roadstead_types::Window;

/// The highest number of a page.
const MAX_PAGES: i64 = 1_000_000;

fn within(name: &'static str, value: i64, range: std::ops::RangeInclusive<i64>) -> Result<i64, CloudError> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = range.into_inner();
    let message = match most {
        i64::MAX => Phrase::both(format!("{name} must be at least {least}"), format!("{name} 不能小于 {least}")),
        _ => Phrase::both(
            format!("{name} must be between {least} and {most}"),
            format!("{name} 必须在 {least} 和 {most} 之间"),
        ),
    };
    Err(CloudError::new(Code::InvalidParameterValue, message))
}

/// Reads `Offset` and `Limit`. `Offset` starts at 0; `Limit` is 1 to 100, and 20 by default.
pub(crate) fn window(offset: Option<i64>, limit: Option<i64>) -> Result<Window, CloudError> {
    window_of(offset, limit, 20, 100)
}

/// Reads `Offset` and `Limit` with other limits.
pub(crate) fn window_of(
    offset: Option<i64>,
    limit: Option<i64>,
    default: u32,
    most: u32,
) -> Result<Window, CloudError> {
    let offset = within("Offset", offset.unwrap_or(0), 0..=i64::MAX)?;
    let limit = within("Limit", limit.unwrap_or(i64::from(default)), 1..=i64::from(most))?;
    Ok(Window { offset: u64::try_from(offset).unwrap_or(0), limit: u32::try_from(limit).unwrap_or(most) })
}

/// Reads `Page` and `Rp` of CAM. Pages start at 1; a page has 1 to 200 entries, and 20 by default.
pub(crate) fn numbered(page: Option<i64>, rp: Option<i64>) -> Result<Window, CloudError> {
    let page = within("Page", page.unwrap_or(1), 1..=MAX_PAGES)?;
    nth(page, within("Rp", rp.unwrap_or(20), 1..=200)?)
}

/// Reads `Offset` as the number of a page, and `Limit`, as lists of an instance have them. Pages start at 1, and 0 also
/// means the first page; a page has 1 to 200 entries, and 20 by default.
pub(crate) fn numbered_by_offset(offset: Option<i64>, limit: Option<i64>) -> Result<Window, CloudError> {
    let limit = within("Limit", limit.unwrap_or(20), 1..=200)?;
    nth(within("Offset", offset.unwrap_or(1), 0..=MAX_PAGES)?.max(1), limit)
}

fn nth(page: i64, size: i64) -> Result<Window, CloudError> {
    let offset = u64::try_from((page - 1) * size).map_err(CloudError::internal)?;
    Ok(Window { offset, limit: u32::try_from(size).map_err(CloudError::internal)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_bounds() {
        assert_eq!(window(None, None).unwrap(), Window { offset: 0, limit: 20 });
        assert_eq!(window(Some(7), Some(100)).unwrap(), Window { offset: 7, limit: 100 });
        for (offset, limit) in [(-1, 1), (0, 0), (0, 101), (0, -1), (i64::MIN, 1)] {
            assert_eq!(window(Some(offset), Some(limit)).unwrap_err().code(), Code::InvalidParameterValue);
        }
        assert_eq!(numbered(None, None).unwrap(), Window { offset: 0, limit: 20 });
        assert_eq!(numbered(Some(3), Some(200)).unwrap(), Window { offset: 400, limit: 200 });
        for (page, rp) in [(0, 1), (1, 0), (1, 201), (i64::MAX, 1)] {
            assert!(numbered(Some(page), Some(rp)).is_err());
        }
        for first in [None, Some(0), Some(1)] {
            assert_eq!(numbered_by_offset(first, Some(7)).unwrap(), Window { offset: 0, limit: 7 });
        }
        assert_eq!(numbered_by_offset(Some(3), None).unwrap(), Window { offset: 40, limit: 20 });
    }
}
