//! Repositories of the personal edition: details, lists and searches.

use roadstead_auth::{Identity, Read};
use roadstead_policy::actions::tcr;
use roadstead_service::records::{Order, RepositoryDetail};
use roadstead_service::{RepositoryFilter, Where};
use roadstead_types::{RepositoryName, Window};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::{self as personal, Data, REPOSITORY_TYPE};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// Returns a repository of the caller's main account, or a public one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositoryPersonal {
    repo_name: String,
}

/// The answer to [`DescribeRepositoryPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RepositoryInfoResp {
    repo_name: String,
    repo_type: &'static str,
    server: String,
    creation_time: String,
    description: String,
    public: i64,
    pull_count: u64,
    favor_count: u64,
    is_user_favor: bool,
    is_qcloud_official: bool,
}

impl Action for DescribeRepositoryPersonal {
    action! { tcr::DescribeRepositoryPersonal: Read, RepositoryName => Data<RepositoryInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<RepositoryName> {
        names::repository(&self.repo_name)
    }
    fn needs(_: &RepositoryName) -> Needs {
        Needs::nothing()
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let detail = call.services().personal().repository(&call.repository(&name)).await?;
        let data = RepositoryInfoResp {
            repo_name: name.to_string(),
            repo_type: REPOSITORY_TYPE,
            server: call.host.to_owned(),
            creation_time: time::plain(detail.repository.created_at),
            description: detail.description,
            public: i64::from(detail.repository.public),
            pull_count: detail.pull_count,
            favor_count: detail.favorite_count,
            is_user_favor: detail.is_favorite,
            is_qcloud_official: false,
        };
        Ok(Data { data })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RepoInfo {
    repo_name: String,
    repo_type: &'static str,
    tag_count: u64,
    public: i64,
    is_user_favor: bool,
    is_qcloud_official: bool,
    favor_count: u64,
    pull_count: u64,
    description: String,
    creation_time: String,
    update_time: String,
}

impl From<RepositoryDetail> for RepoInfo {
    fn from(detail: RepositoryDetail) -> Self {
        Self {
            repo_name: detail.repository.name.to_string(),
            repo_type: REPOSITORY_TYPE,
            tag_count: detail.tag_count,
            public: i64::from(detail.repository.public),
            is_user_favor: detail.is_favorite,
            is_qcloud_official: false,
            favor_count: detail.favorite_count,
            pull_count: detail.pull_count,
            description: detail.description,
            creation_time: time::plain(detail.repository.created_at),
            update_time: time::plain(detail.repository.updated_at),
        }
    }
}

/// The answer of every list of repositories.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RepoInfoResp {
    total_count: u64,
    repo_info: Vec<RepoInfo>,
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    privilege_filtered: Option<bool>,
}

/// Whether an answer says that policies hide repositories from the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    OfHidden,
}

async fn list(
    call: &Allowed<'_, Read>,
    filter: &RepositoryFilter<'_>,
    tells: Tells,
) -> CloudResult<Data<RepoInfoResp>> {
    let (found, filtered) = call.services().personal().repositories(&call.account(), filter).await?;
    let data = RepoInfoResp {
        total_count: found.total,
        repo_info: found.items.into_iter().map(RepoInfo::from).collect(),
        server: call.host.to_owned(),
        privilege_filtered: (tells == Tells::OfHidden).then_some(filtered),
    };
    Ok(Data { data })
}

/// Lists the repositories of the caller's main account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositoryOwnerPersonal {
    offset: Option<i64>,
    limit: Option<i64>,
    /// A part of the name.
    #[serde(default)]
    repo_name: String,
}

impl Action for DescribeRepositoryOwnerPersonal {
    action! { tcr::DescribeRepositoryOwnerPersonal: Read, (Window, String) => Data<RepoInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((page::window(self.offset, self.limit)?, self.repo_name))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run((window, part): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let (among, part, order) = (Where::Own, part.as_str(), Order::Newest);
        let filter = RepositoryFilter { among, part, namespace: None, public: None, order, window };
        list(&call, &filter, Tells::Nothing).await
    }
}

/// Lists repositories of the caller's main account by name, visibility and namespace.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositoryFilterPersonal {
    /// A part of the name.
    #[serde(default)]
    repo_name: String,
    offset: Option<i64>,
    limit: Option<i64>,
    /// 1 for public, 0 for private. The default is both.
    public: Option<i64>,
    /// The whole name. Empty selects all.
    #[serde(default)]
    namespace: String,
}

impl Action for DescribeRepositoryFilterPersonal {
    action! { tcr::DescribeRepositoryFilterPersonal: Read, (Window, String, Option<bool>, String) => Data<RepoInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let public = self.public.map(personal::public).transpose()?;
        Ok((page::window(self.offset, self.limit)?, self.repo_name, public, self.namespace))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run(
        (window, part, public, namespace): Self::Checked,
        call: Allowed<'_, Read>,
    ) -> CloudResult<Self::Output> {
        let (among, part, order) = (Where::Own, part.as_str(), Order::Newest);
        let namespace = Some(namespace.as_str()).filter(|name| !name.is_empty());
        let filter = RepositoryFilter { among, part, namespace, public, order, window };
        list(&call, &filter, Tells::OfHidden).await
    }
}

/// Lists every repository that the caller may see, including public ones of other accounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeRepositoryAllPersonal {
    offset: Option<i64>,
    limit: Option<i64>,
    /// A part of the name.
    #[serde(default)]
    repo_name: String,
    /// `pullCount` or `official`. There are no official repositories, so `official` orders by age like the default.
    #[serde(default)]
    order_by: String,
    /// `desc` or `asc`.
    #[serde(default)]
    order: String,
}

impl DescribeRepositoryAllPersonal {
    fn order(&self) -> CloudResult<Order> {
        match (self.order_by.as_str(), self.order.as_str()) {
            ("pullCount", "" | "desc") => Ok(Order::MostPulled),
            ("pullCount", "asc") => Ok(Order::LeastPulled),
            ("" | "official", "" | "desc") => Ok(Order::Newest),
            ("" | "official", "asc") => Ok(Order::Oldest),
            ("" | "official" | "pullCount", _) => {
                Err(CloudError::new(Code::InvalidParameterValue, "Order must be desc or asc"))
            }
            _ => Err(CloudError::new(Code::InvalidParameterValue, "OrderBy must be pullCount or official")),
        }
    }
}

impl Action for DescribeRepositoryAllPersonal {
    action! { tcr::DescribeRepositoryAllPersonal: Read, (Window, String, Order) => Data<RepoInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let order = self.order()?;
        Ok((page::window(self.offset, self.limit)?, self.repo_name, order))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run((window, part, order): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let (among, part) = (Where::Accessible, part.as_str());
        let filter = RepositoryFilter { among, part, namespace: None, public: None, order, window };
        list(&call, &filter, Tells::Nothing).await
    }
}

/// Returns whether a namespace of the caller's main account has a repository of this name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ValidateRepositoryExistPersonal {
    repo_name: String,
}

/// The answer to [`ValidateRepositoryExistPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RepoIsExistResp {
    is_exist: bool,
}

impl Action for ValidateRepositoryExistPersonal {
    action! { tcr::ValidateRepositoryExistPersonal: Read, RepositoryName => Data<RepoIsExistResp> }
    fn check(self, _: &Identity) -> CloudResult<RepositoryName> {
        names::repository(&self.repo_name)
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let is_exist = call.services().personal().repository_exists(&call.repository(&name)).await?;
        Ok(Data { data: RepoIsExistResp { is_exist } })
    }
}
