//! Namespaces of the personal edition.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_policy::op::Realm;
use roadstead_types::{NamespaceName, Window};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;
use crate::wire::page;
use roadstead_types::time;

/// Creates a namespace. Its name is unique across all accounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateNamespacePersonal {
    namespace: String,
}

impl Action for CreateNamespacePersonal {
    action! { tcr::CreateNamespacePersonal: Write, NamespaceName => () }
    fn check(self, _: &Identity) -> CloudResult<NamespaceName> {
        names::namespace(&self.namespace)
    }
    fn needs(name: &NamespaceName) -> Needs {
        op::namespace_create(Realm::Personal, name.as_str()).into()
    }
    async fn run(name: NamespaceName, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().create_namespace(call.act(), &call.namespace(&name)).await?)
    }
}

/// Deletes an empty namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteNamespacePersonal {
    namespace: String,
}

impl Action for DeleteNamespacePersonal {
    action! { tcr::DeleteNamespacePersonal: Write, NamespaceName => () }
    fn check(self, _: &Identity) -> CloudResult<NamespaceName> {
        names::namespace(&self.namespace)
    }
    fn needs(name: &NamespaceName) -> Needs {
        op::namespace_delete(Realm::Personal, name.as_str()).into()
    }
    async fn run(name: NamespaceName, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().delete_namespace(call.act(), &call.namespace(&name)).await?)
    }
}

/// Lists the namespaces of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeNamespacePersonal {
    /// A part of the name. Empty selects all.
    namespace: String,
    limit: i64,
    offset: i64,
}

/// The answer to [`DescribeNamespacePersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamespaceInfoResp {
    namespace_count: u64,
    namespace_info: Vec<NamespaceInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NamespaceInfo {
    namespace: String,
    creation_time: String,
    repo_count: u64,
}

impl Action for DescribeNamespacePersonal {
    action! { tcr::DescribeNamespacePersonal: Read, (String, Window) => Data<NamespaceInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<(String, Window)> {
        Ok((self.namespace, page::window(Some(self.offset), Some(self.limit))?))
    }
    async fn run((part, window): (String, Window), call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let found = call.services().personal().namespaces(&call.account(), &part, window).await?;
        let namespace_info = found.items.iter().map(|detail| NamespaceInfo {
            namespace: detail.namespace.name.to_string(),
            creation_time: time::plain(detail.namespace.created_at),
            repo_count: detail.repository_count,
        });
        let data = NamespaceInfoResp { namespace_count: found.total, namespace_info: namespace_info.collect() };
        Ok(Data { data })
    }
}

/// Returns whether a name is taken by any account, and whether it is reserved.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ValidateNamespaceExistPersonal {
    namespace: String,
}

/// The answer to [`ValidateNamespaceExistPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamespaceIsExistsResp {
    is_exist: bool,
    is_preserved: bool,
}

impl Action for ValidateNamespaceExistPersonal {
    action! { tcr::ValidateNamespaceExistPersonal: Read, NamespaceName => Data<NamespaceIsExistsResp> }
    fn check(self, _: &Identity) -> CloudResult<NamespaceName> {
        names::namespace(&self.namespace)
    }
    fn needs(_: &NamespaceName) -> Needs {
        Needs::nothing()
    }
    async fn run(name: NamespaceName, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let (is_exist, is_preserved) = call.services().personal().namespace_exists(&call.namespace(&name)).await?;
        Ok(Data { data: NamespaceIsExistsResp { is_exist, is_preserved } })
    }
}
