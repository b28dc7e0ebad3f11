//! Lifecycle rules of the personal edition.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op::Realm;
use roadstead_service::records::{LifecycleKind, LifecycleRule};
use roadstead_service::{LifecycleService, RulesOf};
use roadstead_types::RepositoryName;
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::action::{Action, Allowed, CloudCall, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use roadstead_types::time;

/// The prefix of the kinds of rules for all repositories.
const GLOBAL: &str = "global_";

fn kind(text: &str, prefix: &str) -> CloudResult<LifecycleKind> {
    let known = text.strip_prefix(prefix).and_then(LifecycleKind::parse);
    known.ok_or_else(|| {
        let names = [LifecycleKind::KeepLastDays, LifecycleKind::KeepLastNums].map(LifecycleKind::as_str);
        let message = format!("Type must be {prefix}{} or {prefix}{}", names[0], names[1]);
        CloudError::new(Code::InvalidParameterValue, message)
    })
}

fn value(val: i64) -> CloudResult<u64> {
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

/// A rule.
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
    rules: &[LifecycleRule],
    prefix: &str,
    repository: &str,
) -> Data<AutoDelStrategyInfoResp> {
    let info = |rule: &LifecycleRule| AutoDelStrategyInfo {
        username: call.identity.owner_uin.to_string(),
        repo_name: repository.to_owned(),
        r#type: format!("{prefix}{}", rule.kind.as_str()),
        value: rule.value,
        // Every stored rule is in force.
        valid: 1,
        creation_time: time::plain(rule.created_at),
    };
    Data { data: AutoDelStrategyInfoResp { total_count: rules.len(), strategy_info: rules.iter().map(info).collect() } }
}

/// Sets the rule of one kind for a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateImageLifecyclePersonal {
    repo_name: String,
    r#type: String,
    val: i64,
}

impl Action for CreateImageLifecyclePersonal {
    action! { tcr::CreateImageLifecyclePersonal: Write, (RepositoryName, LifecycleKind, u64) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::repository(&self.repo_name)?, kind(&self.r#type, "")?, value(self.val)?))
    }
    fn needs((name, ..): &Self::Checked) -> Needs {
        Self::ROW.on_repository(Realm::Personal, name).into()
    }
    async fn run((name, kind, value): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call
            .services()
            .lifecycle()
            .set(call.act(), &RulesOf::Repository(call.repository(&name)), kind, value)
            .await?)
    }
}

/// Deletes the rules of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImageLifecyclePersonal {
    repo_name: String,
}

impl Action for DeleteImageLifecyclePersonal {
    action! { tcr::DeleteImageLifecyclePersonal: Write, RepositoryName => () }
    fn check(self, _: &Identity) -> CloudResult<RepositoryName> {
        names::repository(&self.repo_name)
    }
    fn needs(name: &RepositoryName) -> Needs {
        Self::ROW.on_repository(Realm::Personal, name).into()
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().lifecycle().clear(call.act(), &RulesOf::Repository(call.repository(&name))).await?)
    }
}

/// Lists the rules of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageLifecyclePersonal {
    repo_name: String,
}

impl Action for DescribeImageLifecyclePersonal {
    action! { tcr::DescribeImageLifecyclePersonal: Read, RepositoryName => Data<AutoDelStrategyInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<RepositoryName> {
        names::repository(&self.repo_name)
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let rules = call.services().lifecycle().list(&RulesOf::Repository(call.repository(&name))).await?;
        Ok(listed(&call, &rules, "", name.as_str()))
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
    action! { tcr::ManageImageLifecycleGlobalPersonal: Write, (LifecycleKind, u64) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((kind(&self.r#type, GLOBAL)?, value(self.val)?))
    }
    async fn run((kind, value): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().lifecycle().set(call.act(), &RulesOf::Account(call.account()), kind, value).await?)
    }
}

/// Deletes the rule for all repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImageLifecycleGlobalPersonal {}

impl Action for DeleteImageLifecycleGlobalPersonal {
    action! { tcr::DeleteImageLifecycleGlobalPersonal: Write, () => () }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    async fn run((): (), call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().lifecycle().clear(call.act(), &RulesOf::Account(call.account())).await?)
    }
}

/// Returns the rule for all repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageLifecycleGlobalPersonal {}

impl Action for DescribeImageLifecycleGlobalPersonal {
    action! { tcr::DescribeImageLifecycleGlobalPersonal: Read, () => Data<AutoDelStrategyInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<()> {
        Ok(())
    }
    async fn run((): (), call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let rules = call.services().lifecycle().list(&RulesOf::Account(call.account())).await?;
        Ok(listed(&call, &rules, GLOBAL, ""))
    }
}
