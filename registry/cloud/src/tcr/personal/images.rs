//! Images in repositories of the personal edition.

use std::time::Duration;

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_policy::op::Realm;
use roadstead_service::records::TaggedImage;
use roadstead_types::{ImageConfig, RepositoryName, Tag, Timestamp, Window};
use serde::{Deserialize, Serialize};

use super::names;
use super::shared::Data;
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The most tags of one request.
const MAX_TAGS: usize = 1000;

/// Lists the tags of a repository, the last pushed first.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImagePersonal {
    repo_name: String,
    offset: Option<i64>,
    limit: Option<i64>,
    tag: Option<String>,
}

/// The answer to [`DescribeImagePersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagInfoResp {
    tag_count: u64,
    tag_info: Vec<TagInfo>,
    server: String,
    repo_name: String,
}

/// A tag.
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
        // An image without a build time counts as built when it was stored here.
        let created = config.created.unwrap_or(image.stored_at);
        let days = now.since(created).as_secs() / Duration::from_hours(24).as_secs();
        Self {
            tag_name: image.tag.to_string(),
            tag_id: image.digest.to_string(),
            image_id: image_id.map(|id| id.to_string()).unwrap_or_default(),
            size: human(size),
            creation_time: time::plain(created),
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

/// Formats a size for people, in powers of 1000, with at least two digits unless it is below 10 bytes.
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
    action! { tcr::DescribeImagePersonal: Read, (RepositoryName, Window, String) => Data<TagInfoResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let name = names::repository(&self.repo_name)?;
        Ok((name, page::window(self.offset, self.limit)?, self.tag.unwrap_or_default()))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run((name, page, search): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let images = call.services().images();
        let found = images.list(&call.repository(&name), &search, page).await?;
        let now = call.now();
        let tag_info = found.items.into_iter().map(|image| TagInfo::of(image, now)).collect();
        let (server, repo_name) = (call.host.to_owned(), name.to_string());
        Ok(Data { data: TagInfoResp { tag_count: found.total, tag_info, server, repo_name } })
    }
}

/// Lists the other tags of a repository with the same image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageFilterPersonal {
    repo_name: String,
    tag: String,
}

/// The answer to [`DescribeImageFilterPersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SameImagesResp {
    same_images: Vec<String>,
}

impl Action for DescribeImageFilterPersonal {
    action! { tcr::DescribeImageFilterPersonal: Read, (RepositoryName, Tag) => Data<SameImagesResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::repository(&self.repo_name)?, names::tag("Tag", &self.tag)?))
    }
    fn needs(_: &Self::Checked) -> Needs {
        Needs::nothing()
    }
    async fn run((name, tag): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Self::Output> {
        let same = call.services().images().same(&call.repository(&name), &tag).await?;
        Ok(Data { data: SameImagesResp { same_images: same.iter().map(ToString::to_string).collect() } })
    }
}

/// Deletes a tag without its manifest. It is no error if the tag does not exist.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImagePersonal {
    repo_name: String,
    tag: String,
}

impl Action for DeleteImagePersonal {
    action! { tcr::DeleteImagePersonal: Write, (RepositoryName, Tag) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::repository(&self.repo_name)?, names::tag("Tag", &self.tag)?))
    }
    fn needs((name, tag): &Self::Checked) -> Needs {
        op::tag_delete(Realm::Personal, name, tag).into()
    }
    async fn run((name, tag): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        call.services().images().delete_tags(call.act(), &call.repository(&name), &[tag]).await?;
        Ok(())
    }
}

/// Deletes tags: all of the given ones that exist, or none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct BatchDeleteImagePersonal {
    repo_name: String,
    tags: Vec<String>,
}

impl Action for BatchDeleteImagePersonal {
    action! { tcr::BatchDeleteImagePersonal: Write, (RepositoryName, Vec<Tag>) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        CloudError::if_empty(&self.tags, "Tags")?;
        if self.tags.len() > MAX_TAGS {
            return Err(CloudError::new(Code::InvalidParameterValue, format!("Tags: {MAX_TAGS} at most")));
        }
        let tags = self.tags.iter().map(|tag| names::tag("Tags", tag)).collect::<Result<_, _>>()?;
        Ok((names::repository(&self.repo_name)?, tags))
    }
    fn needs((name, tags): &Self::Checked) -> Needs {
        tags.iter().map(|tag| op::tag_batch_delete(Realm::Personal, name, tag)).collect()
    }
    fn target((name, tags): &Self::Checked) -> Option<String> {
        let list: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        Some(format!("{name} {} tags: {}", tags.len(), list.join(",")))
    }
    async fn run((name, tags): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        call.services().images().delete_tags(call.act(), &call.repository(&name), &tags).await?;
        Ok(())
    }
}

/// Gives an image another name, in the same repository or in another one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DuplicateImagePersonal {
    src_image: String,
    dest_image: String,
}

/// The answer to [`DuplicateImagePersonal`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DupImageTagResp {
    digest: String,
}

// Whether the caller may pull the source depends on its owner and its visibility. The service checks this when it looks
// up the source.
impl Action for DuplicateImagePersonal {
    action! { tcr::DuplicateImagePersonal: Write, ((RepositoryName, Tag), (RepositoryName, Tag)) => Data<DupImageTagResp> }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        Ok((names::image("SrcImage", &self.src_image)?, names::image("DestImage", &self.dest_image)?))
    }
    fn needs((_, (name, _)): &Self::Checked) -> Needs {
        op::push(Realm::Personal, name).into()
    }
    fn target((from, to): &Self::Checked) -> Option<String> {
        Some(format!("{}:{} -> {}:{}", from.0, from.1, to.0, to.1))
    }
    async fn run((from, to): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<Self::Output> {
        names::allowed(call.services(), "DestImage", &to.0)?;
        let (source, target) = (call.repository(&from.0), call.repository(&to.0));
        let images = call.services().images();
        let digest = images.duplicate(call.act(), (&source, &from.1), (&target, &to.1)).await?;
        Ok(Data { data: DupImageTagResp { digest: digest.to_string() } })
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
