//! Namespaces of instances.

use roadstead_auth::{Identity, Read, Write, tag_texts};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_service::Error;
use roadstead_service::records::{InstanceNamespace, NamespaceSettings, ResourceTag};
use roadstead_types::{InstanceId, Listing, NamespaceName, Thing, Window};
use serde::{Deserialize, Serialize};

use super::shared::{Filter, TagSpecification, check_filters, check_text, instance_id, invalid, is_tagged, own, realm};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The most ignored vulnerabilities of one namespace.
const MAX_IGNORED: usize = 100;

/// A vulnerability that is ignored.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CVEWhitelistItem {
    #[serde(rename = "CVEID")]
    id: String,
}

/// Parses the name of a new namespace, which has 2 to 30 characters.
fn new_name(text: &str) -> CloudResult<NamespaceName> {
    let apart = |separator: char| matches!(separator, '.' | '_' | '-');
    let single = text.split(apart).all(|part| !part.is_empty());
    let name = text.parse::<NamespaceName>().ok().filter(|_| single && text.len() <= 30);
    name.ok_or_else(|| {
        let message = "NamespaceName is 2 to 30 characters of a-z and 0-9, with single '.', '_' or '-' between them";
        CloudError::new(Code::InvalidParameter, message)
    })
}

fn severity(text: &str) -> CloudResult<()> {
    if matches!(text, "" | "low" | "medium" | "high") {
        return Ok(());
    }
    Err(CloudError::new(Code::InvalidParameter, "Severity must be low, medium or high"))
}

fn ignored(items: &[CVEWhitelistItem]) -> CloudResult<Vec<String>> {
    if items.len() > MAX_IGNORED {
        return Err(Code::InvalidParameterErrTooLarge.into());
    }
    items.iter().map(|item| check_text("CVEID", &item.id, 64).map(|()| item.id.clone())).collect()
}

/// Creates a namespace.
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
    action! { tcr::CreateNamespace: Write, (InstanceId, NamespaceName, NamespaceSettings) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        severity(&self.severity)?;
        let settings = NamespaceSettings {
            public: self.is_public,
            auto_scan: self.is_auto_scan,
            prevent_vulnerable: self.is_prevent_vul,
            ignored: ignored(&self.cve_whitelist_items)?,
            tags: self.tag_specification.map_or(Ok(Vec::new()), TagSpecification::checked)?,
            severity: self.severity,
        };
        Ok((instance_id(&self.registry_id)?, new_name(&self.namespace_name)?, settings))
    }
    fn needs((id, name, settings): &Self::Checked) -> Needs {
        op::namespace_create(realm(id), name.as_str()).setting_tags(tag_texts(&settings.tags).to_vec()).into()
    }
    async fn run((id, name, settings): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().create_namespace(call.act(), &instance, &name, &settings).await?)
    }
}

/// Lists the namespaces of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeNamespaces {
    registry_id: String,
    /// A part of the name. Empty selects all.
    #[serde(default)]
    namespace_name: String,
    #[serde(default)]
    limit: Option<i64>,
    /// The page number.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    filters: Vec<Filter>,
    /// Whether to return only namespaces with signatures of a key service. There are none.
    #[serde(default)]
    kms_sign_policy: bool,
}

/// The answer to [`DescribeNamespaces`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Namespaces {
    namespace_list: Vec<TcrNamespaceInfo>,
    total_count: u64,
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
    action! { tcr::DescribeNamespaces: Read, (InstanceId, Window, Self) => Namespaces }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        check_filters(&self.filters)?;
        if self.filters.iter().any(|filter| filter.name != "Tags") {
            return Err(invalid("namespaces can only be filtered by Tags"));
        }
        let window = page::numbered_by_offset(self.offset, self.limit)?;
        Ok((instance_id(&self.registry_id)?, window, self))
    }
    fn needs((id, ..): &Self::Checked) -> Needs {
        Self::ROW.on_instance(id.as_str()).into()
    }
    async fn run((id, window, it): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Namespaces> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let tagged = |tags: &[ResourceTag], filter: &Filter| filter.values.iter().any(|value| is_tagged(tags, value));
        let is_hidden = |namespace: &InstanceNamespace| {
            let tags = tag_texts(instance.tags.iter().chain(&namespace.settings.tags));
            call.is_hidden(&Self::ROW.on_namespace(realm(&id), namespace.name.as_str()).tagged(&tags))
        };
        let mut all = call.services().instances().namespaces(&instance).await?;
        all.retain(|namespace| {
            namespace.name.as_str().contains(&it.namespace_name)
                && it.filters.iter().all(|filter| tagged(&namespace.settings.tags, filter))
                && !it.kms_sign_policy
                && !is_hidden(namespace)
        });
        let window = if it.all { Window { offset: 0, limit: u32::MAX } } else { window };
        let Listing { items, total } = window.of(all).map(info);
        Ok(Namespaces { namespace_list: items, total_count: total })
    }
}

/// Changes a namespace. Absent parameters leave their values unchanged.
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

/// The changes of a namespace. `None` leaves a value unchanged.
pub(crate) struct Change {
    public: Option<bool>,
    auto_scan: Option<bool>,
    prevent_vulnerable: Option<bool>,
    severity: Option<String>,
    ignored: Option<Vec<String>>,
    tags: Option<Vec<ResourceTag>>,
}

impl Change {
    fn apply(&self, settings: &mut NamespaceSettings) {
        settings.public = self.public.unwrap_or(settings.public);
        settings.auto_scan = self.auto_scan.unwrap_or(settings.auto_scan);
        settings.prevent_vulnerable = self.prevent_vulnerable.unwrap_or(settings.prevent_vulnerable);
        if let Some(severity) = &self.severity {
            settings.severity.clone_from(severity);
        }
        if let Some(ignored) = &self.ignored {
            settings.ignored.clone_from(ignored);
        }
        if let Some(tags) = &self.tags {
            settings.tags.clone_from(tags);
        }
    }
}

impl Action for ModifyNamespace {
    action! { tcr::ModifyNamespace: Write, (InstanceId, String, Change) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        severity(self.severity.as_deref().unwrap_or_default())?;
        let change = Change {
            public: self.is_public,
            auto_scan: self.is_auto_scan,
            prevent_vulnerable: self.is_prevent_vul,
            severity: self.severity,
            ignored: self.cve_whitelist_items.as_deref().map(ignored).transpose()?,
            tags: self.tag_specification.map(TagSpecification::checked).transpose()?,
        };
        Ok((instance_id(&self.registry_id)?, self.namespace_name, change))
    }
    fn needs((id, name, change): &Self::Checked) -> Needs {
        let tags = change.tags.as_deref().map(tag_texts).unwrap_or_default();
        Self::ROW.on_namespace(realm(id), name).setting_tags(tags.to_vec()).into()
    }
    async fn run((id, name, change): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let instances = call.services().instances();
        Ok(instances.modify_namespace(call.act(), &instance, &name, |settings| change.apply(settings)).await?)
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
    action! { tcr::DeleteNamespace: Write, (InstanceId, String) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((instance_id(&self.registry_id)?, self.namespace_name))
    }
    fn needs((id, name): &Self::Checked) -> Needs {
        op::namespace_delete(realm(id), name).into()
    }
    async fn run((id, name): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let name = name.parse().map_err(|_| Error::Unknown(Thing::Namespace))?;
        Ok(call.services().instances().delete_namespace(call.act(), &instance, &name).await?)
    }
}
