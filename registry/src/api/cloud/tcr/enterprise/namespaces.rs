//! Namespaces of instances.

use roadstead_policy::op::{self, Realm};
use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{InstanceNamespace, NamespaceSettings, ResourceTag};
use roadstead_types::NamespaceName;
use serde::{Deserialize, Serialize};

use super::shared::{
    Filter, TagSpecification, check_filters, check_text, instance_id, is_tagged, missing, numbered, on_instance, own,
};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;

/// Vulnerabilities that do not count in one namespace, at most.
const MAX_IGNORED: usize = 100;

/// A vulnerability that does not count.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CVEWhitelistItem {
    #[serde(rename = "CVEID")]
    id: String,
}

/// The name of a namespace that is to be made: 2 to 30 characters.
fn new_name(text: &str) -> Result<NamespaceName, CloudError> {
    let apart = |separator: char| matches!(separator, '.' | '_' | '-');
    let single = text.split(apart).all(|part| !part.is_empty());
    let name = text.parse::<NamespaceName>().ok().filter(|_| single && text.len() <= 30);
    name.ok_or_else(|| {
        let message = "NamespaceName is 2 to 30 characters of a-z and 0-9, with single '.', '_' or '-' between them";
        CloudError::new(Code::InvalidParameter, message)
    })
}

fn severity(text: &str) -> Result<(), CloudError> {
    if matches!(text, "" | "low" | "medium" | "high") {
        return Ok(());
    }
    Err(CloudError::new(Code::InvalidParameter, "Severity must be low, medium or high"))
}

fn ignored(items: &[CVEWhitelistItem]) -> Result<Vec<String>, CloudError> {
    if items.len() > MAX_IGNORED {
        return Err(Code::InvalidParameterErrTooLarge.into());
    }
    items.iter().map(|item| check_text("CVEID", &item.id, 64).map(|()| item.id.clone())).collect()
}

/// Makes a namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateNamespace {
    registry_id: String,
    namespace_name: String,
    is_public: bool,
    #[serde(default)]
    tag_specification: Option<TagSpecification>,
    #[serde(default)]
    is_auto_scan: bool,
    #[serde(default, rename = "IsPreventVUL")]
    is_prevent_vul: bool,
    #[serde(default)]
    severity: String,
    #[serde(default, rename = "CVEWhitelistItems")]
    cve_whitelist_items: Vec<CVEWhitelistItem>,
}

impl Action for CreateNamespace {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateNamespace";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (id, name) = (instance_id(&self.registry_id)?, new_name(&self.namespace_name)?);
        severity(&self.severity)?;
        Ok(Permission::Needs(vec![op::namespace_create(Realm::Instance(id.as_str()), name.as_str())]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let settings = NamespaceSettings {
            public: self.is_public,
            auto_scan: self.is_auto_scan,
            prevent_vulnerable: self.is_prevent_vul,
            ignored: ignored(&self.cve_whitelist_items)?,
            tags: self.tag_specification.map_or(Ok(Vec::new()), TagSpecification::checked)?,
            severity: self.severity,
        };
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = new_name(&self.namespace_name)?;
        let made = call.services().instances().create_namespace(&instance, &name, &settings).await;
        made.map_err(|error| match error {
            StorageError::Conflict(_) => Code::InvalidParameterErrNamespaceExist.into(),
            StorageError::LimitReached { .. } => Code::LimitExceededErrNamespaceMaxLimit.into(),
            other => CloudError::from(other),
        })?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        format!("{}/{}", self.registry_id, self.namespace_name)
    }
}

/// Lists the namespaces of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeNamespaces {
    registry_id: String,
    /// A part of the name; empty for all.
    #[serde(default)]
    namespace_name: String,
    #[serde(default)]
    limit: Option<i64>,
    /// The number of the page.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    filters: Vec<Filter>,
    /// Images are not signed by a key service here: no namespace asks for it.
    #[serde(default)]
    kms_sign_policy: bool,
}

