//! Explains decisions: translates operations in everyday words into requests to the policies.

use roadstead_types::{Digest, Reference, RepositoryName, Tag, Uin};

use super::actions::{self, ccr, tcr};
use super::class::Class;
use super::known;
use super::op::{self, CamResource, Realm};
use super::request::Request;
use super::row::{About, Row, Service};

/// An operation to explain.
#[derive(Clone, Debug)]
pub struct Question {
    /// The requests that must all be allowed.
    pub requests: Vec<Request>,
    /// The target, which the caller uses to find the owner.
    pub target: Target,
    /// Whether the operation is a pull, which everybody may do on a public repository.
    pub pull: bool,
    /// The request that must also be allowed if the repository does not exist yet.
    pub to_create: Option<Request>,
    /// The class of the action, which tells whether any right is needed.
    pub class: Class,
    /// The action of the cloud API, if the operation is such an action and nothing else.
    pub api: Option<&'static Row>,
    /// Requests whose denial hides the repository in a list, for actions that need only a signature.
    pub hidden_by: Vec<Request>,
    /// A further condition that the question did not name.
    pub note: Option<&'static str>,
}

/// The target of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The account itself, or something of access management.
    Account,
    /// A namespace of the personal edition or of an instance.
    Namespace {
        /// The id of the instance.
        instance: Option<String>,
        /// The name of the namespace.
        name: String,
    },
    /// A repository.
    Repository {
        /// The id of the instance.
        instance: Option<String>,
        /// The name with its namespace.
        name: RepositoryName,
    },
    /// An instance, by its id.
    Instance(String),
}

/// Why a question is not understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadQuestion {
    /// The operation does not exist.
    #[error(
        "there is no action {0:?}: use pull, push, delete-tag... or a name such as \"ccr:push\" or \"cam:GetUser\""
    )]
    Action(String),
    /// The text cannot name a thing.
    #[error(
        "{0:?} is not a resource: use NAMESPACE/NAME[:TAG], NAMESPACE, \"*\", or six pieces such as \"qcs::ccr:::repo/a/b\""
    )]
    Resource(String),
    /// The operation does not act on things of this kind.
    #[error("{action} is done to {wanted}")]
    Mismatch {
        /// The operation.
        action: String,
        /// The kind of thing that it acts on.
        wanted: &'static str,
    },
}

/// The operations that have their own word on the command line, and the equivalent actions.
const OPERATIONS: &[(Operation, &str, &[&Row])] = &[
    (Operation::Pull, "pull", &[&ccr::pull, &tcr::PullRepositoryPersonal, &tcr::PullRepository]),
    (Operation::Push, "push", &[&ccr::push, &tcr::PushRepositoryPersonal, &tcr::PushRepository]),
    (
        Operation::CreateRepository,
        "create-repository",
        &[&ccr::CreateRepository, &tcr::CreateRepositoryPersonal, &tcr::CreateRepository],
    ),
    (
        Operation::DeleteRepository,
        "delete-repository",
        &[&ccr::DeleteRepository, &tcr::DeleteRepositoryPersonal, &tcr::DeleteRepository],
    ),
    (
        Operation::DeleteRepositories,
        "delete-repositories",
        &[&ccr::BatchDeleteRepository, &tcr::BatchDeleteRepositoryPersonal],
    ),
    (Operation::ListRepository, "list-repository", &[&ccr::GetUserRepositoryList, &tcr::DescribeRepositories]),
    (
        Operation::CreateNamespace,
        "create-namespace",
        &[&ccr::CreateCCRNamespace, &tcr::CreateNamespacePersonal, &tcr::CreateNamespace],
    ),
    (
        Operation::DeleteNamespace,
        "delete-namespace",
        &[&ccr::DeleteUserNamespace, &tcr::DeleteNamespacePersonal, &tcr::DeleteNamespace],
    ),
    (Operation::DeleteTag, "delete-tag", &[&ccr::DeleteTag, &tcr::DeleteImagePersonal, &tcr::DeleteImage]),
    (
        Operation::DeleteTags,
        "delete-tags",
        &[&ccr::BatchDeleteTag, &tcr::BatchDeleteImagePersonal, &tcr::DeleteRepositoryTags],
    ),
    (Operation::Duplicate, "duplicate", &[&tcr::DuplicateImagePersonal, &tcr::DuplicateImage]),
    (Operation::CreateInstance, "create-instance", &[&tcr::CreateInstance]),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operation {
    Pull,
    Push,
    CreateRepository,
    DeleteRepository,
    DeleteRepositories,
    ListRepository,
    CreateNamespace,
    DeleteNamespace,
    DeleteTag,
    DeleteTags,
    /// Copying an image to this repository.
    Duplicate,
    CreateInstance,
}

/// Returns the words of all such operations.
pub fn words() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(_, word, _)| *word)
}

/// A parsed resource.
enum Place {
    Everything,
    Namespace(Option<String>, String),
    Repository(Option<String>, RepositoryName, Option<Reference>),
    Instance(String),
    /// A thing of access management, by type and name.
    Cam(String, String),
}

