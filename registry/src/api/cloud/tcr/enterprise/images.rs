//! Images of instances.

use roadstead_auth::{DeleteTarget, Pull, Push};
use roadstead_policy::op::{self, Realm};
use roadstead_types::{Digest, RepositoryName, Tag};
use serde::{Deserialize, Serialize};

use super::shared::{instance_id, missing, numbered, on_repository, own, repository_name};
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::action::{Action, Kind, NoOutput, Permission, Service};
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use crate::api::cloud::wire::time;
use roadstead_service::{self, ImageQuery};

/// Tags in one request, at most.
const MAX_TAGS: usize = 20;

fn tag(name: &'static str, text: &str) -> Result<Tag, CloudError> {
    text.parse().map_err(|_| CloudError::new(Code::InvalidParameter, format!("{name} is not a tag")))
}

/// What the service answers, in the words of instances.
fn refused(error: roadstead_service::Error) -> CloudError {
    match error {
        roadstead_service::Error::RepositoryUnknown => missing("repository"),
        roadstead_service::Error::ManifestUnknown => missing("image"),
        roadstead_service::Error::NamespaceGone => missing("namespace"),
        roadstead_service::Error::TagsMoved => Code::AuthFailureUnauthorizedOperation.into(),
        other => other.into(),
    }
}

/// Lists the images of a repository.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeImages {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    /// A part of the tag, or the whole one.
    #[serde(default)]
    image_version: String,
    #[serde(default)]
    limit: Option<i64>,
    /// The number of the page.
    #[serde(default)]
    offset: Option<i64>,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    exact_match: bool,
}

/// See [`DescribeImages`].
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

