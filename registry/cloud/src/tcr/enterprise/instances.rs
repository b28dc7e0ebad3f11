//! Enterprise instances: creates, changes and deletes them.

use roadstead_auth::{Identity, Read, Write, tag_texts};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_policy::regions::Region;
use roadstead_service::instances::{InstanceDraft, NameState, after_months};
use roadstead_service::records::{Edition, InstanceChange, Payment, ResourceTag};
use roadstead_types::{InstanceId, InstanceName, Timestamp};
use serde::{Deserialize, Serialize};

use super::shared::{TagSpecification, instance_id, invalid, own};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

/// The prepaid time of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RegistryChargePrepaid {
    /// The prepaid time in months.
    period: i64,
    #[serde(default)]
    renew_flag: i64,
}

/// Creates an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateInstance {
    registry_name: String,
    registry_type: String,
    #[serde(default)]
    tag_specification: Option<TagSpecification>,
    #[serde(default)]
    registry_charge_type: i64,
    #[serde(default)]
    registry_charge_prepaid: Option<RegistryChargePrepaid>,
    /// Whether to tag the bucket. There is no bucket.
    #[serde(default, rename = "SyncTag")]
    _sync_tag: bool,
    #[serde(default, rename = "EnableCosMAZ")]
    enable_cos_maz: bool,
    #[serde(default)]
    deletion_protection: bool,
    #[serde(default)]
    enable_cos_versioning: bool,
}

/// The answer to [`CreateInstance`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedInstance {
    registry_id: String,
}

fn edition(text: &str) -> CloudResult<Edition> {
    let invalid = |_| CloudError::new(Code::InvalidParameter, "RegistryType must be basic, standard or premium");
    text.parse().map_err(invalid)
}

/// The instance to create.
pub(crate) struct NewOne {
    name: String,
    edition: Edition,
    prepaid: Option<(u32, i64)>,
    deletion_protection: bool,
    versioning: bool,
    multi_zone: bool,
    tags: Vec<ResourceTag>,
}

/// Returns the months and the renewal of a prepaid instance.
fn prepaid(charge_type: i64, prepaid: Option<RegistryChargePrepaid>) -> CloudResult<Option<(u32, i64)>> {
    match charge_type {
        0 => return Ok(None),
        1 => {}
        _ => return Err(invalid("RegistryChargeType must be 0 or 1")),
    }
    let needed = || invalid("RegistryChargePrepaid is needed for a prepaid instance");
    let RegistryChargePrepaid { period, renew_flag } = prepaid.ok_or_else(needed)?;
    let Some(months) = u32::try_from(period).ok().filter(|months| (1..=60).contains(months)) else {
        return Err(invalid("Period must be between 1 and 60 months"));
    };
    if !(0..=2).contains(&renew_flag) {
        return Err(invalid("RenewFlag must be 0, 1 or 2"));
    }
    Ok(Some((months, renew_flag)))
}

fn payment(prepaid: Option<(u32, i64)>, now: Timestamp) -> Payment {
    match prepaid {
        None => Payment { prepaid: false, renew_flag: 0, expires_at: None },
        Some((months, renew_flag)) => {
            Payment { prepaid: true, renew_flag, expires_at: Some(after_months(now, months)) }
        }
    }
}

fn free_name(state: NameState) -> CloudResult<InstanceName> {
    match state {
        NameState::Free(name) => Ok(name),
        NameState::Illegal => {
            Err(invalid("RegistryName is 3 to 50 characters of a-z, 0-9 and '-', the first and the last not '-'"))
        }
        NameState::Reserved => Err(invalid("RegistryName is reserved").in_document(Code::InternalErrorErrConflict)),
        NameState::Taken => Err(Code::InternalErrorErrorConflict.into()),
    }
}

