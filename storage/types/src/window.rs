//! Parts of lists.

/// The part of a list that is wanted, by its place in the list.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Window {
    /// How many entries to skip.
    pub offset: u64,
    /// The most entries to return.
    pub limit: u32,
}

impl Window {
    /// The first `limit` entries.
    pub const fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }

    /// Cuts this part out of a list that is in memory.
    pub fn of<T>(self, all: Vec<T>) -> Listing<T> {
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let (offset, limit) = (usize::try_from(self.offset), usize::try_from(self.limit));
        let (offset, limit) = (offset.unwrap_or(usize::MAX), limit.unwrap_or(usize::MAX));
        Listing { total, items: all.into_iter().skip(offset).take(limit).collect() }
    }
}

/// A part of a list, and the length of the whole list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing<T> {
    /// The number of all entries.
    pub total: u64,
    /// The entries of the part.
    pub items: Vec<T>,
}

impl<T> Listing<T> {
    /// A list without entries.
    pub const fn empty() -> Self {
        Self { total: 0, items: Vec::new() }
    }

    /// Turns each entry into something else.
    pub fn map<U>(self, made: impl FnMut(T) -> U) -> Listing<U> {
        Listing { total: self.total, items: self.items.into_iter().map(made).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_cuts_a_part_out_of_a_list() {
        let cut = |offset, limit| Window { offset, limit }.of(vec![1, 2, 3, 4, 5]);
        assert_eq!(cut(1, 2), Listing { total: 5, items: vec![2, 3] });
        assert_eq!(cut(4, 9), Listing { total: 5, items: vec![5] });
        assert_eq!(cut(u64::MAX, u32::MAX), Listing { total: 5, items: Vec::new() });
    }
}
