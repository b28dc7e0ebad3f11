//! Application triggers of the personal edition, and the log of their runs.

use roadstead_auth::{Identity, Read, Write, app_id};
use roadstead_policy::actions::tcr;
use roadstead_service::TriggerDraft;
use roadstead_service::records::{InvokeMethod, Trigger, TriggerRun, TriggerRunOrder, TriggerRunPage, Workload};
use roadstead_types::{RepositoryName, Window};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::action::{Action, Allowed, CloudCall, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The only event that triggers react to.
const SOURCE: &str = "IMAGE_PUSH";
/// The only action that a trigger can take.
const INVOKE_ACTION: &str = "SERVICE_UPDATE";

/// Creates a trigger.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateApplicationTriggerPersonal {
    repo_name: String,
    trigger_name: String,
    invoke_method: String,
    invoke_expr: Option<String>,
    cluster_id: String,
    namespace: String,
    workload_type: String,
    workload_name: String,
    container_name: String,
    cluster_region: i64,
}

impl Action for CreateApplicationTriggerPersonal {
    action! { tcr::CreateApplicationTriggerPersonal: Write, TriggerDraft => () }
    fn check(self, _: &Identity) -> CloudResult<TriggerDraft> {
        Ok(TriggerDraft {
            name: Some(self.trigger_name),
            repository: Some(names::repository(&self.repo_name)?),
            method: Some(self.invoke_method),
            expression: self.invoke_expr,
            cluster_id: Some(self.cluster_id),
            cluster_region: Some(self.cluster_region),
            cluster_namespace: Some(self.namespace),
            workload_kind: Some(self.workload_type),
            workload_name: Some(self.workload_name),
            container: Some(self.container_name),
        })
    }
    fn target(draft: &TriggerDraft) -> Option<String> {
        draft.name.clone()
    }
    async fn run(draft: TriggerDraft, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().triggers().create(call.act(), &call.account(), draft).await?)
    }
}

/// Changes a trigger. Absent parameters leave their values unchanged.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyApplicationTriggerPersonal {
    repo_name: Option<String>,
    trigger_name: String,
    invoke_method: Option<String>,
    invoke_expr: Option<String>,
    cluster_id: Option<String>,
    namespace: Option<String>,
    workload_type: Option<String>,
    workload_name: Option<String>,
    container_name: Option<String>,
    cluster_region: Option<i64>,
    new_trigger_name: Option<String>,
}

fn optional_repository(text: Option<&String>) -> CloudResult<Option<RepositoryName>> {
    text.filter(|text| !text.is_empty()).map(|text| names::repository(text)).transpose()
}

impl Action for ModifyApplicationTriggerPersonal {
    action! { tcr::ModifyApplicationTriggerPersonal: Write, (String, TriggerDraft) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let draft = TriggerDraft {
            name: self.new_trigger_name,
            repository: optional_repository(self.repo_name.as_ref())?,
            method: self.invoke_method,
            expression: self.invoke_expr,
            cluster_id: self.cluster_id,
            cluster_region: self.cluster_region,
            cluster_namespace: self.namespace,
            workload_kind: self.workload_type,
            workload_name: self.workload_name,
            container: self.container_name,
        };
        Ok((self.trigger_name, draft))
    }
    fn target((name, _): &Self::Checked) -> Option<String> {
        Some(name.clone())
    }
    async fn run((name, draft): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().triggers().change(call.act(), &call.account(), &name, &draft).await?)
    }
}

/// Deletes a trigger.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteApplicationTriggerPersonal {
    trigger_name: String,
}

impl Action for DeleteApplicationTriggerPersonal {
    action! { tcr::DeleteApplicationTriggerPersonal: Write, String => () }
    fn check(self, _: &Identity) -> CloudResult<String> {
        Ok(self.trigger_name)
    }
    fn target(name: &String) -> Option<String> {
        Some(name.clone())
    }
    async fn run(name: String, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().triggers().delete(call.act(), &call.account(), &name).await?)
    }
}

/// The condition under which a trigger fires.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TriggerInvokeCondition {
    invoke_method: &'static str,
    invoke_expr: String,
}

impl TriggerInvokeCondition {
    fn of(method: InvokeMethod, invoke_expr: String) -> Self {
        Self { invoke_method: method.as_str(), invoke_expr }
    }
}

/// The workload of a trigger. `service_name` holds the name of the workload.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TriggerInvokePara {
    app_id: String,
    cluster_id: String,
    namespace: String,
    service_name: String,
    container_name: String,
    cluster_region: i64,
}

impl TriggerInvokePara {
    fn of(call: &CloudCall<'_>, workload: Workload) -> Self {
        Self {
            app_id: app_id(call.owner()).to_string(),
            cluster_id: workload.cluster_id,
            namespace: workload.namespace,
            service_name: workload.name,
            container_name: workload.container,
            cluster_region: workload.cluster_region,
        }
    }
}

/// Lists triggers, the newest first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeApplicationTriggerPersonal {
    repo_name: Option<String>,
    trigger_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// The answer to [`DescribeApplicationTriggerPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeApplicationTriggerPersonalResp {
    total_count: u64,
    trigger_info: Vec<TriggerResp>,
}

