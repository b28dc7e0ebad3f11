//! Policies.

use std::collections::HashMap;

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_service::Error;
use roadstead_service::cam::{CamTag, PolicyInfo, PolicyScope};
use roadstead_service::records::{Entity, Holder, PolicyCounts};
use roadstead_types::{Listing, PolicyId, Thing, Window};
use serde::{Deserialize, Serialize};

use super::things::{answered, either, on_policy, policy, policy_id, service, uin_number, wrong};
use crate::action::{Action, Allowed, CloudCall, Lookup, Needs, Permitted, action, lookup};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The most policies in a [`DeletePolicy`] request.
const MAX_AT_ONCE: usize = 100;
const MAX_KEYWORD_CHARS: usize = 128;

/// Returns 1 for a custom policy and 2 for a preset one.
pub(super) fn kind(is_preset: bool) -> u64 {
    if is_preset { 2 } else { 1 }
}

/// Creates a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreatePolicy {
    policy_name: String,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<CamTag>,
}

/// The answer to [`CreatePolicy`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreatedPolicy {
    policy_id: u64,
}

impl Action for CreatePolicy {
    action! { cam::CreatePolicy: Write, Self => CreatedPolicy }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> Option<String> {
        Some(it.policy_name.clone())
    }
    async fn run(it: Self, call: Allowed<'_, Write>) -> CloudResult<CreatedPolicy> {
        let Self { policy_name: name, policy_document: document, description, tags } = it;
        let description = description.unwrap_or_default();
        let id =
            service(&call).create_policy(call.act(), &call.account(), &name, &description, &document, &tags).await?;
        Ok(CreatedPolicy { policy_id: answered(id.get()) })
    }
}

/// Changes a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdatePolicy {
    policy_id: Option<u64>,
    policy_name: Option<String>,
    description: Option<String>,
    policy_document: Option<String>,
    alias: Option<String>,
}

/// The answer to [`UpdatePolicy`]. It contains the number of the policy if the request named the policy by name.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdatedPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_id: Option<u64>,
}

impl Lookup for UpdatePolicy {
    lookup! { cam::UpdatePolicy: Write, Self => PolicyId => UpdatedPolicy }
    fn check(self, _: &Identity) -> CloudResult<Self> {
        Ok(self)
    }
    fn target(it: &Self) -> String {
        either(it.policy_id.map(|id| id.to_string()).as_deref(), it.policy_name.as_deref())
    }
    async fn resolve(it: &Self, call: &CloudCall<'_>) -> CloudResult<Permitted<PolicyId>> {
        policy(call, Self::ROW, it.policy_id, it.policy_name.as_deref()).await
    }
    async fn run(it: Self, id: PolicyId, call: Allowed<'_, Write>) -> CloudResult<UpdatedPolicy> {
        if it.alias.is_some() && id.is_custom() {
            return Err(wrong("Alias is for preset policies"));
        }
        let (description, document) = (it.description.as_deref(), it.policy_document.as_deref());
        service(&call).update_policy(call.act(), &call.account(), id, description, document).await?;
        Ok(UpdatedPolicy { policy_id: it.policy_id.is_none().then(|| answered(id.get())) })
    }
}

/// Deletes policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeletePolicy {
    policy_id: Vec<u64>,
}

impl Action for DeletePolicy {
    action! { cam::DeletePolicy: Write, Vec<PolicyId> => () }
    fn check(self, _: &Identity) -> CloudResult<Vec<PolicyId>> {
        if self.policy_id.is_empty() || self.policy_id.len() > MAX_AT_ONCE {
            return Err(wrong(format!("PolicyId must have 1 to {MAX_AT_ONCE} members")));
        }
        let mut ids: Vec<PolicyId> = self.policy_id.iter().map(|&id| policy_id(id)).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }
    fn needs(ids: &Vec<PolicyId>) -> Needs {
        ids.iter().map(|id| on_policy(Self::ROW, *id)).collect()
    }
    async fn run(ids: Vec<PolicyId>, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).delete_policies(call.act(), &call.account(), &ids).await?)
    }
}

/// Returns a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetPolicy {
    policy_id: u64,
}

/// The answer to [`GetPolicy`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FoundPolicy {
    policy_name: String,
    description: String,
    r#type: u64,
    add_time: String,
    update_time: String,
    policy_document: String,
    preset_alias: String,
    is_service_linked_role_policy: u64,
    tags: Vec<CamTag>,
}

impl Action for GetPolicy {
    action! { cam::GetPolicy: Read, PolicyId => FoundPolicy }
    fn check(self, _: &Identity) -> CloudResult<PolicyId> {
        Ok(policy_id(self.policy_id))
    }
    fn needs(id: &PolicyId) -> Needs {
        on_policy(Self::ROW, *id).into()
    }
    async fn run(id: PolicyId, call: Allowed<'_, Read>) -> CloudResult<FoundPolicy> {
        let found = service(&call).policy(&call.account(), id).await;
        let policy = found.map_err(|error| match error {
            Error::Unknown(Thing::Policy) => Code::ResourceNotFoundPolicyIdNotFound.into(),
            other => CloudError::from(other),
        })?;
        Ok(FoundPolicy {
            r#type: kind(policy.is_preset()),
            policy_name: policy.name,
            description: policy.description,
            add_time: time::plain(policy.created_at),
            update_time: time::plain(policy.updated_at),
            policy_document: policy.document,
            preset_alias: String::new(),
            is_service_linked_role_policy: 0,
            tags: policy.tags,
        })
    }
}

