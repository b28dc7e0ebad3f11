//! Images of instances.

use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op;
use roadstead_service::Error;
use roadstead_service::records::{TagFilter, TaggedImage};
use roadstead_types::{Digest, InstanceId, RepositoryName, Tag, Thing, Window};
use serde::{Deserialize, Serialize};

use super::shared::{invalid, own, realm, repository, repository_name};
use crate::action::{Action, Allowed, Needs, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::page;
use roadstead_types::time;

/// The most tags of one request.
const MAX_TAGS: usize = 20;

fn tag(name: &'static str, text: &str) -> CloudResult<Tag> {
    text.parse().map_err(|_| invalid(format!("{name} is not a tag")))
}

/// Lists the images of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImages {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    /// The tag, or a part of it.
    #[serde(default)]
    image_version: String,
    #[serde(default)]
    limit: Option<i64>,
    /// The page number.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    exact_match: bool,
}

/// The answer to [`DescribeImages`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Images {
    image_info_list: Vec<TcrImageInfo>,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TcrImageInfo {
    digest: String,
    size: u64,
    image_version: String,
    update_time: String,
    kind: String,
    kms_signature: &'static str,
}

impl From<TaggedImage> for TcrImageInfo {
    fn from(image: TaggedImage) -> Self {
        Self {
            digest: image.digest.to_string(),
            size: image.details.map_or(0, |details| details.total_size),
            image_version: image.tag.to_string(),
            update_time: time::iso(image.pushed_at),
            kind: format!("Artifact::{}", image.media_type),
            kms_signature: "",
        }
    }
}

/// Selects the images of a list.
pub(crate) struct ImageSearch {
    tag: String,
    exact: bool,
    digest: Option<Digest>,
    window: Window,
}

impl Action for DescribeImages {
    action! { tcr::DescribeImages: Read, (InstanceId, RepositoryName, ImageSearch) => Images }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let digest = Some(self.digest.as_str()).filter(|text| !text.is_empty());
        let digest = digest.map(|text| text.parse().map_err(|_| invalid("Digest is not a digest"))).transpose()?;
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        let exact = self.exact_match && !self.image_version.is_empty();
        let window = page::numbered_by_offset(self.offset, self.limit)?;
        Ok((id, name, ImageSearch { tag: self.image_version, exact, digest, window }))
    }
    fn needs((id, name, _): &Self::Checked) -> Needs {
        Needs::from(Self::ROW.on_repository(realm(id), name)).unless_denied(op::pull(realm(id), name))
    }
    async fn run((id, name, search): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<Images> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let ImageSearch { tag, exact, digest, window } = &search;
        let (contains, exact) = if *exact { ("", Some(tag.as_str())) } else { (tag.as_str(), None) };
        let filter = TagFilter { contains, exact, digest: digest.as_ref() };
        let images = call.services().images();
        let images = images.list_in(&instance, &name, &filter, *window).await?;
        let image_info_list = images.items.into_iter().map(TcrImageInfo::from).collect();
        Ok(Images { image_info_list, total_count: images.total })
    }
}

/// Reads the manifest and the config of an image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImageManifests {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    image_version: String,
}

/// The answer to [`DescribeImageManifests`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImageManifests {
    manifest: String,
    config: String,
    labels: Vec<KeyValueString>,
    size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyValueString {
    key: String,
    value: String,
}

/// Returns the labels of an image from its config.
fn labels(config: &[u8]) -> Vec<KeyValueString> {
    let config: serde_json::Value = serde_json::from_slice(config).unwrap_or_default();
    let labels = config.pointer("/config/Labels").and_then(serde_json::Value::as_object);
    let label = |(key, value): (&String, &serde_json::Value)| {
        Some(KeyValueString { key: key.clone(), value: value.as_str()?.to_owned() })
    };
    labels.into_iter().flatten().filter_map(label).collect()
}

impl Action for DescribeImageManifests {
    action! { tcr::DescribeImageManifests: Read, (InstanceId, RepositoryName, Tag) => ImageManifests }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        Ok((id, name, tag("ImageVersion", &self.image_version)?))
    }
    fn needs((id, name, _): &Self::Checked) -> Needs {
        [Self::ROW.on_repository(realm(id), name), op::pull(realm(id), name)].into()
    }
    async fn run((id, name, tag): Self::Checked, call: Allowed<'_, Read>) -> CloudResult<ImageManifests> {
        let instance = own(&call, &id, Code::ResourceNotFound).await?;
        let image = call.services().images().whole_in(&instance, &name, &tag).await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(ImageManifests {
            manifest: text(&image.manifest),
            config: text(&image.config),
            labels: labels(&image.config),
            size: image.size,
        })
    }
}