/// See [`DescribeNamespaces`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Namespaces {
    namespace_list: Vec<TcrNamespaceInfo>,
    total_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcrNamespaceInfo {
    name: String,
    creation_time: String,
    public: bool,
    namespace_id: i64,
    tag_specification: TagSpecification,
    metadata: Vec<KeyValueString>,
    #[serde(rename = "CVEWhitelistItems")]
    cve_whitelist_items: Vec<CVEWhitelistItem>,
    auto_scan: bool,
    #[serde(rename = "PreventVUL")]
    prevent_vul: bool,
    severity: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyValueString {
    key: &'static str,
    value: String,
}

fn info(namespace: InstanceNamespace) -> TcrNamespaceInfo {
    let InstanceNamespace { id, name, settings, created_at } = namespace;
    TcrNamespaceInfo {
        name: name.to_string(),
        creation_time: time::iso(created_at),
        public: settings.public,
        namespace_id: id.get(),
        tag_specification: TagSpecification::of("namespace", settings.tags),
        metadata: vec![KeyValueString { key: "public", value: settings.public.to_string() }],
        cve_whitelist_items: settings.ignored.into_iter().map(|id| CVEWhitelistItem { id }).collect(),
        auto_scan: settings.auto_scan,
        prevent_vul: settings.prevent_vulnerable,
        severity: settings.severity,
    }
}

impl Action for DescribeNamespaces {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeNamespaces";
    const KIND: Kind = Kind::Read;
    type Output = Namespaces;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        check_filters(&self.filters)?;
        if self.filters.iter().any(|filter| filter.name != "Tags") {
            return Err(CloudError::new(Code::InvalidParameter, "the filter of namespaces is Tags"));
        }
        Ok(Permission::Needs(vec![on_instance(Self::NAME, &self.registry_id)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Namespaces, CloudError> {
        let (offset, limit) = numbered(self.offset, self.limit)?;
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let tagged = |tags: &[ResourceTag], filter: &Filter| filter.values.iter().any(|value| is_tagged(tags, value));
        let realm = Realm::Instance(instance.id.as_str());
        let is_hidden = |name: &NamespaceName| {
            call.permissions.decide(&op::api_on_namespace(realm, Self::NAME, name.as_str())).is_explicit_denial()
        };
        let mut all = call.services().instances().namespaces(instance.registry).await?;
        all.retain(|namespace| {
            namespace.name.as_str().contains(&self.namespace_name)
                && self.filters.iter().all(|filter| tagged(&namespace.settings.tags, filter))
                && !self.kms_sign_policy
                && !is_hidden(&namespace.name)
        });
        let total_count = all.len();
        let (skip, take) = if self.all { (0, total_count) } else { (offset as usize, limit as usize) };
        let namespace_list = all.into_iter().skip(skip).take(take).map(info).collect();
        Ok(Namespaces { namespace_list, total_count })
    }
}

/// Changes a namespace; what is not given stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyNamespace {
    registry_id: String,
    namespace_name: String,
    #[serde(default)]
    is_public: Option<bool>,
    #[serde(default)]
    is_auto_scan: Option<bool>,
    #[serde(default, rename = "IsPreventVUL")]
    is_prevent_vul: Option<bool>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default, rename = "CVEWhitelistItems")]
    cve_whitelist_items: Option<Vec<CVEWhitelistItem>>,
    #[serde(default)]
    tag_specification: Option<TagSpecification>,
}

impl Action for ModifyNamespace {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyNamespace";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let id = instance_id(&self.registry_id)?;
        severity(self.severity.as_deref().unwrap_or_default())?;
        let realm = Realm::Instance(id.as_str());
        Ok(Permission::Needs(vec![op::api_on_namespace(realm, Self::NAME, &self.namespace_name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let ignored = self.cve_whitelist_items.as_deref().map(ignored).transpose()?;
        let tags = self.tag_specification.map(TagSpecification::checked).transpose()?;
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let instances = call.services().instances();
        let found = instances.namespace(instance.registry, &self.namespace_name).await?;
        let found = found.ok_or_else(|| missing("namespace"))?;
        let change = |settings: &mut NamespaceSettings| {
            settings.public = self.is_public.unwrap_or(settings.public);
            settings.auto_scan = self.is_auto_scan.unwrap_or(settings.auto_scan);
            settings.prevent_vulnerable = self.is_prevent_vul.unwrap_or(settings.prevent_vulnerable);
            if let Some(severity) = &self.severity {
                settings.severity.clone_from(severity);
            }
            if let Some(ignored) = &ignored {
                settings.ignored.clone_from(ignored);
            }
            if let Some(tags) = &tags {
                settings.tags.clone_from(tags);
            }
        };
        match instances.modify_namespace(instance.registry, found.id, change).await? {
            true => Ok(NoOutput {}),
            false => Err(missing("namespace")),
        }
    }

    fn target(&self) -> String {
        format!("{}/{}", self.registry_id, self.namespace_name)
    }
}

/// Deletes an empty namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteNamespace {
    registry_id: String,
    namespace_name: String,
}

impl Action for DeleteNamespace {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteNamespace";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let id = instance_id(&self.registry_id)?;
        Ok(Permission::Needs(vec![op::namespace_delete(Realm::Instance(id.as_str()), &self.namespace_name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = self.namespace_name.parse().map_err(|_| missing("namespace"))?;
        let deleted = call.services().instances().delete_namespace(instance.registry, &name).await;
        let there = deleted.map_err(|error| match error {
            StorageError::InUse(_) => {
                CloudError::new(Code::ResourceInUse, "there are repositories in the namespace: delete them first")
            }
            other => other.into(),
        })?;
        if there { Ok(NoOutput {}) } else { Err(missing("namespace")) }
    }

    fn target(&self) -> String {
        format!("{}/{}", self.registry_id, self.namespace_name)
    }
}