/// Lists the policies.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListPolicies {
    rp: Option<i64>,
    page: Option<i64>,
    scope: Option<String>,
    keyword: Option<String>,
}

/// The answer to [`ListPolicies`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policies {
    total_num: u64,
    list: Vec<ListedPolicy>,
    service_type_list: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPolicy {
    policy_id: u64,
    policy_name: String,
    add_time: String,
    r#type: u64,
    description: String,
    create_mode: u64,
    attachments: u64,
    service_type: String,
    deactived: u64,
    deactived_detail: Vec<String>,
    is_service_linked_policy: u64,
    attach_entity_count: u64,
    attach_entity_boundary_count: u64,
    update_time: String,
    tags: Vec<CamTag>,
}

impl Action for ListPolicies {
    action! { cam::ListPolicies: Read, (Window, PolicyScope, Option<String>) => Policies }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let scope = match self.scope.as_deref() {
            None | Some("" | "All") => PolicyScope::All,
            Some("QCS") => PolicyScope::Preset,
            Some("Local") => PolicyScope::Custom,
            Some(_) => return Err(Code::InvalidParameterScopeError.into()),
        };
        let keyword = self.keyword.filter(|keyword| !keyword.is_empty());
        if keyword.as_ref().is_some_and(|keyword| keyword.chars().count() > MAX_KEYWORD_CHARS) {
            return Err(Code::InvalidParameterSearchKeywordLengthError.into());
        }
        Ok((page::numbered(self.page, self.rp)?, scope, keyword))
    }
    async fn run((page, scope, keyword): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Policies> {
        let policies = service(&call).list_policies(&call.account(), scope, keyword.as_deref()).await?;
        let policies = page.of(policies);
        let ids: Vec<PolicyId> = policies.items.iter().map(|policy| policy.id).collect();
        let counts = service(&call).count_attached(&call.account(), &ids).await?;
        let counts: HashMap<i64, PolicyCounts> = counts.into_iter().map(|count| (count.policy.get(), count)).collect();
        let Listing { items, total } = policies.map(|policy| listed(&counts, policy));
        Ok(Policies { total_num: total, list: items, service_type_list: Vec::new() })
    }
}

fn listed(counts: &HashMap<i64, PolicyCounts>, policy: PolicyInfo) -> ListedPolicy {
    let count = counts.get(&policy.id.get());
    ListedPolicy {
        policy_id: answered(policy.id.get()),
        r#type: kind(policy.is_preset()),
        policy_name: policy.name,
        add_time: time::plain(policy.created_at),
        description: policy.description,
        create_mode: 2,
        attachments: count.map_or(0, |count| count.users),
        service_type: String::new(),
        deactived: 0,
        deactived_detail: Vec::new(),
        is_service_linked_policy: 0,
        attach_entity_count: count.map_or(0, |count| count.attached),
        attach_entity_boundary_count: count.map_or(0, |count| count.boundaries),
        update_time: time::plain(policy.updated_at),
        tags: policy.tags,
    }
}

/// Lists the entities that a policy is attached to.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListEntitiesForPolicy {
    policy_id: u64,
    page: Option<i64>,
    rp: Option<i64>,
    entity_filter: Option<String>,
}

/// The answer to [`ListEntitiesForPolicy`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entities {
    total_num: u64,
    list: Vec<AttachedEntity>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttachedEntity {
    id: String,
    name: String,
    uin: u64,
    related_type: u64,
    attachment_time: String,
}

impl Action for ListEntitiesForPolicy {
    action! { cam::ListEntitiesForPolicy: Read, (PolicyId, Window, fn(Holder) -> bool) => Entities }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let wanted: fn(Holder) -> bool = match self.entity_filter.as_deref() {
            None | Some("" | "All") => |_| true,
            Some("User") => |holder| matches!(holder, Holder::User(_)),
            Some("Group") => |holder| matches!(holder, Holder::Group(_)),
            Some("Role") => |holder| matches!(holder, Holder::Role(_)),
            Some(_) => return Err(Code::InvalidParameterEntityFilterError.into()),
        };
        Ok((policy_id(self.policy_id), page::numbered(self.page, self.rp)?, wanted))
    }
    fn needs((id, ..): &Self::Checked) -> Needs {
        on_policy(Self::ROW, *id).into()
    }
    async fn run((id, page, wanted): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Entities> {
        let found = service(&call).list_entities(&call.account(), id).await;
        let mut entities = found.map_err(|error| match error {
            Error::Unknown(Thing::Policy) => Code::InvalidParameterPolicyIdError.into(),
            other => CloudError::from(other),
        })?;
        entities.retain(|entity| wanted(entity.holder));
        let Listing { items, total } = page.of(entities).map(attached_entity);
        Ok(Entities { total_num: total, list: items })
    }
}

fn attached_entity(entity: Entity) -> AttachedEntity {
    let (id, related_type) = match entity.holder {
        Holder::User(id) => (roadstead_service::cam::uid(id).to_string(), 1),
        Holder::Group(id) => (id.to_string(), 2),
        Holder::Role(id) => (id.to_string(), 3),
    };
    AttachedEntity {
        id,
        name: entity.name,
        uin: entity.uin.as_ref().map_or(0, uin_number),
        related_type,
        attachment_time: time::plain(entity.since),
    }
}
