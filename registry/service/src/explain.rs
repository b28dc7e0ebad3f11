//! Explains whether an account may do something, and why, without doing it.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_auth::place::{self, System};
use roadstead_auth::{Access, Auth, Caller, Client, Denied, Identity, Permissions, Read};
use roadstead_policy::explain::{Question, Target};
use roadstead_policy::{Decision, Document, Layer, Reason, Request};
use roadstead_storage::meta::{Account, AccountStatus, MetaStore};
use roadstead_types::{AccountId, InstanceId, RegistryId, Thing, Uin};

use crate::Error;

/// The id of no registry.
const NOWHERE: RegistryId = RegistryId::new(0);

/// A decision and its reasons.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// The reason, as one sentence.
    pub reason: String,
    /// The statement that decided, if a statement did.
    pub statement: Option<Deciding>,
    /// Whether a statement denies the action.
    pub denied_by_statement: bool,
    /// The action names that were checked.
    pub actions: Vec<String>,
    /// The resources that were checked. An empty list stands for `*`.
    pub resources: Vec<String>,
    /// The policies that were checked.
    pub policies: Vec<Looked>,
}

/// The statement of a policy that decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deciding {
    /// The id and name of the policy. The policy of temporary credentials has neither.
    pub policy: Option<(i64, String)>,
    /// The index of the statement, starting at 0.
    pub index: usize,
}

/// A policy that was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// The role of the policy in the decision.
    pub layer: Layer,
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The number of its statements.
    pub statements: usize,
}

/// The ownership of the target.
enum Whose {
    /// It belongs to the caller's main account, or to nobody.
    Own { exists: bool, public: bool },
    /// It belongs to another account.
    Foreign { public: bool },
}

/// The service that explains decisions.
#[derive(Clone)]
pub struct ExplainService {
    meta: MetaStore,
    auth: Auth,
}

impl ExplainService {
    /// Creates the service for the accounts in this database.
    pub fn new(meta: MetaStore, auth: Auth) -> Self {
        Self { meta, auth }
    }

    /// Explains whether a user of the main account may do what the question describes, from `address`.
    ///
    /// # Errors
    /// `Unknown(User)`.
    pub async fn of_user(
        &self,
        access: &Access<Read, place::Account>,
        user: &Uin,
        question: &Question,
        address: IpAddr,
    ) -> crate::Result<Explanation> {
        let account = match *user == access.who().owner_uin {
            true => self.meta.account(access.owner()).await?,
            false => self.meta.user_by_uin(access.owner(), user).await?.map(|user| user.account),
        };
        let account = account.ok_or(Error::Unknown(Thing::User))?;
        Ok(explain(&self.meta, &self.auth, &account, question, address).await?)
    }

    /// Explains the same for any account.
    pub async fn of_any(
        &self,
        _: &Access<Read, System>,
        account: &Account,
        question: &Question,
        address: IpAddr,
    ) -> crate::Result<Explanation> {
        Ok(explain(&self.meta, &self.auth, account, question, address).await?)
    }
}

async fn explain(
    meta: &MetaStore,
    auth: &Auth,
    account: &Account,
    question: &Question,
    address: IpAddr,
) -> Result<Explanation, Denied> {
    let faithful = auth.is_faithful();
    let Some(owner) = meta.account(account.owner).await? else { return Ok(Explanation::shut_out(question)) };
    if [account, &owner].iter().any(|account| account.status != AccountStatus::Active) {
        return Ok(Explanation::shut_out(question));
    }
    let identity = Identity {
        account: account.id,
        owner: account.owner,
        uin: account.uin.clone(),
        credential_version: account.credential_version,
        owner_uin: owner.uin,
        session: None,
    };
    let caller = Caller::identified(Some(Arc::new(identity)), None, Arc::new(Client::at(address)));
    let permissions = auth.permissions(&caller).await?;
    let veto = question.veto(faithful).map(|request| (permissions.decide(&request), request));
    if let Some((decision, request)) = veto.filter(|(decision, _)| decision.is_explicit_denial()) {
        return Ok(Explanation::of(&permissions, &request, &decision).noting(question.note));
    }
    Ok(match whose(meta, account.owner, &question.target).await? {
        Whose::Own { public, .. } if question.class.is_free(faithful) => free(&permissions, question, public),
        Whose::Own { exists, public } => {
            let requests = auth.tagged(&permissions, question.requests.clone()).await?;
            decided(&permissions, question, requests, exists, public).noting(question.note)
        }
        Whose::Foreign { public } if public && question.pull => {
            Explanation::new(question, true, "everybody may pull from the repository")
        }
        Whose::Foreign { .. } => Explanation::new(question, false, "it belongs to another account, or to nobody"),
    })
}

