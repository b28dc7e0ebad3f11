//! Enterprise instances: lists and status.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::tcr;
use roadstead_policy::regions::Region;
use roadstead_service::records::Instance;
use roadstead_types::{InstanceId, Listing, Window};
use serde::{Deserialize, Serialize};

use super::shared::{Filter, TagSpecification, check_filters, instance_id, invalid, is_tagged};
use crate::action::{Action, Allowed, CloudCall, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The lifetime of temporary passwords of instances, in hours.
const TOKEN_HOURS: u64 = 1;
/// The most ids of one request.
const MAX_IDS: usize = 100;
/// The most instances of a page.
const MAX_PAGE: u32 = 200;

/// The status of every instance: one that is deleted is not there any more.
const RUNNING: &str = "Running";

/// Lists the instances of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeInstances {
    /// The ids. The product document spells this name with a small i.
    #[serde(default)]
    registryids: Vec<String>,
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    limit: Option<i64>,
    #[serde(default)]
    filters: Vec<Filter>,
    /// Whether to search all regions. There is only one.
    #[serde(default, rename = "AllRegion")]
    _all_region: bool,
}

/// The answer to [`DescribeInstances`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Instances {
    total_count: u64,
    registries: Vec<Registry>,
}

/// An instance.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "that is how the document has it")]
struct Registry {
    registry_id: String,
    registry_name: String,
    registry_type: &'static str,
    status: &'static str,
    public_domain: String,
    created_at: String,
    region_name: String,
    region_id: i64,
    enable_anonymous: bool,
    token_valid_time: u64,
    internal_endpoint: String,
    tag_specification: TagSpecification,
    expired_at: String,
    pay_mod: i64,
    renew_flag: i64,
    deletion_protection: bool,
    #[serde(rename = "AIFeature")]
    ai_feature: bool,
    #[serde(rename = "EnableCosMAZ")]
    enable_cos_maz: bool,
    enable_cos_versioning: bool,
}

/// Returns the host of an instance, with the port under which the client reached this server.
fn public_domain(call: &CloudCall<'_>, instance: &Instance) -> String {
    let host = call.auth().instance_domain().host_of(&instance.name);
    let port = call.host.rsplit_once(':').map(|(_, port)| port);
    match port.filter(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

fn registry(call: &CloudCall<'_>, instance: Instance) -> Registry {
    let region = Region::of(&call.settings().region);
    let public_domain = public_domain(call, &instance);
    Registry {
        status: RUNNING,
        registry_id: instance.id.to_string(),
        registry_name: instance.name.to_string(),
        registry_type: instance.edition.as_str(),
        // There is only one network, so both endpoints are the same.
        internal_endpoint: public_domain.clone(),
        public_domain,
        created_at: time::iso(instance.created_at),
        region_name: region.name.to_owned(),
        region_id: region.number,
        enable_anonymous: call.settings().anonymous_pull,
        token_valid_time: TOKEN_HOURS,
        tag_specification: TagSpecification::of("instance", instance.tags),
        expired_at: instance.payment.expires_at.map(time::iso).unwrap_or_default(),
        pay_mod: i64::from(instance.payment.prepaid),
        renew_flag: instance.payment.renew_flag,
        deletion_protection: instance.deletion_protection,
        ai_feature: false,
        enable_cos_maz: instance.multi_zone,
        enable_cos_versioning: instance.versioning,
    }
}

/// The field of an instance that a filter compares.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    Id,
    Name,
    Edition,
    Status,
    Tags,
}

impl Field {
    fn of(filter: &Filter) -> CloudResult<Self> {
        match filter.name.as_str() {
            "RegistryId" => Ok(Self::Id),
            "RegistryName" => Ok(Self::Name),
            "RegistryType" => Ok(Self::Edition),
            "Status" => Ok(Self::Status),
            "Tags" => Ok(Self::Tags),
            _ => {
                let message = "a filter is RegistryId, RegistryName, RegistryType, Status or Tags";
                Err(CloudError::new(Code::InvalidParameter, message))
            }
        }
    }

    fn fits(self, instance: &Instance, value: &str) -> bool {
        match self {
            Self::Id => instance.id.as_str() == value,
            Self::Name => instance.name.as_str().contains(value),
            Self::Edition => instance.edition.as_str() == value,
            Self::Status => RUNNING == value,
            Self::Tags => is_tagged(&instance.tags, value),
        }
    }
}

impl Action for DescribeInstances {
    action! { tcr::DescribeInstances: Read, (Vec<String>, Vec<(Field, Vec<String>)>, Window) => Instances }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        check_filters(&self.filters)?;
        if self.registryids.len() > MAX_IDS {
            return Err(invalid(format!("Registryids must have at most {MAX_IDS} ids")));
        }
        let filters = self.filters.into_iter().map(|filter| Ok((Field::of(&filter)?, filter.values)));
        let filters = filters.collect::<CloudResult<_>>()?;
        Ok((self.registryids, filters, page::window_of(self.offset, self.limit, 20, MAX_PAGE)?))
    }
    async fn run((ids, filters, window): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Instances> {
        let is_wanted = |instance: &Instance| {
            let fits = |(field, values): &(Field, Vec<String>)| values.iter().any(|value| field.fits(instance, value));
            (ids.is_empty() || ids.iter().any(|id| id == instance.id.as_str())) && filters.iter().all(fits)
        };
        let mut all = call.services().instances().list(&call.account()).await?;
        all.retain(|instance| is_wanted(instance) && call.permissions.sees_instance(&instance.id, &instance.tags));
        let Listing { items, total } = window.of(all).map(|instance| registry(&call, instance));
        Ok(Instances { total_count: total, registries: items })
    }
}

/// Returns the status of instances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeInstanceStatus {
    registry_ids: Vec<String>,
}

