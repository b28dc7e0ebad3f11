//! Regions: this registry is in one.

use serde::{Deserialize, Serialize};

use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, Permission, Service};
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;

/// The number of the one region.
pub(crate) const ID: i64 = 1;

/// The regions that can be used: the one of this registry.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRegions {}

/// See [`DescribeRegions`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Regions {
    total_count: u64,
    regions: Vec<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Region {
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeRegions";
    const KIND: Kind = Kind::Read;
    type Output = Regions;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Regions, CloudError> {
        let name = &call.settings().region;
        let since = time::iso(call.meta().oldest_account().await?.unwrap_or_else(|| call.now()));
        let region = Region {
            alias: name.clone(),
            region_id: ID,
            region_name: name.clone(),
            // Open to every user.
            status: "alluser",
            remark: "",
            created_at: since.clone(),
            updated_at: since,
            id: ID,
        };
        Ok(Regions { total_count: 1, regions: vec![region] })
    }
}
