//! Repositories of the personal edition: making, changing and deleting them.

use roadstead_policy::op::{self, Realm};
use serde::Deserialize;

use super::names;
use super::shared as personal;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::error::CloudError;

/// Makes an empty repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRepositoryPersonal {
    repo_name: String,
    /// 1 public, 0 private; private when it is not said.
    public: Option<i64>,
    description: Option<String>,
}

impl Action for CreateRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateRepositoryPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok(Permission::Needs(vec![op::repository_create(Realm::Personal, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        names::allowed(call.services(), "RepoName", &name)?;
        let public = personal::public(self.public.unwrap_or(0))?;
        let description = personal::description(self.description.as_deref().unwrap_or_default())?;
        call.services().personal().create_repository(call.identity(), &name, public, description).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// Deletes a repository with all of its tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRepositoryPersonal {
    repo_name: String,
}

impl Action for DeleteRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteRepositoryPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok(Permission::Needs(vec![op::repository_delete(Realm::Personal, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        call.services().personal().delete_repository(call.identity(), &name).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// Deletes several repositories, all of them or none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteRepositoryPersonal {
    repo_names: Vec<String>,
}

impl Action for BatchDeleteRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "BatchDeleteRepositoryPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let names = personal::batch("RepoNames", &self.repo_names)?;
        Ok(Permission::Needs(names.iter().map(|name| op::repository_batch_delete(Realm::Personal, name)).collect()))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let names = personal::batch("RepoNames", &self.repo_names)?;
        call.services().personal().delete_repositories(call.identity(), &names).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_names.join(",")
    }
}

/// Makes a repository public or private.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRepositoryAccessPersonal {
    repo_name: String,
    /// 1 public, 0 private.
    public: i64,
}

impl Action for ModifyRepositoryAccessPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyRepositoryAccessPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok(Permission::Hardened(vec![op::api_on_repository(Realm::Personal, Self::NAME, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let public = personal::public(self.public)?;
        call.services().personal().set_visibility(call.identity(), &name, public).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// Says what a repository is for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRepositoryInfoPersonal {
    repo_name: String,
    /// Empty to say nothing any more.
    description: String,
}

impl Action for ModifyRepositoryInfoPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "ModifyRepositoryInfoPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        Ok(Permission::Hardened(vec![op::api_on_repository(Realm::Personal, Self::NAME, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let description = personal::description(&self.description)?;
        call.services().personal().describe(call.identity(), &name, description).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}