/// The answer to [`DescribeInstanceStatus`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statuses {
    registry_status_set: Vec<RegistryStatus>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RegistryStatus {
    registry_id: String,
    status: &'static str,
    conditions: Vec<RegistryCondition>,
}

/// A step in the creation of an instance. Instances are created at once.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RegistryCondition {
    #[serde(rename = "Type")]
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
}

impl RegistryStatus {
    fn of(instance: &Instance) -> Self {
        let conditions = ["Storage", "Database", "Domain"];
        let conditions = conditions.map(|kind| RegistryCondition { kind, status: "True", reason: "" });
        Self { registry_id: instance.id.to_string(), status: RUNNING, conditions: conditions.into() }
    }
}

impl Action for DescribeInstanceStatus {
    action! { tcr::DescribeInstanceStatus: Read, Vec<InstanceId> => Statuses }
    fn check(self, _: &Identity) -> CloudResult<Vec<InstanceId>> {
        CloudError::if_empty(&self.registry_ids, "RegistryIds")?;
        if self.registry_ids.len() > MAX_IDS {
            return Err(invalid(format!("RegistryIds must have at most {MAX_IDS} ids")));
        }
        self.registry_ids.iter().map(|id| instance_id(id)).collect()
    }
    fn needs(ids: &Vec<InstanceId>) -> Needs {
        ids.iter().map(|id| Self::ROW.on_instance(id.as_str())).collect()
    }
    async fn run(ids: Vec<InstanceId>, call: Allowed<'_, Read>) -> CloudResult<Statuses> {
        let mut set = Vec::with_capacity(ids.len());
        for id in &ids {
            let found = call.services().instances().find(call.instance(id)).await?;
            let missing = || CloudError::new(Code::UnauthorizedOperation, format!("there is no instance {id}"));
            let instance = found.ok_or_else(missing)?;
            set.push(RegistryStatus::of(&instance));
        }
        Ok(Statuses { registry_status_set: set })
    }
}
