//! The guide to access management, tried out.

use roadstead_auth::cam::{Author, Policy, Use};

#[test]
fn every_policy_of_the_guide_is_one() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CAM.md")).unwrap();
    let owner_uin = "100000000001".parse().unwrap();
    let author = Author { owner_uin: &owner_uin, app_id: 1_250_000_001 };
    let blocks = guide.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for text in blocks.filter(|text| text.contains("\"statement\"")) {
        let usage = if text.contains("\"principal\"") { Use::Trust } else { Use::Identity };
        let parsed = Policy::parse(text, usage, &author).unwrap_or_else(|e| panic!("{e} in\n{text}"));
        assert_eq!(parsed.warnings, [""; 0], "{text}");
        count += 1;
    }
    assert!(count >= 8, "{count} policies");
}
