//! Clean-up rules of the personal edition.

use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::{CleanupKind, CleanupRule};
use roadstead_types::RepositoryName;
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;
use roadstead_service::LifecycleService;

/// What the kinds of rules for all repositories begin with.
const GLOBAL: &str = "global_";

fn kind(text: &str, prefix: &str) -> Result<CleanupKind, CloudError> {
    let known = text.strip_prefix(prefix).and_then(CleanupKind::parse);
    known.ok_or_else(|| {
        let names = [CleanupKind::KeepLastDays, CleanupKind::KeepLastNums].map(CleanupKind::as_str);
        let message = format!("Type must be {prefix}{} or {prefix}{}", names[0], names[1]);
        CloudError::new(Code::InvalidParameterValue, message)
    })
}

fn value(val: i64) -> Result<u64, CloudError> {
    let most = LifecycleService::MAX_VALUE;
    let value = u64::try_from(val).ok().filter(|value| (1..=most).contains(value));
    value.ok_or_else(|| CloudError::new(Code::InvalidParameterValue, format!("Val must be between 1 and {most}")))
}

/// The rules of a repository or an account.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AutoDelStrategyInfoResp {
    total_count: usize,
    strategy_info: Vec<AutoDelStrategyInfo>,
}

/// One rule.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AutoDelStrategyInfo {
    username: String,
    repo_name: String,
    r#type: String,
    value: u64,
    valid: i64,
    creation_time: String,
}

fn listed(
    call: &CloudCall<'_>,
    rules: &[CleanupRule],
    prefix: &str,
    repository: &str,
) -> Data<AutoDelStrategyInfoResp> {
    let info = |rule: &CleanupRule| AutoDelStrategyInfo {
        username: call.identity().owner_uin.to_string(),
        repo_name: repository.to_owned(),
        r#type: format!("{prefix}{}", rule.kind.as_str()),
        value: rule.value,
        // A rule that is stored is in force.
        valid: 1,
        creation_time: time::plain(rule.created_at),
    };
    Data { data: AutoDelStrategyInfoResp { total_count: rules.len(), strategy_info: rules.iter().map(info).collect() } }
}

/// Sets the rule of one kind of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateImageLifecyclePersonal {
    repo_name: String,
    r#type: String,
    val: i64,
}

impl CreateImageLifecyclePersonal {
    fn checked(&self) -> Result<(RepositoryName, CleanupKind, u64), CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok((name, kind(&self.r#type, "")?, value(self.val)?))
    }
}

impl Action for CreateImageLifecyclePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateImageLifecyclePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (name, ..) = self.checked()?;
        Ok(Permission::Hardened(vec![op::api_on_repository(Realm::Personal, Self::NAME, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let (name, kind, value) = self.checked()?;
        call.services().lifecycle().set(call.identity(), Some(&name), kind, value).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// Deletes the rules of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImageLifecyclePersonal {
    repo_name: String,
}

impl Action for DeleteImageLifecyclePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteImageLifecyclePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok(Permission::Hardened(vec![op::api_on_repository(Realm::Personal, Self::NAME, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        call.services().lifecycle().clear(call.identity(), Some(&name)).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// The rules of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageLifecyclePersonal {
    repo_name: String,
}

impl Action for DescribeImageLifecyclePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImageLifecyclePersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<AutoDelStrategyInfoResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        names::repository(&self.repo_name)?;
        Ok(Permission::Listed(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let rules = call.services().lifecycle().list(call.permissions, Some(&name)).await?;
        Ok(listed(call, &rules, "", name.as_str()))
    }
}

/// Sets the rule for all repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ManageImageLifecycleGlobalPersonal {
    r#type: String,
    val: i64,
}

impl Action for ManageImageLifecycleGlobalPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ManageImageLifecycleGlobalPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        kind(&self.r#type, GLOBAL)?;
        value(self.val)?;
        Ok(Permission::Needs(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let (kind, value) = (kind(&self.r#type, GLOBAL)?, value(self.val)?);
        call.services().lifecycle().set(call.identity(), None, kind, value).await?;
        Ok(NoOutput {})
    }
}

/// Deletes the rule for all repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImageLifecycleGlobalPersonal {}

impl Action for DeleteImageLifecycleGlobalPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteImageLifecycleGlobalPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Needs(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        call.services().lifecycle().clear(call.identity(), None).await?;
        Ok(NoOutput {})
    }
}

/// The rule for all repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageLifecycleGlobalPersonal {}

impl Action for DescribeImageLifecycleGlobalPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImageLifecycleGlobalPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<AutoDelStrategyInfoResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Listed(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let rules = call.services().lifecycle().list(call.permissions, None).await?;
        Ok(listed(call, &rules, GLOBAL, ""))
    }
}
