//! Repositories of instances.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_service::records::{InstanceRepository, RepositoryOrder, RepositoryQuery, Texts};
use roadstead_types::{InstanceId, NameRule, RepositoryName, Window};
use serde::{Deserialize, Serialize};

use super::shared::{check_text, instance_id, invalid, own, realm, repository};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The longest brief description, in characters.
const MAX_BRIEF: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 10_000;

/// Creates an empty repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRepository {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    #[serde(default)]
    brief_description: String,
    #[serde(default)]
    description: String,
}

impl Action for CreateRepository {
    action! { tcr::CreateRepository: Write, (InstanceId, RepositoryName, Texts) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        if !(3..245).contains(&self.repository_name.len()) {
            return Err(invalid("RepositoryName has 3 to 244 characters"));
        }
        check_text("BriefDescription", &self.brief_description, MAX_BRIEF)?;
        check_text("Description", &self.description, MAX_DESCRIPTION)?;
        Ok((id, name, Texts { brief: self.brief_description, description: self.description }))
    }
    fn needs((id, name, _): &Self::Checked) -> Needs {
        op::repository_create(realm(id), name).into()
    }
    async fn run((id, name, texts): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().create_repository(call.act(), &instance, &name, &texts).await?)
    }
}

/// Lists the repositories of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositories {
    registry_id: String,
    /// The namespace. Empty selects all.
    #[serde(default)]
    namespace_name: String,
    /// A part of the name. Empty selects all.
    #[serde(default)]
    repository_name: String,
    /// The page number.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    limit: Option<i64>,
    #[serde(default)]
    sort_by: String,
}

/// The answer to [`DescribeRepositories`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Repositories {
    repository_list: Vec<TcrRepositoryInfo>,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcrRepositoryInfo {
    /// The name with its namespace.
    name: String,
    namespace: String,
    creation_time: String,
    public: bool,
    description: String,
    brief_description: String,
    update_time: String,
}

fn info(repository: InstanceRepository) -> TcrRepositoryInfo {
    let InstanceRepository { id: _, name, public, texts, created_at, updated_at } = repository;
    TcrRepositoryInfo {
        namespace: name.namespace().to_owned(),
        name: name.as_str().to_owned(),
        creation_time: time::iso(created_at),
        public,
        description: texts.description,
        brief_description: texts.brief,
        update_time: time::iso(updated_at),
    }
}

fn order(text: &str) -> CloudResult<RepositoryOrder> {
    match text {
        "" | "name" => Ok(RepositoryOrder::Name),
        "-name" => Ok(RepositoryOrder::NameDescending),
        "-creation_time" => Ok(RepositoryOrder::Newest),
        "-update_time" => Ok(RepositoryOrder::LastChanged),
        _ => Err(CloudError::new(Code::InvalidParameter, "SortBy must be -creation_time, -name or -update_time")),
    }
}

impl Action for DescribeRepositories {
    action! { tcr::DescribeRepositories: Read, (InstanceId, RepositoryOrder, Window, Self) => Repositories }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let window = page::numbered_by_offset(self.offset, self.limit)?;
        Ok((instance_id(&self.registry_id)?, order(&self.sort_by)?, window, self))
    }
    fn needs((id, _, _, it): &Self::Checked) -> Needs {
        match it.namespace_name.as_str() {
            "" => Self::ROW.on_instance(id.as_str()).into(),
            namespace => Self::ROW.on_namespace(realm(id), namespace).into(),
        }
    }
    async fn run((id, order, window, it): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Repositories> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let instances = call.services().instances();
        let namespace = match it.namespace_name.as_str() {
            "" => None,
            name => match instances.namespace(&instance, name).await? {
                Some(found) => Some(found.id),
                None => return Ok(Repositories { repository_list: Vec::new(), total_count: 0 }),
            },
        };
        let contains = it.repository_name.as_str();
        let query = RepositoryQuery { namespace, contains, shows: &NameRule::All, order, window };
        let found = instances.repositories(&instance, &query).await?;
        Ok(Repositories { repository_list: found.items.into_iter().map(info).collect(), total_count: found.total })
    }
}

/// Changes the texts of a repository. Absent parameters leave their values unchanged.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRepository {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    #[serde(default)]
    brief_description: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

impl Action for ModifyRepository {
    action! { tcr::ModifyRepository: Write, (InstanceId, RepositoryName, Self) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        check_text("BriefDescription", self.brief_description.as_deref().unwrap_or_default(), MAX_BRIEF)?;
        check_text("Description", self.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
        Ok((id, name, self))
    }
    fn needs((id, name, _): &Self::Checked) -> Needs {
        Self::ROW.on_repository(realm(id), name).into()
    }
    async fn run((id, name, it): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let (brief, description) = (it.brief_description.as_deref(), it.description.as_deref());
        let instances = call.services().instances();
        Ok(instances.describe_repository(call.act(), &instance, &name, brief, description).await?)
    }
}

fn yes() -> bool {
    true
}

/// Deletes a repository. Without force, it must be empty.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRepository {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    #[serde(default = "yes")]
    force_delete: bool,
}

impl Action for DeleteRepository {
    action! { tcr::DeleteRepository: Write, (InstanceId, RepositoryName, bool) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        Ok((id, name, self.force_delete))
    }
    fn needs((id, name, _): &Self::Checked) -> Needs {
        op::repository_delete(realm(id), name).into()
    }
    async fn run((id, name, force): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        Ok(call.services().instances().delete_repository(call.act(), &instance, &name, force).await?)
    }
}
