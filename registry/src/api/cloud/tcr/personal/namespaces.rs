//! Namespaces of the personal edition.

use roadstead_policy::op::{self, Realm};
use roadstead_types::NamespaceName;
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;

/// Makes a namespace. Its name is unique over all accounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateNamespacePersonal {
    namespace: String,
}

impl Action for CreateNamespacePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateNamespacePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::namespace(&self.namespace)?;
        Ok(Permission::Needs(vec![op::namespace_create(Realm::Personal, name.as_str())]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::namespace(&self.namespace)?;
        call.services().personal().create_namespace(call.identity(), &name).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.namespace.clone()
    }
}

/// Deletes an empty namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteNamespacePersonal {
    namespace: String,
}

impl Action for DeleteNamespacePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteNamespacePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::namespace(&self.namespace)?;
        Ok(Permission::Needs(vec![op::namespace_delete(Realm::Personal, name.as_str())]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::namespace(&self.namespace)?;
        call.services().personal().delete_namespace(call.identity(), &name).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.namespace.clone()
    }
}

/// The namespaces of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeNamespacePersonal {
    /// A part of the name; empty for all.
    namespace: String,
    limit: i64,
    offset: i64,
}

/// See [`DescribeNamespacePersonal`].
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeNamespacePersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<NamespaceInfoResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Listed(vec![op::api(Self::SERVICE.name(), Self::NAME)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let Page { offset, limit } = Page::of(Some(self.offset), Some(self.limit))?;
        let service = call.services().personal();
        let hides = |name: &NamespaceName| {
            let request = op::api_on_namespace(Realm::Personal, Self::NAME, name.as_str());
            call.permissions.decide(&request).is_explicit_denial()
        };
        let found = service.namespaces(call.permissions, hides, &self.namespace, offset, limit).await?;
        let namespace_info = found.list.iter().map(|detail| NamespaceInfo {
            namespace: detail.namespace.name.to_string(),
            creation_time: time::plain(detail.namespace.created_at),
            repo_count: detail.repository_count,
        });
        let data = NamespaceInfoResp { namespace_count: found.total, namespace_info: namespace_info.collect() };
        Ok(Data { data })
    }
}

/// Whether a name is taken, by anybody, and whether nobody may take it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ValidateNamespaceExistPersonal {
    namespace: String,
}

/// See [`ValidateNamespaceExistPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NamespaceIsExistsResp {
    is_exist: bool,
    is_preserved: bool,
}

impl Action for ValidateNamespaceExistPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ValidateNamespaceExistPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<NamespaceIsExistsResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let name = names::namespace(&self.namespace)?;
        let (is_exist, is_preserved) = call.services().personal().namespace_exists(&name).await?;
        Ok(Data { data: NamespaceIsExistsResp { is_exist, is_preserved } })
    }
}