impl Action for DescribeImages {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImages";
    const KIND: Kind = Kind::Read;
    type Output = Images;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        Ok(Permission::Needs(vec![on_repository(Self::NAME, &self.registry_id, &name)?]))
    }

    async fn authorize(&self, call: &CloudCall<'_>) -> Result<(), CloudError> {
        let id = instance_id(&self.registry_id)?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        call.refuse_denial(&op::pull(Realm::Instance(id.as_str()), &name))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<Images, CloudError> {
        let (offset, limit) = numbered(self.offset, self.limit)?;
        let digest = match self.digest.as_str() {
            "" => None,
            text => match text.parse::<Digest>() {
                Ok(digest) => Some(digest),
                Err(_) => return Err(CloudError::new(Code::InvalidParameter, "Digest is not a digest")),
            },
        };
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let exact = self.exact_match && !self.image_version.is_empty();
        let query = ImageQuery { tag: &self.image_version, exact, digest: digest.as_ref(), offset, limit };
        let instances = call.services().instances();
        let found = instances.repository(instance.registry, &name).await?.ok_or_else(|| missing("repository"))?;
        let images = call.services().images().find(found.id, &query).await.map_err(refused)?;
        let image_info_list = images.list.into_iter().map(|image| TcrImageInfo {
            digest: image.digest.to_string(),
            size: image.details.map_or(0, |details| details.total_size),
            image_version: image.tag.to_string(),
            update_time: time::iso(image.pushed_at),
            kind: format!("Artifact::{}", image.media_type),
            kms_signature: "",
        });
        Ok(Images { image_info_list: image_info_list.collect(), total_count: images.total })
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

/// See [`DescribeImageManifests`].
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

/// The labels of an image, which are in its config.
fn labels(config: &[u8]) -> Vec<KeyValueString> {
    let config: serde_json::Value = serde_json::from_slice(config).unwrap_or_default();
    let labels = config.pointer("/config/Labels").and_then(serde_json::Value::as_object);
    let label = |(key, value): (&String, &serde_json::Value)| {
        Some(KeyValueString { key: key.clone(), value: value.as_str()?.to_owned() })
    };
    labels.into_iter().flatten().filter_map(label).collect()
}

impl Action for DescribeImageManifests {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DescribeImageManifests";
    const KIND: Kind = Kind::Read;
    type Output = ImageManifests;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        tag("ImageVersion", &self.image_version)?;
        let id = instance_id(&self.registry_id)?;
        let described = on_repository(Self::NAME, &self.registry_id, &name)?;
        Ok(Permission::Needs(vec![described, op::pull(Realm::Instance(id.as_str()), &name)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<ImageManifests, CloudError> {
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let instances = call.services().instances();
        let found = instances.repository(instance.registry, &name).await?.ok_or_else(|| missing("repository"))?;
        let tag = tag("ImageVersion", &self.image_version)?;
        let image = call.services().images().whole(found.id, &tag).await.map_err(refused)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(ImageManifests {
            manifest: text(&image.manifest),
            config: text(&image.config),
            labels: labels(&image.config),
            size: image.size,
        })
    }
}

/// Deletes tags of a repository for a caller who may.
async fn delete(
    call: &CloudCall<'_>,
    id: &str,
    name: &RepositoryName,
    tags: &[Tag],
    batch: bool,
) -> Result<usize, CloudError> {
    let instance = own(call, id, Code::ResourceNotFound).await?;
    if call.services().instances().repository(instance.registry, name).await?.is_none() {
        return Err(missing("repository"));
    }
    let target = DeleteTarget::Tags(tags, batch);
    let access = call.auth().authorize_delete(call.caller, instance.registry, name, target).await?;
    Ok(call.services().images().delete(&access, tags).await.map_err(refused)?.len())
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
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteImage";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (id, name) =
            (instance_id(&self.registry_id)?, repository_name(&self.namespace_name, &self.repository_name)?);
        let tag = tag("ImageVersion", &self.image_version)?;
        Ok(Permission::Needs(vec![op::tag_delete(Realm::Instance(id.as_str()), &name, &tag)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        let tags = [tag("ImageVersion", &self.image_version)?];
        match delete(call, &self.registry_id, &name, &tags, false).await? {
            0 => Err(missing("image")),
            _ => Ok(NoOutput {}),
        }
    }

    fn target(&self) -> String {
        format!("{}/{}/{}:{}", self.registry_id, self.namespace_name, self.repository_name, self.image_version)
    }
}

/// Deletes several tags; those that are not there are gone already.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteRepositoryTags {
    registry_id: String,
    namespace_name: String,
    repository_name: String,
    tags: Vec<String>,
}

impl DeleteRepositoryTags {
    fn checked(&self) -> Result<Vec<Tag>, CloudError> {
        CloudError::if_empty(&self.tags, "Tags")?;
        if self.tags.len() > MAX_TAGS {
            return Err(CloudError::new(Code::InvalidParameter, format!("Tags must have at most {MAX_TAGS} tags")));
        }
        self.tags.iter().map(|text| tag("one of Tags", text)).collect()
    }
}

impl Action for DeleteRepositoryTags {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DeleteRepositoryTags";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let (id, name) =
            (instance_id(&self.registry_id)?, repository_name(&self.namespace_name, &self.repository_name)?);
        let tags = self.checked()?;
        let each = tags.iter().map(|tag| op::tag_batch_delete(Realm::Instance(id.as_str()), &name, tag));
        Ok(Permission::Needs(each.collect()))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let name = repository_name(&self.namespace_name, &self.repository_name)?;
        delete(call, &self.registry_id, &name, &self.checked()?, true).await?;
        Ok(NoOutput {})
    }

    fn target(&self) -> String {
        format!("{}/{}/{}", self.registry_id, self.namespace_name, self.repository_name)
    }
}

/// Gives an image to another repository of the instance, or another tag of the same.
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
    /// Whether a tag that is there is moved.
    #[serde(default, rename = "Override")]
    overwrite: bool,
}

impl DuplicateImage {
    fn source(&self) -> Result<(RepositoryName, Tag), CloudError> {
        let name = repository_name(&self.source_namespace, &self.source_repo)?;
        Ok((name, tag("SourceReference", &self.source_reference)?))
    }

    fn destination(&self) -> Result<(RepositoryName, Tag), CloudError> {
        let or = |text: &'_ str, other: &'_ str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        let namespace = or(&self.destination_namespace, &self.source_namespace);
        let repository = or(&self.destination_repo, &self.source_repo);
        Ok((repository_name(&namespace, &repository)?, tag("DestinationTag", &self.destination_tag)?))
    }
}

impl Action for DuplicateImage {
    const SERVICE: Service = Service::Tcr;
    const NAME: &'static str = "DuplicateImage";
    const KIND: Kind = Kind::Write;
    type Output = NoOutput;

    fn permission(&self, _: &CloudCall<'_>) -> Result<Permission, CloudError> {
        let id = instance_id(&self.registry_id)?;
        let realm = Realm::Instance(id.as_str());
        Ok(Permission::Needs(vec![op::pull(realm, &self.source()?.0), op::push(realm, &self.destination()?.0)]))
    }

    async fn run(self, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
        let ((from, from_tag), (to, to_tag)) = (self.source()?, self.destination()?);
        let instance = own(call, &self.registry_id, Code::ResourceNotFound).await?;
        let (auth, instances, images) = (call.auth(), call.services().instances(), call.services().images());
        for name in [&from, &to] {
            if instances.namespace(instance.registry, name.namespace()).await?.is_none() {
                return Err(missing("namespace"));
            }
        }
        let source = auth.authorize::<Pull>(call.caller, instance.registry, &from).await?;
        let target = auth.authorize::<Push>(call.caller, instance.registry, &to).await?;
        if !self.overwrite && images.has_tag(&target, &to_tag).await.map_err(refused)? {
            let message = "the tag is there already; Override moves it";
            return Err(CloudError::new(Code::InternalErrorErrorTcrResourceConflict, message));
        }
        let done = images.link(&source, &from_tag, &target, &to_tag).await.map_err(refused)?;
        if done.is_some() { Ok(NoOutput {}) } else { Err(missing("image")) }
    }

    fn target(&self) -> String {
        format!("{}/{}/{}:{}", self.registry_id, self.source_namespace, self.source_repo, self.source_reference)
    }
}
