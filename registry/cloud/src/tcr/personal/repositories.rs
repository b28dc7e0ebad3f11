//! Repositories of the personal edition: creates, changes and deletes them.

use roadstead_auth::{Identity, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_policy::op::Realm;
use roadstead_types::RepositoryName;
use serde::Deserialize;

use super::{names, shared as personal};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;

/// Creates an empty repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateRepositoryPersonal {
    repo_name: String,
    /// 1 for public, 0 for private. The default is private.
    public: Option<i64>,
    description: Option<String>,
}

impl Action for CreateRepositoryPersonal {
    action! { tcr::CreateRepositoryPersonal: Write, (RepositoryName, bool, String) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let description = self.description.unwrap_or_default();
        let public = personal::public(self.public.unwrap_or(0))?;
        Ok((names::repository(&self.repo_name)?, public, personal::description(description)?))
    }
    fn needs((name, ..): &Self::Checked) -> Needs {
        op::repository_create(Realm::Personal, name).into()
    }
    async fn run((name, public, description): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        names::allowed(call.services(), "RepoName", &name)?;
        Ok(call
            .services()
            .personal()
            .create_repository(call.act(), &call.repository(&name), public, &description)
            .await?)
    }
}

/// Deletes a repository with all of its tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRepositoryPersonal {
    repo_name: String,
}

impl Action for DeleteRepositoryPersonal {
    action! { tcr::DeleteRepositoryPersonal: Write, RepositoryName => () }
    fn check(self, _: &Identity) -> CloudResult<RepositoryName> {
        names::repository(&self.repo_name)
    }
    fn needs(name: &RepositoryName) -> Needs {
        op::repository_delete(Realm::Personal, name).into()
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().delete_repository(call.act(), &call.repository(&name)).await?)
    }
}

/// Deletes several repositories: all of them, or none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteRepositoryPersonal {
    repo_names: Vec<String>,
}

impl Action for BatchDeleteRepositoryPersonal {
    action! { tcr::BatchDeleteRepositoryPersonal: Write, Vec<RepositoryName> => () }
    fn check(self, _: &Identity) -> CloudResult<Vec<RepositoryName>> {
        personal::batch("RepoNames", self.repo_names.iter().map(String::as_str))
    }
    fn needs(names: &Vec<RepositoryName>) -> Needs {
        names.iter().map(|name| op::repository_batch_delete(Realm::Personal, name)).collect()
    }
    fn target(names: &Vec<RepositoryName>) -> Option<String> {
        Some(personal::listed(names))
    }
    async fn run(names: Vec<RepositoryName>, call: Allowed<'_, Write>) -> CloudResult<()> {
        let all: Vec<_> = names.iter().map(|name| call.repository(name)).collect();
        Ok(call.services().personal().delete_repositories(call.act(), &all).await?)
    }
}

/// Makes a repository public or private.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRepositoryAccessPersonal {
    repo_name: String,
    /// 1 for public, 0 for private.
    public: i64,
}

impl Action for ModifyRepositoryAccessPersonal {
    action! { tcr::ModifyRepositoryAccessPersonal: Write, (RepositoryName, bool) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::repository(&self.repo_name)?, personal::public(self.public)?))
    }
    fn needs((name, _): &Self::Checked) -> Needs {
        Self::ROW.on_repository(Realm::Personal, name).into()
    }
    async fn run((name, public): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().set_visibility(call.act(), &call.repository(&name), public).await?)
    }
}

/// Sets the description of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModifyRepositoryInfoPersonal {
    repo_name: String,
    /// The description. An empty one removes it.
    description: String,
}

impl Action for ModifyRepositoryInfoPersonal {
    action! { tcr::ModifyRepositoryInfoPersonal: Write, (RepositoryName, String) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::repository(&self.repo_name)?, personal::description(self.description)?))
    }
    fn needs((name, _): &Self::Checked) -> Needs {
        Self::ROW.on_repository(Realm::Personal, name).into()
    }
    async fn run((name, description): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().describe(call.act(), &call.repository(&name), &description).await?)
    }
}
