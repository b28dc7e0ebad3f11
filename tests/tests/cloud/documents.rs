//! Checks the policies in the guide to access management.

use roadstead_policy::{Author, Policy, Use};

#[test]
fn every_policy_of_the_guide_is_what_it_is_said_to_be() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CAM.md")).unwrap();
    let owner_uin = "100000000001".parse().unwrap();
    let author = Author { owner_uin: &owner_uin, app_id: 1_250_000_001 };
    let (mut good, mut refused) = (0, 0);
    // `<!-- test: NAME -->` stands above a policy, `NAME trust` above a trust policy, `NAME CODE` above a wrong one.
    for (before, rest) in guide.match_indices("```json\n").map(|(at, fence)| (&guide[..at], &guide[at + fence.len()..]))
    {
        let text = rest.split("```").next().unwrap();
        let mark = before.lines().last().and_then(|line| line.strip_prefix("<!-- test: ")?.strip_suffix(" -->"));
        let how = mark.unwrap_or_else(|| panic!("a block without a mark:\n{text}")).split(' ').nth(1);
        let usage = if how == Some("trust") { Use::Trust } else { Use::Identity };
        let parsed = Policy::parse(text, usage, &author);
        match how {
            Some(code) if code != "trust" => {
                assert_eq!(parsed.map_err(|error| error.code.to_owned()).unwrap_err(), code, "{text}");
                refused += 1;
            }
            _ => {
                let parsed = parsed.unwrap_or_else(|error| panic!("{error} in\n{text}"));
                assert_eq!(parsed.warnings, [""; 0], "{text}");
                good += 1;
            }
        }
    }
    assert!(good >= 8 && refused >= 2, "{good} policies, {refused} wrong ones");
}
