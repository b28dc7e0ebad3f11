//! Pages of lists.

use super::code::Code;
use super::error::CloudError;
use super::language::Phrase;

/// A page of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// The number of entries before the page.
    pub offset: u64,
    /// The most entries of the page.
    pub limit: u32,
}

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

impl Page {
    /// Reads `Offset` and `Limit`. `Offset` starts at 0; `Limit` is 1 to 100, and 20 by default.
    pub(crate) fn of(offset: Option<i64>, limit: Option<i64>) -> Result<Self, CloudError> {
        Self::with(offset, limit, 20, 100)
    }

    /// Reads `Offset` and `Limit` with other limits.
    pub(crate) fn with(offset: Option<i64>, limit: Option<i64>, default: u32, most: u32) -> Result<Self, CloudError> {
        let offset = within("Offset", offset.unwrap_or(0), 0..=i64::MAX)?;
        let limit = within("Limit", limit.unwrap_or(i64::from(default)), 1..=i64::from(most))?;
        Ok(Self { offset: u64::try_from(offset).unwrap_or(0), limit: u32::try_from(limit).unwrap_or(most) })
    }

    /// Reads `Page` and `Rp` of CAM. Pages start at 1; a page has 1 to 200 entries, and 20 by default.
    pub(crate) fn numbered(page: Option<i64>, rp: Option<i64>) -> Result<Self, CloudError> {
        let page = within("Page", page.unwrap_or(1), 1..=1_000_000)?;
        let rp = within("Rp", rp.unwrap_or(20), 1..=200)?;
        let offset = u64::try_from((page - 1) * rp).unwrap_or(0);
        Ok(Self { offset, limit: u32::try_from(rp).unwrap_or(200) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_bounds() {
        assert_eq!(Page::of(None, None).unwrap(), Page { offset: 0, limit: 20 });
        assert_eq!(Page::of(Some(7), Some(100)).unwrap(), Page { offset: 7, limit: 100 });
        for (offset, limit) in [(-1, 1), (0, 0), (0, 101), (0, -1), (i64::MIN, 1)] {
            assert_eq!(Page::of(Some(offset), Some(limit)).unwrap_err().code(), Code::InvalidParameterValue);
        }
        assert_eq!(Page::numbered(None, None).unwrap(), Page { offset: 0, limit: 20 });
        assert_eq!(Page::numbered(Some(3), Some(200)).unwrap(), Page { offset: 400, limit: 200 });
        for (page, rp) in [(0, 1), (1, 0), (1, 201), (i64::MAX, 1)] {
            assert!(Page::numbered(Some(page), Some(rp)).is_err());
        }
    }
}