impl Action for CreateInstance {
    action! { tcr::CreateInstance: Write, NewOne => CreatedInstance }
    fn check(self, _: &Identity) -> CloudResult<NewOne> {
        Ok(NewOne {
            edition: edition(&self.registry_type)?,
            prepaid: prepaid(self.registry_charge_type, self.registry_charge_prepaid)?,
            tags: self.tag_specification.map_or(Ok(Vec::new()), TagSpecification::checked)?,
            name: self.registry_name,
            deletion_protection: self.deletion_protection,
            versioning: self.enable_cos_versioning,
            multi_zone: self.enable_cos_maz,
        })
    }
    fn needs(it: &NewOne) -> Needs {
        op::instance_create().setting_tags(tag_texts(&it.tags).to_vec()).into()
    }
    fn target(it: &NewOne) -> Option<String> {
        Some(it.name.clone())
    }
    async fn run(it: NewOne, call: Allowed<'_, Write>) -> CloudResult<CreatedInstance> {
        let instances = call.services().instances();
        let name = free_name(instances.name_state(&call.account(), &it.name).await?)?;
        let draft = InstanceDraft {
            name: &name,
            edition: it.edition,
            payment: payment(it.prepaid, call.now()),
            deletion_protection: it.deletion_protection,
            versioning: it.versioning,
            multi_zone: it.multi_zone,
            tags: &it.tags,
        };
        let limit = u64::from(call.settings().instances_per_account);
        let made = instances.create(call.act(), &call.account(), &draft, limit).await?;
        Ok(CreatedInstance { registry_id: made.id.to_string() })
    }
}

/// Changes the edition, deletion protection or versioning of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyInstance {
    registry_id: String,
    #[serde(default)]
    registry_type: Option<String>,
    #[serde(default)]
    deletion_protection: Option<bool>,
    #[serde(default)]
    enable_cos_versioning: Option<bool>,
}

impl Action for ModifyInstance {
    action! { tcr::ModifyInstance: Write, (InstanceId, InstanceChange) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let change = InstanceChange {
            edition: self.registry_type.as_deref().map(edition).transpose()?,
            deletion_protection: self.deletion_protection,
            versioning: self.enable_cos_versioning,
        };
        Ok((instance_id(&self.registry_id)?, change))
    }
    fn needs((id, _): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run((id, change): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().modify(call.act(), &instance, &change).await?)
    }
}

/// Deletes an instance. If the bucket is to be deleted as well, this also deletes the content.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteInstance {
    registry_id: String,
    #[serde(default)]
    delete_bucket: bool,
}

impl Action for DeleteInstance {
    action! { tcr::DeleteInstance: Write, (InstanceId, bool) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((instance_id(&self.registry_id)?, self.delete_bucket))
    }
    fn needs((id, _): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run((id, with_content): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().delete(call.act(), &instance, with_content).await?)
    }
}

/// Returns whether the id belongs to an instance of the caller.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CheckInstance {
    registry_id: String,
}

/// The answer to [`CheckInstance`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckedInstance {
    is_validated: bool,
    region_id: i64,
}

impl Action for CheckInstance {
    action! { tcr::CheckInstance: Read, InstanceId => CheckedInstance }
    fn check(self, _: &Identity) -> CloudResult<InstanceId> {
        instance_id(&self.registry_id)
    }
    fn needs(id: &InstanceId) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run(id: InstanceId, call: Allowed<'_, Read>) -> CloudResult<CheckedInstance> {
        let found = call.services().instances().find(call.instance(&id)).await?;
        let region_id = Region::of(&call.settings().region).number;
        Ok(CheckedInstance { is_validated: found.is_some(), region_id })
    }
}

/// Returns whether a new instance may have a name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CheckInstanceName {
    registry_name: String,
}

/// The answer to [`CheckInstanceName`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckedInstanceName {
    is_validated: bool,
    /// 1 for an invalid name, 2 for a reserved one, 3 for a taken one.
    detail_code: i64,
}

impl Action for CheckInstanceName {
    action! { tcr::CheckInstanceName: Read, String => CheckedInstanceName }
    fn check(self, _: &Identity) -> CloudResult<String> {
        Ok(self.registry_name)
    }
    fn needs(_: &String) -> Needs {
        Needs::nothing()
    }
    async fn run(name: String, call: Allowed<'_, Read>) -> CloudResult<CheckedInstanceName> {
        let detail_code = match call.services().instances().name_state(&call.account(), &name).await? {
            NameState::Free(_) => 0,
            NameState::Illegal => 1,
            NameState::Reserved => 2,
            NameState::Taken => 3,
        };
        Ok(CheckedInstanceName { is_validated: detail_code == 0, detail_code })
    }
}
