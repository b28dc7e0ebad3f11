//! The table of regions of the product.

/// A region, of this table or of another registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region<'a> {
    /// Its short name, such as `gz`.
    pub alias: &'a str,
    /// Its long name, such as `ap-guangzhou`.
    pub name: &'a str,
    /// Its number.
    pub number: i64,
}

/// The number of a region that is not in the table. No region of the table has it.
const OTHER: i64 = 0;

const fn region(alias: &'static str, name: &'static str, number: i64) -> Region<'static> {
    Region { alias, name, number }
}

const REGIONS: [Region<'static>; 20] = [
    region("bj", "ap-beijing", 8),
    region("bjjr", "ap-beijing-fsi", 46),
    region("ca", "na-toronto", 6),
    region("cd", "ap-chengdu", 16),
    region("cq", "ap-chongqing", 19),
    region("de", "eu-frankfurt", 17),
    region("gz", "ap-guangzhou", 1),
    region("hk", "ap-hongkong", 5),
    region("in", "ap-mumbai", 21),
    region("jkt", "ap-jakarta", 72),
    region("jp", "ap-tokyo", 25),
    region("kr", "ap-seoul", 18),
    region("nj", "ap-nanjing", 33),
    region("sg", "ap-singapore", 9),
    region("sh", "ap-shanghai", 4),
    region("shjr", "ap-shanghai-fsi", 7),
    region("szjr", "ap-shenzhen-fsi", 11),
    region("th", "ap-bangkok", 23),
    region("use", "na-ashburn", 22),
    region("usw", "na-siliconvalley", 15),
];

impl<'a> Region<'a> {
    /// Returns the region with this short or long name. A region that is not in the table has this name as both.
    pub fn of(name: &'a str) -> Self {
        let known = REGIONS.into_iter().find(|region| [region.alias, region.name].contains(&name));
        known.unwrap_or(Region { alias: name, name, number: OTHER })
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
            let Region { alias, name, number } = Region::of(name);
            assert_eq!((alias, name, number), expected);
        }
    }
}
