//! The region of this registry.

use roadstead_policy::regions;

/// The number of a region that is not in the product's table. No region of the table has it.
const OTHER: i64 = 0;

/// The region of this registry, from the product's table.
pub(super) struct Region {
    /// The short name, such as `gz`.
    pub alias: String,
    /// The long name, such as `ap-guangzhou`.
    pub name: String,
    /// The number.
    pub id: i64,
}

impl Region {
    /// Returns the region that the settings name, by its long or short name. The alias of an unknown region is its
    /// name.
    pub(super) fn of(name: &str) -> Self {
        match regions::find(name) {
            Some(region) => Self { alias: region.alias.to_owned(), name: region.name.to_owned(), id: region.number },
            None => Self { alias: name.to_owned(), name: name.to_owned(), id: OTHER },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_product_says_what_a_region_is_called() {
        for (name, expected) in [
            ("ap-guangzhou", ("gz", "ap-guangzhou", 1)),
            ("cd", ("cd", "ap-chengdu", 16)),
            ("my-cellar", ("my-cellar", "my-cellar", 0)),
            ("", ("", "", 0)),
        ] {
            let Region { alias, name, id } = Region::of(name);
            assert_eq!((alias.as_str(), name.as_str(), id), expected);
        }
    }
}