/// Explains an action that needs only a valid signature, unless its target is hidden from the caller.
fn free(permissions: &Permissions, question: &Question, public: bool) -> Explanation {
    let mut decisions = question.hidden_by.iter().map(|request| (request, permissions.decide(request)));
    let hidden = decisions.find(|(_, decision)| decision.is_explicit_denial());
    let unseen = || {
        let Target::Repository { instance: None, name } = &question.target else { return None };
        let request = question.hidden_by.first().filter(|_| !permissions.sees_repository(name, public))?;
        Some((request, permissions.decide(request)))
    };
    match hidden.or_else(unseen) {
        Some((request, decision)) => Explanation::of(permissions, request, &decision).noting(Some("that hides it")),
        None => Explanation::new(question, true, "the signature is enough"),
    }
}

fn decided(
    permissions: &Permissions,
    question: &Question,
    requests: Vec<Request>,
    exists: bool,
    public: bool,
) -> Explanation {
    let asked = requests.into_iter().map(|request| request.public_pull(question.pull && public));
    let create = question.to_create.iter().filter(|_| !exists).cloned();
    let mut first = None;
    for request in asked.chain(create) {
        let decision = permissions.decide(&request);
        if !decision.is_allowed() {
            return Explanation::of(permissions, &request, &decision);
        }
        first.get_or_insert((request, decision));
    }
    match first {
        Some((request, decision)) => Explanation::of(permissions, &request, &decision),
        None => Explanation::new(question, false, "nothing was asked"),
    }
}

/// Returns the ownership of the target. A target in a namespace that does not exist yet counts as the caller's own.
async fn whose(meta: &MetaStore, owner: AccountId, target: &Target) -> Result<Whose, Denied> {
    let (instance, namespace, repository) = match target {
        Target::Account => return Ok(Whose::Own { exists: true, public: false }),
        Target::Instance(id) => (Some(id), None, None),
        Target::Namespace { instance, name } => (instance.as_ref(), Some(name.as_str()), None),
        Target::Repository { instance, name } => (instance.as_ref(), Some(name.namespace()), Some(name)),
    };
    let (mut registry, mut foreign) = (RegistryId::PERSONAL, false);
    if let Some(id) = instance {
        let id = id.parse::<InstanceId>().ok();
        let found = if let Some(id) = id { meta.instance_by_id(&id).await? } else { None };
        // An unknown instance takes the same lookups as an instance of another account, so both take the same time.
        (registry, foreign) = found.map_or((NOWHERE, true), |found| (found.registry, found.owner != owner));
    }
    let known = match repository {
        Some(name) => meta.accessible_repository(registry, owner, name).await?,
        None => None,
    };
    let (exists, public) = (known.is_some(), known.is_some_and(|(repository, _)| repository.public));
    if let Some(namespace) = namespace {
        foreign |= meta.namespace(registry, namespace).await?.is_some_and(|namespace| namespace.owner != owner);
    }
    Ok(if foreign { Whose::Foreign { public } } else { Whose::Own { exists, public } })
}

impl Explanation {
    fn new(question: &Question, allowed: bool, reason: &str) -> Self {
        let request = question.requests.first();
        Self {
            allowed,
            reason: reason.to_owned(),
            statement: None,
            denied_by_statement: false,
            actions: request.map(Request::actions).unwrap_or_default(),
            resources: request.map(|request| request.resources().to_vec()).unwrap_or_default(),
            policies: Vec::new(),
        }
    }

    fn shut_out(question: &Question) -> Self {
        Self::new(question, false, "the account is disabled")
    }

    fn of(permissions: &Permissions, request: &Request, decision: &Decision) -> Self {
        let statement = match decision.reason() {
            Reason::Statement { document, statement, .. } => {
                let policy = document.as_ref().map(|document| (document.id, document.name.clone()));
                Some(Deciding { policy, index: *statement })
            }
            Reason::Root | Reason::Public | Reason::NothingAllows(_) => None,
        };
        let looked = |layer: Layer| {
            move |document: &Arc<Document>| Looked {
                layer,
                id: document.id,
                name: document.name.clone(),
                statements: document.policy.statements(),
            }
        };
        let documents = permissions.documents();
        let own = documents.identity.iter().map(looked(Layer::Identity));
        Self {
            allowed: decision.is_allowed(),
            reason: decision.reason().to_string(),
            statement,
            denied_by_statement: decision.is_explicit_denial(),
            actions: request.actions(),
            resources: request.resources().to_vec(),
            policies: own.chain(documents.boundary.iter().map(looked(Layer::Boundary))).collect(),
        }
    }

    fn noting(mut self, note: Option<&str>) -> Self {
        if let Some(note) = note {
            self.reason = format!("{}; {note}", self.reason);
        }
        self
    }

    /// Returns `allow`, `explicitDeny` or `implicitDeny`.
    pub fn effect(&self) -> &'static str {
        match (self.allowed, self.denied_by_statement) {
            (true, _) => "allow",
            (false, true) => "explicitDeny",
            (false, false) => "implicitDeny",
        }
    }
}
