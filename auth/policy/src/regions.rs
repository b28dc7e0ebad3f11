//! The table of regions of the product.

/// A region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// Its short name.
    pub alias: &'static str,
    /// Its long name.
    pub name: &'static str,
    /// Its number.
    pub number: i64,
}

const fn region(alias: &'static str, name: &'static str, number: i64) -> Region {
    Region { alias, name, number }
}

const REGIONS: [Region; 20] = [
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

/// Returns the region with this short or long name.
pub fn find(name: &str) -> Option<Region> {
    REGIONS.into_iter().find(|region| [region.alias, region.name].contains(&name))
}
