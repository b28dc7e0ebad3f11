//! Enterprise instances: making, changing and deleting them.

use roadstead_policy::op;
use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{Edition, InstanceChange, NewInstance, Payment};
use roadstead_types::{InstanceId, Thing};
use serde::{Deserialize, Serialize};

use super::shared::{TagSpecification, instance_id, on_instance, own};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::tcr::regions;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use roadstead_service::instances::{NameState, after_months};

/// The prepaid time of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RegistryChargePrepaid {
    /// Months.
    period: i64,
    #[serde(default)]
    renew_flag: i64,
}

/// Makes an instance.
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
    /// There is no bucket that could be tagged.
    #[serde(default, rename = "SyncTag")]
    _sync_tag: bool,
    #[serde(default, rename = "EnableCosMAZ")]
    enable_cos_maz: bool,
    #[serde(default)]
    deletion_protection: bool,
    #[serde(default)]
    enable_cos_versioning: bool,
}

/// See [`CreateInstance`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedInstance {
    registry_id: String,
}

fn edition(text: &str) -> Result<Edition, CloudError> {
    let invalid = |_| CloudError::new(Code::InvalidParameter, "RegistryType must be basic, standard or premium");
    text.parse().map_err(invalid)
}

impl CreateInstance {
    fn payment(&self, call: &CloudCall<'_>) -> Result<Payment, CloudError> {
        let invalid = |message| Err(CloudError::new(Code::InvalidParameter, message));
        let prepaid = match self.registry_charge_type {
            0 => return Ok(Payment { prepaid: false, renew_flag: 0, expires_at: None }),
            1 => self.registry_charge_prepaid.as_ref(),
            _ => return invalid("RegistryChargeType must be 0 or 1"),
        };
        let Some(prepaid) = prepaid else { return invalid("RegistryChargePrepaid is needed for what is prepaid") };
        let Some(months) = u32::try_from(prepaid.period).ok().filter(|months| (1..=60).contains(months)) else {
            return invalid("Period must be between 1 and 60 months");
        };
        if !(0..=2).contains(&prepaid.renew_flag) {
            return invalid("RenewFlag must be 0, 1 or 2");
        }
        let expires_at = Some(after_months(call.now(), months));
        Ok(Payment { prepaid: true, renew_flag: prepaid.renew_flag, expires_at })
    }
}

impl Action for CreateInstance {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateInstance";
    const KIND: Kind = Kind::Write;
    type Output = CreatedInstance;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        edition(&self.registry_type)?;
        Ok(Permission::Needs(vec![op::instance_create()]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<CreatedInstance, CloudError> {
        let payment = self.payment(call)?;
        let tags = self.tag_specification.map_or(Ok(Vec::new()), TagSpecification::checked)?;
        let instances = call.services().instances();
        let name = match instances.name_state(&self.registry_name).await? {
            NameState::Free(name) => name,
            NameState::Illegal => {
                let message = "RegistryName is 3 to 50 characters of a-z, 0-9 and '-', the first and the last not '-'";
                return Err(CloudError::new(Code::InvalidParameter, message));
            }
            NameState::Reserved => {
                let reserved = CloudError::new(Code::InvalidParameter, "RegistryName is reserved");
                return Err(reserved.in_document(Code::InternalErrorErrConflict));
            }
            NameState::Taken => return Err(Code::InternalErrorErrorConflict.into()),
        };
        let new = NewInstance {
            id: &InstanceId::random(),
            name: &name,
            owner: call.owner(),
            edition: edition(&self.registry_type)?,
            payment,
            deletion_protection: self.deletion_protection,
            versioning: self.enable_cos_versioning,
            multi_zone: self.enable_cos_maz,
            tags: &tags,
        };
        let made = instances.create(new, u64::from(call.settings().instances_per_account)).await;
        let made = made.map_err(|error| match error {
            StorageError::Conflict(_) => Code::InternalErrorErrorConflict.into(),
            StorageError::LimitReached { limit, .. } => {
                CloudError::new(Code::InternalErrorErrorOverLimit, format!("no more than {limit} instances"))
            }
            other => other.into(),
        })?;
        Ok(CreatedInstance { registry_id: made.id.to_string() })
    }

    fn target(&self) -> String {
        self.registry_name.clone()
    }
}

/// Changes the edition of an instance, and what protects it.
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyInstance";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        self.registry_type.as_deref().map(edition).transpose()?;
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let change = InstanceChange {
            edition: self.registry_type.as_deref().map(edition).transpose()?,
            deletion_protection: self.deletion_protection,
            versioning: self.enable_cos_versioning,
        };
        match call.services().instances().modify(instance.registry, &change).await? {
            true => Ok(NoOutput {}),
            false => Err(Code::ResourceNotFound.into()),
        }
    }

    fn target(&self) -> String {
        self.registry_id.clone()
    }
}

/// Deletes an instance; with its bucket, what is in it too.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteInstance {
    registry_id: String,
    #[serde(default)]
    delete_bucket: bool,
}

impl Action for DeleteInstance {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteInstance";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let deleted = call.services().instances().delete(instance.registry, self.delete_bucket).await;
        let there = deleted.map_err(|error| match error {
            StorageError::Protected(Thing::Instance) => {
                CloudError::new(Code::OperationDenied, "the instance is protected: turn DeletionProtection off first")
            }
            StorageError::InUse(_) => CloudError::new(
                Code::ResourceInUse,
                "there are repositories in the instance: delete them first, or ask for DeleteBucket",
            ),
            other => other.into(),
        })?;
        if there { Ok(NoOutput {}) } else { Err(Code::ResourceNotFound.into()) }
    }

    fn target(&self) -> String {
        self.registry_id.clone()
    }
}

/// Tells whether an id is that of an instance of the caller.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CheckInstance {
    registry_id: String,
}

/// See [`CheckInstance`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckedInstance {
    is_validated: bool,
    region_id: i64,
}

impl Action for CheckInstance {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CheckInstance";
    const KIND: Kind = Kind::Read;
    type Output = CheckedInstance;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<CheckedInstance, CloudError> {
        let found = call.services().instances().own(call.owner(), &instance_id(&self.registry_id)?).await?;
        Ok(CheckedInstance { is_validated: found.is_some(), region_id: regions::ID })
    }
}

/// Tells whether an instance may have a name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CheckInstanceName {
    registry_name: String,
}

/// See [`CheckInstanceName`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckedInstanceName {
    is_validated: bool,
    /// 1 illegal, 2 reserved, 3 taken.
    detail_code: i64,
}

impl Action for CheckInstanceName {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CheckInstanceName";
    const KIND: Kind = Kind::Read;
    type Output = CheckedInstanceName;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<CheckedInstanceName, CloudError> {
        let detail_code = match call.services().instances().name_state(&self.registry_name).await? {
            NameState::Free(_) => 0,
            NameState::Illegal => 1,
            NameState::Reserved => 2,
            NameState::Taken => 3,
        };
        Ok(CheckedInstanceName { is_validated: detail_code == 0, detail_code })
    }
}
