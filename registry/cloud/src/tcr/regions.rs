//! Lists the regions. There is only the one of this registry.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::tcr;
use roadstead_policy::regions::Region;
use serde::{Deserialize, Serialize};

use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;
use roadstead_types::time;

/// Lists the regions that can be used, which is only the one of this registry.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRegions {}

/// The answer to [`DescribeRegions`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Regions {
    total_count: u64,
    regions: Vec<RegionInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RegionInfo {
    alias: String,
    region_id: i64,
    region_name: String,
    status: &'static str,
    remark: &'static str,
    created_at: String,
    updated_at: String,
    id: i64,
}

impl Action for DescribeRegions {
    action! { tcr::DescribeRegions: Read, () => Regions }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    fn needs((): &()) -> Needs {
        Needs::nothing()
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<Regions> {
        let since = time::iso(call.services().accounts().since(&call.account()).await?.unwrap_or_else(|| call.now()));
        let Region { alias, name, number: id } = Region::of(&call.settings().region);
        let region = RegionInfo {
            alias: alias.to_owned(),
            region_id: id,
            region_name: name.to_owned(),
            // The region is open to all users.
            status: "alluser",
            remark: "",
            created_at: since.clone(),
            updated_at: since,
            id,
        };
        Ok(Regions { total_count: 1, regions: vec![region] })
    }
}