impl Question {
    /// Parses a question: an action by its word or by one of its names, and the resource that it acts on. Without an
    /// instance, a name is one of the personal edition. `owner` is the account of the caller.
    ///
    /// # Errors
    /// The part that is not understood.
    pub fn new(action: &str, resource: &str, instance: Option<&str>, owner: &Uin) -> Result<Self, BadQuestion> {
        let place = place(resource, instance).ok_or_else(|| BadQuestion::Resource(resource.to_owned()))?;
        let row = row(action);
        let named =
            |word: &str, rows: &[&Row]| word.eq_ignore_ascii_case(action) || row.is_some_and(|row| rows.contains(&row));
        let operation = OPERATIONS.iter().find(|(_, word, rows)| named(word, rows)).map(|(operation, ..)| *operation);
        let question = match (operation, row) {
            (Some(operation), _) => operation.on(action, place),
            (None, Some(row)) => other(row, &place, owner),
            (None, None) => Err(BadQuestion::Action(action.to_owned())),
        }?;
        let is_api = !matches!(operation, Some(Operation::Pull | Operation::Push));
        Ok(Self { api: row.filter(|_| is_api), ..question })
    }

    /// Returns the request whose denial blocks the operation, whatever else is allowed: see [`Row::veto`].
    pub fn veto(&self, faithful: bool) -> Option<Request> {
        self.api.and_then(|row| row.veto(faithful))
    }

    fn of(request: Request, target: Target) -> Self {
        let (class, hidden_by) = (Class::Checked, Vec::new());
        Self { requests: vec![request], target, pull: false, to_create: None, class, api: None, hidden_by, note: None }
    }

    /// Adds the requests that hide a repository, for actions of the personal edition that show repositories.
    fn hiding(mut self, about: About) -> Self {
        let Target::Repository { instance: None, name } = &self.target else { return self };
        if matches!(about, About::Repositories | About::PublicRepositories) {
            self.hidden_by = vec![op::repository_list(Realm::Personal, name), op::pull(Realm::Personal, name)];
        }
        self.pull = about == About::PublicRepositories;
        self
    }
}

/// Returns the row of an action by any of its names.
fn row(action: &str) -> Option<&'static Row> {
    let (service, name) = known::written(action)?.split_once(':')?;
    let personal = || actions::find(Service::Tcr.name(), name).filter(|row| row.is_personal());
    let twin = || (service == Service::Ccb.name()).then(personal).flatten();
    twin().or_else(|| actions::find(service, name)).or_else(personal)
}

fn realm(instance: Option<&str>) -> Realm<'_> {
    instance.map_or(Realm::Personal, Realm::Instance)
}

impl Operation {
    fn on(self, action: &str, place: Place) -> Result<Question, BadQuestion> {
        let mismatch = |wanted| Err(BadQuestion::Mismatch { action: action.to_owned(), wanted });
        match (self, place) {
            (Self::CreateInstance, Place::Everything) => Ok(Question::of(op::instance_create(), Target::Account)),
            (Self::CreateInstance, _) => mismatch("\"*\": it has no id yet"),
            (Self::CreateNamespace | Self::DeleteNamespace, Place::Namespace(instance, name)) => {
                let realm = realm(instance.as_deref());
                let make = if self == Self::CreateNamespace { op::namespace_create } else { op::namespace_delete };
                Ok(Question::of(make(realm, &name), Target::Namespace { instance, name }))
            }
            (Self::CreateNamespace | Self::DeleteNamespace, _) => mismatch("a namespace"),
            (Self::DeleteTag | Self::DeleteTags, Place::Repository(instance, name, Some(reference))) => {
                let request = self.of_reference(realm(instance.as_deref()), &name, &reference);
                Ok(Question::of(request, Target::Repository { instance, name }))
            }
            (Self::DeleteTag | Self::DeleteTags, _) => mismatch("NAMESPACE/NAME:TAG"),
            (_, Place::Repository(instance, name, _)) => Ok(self.of_repository(instance, name)),
            _ => mismatch("a repository, NAMESPACE/NAME"),
        }
    }

    fn of_reference(self, realm: Realm<'_>, name: &RepositoryName, reference: &Reference) -> Request {
        match reference {
            Reference::Digest(digest) => op::manifest_delete(realm, name, digest),
            Reference::Tag(tag) if self == Self::DeleteTags => op::tag_batch_delete(realm, name, tag),
            Reference::Tag(tag) => op::tag_delete(realm, name, tag),
        }
    }

    fn of_repository(self, instance: Option<String>, name: RepositoryName) -> Question {
        let realm = realm(instance.as_deref());
        let request = match self {
            Self::Push | Self::Duplicate => op::push(realm, &name),
            Self::CreateRepository => op::repository_create(realm, &name),
            Self::DeleteRepository => op::repository_delete(realm, &name),
            Self::DeleteRepositories => op::repository_batch_delete(realm, &name),
            Self::ListRepository => op::repository_list(realm, &name),
            _ => op::pull(realm, &name),
        };
        let pushes = matches!(self, Self::Push | Self::Duplicate);
        let to_create = pushes.then(|| op::repository_create(realm, &name));
        let note = (self == Self::Duplicate).then_some("pull on the source is needed too");
        let target = Target::Repository { instance, name };
        Question { pull: self == Self::Pull, to_create, note, ..Question::of(request, target) }
    }
}