/// Deletes tags of a repository. Returns how many of them existed.
async fn delete(call: &Allowed<'_, Write>, id: &InstanceId, name: &RepositoryName, tags: &[Tag]) -> CloudResult<usize> {
    let instance = own(call, id, Code::ResourceNotFound).await?;
    Ok(call.services().images().delete_in(call.act(), &instance, name, tags).await?.len())
}

/// Deletes one tag.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteImage {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    image_version: String,
}

impl Action for DeleteImage {
    action! { tcr::DeleteImage: Write, (InstanceId, RepositoryName, Tag) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        Ok((id, name, tag("ImageVersion", &self.image_version)?))
    }
    fn needs((id, name, tag): &Self::Checked) -> Needs {
        op::tag_delete(realm(id), name, tag).into()
    }
    async fn run((id, name, tag): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        match delete(&call, &id, &name, &[tag]).await? {
            0 => Err(Error::Unknown(Thing::Tag).into()),
            _ => Ok(()),
        }
    }
}

/// Deletes several tags. Tags that do not exist are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRepositoryTags {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    tags: Vec<String>,
}

impl Action for DeleteRepositoryTags {
    action! { tcr::DeleteRepositoryTags: Write, (InstanceId, RepositoryName, Vec<Tag>) => () }
    fn check(self, _: &Identity) -> CloudResult<Self::Checked> {
        let (id, name) = repository(&self.registry_id, &self.namespace_name, &self.repository_name)?;
        CloudError::if_empty(&self.tags, "Tags")?;
        if self.tags.len() > MAX_TAGS {
            return Err(invalid(format!("Tags must have at most {MAX_TAGS} tags")));
        }
        let tags = self.tags.iter().map(|text| tag("one of Tags", text)).collect::<CloudResult<_>>()?;
        Ok((id, name, tags))
    }
    fn needs((id, name, tags): &Self::Checked) -> Needs {
        tags.iter().map(|tag| op::tag_batch_delete(realm(id), name, tag)).collect()
    }
    fn target((id, name, _): &Self::Checked) -> Option<String> {
        Some(format!("{id}/{name}"))
    }
    async fn run((id, name, tags): Self::Checked, call: Allowed<'_, Write>) -> CloudResult<()> {
        delete(&call, &id, &name, &tags).await?;
        Ok(())
    }
}

/// Gives an image another tag, in the same repository or in another one of the instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DuplicateImage {
    registry_id: String,
    source_namespace: String,
    source_repo: String,
    source_reference: String,
    destination_tag: String,
    #[serde(default)]
    destination_namespace: String,
    #[serde(default)]
    destination_repo: String,
    /// Whether an existing tag is moved.
    #[serde(default, rename = "Override")]
    overwrite: bool,
}

/// An image and its additional name.
pub(crate) struct Duplicate {
    id: InstanceId,
    from: (RepositoryName, Tag),
    to: (RepositoryName, Tag),
    overwrite: bool,
}

impl Action for DuplicateImage {
    action! { tcr::DuplicateImage: Write, Duplicate => () }
    fn check(self, _: &Identity) -> CloudResult<Duplicate> {
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        let namespace = or(self.destination_namespace, &self.source_namespace);
        let name = or(self.destination_repo, &self.source_repo);
        let (id, from) = repository(&self.registry_id, &self.source_namespace, &self.source_repo)?;
        let from = (from, tag("SourceReference", &self.source_reference)?);
        let to = (repository_name(&namespace, &name)?, tag("DestinationTag", &self.destination_tag)?);
        Ok(Duplicate { id, from, to, overwrite: self.overwrite })
    }
    fn needs(it: &Duplicate) -> Needs {
        [op::pull(realm(&it.id), &it.from.0), op::push(realm(&it.id), &it.to.0)].into()
    }
    fn target(it: &Duplicate) -> Option<String> {
        Some(format!("{}/{}:{}", it.id, it.from.0, it.from.1))
    }
    async fn run(it: Duplicate, call: Allowed<'_, Write>) -> CloudResult<()> {
        let instance = own(&call, &it.id, Code::ResourceNotFound).await?;
        let (from, to) = ((&it.from.0, &it.from.1), (&it.to.0, &it.to.1));
        let done = call.services().images().duplicate_in(call.act(), &instance, from, to, it.overwrite).await;
        done.map_err(|error| match error {
            Error::Exists(Thing::Tag) => {
                let message = "the tag already exists; Override moves it";
                CloudError::new(Code::InternalErrorErrorTcrResourceConflict, message)
            }
            other => other.into(),
        })
    }
}
