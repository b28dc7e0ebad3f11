//! Favorite repositories of the caller.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::regions::Region;
use roadstead_service::records::{Order, RepositoryDetail};
use roadstead_service::{RepositoryFilter, Where};
use roadstead_types::{RepositoryName, Window};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::{self as personal, Data, REPOSITORY_TYPE};
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::error::CloudResult;
use crate::wire::page;

/// Adds a repository to the caller's favorites.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateFavorRepositoryPersonal {
    repo_name: String,
    /// The type. There is only one here, so the value is ignored.
    #[serde(default, rename = "RepoType")]
    _repo_type: String,
}

impl Action for CreateFavorRepositoryPersonal {
    action! { tcr::CreateFavorRepositoryPersonal: Write, RepositoryName => () }
    fn check(self, by: &Identity) -> CloudResult<RepositoryName> {
        lasting_only(by)?;
        names::repository(&self.repo_name)
    }
    fn needs(_: &RepositoryName) -> Needs {
        Needs::nothing()
    }
    fn target(name: &RepositoryName) -> Option<String> {
        Some(name.to_string())
    }
    async fn run(name: RepositoryName, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().add_favorite(call.act(), &call.repository(&name)).await?)
    }
}

/// Removes repositories from the caller's favorites.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteFavorRepositoryPersonal {
    favors: Vec<RequestFavor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RequestFavor {
    repo_name: String,
    #[serde(default, rename = "RepoType")]
    _repo_type: String,
    #[serde(default, rename = "RegionId")]
    _region_id: String,
}

impl Action for BatchDeleteFavorRepositoryPersonal {
    action! { tcr::BatchDeleteFavorRepositoryPersonal: Write, Vec<RepositoryName> => () }
    fn check(self, by: &Identity) -> CloudResult<Vec<RepositoryName>> {
        lasting_only(by)?;
        personal::batch("Favors", self.favors.iter().map(|favor| favor.repo_name.as_str()))
    }
    fn needs(_: &Vec<RepositoryName>) -> Needs {
        Needs::nothing()
    }
    fn target(names: &Vec<RepositoryName>) -> Option<String> {
        Some(personal::listed(names))
    }
    async fn run(names: Vec<RepositoryName>, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(call.services().personal().remove_favorites(call.act(), &call.account(), &names).await?)
    }
}

/// Lists the caller's favorites that it may see.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeFavorRepositoryPersonal {
    /// A part of the name. Empty selects all.
    repo_name: String,
    limit: i64,
    offset: i64,
}

/// The answer to [`DescribeFavorRepositoryPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FavorResp {
    total_count: u64,
    repo_info: Vec<Favors>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Favors {
    repo_name: String,
    repo_type: &'static str,
    pull_count: u64,
    favor_count: u64,
    public: i64,
    is_qcloud_official: bool,
    tag_count: u64,
    logo: &'static str,
    region: String,
    region_id: i64,
}

impl Favors {
    fn of(detail: RepositoryDetail, region: Region<'_>) -> Self {
        Self {
            repo_name: detail.repository.name.to_string(),
            repo_type: REPOSITORY_TYPE,
            pull_count: detail.pull_count,
            favor_count: detail.favorite_count,
            public: i64::from(detail.repository.public),
            is_qcloud_official: false,
            tag_count: detail.tag_count,
            logo: "",
            region: region.name.to_owned(),
            region_id: region.number,
        }
    }
}

impl Action for DescribeFavorRepositoryPersonal {
    action! { tcr::DescribeFavorRepositoryPersonal: Read, (String, Window) => Data<FavorResp> }
    fn check(self, _: &Identity) -> CloudResult<(String, Window)> {
        Ok((self.repo_name, page::window(Some(self.offset), Some(self.limit))?))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run((part, window): (String, Window), call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let among = Where::Favorites;
        let (part, order) = (part.as_str(), Order::Newest);
        let filter = RepositoryFilter { among, part, namespace: None, public: None, order, window };
        let (found, _) = call.services().personal().repositories(&call.account(), &filter).await?;
        let region = Region::of(&call.settings().region);
        let repo_info = found.items.into_iter().map(|detail| Favors::of(detail, region)).collect();
        Ok(Data { data: FavorResp { total_count: found.total, repo_info } })
    }
}
