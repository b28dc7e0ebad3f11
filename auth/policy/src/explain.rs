//! Operations in the words that people use, for those who ask why something is allowed or not.

use roadstead_types::{Digest, Reference, RepositoryName, Tag, Uin};

use super::class::Class;
use super::known;
use super::op::{self, CamResource, Realm};
use super::request::Request;

/// An operation that somebody asks about.
#[derive(Clone, Debug)]
pub struct Question {
    /// What must be allowed, all of it.
    pub requests: Vec<Request>,
    /// What it is about, for those who know whose that is.
    pub target: Target,
    /// Whether it is a pull, which a public repository allows to everybody.
    pub pull: bool,
    /// What must be allowed too when the repository does not exist yet.
    pub to_create: Option<Request>,
    /// Whether anything must be allowed at all.
    pub class: Class,
    /// The action of the cloud API that it is, if it is one and nothing else: service and name.
    pub api: Option<(String, String)>,
    /// A denial of any of these hides the repository, where the signature is enough.
    pub hidden_by: Vec<Request>,
    /// What else is needed, and was not asked about.
    pub note: Option<&'static str>,
}

/// What an operation is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Nothing in particular, or something of access management.
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
        /// The name with the namespace.
        name: RepositoryName,
    },
    /// An instance, by its id.
    Instance(String),
}

/// Why a question cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadQuestion {
    /// There is no such operation.
    #[error(
        "there is no action {0:?}: say pull, push, delete-tag... or a name such as \"ccr:push\" or \"cam:GetUser\""
    )]
    Action(String),
    /// There can be no such thing.
    #[error(
        "{0:?} is no resource: say NAMESPACE/NAME[:TAG], NAMESPACE, \"*\", or six pieces such as \"qcs::ccr:::repo/a/b\""
    )]
    Resource(String),
    /// The operation is not done to things of this kind.
    #[error("{action} is done to {wanted}")]
    Mismatch {
        /// The operation.
        action: String,
        /// What it is done to.
        wanted: &'static str,
    },
}

/// The operations that have a name of their own, and all the names that they have. The first is for the command line.
const OPERATIONS: &[(Operation, &[&str])] = &[
    (Operation::Pull, &["pull", "ccr:pull", "tcr:PullRepositoryPersonal", "tcr:PullRepository"]),
    (Operation::Push, &["push", "ccr:push", "tcr:PushRepositoryPersonal", "tcr:PushRepository"]),
    (
        Operation::CreateRepository,
        &["create-repository", "ccr:CreateRepository", "tcr:CreateRepositoryPersonal", "tcr:CreateRepository"],
    ),
    (
        Operation::DeleteRepository,
        &["delete-repository", "ccr:DeleteRepository", "tcr:DeleteRepositoryPersonal", "tcr:DeleteRepository"],
    ),
    (
        Operation::DeleteRepositories,
        &["delete-repositories", "ccr:BatchDeleteRepository", "tcr:BatchDeleteRepositoryPersonal"],
    ),
    (Operation::ListRepository, &["list-repository", "ccr:GetUserRepositoryList", "tcr:DescribeRepositories"]),
    (
        Operation::CreateNamespace,
        &["create-namespace", "ccr:CreateCCRNamespace", "tcr:CreateNamespacePersonal", "tcr:CreateNamespace"],
    ),
    (
        Operation::DeleteNamespace,
        &["delete-namespace", "ccr:DeleteUserNamespace", "tcr:DeleteNamespacePersonal", "tcr:DeleteNamespace"],
    ),
    (Operation::DeleteTag, &["delete-tag", "ccr:DeleteTag", "tcr:DeleteImagePersonal", "tcr:DeleteImage"]),
    (
        Operation::DeleteTags,
        &["delete-tags", "ccr:BatchDeleteTag", "tcr:BatchDeleteImagePersonal", "tcr:DeleteRepositoryTags"],
    ),
    (Operation::Duplicate, &["duplicate", "tcr:DuplicateImagePersonal", "tcr:DuplicateImage"]),
    (Operation::CreateInstance, &["create-instance", "tcr:CreateInstance"]),
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
    /// On the target.
    Duplicate,
    CreateInstance,
}

/// The operations that have a word of their own.
pub fn words() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().filter_map(|(_, names)| names.first().copied())
}

/// What a resource names.
enum Place {
    Everything,
    Namespace(Option<String>, String),
    Repository(Option<String>, RepositoryName, Option<Reference>),
    Instance(String),
    /// A thing of access management: type and name.
    Cam(String, String),
}

