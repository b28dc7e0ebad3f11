//! Images of a repository of the personal edition.

use std::time::Duration;

use roadstead_policy::op::{self, Realm};
use roadstead_storage::meta::TaggedImage;
use roadstead_types::{ImageConfig, Timestamp};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::page::Page;
use crate::api::cloud::wire::time;
use roadstead_service::{Error, ImageError};

/// The most tags of one request.
const MAX_TAGS: usize = 1000;

impl From<ImageError> for CloudError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::TagUnknown => Code::ResourceNotFoundErrNoTag.into(),
            ImageError::ForeignNamespace => Code::InvalidParameterErrNsMisMatch.into(),
            ImageError::Denied(denied) => denied.into(),
            ImageError::Other(Error::NamespaceGone) => Code::InvalidParameterErrNsMisMatch.into(),
            ImageError::Other(other) => other.into(),
        }
    }
}

/// The tags of a repository, the last pushed first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImagePersonal {
    repo_name: String,
    offset: Option<i64>,
    limit: Option<i64>,
    tag: Option<String>,
}

/// See [`DescribeImagePersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagInfoResp {
    tag_count: u64,
    tag_info: Vec<TagInfo>,
    server: String,
    repo_name: String,
}

/// One tag.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagInfo {
    tag_name: String,
    tag_id: String,
    image_id: String,
    size: String,
    creation_time: String,
    duration_days: String,
    author: String,
    architecture: String,
    docker_version: String,
    #[serde(rename = "OS")]
    os: String,
    size_byte: u64,
    id: i64,
    update_time: String,
    push_time: String,
    kind: String,
}

impl TagInfo {
    fn of(image: TaggedImage, now: Timestamp) -> Self {
        let (image_id, config, size) = match image.details {
            Some(details) => (details.image_id, details.config, details.total_size),
            None => (None, ImageConfig::default(), 0),
        };
        let days = now.since(image.pushed_at).as_secs() / Duration::from_hours(24).as_secs();
        Self {
            tag_name: image.tag.to_string(),
            tag_id: image.digest.to_string(),
            image_id: image_id.map(|id| id.to_string()).unwrap_or_default(),
            size: human(size),
            // What does not say when it was built is as old as it is here.
            creation_time: time::plain(config.created.unwrap_or(image.stored_at)),
            duration_days: days.to_string(),
            author: config.author,
            architecture: config.architecture,
            docker_version: config.docker_version,
            os: config.os,
            size_byte: size,
            id: image.id.get(),
            update_time: time::plain(image.pushed_at),
            push_time: time::plain(image.pushed_at),
            kind: format!("Artifact::{}", image.media_type),
        }
    }
}

/// A size for people: in powers of 1000, two digits at least where there are any.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut unit, mut scale) = (0, 1_u64);
    while unit + 1 < UNITS.len() && bytes / scale >= 1000 {
        (unit, scale) = (unit + 1, scale.saturating_mul(1000));
    }
    let tenths = (u128::from(bytes) * 10 + u128::from(scale) / 2) / u128::from(scale);
    if unit > 0 && tenths < 100 {
        return format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]);
    }
    let whole = (u128::from(bytes) + u128::from(scale) / 2) / u128::from(scale);
    format!("{whole} {}", UNITS[unit])
}

impl Action for DescribeImagePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImagePersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<TagInfoResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        names::repository(&self.repo_name)?;
        Page::of(self.offset, self.limit)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let Page { offset, limit } = Page::of(self.offset, self.limit)?;
        let search = self.tag.unwrap_or_default();
        let images = call.services().images();
        let found = images.list(call.permissions, &name, &search, offset, limit).await?;
        let now = call.now();
        let tag_info = found.list.into_iter().map(|image| TagInfo::of(image, now)).collect();
        let server = call.host.to_owned();
        Ok(Data { data: TagInfoResp { tag_count: found.total, tag_info, server, repo_name: self.repo_name } })
    }
}

/// The other tags of a repository with the same image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageFilterPersonal {
    repo_name: String,
    tag: String,
}

/// See [`DescribeImageFilterPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SameImagesResp {
    same_images: Vec<String>,
}

impl Action for DescribeImageFilterPersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImageFilterPersonal";
    const KIND: Kind = Kind::Read;
    type Output = Data<SameImagesResp>;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        names::repository(&self.repo_name)?;
        names::tag("Tag", &self.tag)?;
        Ok(Permission::Signed)
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let tag = names::tag("Tag", &self.tag)?;
        let same = call.services().images().same(call.permissions, &name, &tag).await?;
        Ok(Data { data: SameImagesResp { same_images: same.iter().map(ToString::to_string).collect() } })
    }
}

/// Deletes a tag, and nothing but the tag. One that is not there is none any more.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImagePersonal {
    repo_name: String,
    tag: String,
}

impl Action for DeleteImagePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteImagePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let tag = names::tag("Tag", &self.tag)?;
        Ok(Permission::Needs(vec![op::tag_delete(Realm::Personal, &name, &tag)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let tags = [names::tag("Tag", &self.tag)?];
        call.services().images().delete_tags(call.caller, call.permissions, &name, &tags, false).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        format!("{}:{}", self.repo_name, self.tag)
    }
}

/// Deletes tags, all of those that are there, or none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteImagePersonal {
    repo_name: String,
    tags: Vec<String>,
}

impl BatchDeleteImagePersonal {
    fn tags(&self) -> Result<Vec<roadstead_types::Tag>, CloudError> {
        CloudError::if_empty(&self.tags, "Tags")?;
        if self.tags.len() > MAX_TAGS {
            return Err(CloudError::new(Code::InvalidParameterValue, format!("Tags: {MAX_TAGS} at most")));
        }
        self.tags.iter().map(|tag| names::tag("Tags", tag)).collect()
    }
}

impl Action for BatchDeleteImagePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "BatchDeleteImagePersonal";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let each = self.tags()?.into_iter().map(|tag| op::tag_batch_delete(Realm::Personal, &name, &tag));
        Ok(Permission::Needs(each.collect()))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = names::repository(&self.repo_name)?;
        let tags = self.tags()?;
        call.services().images().delete_tags(call.caller, call.permissions, &name, &tags, true).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        format!("{} {} tags: {}", self.repo_name, self.tags.len(), self.tags.join(","))
    }
}

/// Gives an image another name, in the same repository or in another one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DuplicateImagePersonal {
    src_image: String,
    dest_image: String,
}

/// See [`DuplicateImagePersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DupImageTagResp {
    digest: String,
}

impl Action for DuplicateImagePersonal {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DuplicateImagePersonal";
    const KIND: Kind = Kind::Write;
    type Output = Data<DupImageTagResp>;

    // Whether the source may be pulled depends on whose it is, and on whether it is public: that is decided where it is
    // looked up.
    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        names::image("SrcImage", &self.src_image)?;
        let (name, _) = names::image("DestImage", &self.dest_image)?;
        Ok(Permission::Needs(vec![op::push(Realm::Personal, &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Self::Output, CloudError> {
        let from = names::image("SrcImage", &self.src_image)?;
        let to = names::image("DestImage", &self.dest_image)?;
        names::allowed(call.services(), "DestImage", &to.0)?;
        let digest = call.services().images().duplicate(call.caller, call.permissions, &from, &to).await?;
        Ok(Data { data: DupImageTagResp { digest: digest.to_string() } })
    }

    fn target(&self) -> String {
        format!("{} -> {}", self.src_image, self.dest_image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1234, "1.2 kB"),
            (59_229_024, "59 MB"),
            (128_152_591, "128 MB"),
            (1_250_000_000, "1.3 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
