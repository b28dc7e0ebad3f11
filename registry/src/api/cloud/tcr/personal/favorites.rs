//! Favourites of the caller.

use roadstead_storage::meta::{Among, Order, RepositoryDetail};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::{self as personal, Data, REPOSITORY_TYPE};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::tcr::regions;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use roadstead_service::RepositoryFilter;

/// Makes a repository a favourite of the caller.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateFavorRepositoryPersonal {
    repo_name: String,
    /// There is only one type here; whatever it says is taken.
    #[serde(default, rename = "RepoType")]
    _repo_type: String,
}

impl Action for CreateFavorRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "CreateFavorRepositoryPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        personal::no_session(call)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        call.services().personal().add_favorite(call.permissions, &name).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.repo_name.clone()
    }
}

/// Takes repositories from the favourites of the caller.
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

impl BatchDeleteFavorRepositoryPersonal {
    fn names(&self) -> Vec<String> {
        self.favors.iter().map(|favor| favor.repo_name.clone()).collect()
    }
}

impl Action for BatchDeleteFavorRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "BatchDeleteFavorRepositoryPersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, call: &CloudCall<'_>) -> Result<Permission, CloudError> {
        personal::no_session(call)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let names = personal::batch("Favors", &self.names())?;
        call.services().personal().remove_favorites(call.identity(), &names).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        self.names().join(",")
    }
}

/// The favourites of the caller that it may see.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeFavorRepositoryPersonal {
    /// A part of the name; empty for all.
    repo_name: String,
    limit: i64,
    offset: i64,
}

/// See [`DescribeFavorRepositoryPersonal`].
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
    fn of(detail: RepositoryDetail, region: &str) -> Self {
        Self {
            repo_name: detail.repository.name.to_string(),
            repo_type: REPOSITORY_TYPE,
            pull_count: detail.pull_count,
            favor_count: detail.favorite_count,
            public: i64::from(detail.repository.public),
            is_qcloud_official: false,
            tag_count: detail.tag_count,
            logo: "",
            region: region.to_owned(),
            region_id: regions::ID,
        }
    }
}

impl Action for DescribeFavorRepositoryPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeFavorRepositoryPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<FavorResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let Page { offset, limit } = Page::of(Some(self.offset), Some(self.limit))?;
        let among = Among::Favorites { account: call.identity().account, owner: call.owner() };
        let (part, order) = (self.repo_name.as_str(), Order::Newest);
        let filter = RepositoryFilter { among, part, namespace: None, public: None, order, offset, limit };
        let (found, _) = call.services().personal().repositories(call.permissions, &filter).await?;
        let region = &call.settings().region;
        let repo_info = found.list.into_iter().map(|detail| Favors::of(detail, region)).collect();
        Ok(Data { data: FavorResp { total_count: found.total, repo_info } })
    }
}