/// A trigger.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TriggerResp {
    trigger_name: String,
    invoke_source: &'static str,
    invoke_action: &'static str,
    create_time: String,
    update_time: String,
    invoke_condition: TriggerInvokeCondition,
    invoke_para: TriggerInvokePara,
}

impl TriggerResp {
    fn of(call: &CloudCall<'_>, trigger: Trigger) -> Self {
        Self {
            trigger_name: trigger.spec.name,
            invoke_source: SOURCE,
            invoke_action: INVOKE_ACTION,
            create_time: time::plain(trigger.created_at),
            update_time: time::plain(trigger.updated_at),
            invoke_condition: TriggerInvokeCondition::of(trigger.spec.method, trigger.spec.expression),
            invoke_para: TriggerInvokePara::of(call, trigger.spec.workload),
        }
    }
}

impl Action for DescribeApplicationTriggerPersonal {
    action! { tcr::DescribeApplicationTriggerPersonal: Read, (Option<RepositoryName>, Option<String>, Window) => Data<DescribeApplicationTriggerPersonalResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let repository = optional_repository(self.repo_name.as_ref())?;
        let name = self.trigger_name.filter(|name| !name.is_empty());
        Ok((repository, name, page::window(self.offset, self.limit)?))
    }
    async fn run((repository, name, window): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let triggers = call.services().triggers();
        let found = triggers.list(&call.account(), repository.as_ref(), name.as_deref(), window).await?;
        let trigger_info = found.items.into_iter().map(|trigger| TriggerResp::of(&call, trigger)).collect();
        Ok(Data { data: DescribeApplicationTriggerPersonalResp { total_count: found.total, trigger_info } })
    }
}

/// Lists the runs of triggers, by default the latest first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeApplicationTriggerLogPersonal {
    repo_name: Option<String>,
    offset: Option<i64>,
    limit: Option<i64>,
    order: Option<String>,
    order_by: Option<String>,
}

/// The answer to [`DescribeApplicationTriggerLogPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeApplicationTriggerLogPersonalResp {
    total_count: u64,
    log_info: Vec<TriggerLogResp>,
}

/// A run of a trigger.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TriggerLogResp {
    repo_name: String,
    tag_name: String,
    trigger_name: String,
    invoke_source: &'static str,
    invoke_action: &'static str,
    invoke_time: String,
    invoke_condition: TriggerInvokeCondition,
    invoke_para: TriggerInvokePara,
    invoke_result: TriggerInvokeResult,
}

/// The result of a run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TriggerInvokeResult {
    return_code: i64,
    return_msg: String,
}

impl TriggerLogResp {
    fn of(call: &CloudCall<'_>, run: TriggerRun) -> Self {
        Self {
            repo_name: run.repository_name,
            tag_name: run.tag,
            trigger_name: run.trigger,
            invoke_source: SOURCE,
            invoke_action: INVOKE_ACTION,
            invoke_time: time::plain(run.invoked_at),
            invoke_condition: TriggerInvokeCondition::of(run.method, run.expression),
            invoke_para: TriggerInvokePara::of(call, run.workload),
            invoke_result: TriggerInvokeResult { return_code: run.return_code, return_msg: run.return_message },
        }
    }
}

/// Returns the column and direction of the order. The document names neither, so the columns are those of the answer,
/// in any case and with or without underscores.
fn order(by: Option<&str>, direction: Option<&str>) -> CloudResult<(TriggerRunOrder, bool)> {
    let wrong = |message| Err(CloudError::new(Code::InvalidParameterValue, message));
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "");
    let by = match plain(by.unwrap_or_default()).as_str() {
        "" | "invoketime" => TriggerRunOrder::Time,
        "reponame" => TriggerRunOrder::Repository,
        "tagname" => TriggerRunOrder::Tag,
        "triggername" => TriggerRunOrder::Trigger,
        _ => return wrong("OrderBy must be one of invoke_time, repo_name, tag_name, trigger_name"),
    };
    match plain(direction.unwrap_or_default()).as_str() {
        "" | "desc" | "descend" | "descending" => Ok((by, true)),
        "asc" | "ascend" | "ascending" => Ok((by, false)),
        _ => wrong("Order must be asc or desc"),
    }
}

impl Action for DescribeApplicationTriggerLogPersonal {
    action! { tcr::DescribeApplicationTriggerLogPersonal: Read, (Option<RepositoryName>, Window, (TriggerRunOrder, bool)) => Data<DescribeApplicationTriggerLogPersonalResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let repository = optional_repository(self.repo_name.as_ref())?;
        let order = order(self.order_by.as_deref(), self.order.as_deref())?;
        Ok((repository, page::window(self.offset, self.limit)?, order))
    }
    async fn run((repository, window, order): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let (order, descending) = order;
        let page = TriggerRunPage { repository: repository.as_ref(), order, descending, window };
        let found = call.services().triggers().runs(&call.account(), &page).await?;
        let log_info = found.items.into_iter().map(|run| TriggerLogResp::of(&call, run)).collect();
        Ok(Data { data: DescribeApplicationTriggerLogPersonalResp { total_count: found.total, log_info } })
    }
}
