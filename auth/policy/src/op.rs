//! The operations that policies decide about, with the actions and resources that each is checked as.
//!
//! An operation of the personal edition has a name in the first family of actions (`ccr:push`) and one in the second
//! (`tcr:PushRepositoryPersonal`). Both count, so that a denial in either is obeyed.

use roadstead_types::{Digest, RepositoryName, Tag, Uin};

use super::actions::{ccr, ccs, find, sts, tcr, tke};
use super::request::{NameRequest, Request};
use super::row::{Row, Service};

/// The edition that a thing belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Realm<'a> {
    /// The personal edition: `repo/NAMESPACE/NAME`.
    Personal,
    /// An instance of the enterprise edition, by its id: `repository/tcr-xxxxxxxx/NAMESPACE/NAME`.
    Instance(&'a str),
}

impl Realm<'_> {
    fn path(self, name: &str) -> String {
        match self {
            Self::Personal => format!("repo/{name}"),
            Self::Instance(id) => format!("repository/{id}/{name}"),
        }
    }

    fn request(self, personal: &[&'static Row], instance: &'static Row, resources: Vec<String>) -> Request {
        match self {
            Self::Personal => Request::new("tcr", personal, resources),
            Self::Instance(_) => Request::new("tcr", &[instance], resources),
        }
    }

    /// Makes a request about a repository. It is also checked as the path with a final `/`, because published samples
    /// grant `.../*`.
    fn on_repository(self, personal: &[&'static Row], instance: &'static Row, name: &RepositoryName) -> Request {
        self.on_repositories(personal, instance).on(name.as_str())
    }

    /// Makes the same request for repositories whose names are not known yet.
    fn on_repositories(self, personal: &[&'static Row], instance: &'static Row) -> NameRequest {
        let before = self.path("");
        let around = vec![(before.clone(), ""), (before, "/")];
        NameRequest { request: self.request(personal, instance, Vec::new()), around }
    }
}

/// Reads manifests, blobs, tags and referrers. See [`Request::public_pull`].
pub fn pull(realm: Realm<'_>, name: &RepositoryName) -> Request {
    pulls(realm).on(name.as_str())
}

/// [`pull`], from repositories whose names are not known yet.
pub fn pulls(realm: Realm<'_>) -> NameRequest {
    realm.on_repositories(&[&ccr::pull, &tcr::PullRepositoryPersonal], &tcr::PullRepository)
}

/// Writes manifests, blobs and tags of a repository that exists.
pub fn push(realm: Realm<'_>, name: &RepositoryName) -> Request {
    realm.on_repository(&[&ccr::push, &tcr::PushRepositoryPersonal], &tcr::PushRepository, name)
}

/// Makes a repository, also by pushing to it.
pub fn repository_create(realm: Realm<'_>, name: &RepositoryName) -> Request {
    let personal = [&ccr::CreateRepository, &tcr::CreateRepositoryPersonal];
    realm.on_repository(&personal, &tcr::CreateRepository, name)
}

/// Deletes one repository.
pub fn repository_delete(realm: Realm<'_>, name: &RepositoryName) -> Request {
    let personal = [&ccr::DeleteRepository, &tcr::DeleteRepositoryPersonal];
    realm.on_repository(&personal, &tcr::DeleteRepository, name)
}

/// Deletes one of several repositories in one request. A denial of [`repository_delete`] does not stop it.
pub fn repository_batch_delete(realm: Realm<'_>, name: &RepositoryName) -> Request {
    let personal = [&ccr::BatchDeleteRepository, &tcr::BatchDeleteRepositoryPersonal];
    realm.on_repository(&personal, &tcr::DeleteRepository, name)
}

/// Shows one repository in a listing.
pub fn repository_list(realm: Realm<'_>, name: &RepositoryName) -> Request {
    repository_lists(realm).on(name.as_str())
}

/// [`repository_list`], for repositories whose names are not known yet.
pub fn repository_lists(realm: Realm<'_>) -> NameRequest {
    let personal = [&ccr::GetUserRepositoryList, &tcr::DescribeRepositoryOwnerPersonal];
    realm.on_repositories(&personal, &tcr::DescribeRepositories)
}

/// The rights to a repository of the personal edition, each with its names in both families. A holder of any one of them may
/// see that the repository exists.
const REPOSITORY_RIGHTS: &[&[&Row]] = &[
    &[&ccr::pull, &tcr::PullRepositoryPersonal],
    &[&ccr::push, &tcr::PushRepositoryPersonal],
    &[&ccr::GetUserRepositoryList, &tcr::DescribeRepositoryOwnerPersonal],
    &[&ccr::CreateRepository, &tcr::CreateRepositoryPersonal],
    &[&ccr::DeleteRepository, &tcr::DeleteRepositoryPersonal],
    &[&ccr::BatchDeleteRepository, &tcr::BatchDeleteRepositoryPersonal],
    &TAG,
    &TAGS,
    &[&tcr::CreateImageLifecyclePersonal],
    &[&tcr::DeleteImageLifecyclePersonal],
    &[&tcr::DescribeImageLifecyclePersonal],
    &[&tcr::DescribeImagePersonal],
    &[&tcr::DescribeRepositoryPersonal],
    &[&tcr::ModifyRepositoryAccessPersonal],
    &[&tcr::ModifyRepositoryInfoPersonal],
];

/// The rights to a namespace, for the same purpose. Rights to its repositories count too.
const NAMESPACE_RIGHTS: &[&[&Row]] = &[
    &[&ccr::CreateCCRNamespace, &tcr::CreateNamespacePersonal],
    &[&ccr::DeleteUserNamespace, &tcr::DeleteNamespacePersonal],
    &[&tcr::DescribeNamespacePersonal],
];

/// The rights to an instance, for the same purpose.
const INSTANCE_RIGHTS: &[&Row] = &[
    &tcr::CreateInstanceToken,
    &tcr::CreateNamespace,
    &tcr::DeleteInstance,
    &tcr::DescribeInstanceStatus,
    &tcr::DescribeInstanceToken,
    &tcr::DescribeInstances,
    &tcr::DescribeNamespaces,
    &tcr::DescribeRepositories,
    &tcr::ModifyInstance,
];

/// Makes a request for each right to a repository of the personal edition.
pub fn repository_rights() -> impl Iterator<Item = NameRequest> {
    REPOSITORY_RIGHTS.iter().map(|rows| Realm::Personal.on_repositories(rows, &tcr::DescribeRepositories))
}

/// Makes a request for each right in namespaces of the personal edition.
pub fn namespace_rights() -> impl Iterator<Item = NameRequest> {
    let before = Realm::Personal.path("");
    let around = vec![(before.clone(), ""), (before, "/")];
    let rights = NAMESPACE_RIGHTS.iter().chain(REPOSITORY_RIGHTS);
    rights.map(move |rows| NameRequest { request: Request::new("tcr", rows, Vec::new()), around: around.clone() })
}

/// Makes a request for each right to an instance.
pub fn instance_rights(id: &str) -> impl Iterator<Item = Request> {
    INSTANCE_RIGHTS.iter().map(move |row| row.on_instance(id))
}

/// Makes a namespace.
pub fn namespace_create(realm: Realm<'_>, namespace: &str) -> Request {
    let personal = [&ccr::CreateCCRNamespace, &tcr::CreateNamespacePersonal];
    realm.request(&personal, &tcr::CreateNamespace, vec![realm.path(namespace)])
}

/// Deletes a namespace.
pub fn namespace_delete(realm: Realm<'_>, namespace: &str) -> Request {
    let personal = [&ccr::DeleteUserNamespace, &tcr::DeleteNamespacePersonal];
    realm.request(&personal, &tcr::DeleteNamespace, vec![realm.path(namespace)])
}

const TAG: [&Row; 2] = [&ccr::DeleteTag, &tcr::DeleteImagePersonal];
const TAGS: [&Row; 4] =
    [&ccr::DeleteTag, &tcr::DeleteImagePersonal, &ccr::BatchDeleteTag, &tcr::BatchDeleteImagePersonal];

/// Returns the paths of a tag: its own, `NAME:TAG`, and those of its repository, because rights to that cover its
/// tags.
fn tag_paths(realm: Realm<'_>, name: &RepositoryName, tag: &Tag) -> Vec<String> {
    let path = realm.path(name.as_str());
    vec![format!("{path}:{tag}"), format!("{path}/"), path]
}

/// Returns the path `NAME/TAG`, which the product document of the personal edition also uses for names of two parts.
/// It may also name another repository. So a grant of it does not cover the tag, but a denial does.
fn second_form(realm: Realm<'_>, name: &RepositoryName, tag: &Tag) -> Option<String> {
    (realm == Realm::Personal).then(|| format!("{}/{tag}", realm.path(name.as_str())))
}

/// Deletes one tag.
pub fn tag_delete(realm: Realm<'_>, name: &RepositoryName, tag: &Tag) -> Request {
    let request = realm.request(&TAG, &tcr::DeleteImage, tag_paths(realm, name, tag));
    request.perhaps_named(second_form(realm, name, tag))
}

/// Deletes one of several tags in one request. A denial of [`tag_delete`] stops it too.
pub fn tag_batch_delete(realm: Realm<'_>, name: &RepositoryName, tag: &Tag) -> Request {
    let paths = tag_paths(realm, name, tag);
    let request = match realm {
        Realm::Personal => Request::new("tcr", &TAGS, paths),
        Realm::Instance(_) => Request::new("tcr", &[&tcr::DeleteImage, &tcr::DeleteRepositoryTags], paths),
    };
    request.perhaps_named(second_form(realm, name, tag))
}

/// Deletes a manifest without tags. A manifest with tags needs [`tag_delete`] for each of them.
pub fn manifest_delete(realm: Realm<'_>, name: &RepositoryName, digest: &Digest) -> Request {
    let path = realm.path(name.as_str());
    realm.request(&TAG, &tcr::DeleteImage, vec![format!("{path}@{digest}"), format!("{path}/"), path])
}

/// [`tag_delete`] and [`manifest_delete`], for tags and digests that are not known yet.
pub fn deletions(realm: Realm<'_>, name: &RepositoryName) -> NameRequest {
    let path = realm.path(name.as_str());
    let around = vec![(format!("{path}:"), ""), (format!("{path}@"), "")];
    NameRequest { request: realm.request(&TAG, &tcr::DeleteImage, vec![format!("{path}/"), path]), around }
}

/// The requests of an action, by the thing that it acts on.
impl Row {
    fn on(&'static self, resources: Vec<String>) -> Request {
        Request::new(self.service.name(), &[self], resources)
    }

    /// Makes the request for the action without a resource: only statements on everything allow or deny it.
    pub fn on_everything(&'static self) -> Request {
        self.on(Vec::new())
    }

    /// Returns the request whose denial blocks the action for everybody, even if everything that it needs is allowed:
    /// the action on everything, of the registry. `None` with `cloud_api.faithful`.
    pub fn veto(&'static self, faithful: bool) -> Option<Request> {
        (self.service == Service::Tcr && !faithful).then(|| self.on_everything())
    }

    /// Makes the request for the action on one repository.
    pub fn on_repository(&'static self, realm: Realm<'_>, name: &RepositoryName) -> Request {
        let path = realm.path(name.as_str());
        self.on(vec![format!("{path}/"), path])
    }

    /// Makes the request for the action on one namespace.
    pub fn on_namespace(&'static self, realm: Realm<'_>, namespace: &str) -> Request {
        self.on_namespaces(realm).on(namespace)
    }

    /// Makes the request for the action on namespaces whose names are not known yet.
    pub fn on_namespaces(&'static self, realm: Realm<'_>) -> NameRequest {
        NameRequest { request: self.on(Vec::new()), around: vec![(realm.path(""), "")] }
    }

    /// Makes the request for the action on one instance.
    pub fn on_instance(&'static self, id: &str) -> Request {
        self.on(vec![format!("instance/{id}")])
    }

    /// Makes the request for the action on a user, a group, a policy or a role.
    pub fn on_cam(&'static self, resource: CamResource<'_>) -> Request {
        self.on(match resource {
            CamResource::All => Vec::new(),
            CamResource::User(uin) => vec![format!("uin/{uin}")],
            CamResource::Group(id) => vec![format!("groupid/{id}")],
            CamResource::Policy(id) => vec![format!("policyid/{id}")],
            CamResource::Role(name) => vec![format!("roleName/{name}")],
        })
    }
}

/// Makes the requests of an action of continuous integration (triggers, builds). The action is needed, and also the
/// same action under `tcr` or `ccb`: a user with rights of `ccr` only must be given those of `ccb` too.
pub fn continuous(row: &'static Row) -> Vec<Request> {
    let twin = find(Service::Ccb.name(), row.name).map(Row::full_name);
    let names: Vec<&str> = twin.into_iter().chain([row.full_name()]).collect();
    vec![row.on_everything(), Request::named("tcr", &names, Vec::new())]
}

/// Tells whether an action is one of continuous integration: see [`continuous`].
pub fn is_continuous(row: &Row) -> bool {
    row.service == Service::Tcr && find(Service::Ccb.name(), row.name).is_some()
}

/// Changes a workload in a cluster, which a trigger does in the name of its maker.
pub fn cluster_change(id: &str) -> Request {
    let rows = [&ccs::ModifyClusterServiceImage, &tke::ModifyClusterServiceImage];
    Request::new("tke", &rows, vec![format!("cluster/{id}")])
}

/// Makes an instance. It has no id yet, so only grants on every instance cover it.
pub fn instance_create() -> Request {
    Request::new("tcr", &[&tcr::CreateInstance], vec!["instance/*".to_owned()])
}

/// The resource of an action of CAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CamResource<'a> {
    /// None: only statements on everything match.
    All,
    /// A user, by uin: `uin/U`.
    User(&'a Uin),
    /// A group: `groupid/N`.
    Group(i64),
    /// A policy: `policyid/N`.
    Policy(i64),
    /// A role, by name: `roleName/R`.
    Role(&'a str),
}

/// Assumes a role of an account. The trust policy of the role must agree: see
/// [`Policy::trusts`](super::Policy::trusts).
pub fn assume_role(owner: &Uin, name: &str, id: &str) -> Request {
    let paths = vec![format!("roleName/{name}"), format!("role/{id}")];
    Request::new("cam", &[&sts::AssumeRole], paths).owned_by(owner)
}