/// Makes the question for an action that has no word.
fn other(row: &'static Row, place: &Place, owner: &Uin) -> Result<Question, BadQuestion> {
    let class = row.class;
    if row.about == About::Nothing {
        return Ok(Question { class, ..Question::of(row.on_everything(), Target::Account) });
    }
    let ours = matches!(row.service, Service::Ccr | Service::Tcr);
    let mut question = match place {
        Place::Everything => Question::of(row.on_everything(), Target::Account),
        Place::Cam(kind, id) if row.service == Service::Sts && matches!(kind.as_str(), "roleName" | "role") => {
            Question::of(op::assume_role(owner, id, id), Target::Account)
        }
        Place::Cam(kind, id) if row.service == Service::Cam => Question::of(on_cam(row, kind, id)?, Target::Account),
        Place::Repository(instance, name, _) if ours => {
            let request = row.on_repository(realm(instance.as_deref()), name);
            Question::of(request, Target::Repository { instance: instance.clone(), name: name.clone() })
        }
        Place::Namespace(instance, name) if ours => {
            let request = row.on_namespace(realm(instance.as_deref()), name);
            Question::of(request, Target::Namespace { instance: instance.clone(), name: name.clone() })
        }
        Place::Instance(id) if ours => Question::of(row.on_instance(id), Target::Instance(id.clone())),
        _ => {
            let is_of_cam = matches!(place, Place::Cam(..));
            let wanted = if is_of_cam { "something of the registry" } else { OF_CAM };
            return Err(BadQuestion::Mismatch { action: row.full_name().to_owned(), wanted });
        }
    };
    if op::is_continuous(row) {
        question.requests = op::continuous(row);
    } else if row.about == About::Everything {
        question.requests = vec![row.on_everything()];
    }
    question.class = class;
    Ok(if class == Class::Signed { question.hiding(row.about) } else { question })
}

/// The kind of thing that actions of access management act on.
const OF_CAM: &str = "something of access management, such as \"qcs::cam:::uin/...\"";

/// Makes the request for an action on a thing of access management, by the type and the name of the thing.
fn on_cam(row: &'static Row, kind: &str, id: &str) -> Result<Request, BadQuestion> {
    let uin: Uin;
    let resource = match kind {
        "groupid" => id.parse().ok().map(CamResource::Group),
        "policyid" => id.parse().ok().map(CamResource::Policy),
        "roleName" => Some(CamResource::Role(id)),
        "uin" => {
            uin = id.parse().map_err(|_| BadQuestion::Resource(id.to_owned()))?;
            Some(CamResource::User(&uin))
        }
        _ => None,
    };
    let resource = resource.ok_or_else(|| BadQuestion::Resource(format!("{kind}/{id}")))?;
    Ok(row.on_cam(resource))
}

/// Parses a resource. The account in a resource of six pieces is ignored: it is the caller's.
fn place(resource: &str, instance: Option<&str>) -> Option<Place> {
    let resource = resource.trim();
    if matches!(resource, "" | "*") {
        return Some(instance.map_or(Place::Everything, |id| Place::Instance(id.to_owned())));
    }
    if !resource.starts_with("qcs:") {
        return named(instance.map(str::to_owned), resource);
    }
    let path = resource.splitn(6, ':').nth(5)?;
    match path.split_once('/')? {
        ("repo", name) => named(None, name),
        ("repository", rest) => {
            let (id, name) = rest.split_once('/')?;
            named(Some(id.to_owned()), name)
        }
        ("instance", id) => Some(Place::Instance(id.to_owned())),
        (kind @ ("uin" | "groupid" | "policyid" | "roleName" | "role"), id) => {
            Some(Place::Cam(kind.to_owned(), id.to_owned()))
        }
        _ => None,
    }
}

/// Parses `NAMESPACE` or `NAMESPACE/NAME`, with `:TAG` or `@DIGEST` after the latter.
fn named(instance: Option<String>, text: &str) -> Option<Place> {
    if let Some((name, digest)) = text.split_once('@') {
        let digest = digest.parse::<Digest>().ok()?;
        return Some(Place::Repository(instance, name.parse().ok()?, Some(Reference::Digest(digest))));
    }
    if let Some((name, tag)) = text.split_once(':') {
        let tag = tag.parse::<Tag>().ok()?;
        return Some(Place::Repository(instance, name.parse().ok()?, Some(Reference::Tag(tag))));
    }
    if text.contains('/') {
        return Some(Place::Repository(instance, text.parse().ok()?, None));
    }
    text.parse::<roadstead_types::NamespaceName>().ok()?;
    Some(Place::Namespace(instance, text.to_owned()))
}

#[cfg(test)]
mod tests;