impl Question {
    /// Reads a question: an action by its word or by one of its names, and what it is done to. A name without an
    /// instance is one of the personal edition. `owner` is the account of the one who would do it.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn new(action: &str, resource: &str, instance: Option<&str>, owner: &Uin) -> Result<Self, BadQuestion> {
        let place = place(resource, instance).ok_or_else(|| BadQuestion::Resource(resource.to_owned()))?;
        // What ends in `Personal` counts under both services.
        let written = known::written(action).unwrap_or(action);
        let personal = written.strip_prefix("ccr:").filter(|name| name.ends_with("Personal"));
        let name = personal.map_or_else(|| written.to_owned(), |name| format!("tcr:{name}"));
        let named = |names: &&[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(&name));
        let operation = OPERATIONS.iter().find(|(_, names)| named(names)).map(|(operation, _)| *operation);
        let question = match operation {
            Some(operation) => operation.on(action, place),
            None => other(&name, &place, owner),
        }?;
        let is_api = !matches!(operation, Some(Operation::Pull | Operation::Push));
        let api = known::written(&name).filter(|_| is_api).and_then(|name| name.split_once(':'));
        Ok(Self { api: api.map(|(service, name)| (service.to_owned(), name.to_owned())), ..question })
    }

    /// What a denial of is enough, whatever else is asked: see [`op::veto`].
    pub fn veto(&self, faithful: bool) -> Option<Request> {
        self.api.as_ref().and_then(|(service, name)| op::veto(service, name, faithful))
    }

    fn of(request: Request, target: Target) -> Self {
        let (class, hidden_by) = (Class::Checked, Vec::new());
        Self { requests: vec![request], target, pull: false, to_create: None, class, api: None, hidden_by, note: None }
    }

    /// An action of the personal edition that shows repositories, but none that a policy hides.
    fn hiding(mut self, action: &str) -> Self {
        let Target::Repository { instance: None, name } = &self.target else { return self };
        let (shown, alien) = match action {
            "CreateFavorRepositoryPersonal"
            | "DescribeImageFilterPersonal"
            | "DescribeImagePersonal"
            | "DescribeRepositoryPersonal" => (true, true),
            "DescribeApplicationTriggerLogPersonal"
            | "DescribeApplicationTriggerPersonal"
            | "DescribeImageLifecyclePersonal"
            | "DescribeRepositoryFilterPersonal"
            | "DescribeRepositoryOwnerPersonal"
            | "ValidateRepositoryExistPersonal" => (true, false),
            _ => (false, false),
        };
        if shown {
            self.hidden_by = vec![op::repository_list(Realm::Personal, name), op::pull(Realm::Personal, name)];
        }
        self.pull = alien;
        self
    }
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

/// Actions that only statements on everything allow, whatever repository they name.
const ON_EVERYTHING: &[&str] = &[
    "CreateApplicationTriggerPersonal",
    "DeleteApplicationTriggerPersonal",
    "DeleteImageLifecycleGlobalPersonal",
    "ManageImageLifecycleGlobalPersonal",
    "ModifyApplicationTriggerPersonal",
];

/// An action that has no word: `service:Name`.
fn other(action: &str, place: &Place, owner: &Uin) -> Result<Question, BadQuestion> {
    let unknown = || BadQuestion::Action(action.to_owned());
    let (service, name) = known::written(action).and_then(|action| action.split_once(':')).ok_or_else(unknown)?;
    let class = Class::of(action);
    if class == Class::Unsigned
        || class == Class::Signed && (service != "tcr" || name == "ValidateNamespaceExistPersonal")
    {
        // Whatever it is said to be about, it is about nothing that belongs to anybody.
        return Ok(Question { class, ..Question::of(op::api(service, name), Target::Account) });
    }
    let mismatch = |wanted| Err(BadQuestion::Mismatch { action: action.to_owned(), wanted });
    let ours = matches!(service, "tcr" | "ccr");
    let mut question = match place {
        Place::Everything => Question::of(op::api(service, name), Target::Account),
        Place::Cam(kind, id) if service == "sts" && matches!(kind.as_str(), "roleName" | "role") => {
            Question::of(op::assume_role(owner, id, id), Target::Account)
        }
        Place::Cam(kind, id) if service == "cam" => {
            let resource = match kind.as_str() {
                "groupid" => id.parse().ok().map(CamResource::Group),
                "policyid" => id.parse().ok().map(CamResource::Policy),
                "roleName" => Some(CamResource::Role(id)),
                "uin" => {
                    return id
                        .parse::<Uin>()
                        .map_err(|_| BadQuestion::Resource(id.clone()))
                        .map(|uin| Question::of(op::cam(name, CamResource::User(&uin)), Target::Account));
                }
                _ => None,
            };
            let resource = resource.ok_or_else(|| BadQuestion::Resource(format!("{kind}/{id}")))?;
            Question::of(op::cam(name, resource), Target::Account)
        }
        Place::Repository(instance, repository, _) if ours => {
            let request = op::api_on_repository(realm(instance.as_deref()), name, repository);
            Question::of(request, Target::Repository { instance: instance.clone(), name: repository.clone() })
        }
        Place::Namespace(instance, namespace) if ours => {
            let request = op::api_on_namespace(realm(instance.as_deref()), name, namespace);
            Question::of(request, Target::Namespace { instance: instance.clone(), name: namespace.clone() })
        }
        Place::Instance(id) if ours => Question::of(op::api_on_instance(name, id), Target::Instance(id.clone())),
        Place::Cam(..) => return mismatch("something of the registry"),
        _ => return mismatch("something of access management, such as \"qcs::cam:::uin/...\""),
    };
    if ON_EVERYTHING.contains(&name) {
        question.requests = vec![op::api(service, name)];
    }
    question.class = class;
    Ok(if class == Class::Signed { question.hiding(name) } else { question })
}

/// What a resource names. In six pieces, its account is not looked at: it is the caller's.
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

/// `NAMESPACE`, `NAMESPACE/NAME`, and `:TAG` or `@DIGEST` after that.
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
