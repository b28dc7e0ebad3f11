//! Repositories of instances.

use roadstead_policy::op::{self, Realm};
use roadstead_storage::Error as StorageError;
use roadstead_storage::meta::{InstanceRepository, RepositoryOrder, RepositoryQuery, Texts};
use serde::{Deserialize, Serialize};

use super::shared::{check_text, instance_id, missing, numbered, on_instance, on_repository, own, repository_name};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;

/// The longest brief description, in characters.
const MAX_BRIEF: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 10_000;

/// Makes an empty repository.
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateRepository";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (id, name) =
            (instance_id(&self.registry_id)?, repository_name(&self.namespace_name, &self.repository_name)?);
        if !(3..245).contains(&self.repository_name.len()) {
            return Err(CloudError::new(Code::InvalidParameter, "RepositoryName has 3 to 244 characters"));
        }
        check_text("BriefDescription", &self.brief_description, MAX_BRIEF)?;
        check_text("Description", &self.description, MAX_DESCRIPTION)?;
        Ok(Permission::Needs(vec![op::repository_create(Realm::Instance(id.as_str()), &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let texts = Texts { brief: self.brief_description, description: self.description };
        let made = call.services().instances().create_repository(instance.registry, &name, &texts).await;
        made.map_err(|error| match error {
            StorageError::Conflict(_) => Code::InvalidParameterErrRepoExist.into(),
            StorageError::Stale(_) => missing("namespace"),
            other => CloudError::from(other),
        })?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        format!("{}/{}/{}", self.registry_id, self.namespace_name, self.repository_name)
    }
}

/// Lists the repositories of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositories {
    registry_id: String,
    /// Empty for all.
    #[serde(default)]
    namespace_name: String,
    /// A part of the name; empty for all.
    #[serde(default)]
    repository_name: String,
    /// The number of the page.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    limit: Option<i64>,
    #[serde(default)]
    sort_by: String,
}

/// See [`DescribeRepositories`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Repositories {
    repository_list: Vec<TcrRepositoryInfo>,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcrRepositoryInfo {
    /// With its namespace.
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

fn order(text: &str) -> Result<RepositoryOrder, CloudError> {
    match text {
        "" | "name" => Ok(RepositoryOrder::Name),
        "-name" => Ok(RepositoryOrder::NameDescending),
        "-creation_time" => Ok(RepositoryOrder::Newest),
        "-update_time" => Ok(RepositoryOrder::LastChanged),
        _ => Err(CloudError::new(Code::InvalidParameter, "SortBy must be -creation_time, -name or -update_time")),
    }
}

impl Action for DescribeRepositories {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeRepositories";
    const KIND: Kind = Kind::Read;
    type Output = Repositories;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let id = instance_id(&self.registry_id)?;
        order(&self.sort_by)?;
        let request = match self.namespace_name.as_str() {
            "" => on_instance(Self::NAME, &self.registry_id)?,
            namespace => op::api_on_namespace(Realm::Instance(id.as_str()), Self::NAME, namespace),
        };
        Ok(Permission::Needs(vec![request]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Repositories, CloudError> {
        let (offset, limit) = numbered(self.offset, self.limit)?;
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let instances = call.services().instances();
        let namespace = match self.namespace_name.as_str() {
            "" => None,
            name => match instances.namespace(instance.registry, name).await? {
                Some(found) => Some(found.id),
                None => return Ok(Repositories { repository_list: Vec::new(), total_count: 0 }),
            },
        };
        let (contains, order) = (self.repository_name.as_str(), order(&self.sort_by)?);
        let query = RepositoryQuery { namespace, contains, hidden: &[], order, offset, limit };
        let (listed, total_count) = instances.repositories(call.permissions, &instance, &query).await?;
        Ok(Repositories { repository_list: listed.into_iter().map(info).collect(), total_count })
    }
}

/// Says something else about a repository; what is not given stays as it is.
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyRepository";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        check_text("BriefDescription", self.brief_description.as_deref().unwrap_or_default(), MAX_BRIEF)?;
        check_text("Description", self.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
        Ok(Permission::Needs(vec![on_repository(Self::NAME, &self.registry_id, &name)?]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let (brief, description) = (self.brief_description.as_deref(), self.description.as_deref());
        let instances = call.services().instances();
        match instances.describe_repository(instance.registry, &name, brief, description).await? {
            true => Ok(NoOutput {}),
            false => Err(missing("repository")),
        }
    }

    fn target(&self) -> String {
        format!("{}/{}/{}", self.registry_id, self.namespace_name, self.repository_name)
    }
}

fn yes() -> bool {
    true
}

/// Deletes a repository; without force, only an empty one.
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteRepository";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (id, name) =
            (instance_id(&self.registry_id)?, repository_name(&self.namespace_name, &self.repository_name)?);
        Ok(Permission::Needs(vec![op::repository_delete(Realm::Instance(id.as_str()), &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let instances = call.services().instances();
        let deleted = instances.delete_repository(instance.registry, &name, self.force_delete).await;
        let there = deleted.map_err(|error| match error {
            StorageError::InUse(_) => {
                CloudError::new(Code::ResourceInUse, "there are images in the repository; ForceDelete deletes them too")
            }
            other => other.into(),
        })?;
        if there { Ok(NoOutput {}) } else { Err(missing("repository")) }
    }

    fn target(&self) -> String {
        format!("{}/{}/{}", self.registry_id, self.namespace_name, self.repository_name)
    }
}
