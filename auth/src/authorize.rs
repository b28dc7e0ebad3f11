//! Fetches the facts that decide about a request. `rules.rs` judges them.

use std::sync::Arc;

use roadstead_types::{Digest, RegistryId, RepositoryId, RepositoryName, Tag, Thing, Timestamp};

use crate::access::{Access, By, CatalogAccess, CatalogLimit};
use crate::auth::{Auth, Inner};
use crate::error::{Denied, Result};
use crate::identity::{Caller, Grant, TokenGrants};
use crate::known::{Cached, KnownNamespace, KnownRepository};
use crate::permissions::Permissions;
use crate::place::Repository;
use crate::right::{ContentRight, Delete, Right, RightName};
use crate::rules::{Deletion, Facts, Question, Who};
use crate::scope::Scope;
use crate::token::{IssuedToken, NewToken, Wanted, grantable};
use roadstead_policy::op::Realm;

type Stored<T> = std::result::Result<T, roadstead_storage::Error>;
type Decided<T> = std::result::Result<T, Denied>;

/// No repository has this id.
const NO_REPOSITORY: RepositoryId = RepositoryId::new(0);

/// The target of a deletion: see [`Auth::authorize_delete`].
#[derive(Clone, Copy, Debug)]
pub enum DeleteTarget<'a> {
    /// These tags. The flag tells whether one request names many of them.
    Tags(&'a [Tag], bool),
    /// A manifest and the tags that point at it.
    Manifest(&'a Digest),
}

/// The policies of a caller that is limited by them, and the name of the instance they speak of.
struct Limits {
    permissions: Permissions,
    instance: Option<Arc<str>>,
}

impl Limits {
    fn realm(&self) -> Realm<'_> {
        self.instance.as_deref().map_or(Realm::Personal, Realm::Instance)
    }
}

impl Auth {
    /// Decides whether `caller` has the right `R` in `repository`, which need not exist. Here, the right to delete is
    /// the right of a main account to delete anything; for others see [`Auth::authorize_delete`].
    ///
    /// # Errors
    /// See [`Denied`]. A caller who may not know whether the repository or its namespace exists gets the same answer
    /// in either case.
    pub async fn authorize<R: ContentRight>(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> Decided<Access<R>> {
        self.inner.authorize(caller, caller.token.as_deref(), registry, repository).await
    }

    /// Decides the same by the identity of `caller` alone, as if its token covered everything. It is for rights that
    /// clients do not know to ask a scope for: those to the source of a mount without `from` (distribution-spec,
    /// "Mounting a blob from another repository").
    ///
    /// # Errors
    /// See [`Denied`]; never `InsufficientScope`.
    pub async fn authorize_identity<R: ContentRight>(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> Decided<Access<R>> {
        self.inner.authorize(caller, None, registry, repository).await
    }

    /// Decides whether `caller` may delete `target` from `repository`; neither of them needs to exist. To delete a
    /// manifest, the caller needs the right to delete each tag that points at it. The proof is valid for these tags
    /// only.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn authorize_delete(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
        target: DeleteTarget<'_>,
    ) -> Decided<Access<Delete>> {
        self.inner.authorize_delete(caller, registry, repository, target).await
    }

    /// Decides whether `caller` may list repositories, and which ones are shown. Only accounts may list.
    ///
    /// # Errors
    /// `Unauthenticated` for anonymous callers, `InsufficientScope` for tokens without `registry:catalog:*`.
    pub async fn catalog(&self, caller: &Caller, registry: RegistryId) -> Decided<CatalogAccess> {
        let Some(identity) = &caller.identity else { return Err(Denied::Unauthenticated) };
        if !caller.token.as_ref().is_none_or(|token| token.registry == registry && token.covers_catalog()) {
            return Err(Denied::InsufficientScope);
        }
        if identity.session.as_ref().is_some_and(|session| !session.fits(registry)) {
            return Err(Denied::Forbidden);
        }
        let limits = self.inner.limits(caller, registry).await?;
        let limit = limits.map(|Limits { permissions, instance }| CatalogLimit { permissions, instance });
        Ok(CatalogAccess { registry, owner: identity.owner, limit })
    }

    /// Makes a token for as much of `scopes` as `caller` may have. Anonymous callers can pull from public
    /// repositories. Scopes without any granted action are left out; that is not an error. Policies are not frozen
    /// into the token: they are evaluated again on every request.
    ///
    /// # Errors
    /// `TooManyScopes`, `TokenTooLarge`, `Session` for sessions of temporary keys, and `Storage` when the store
    /// cannot be asked.
    pub async fn issue(
        &self,
        registry: RegistryId,
        caller: &Caller,
        service: &str,
        scopes: &[Scope],
    ) -> Result<IssuedToken> {
        let inner = &*self.inner;
        let limit = inner.params.max_scopes;
        if scopes.len() > limit {
            return Err(crate::Error::TooManyScopes { limit });
        }
        let now = inner.clock.now();
        let granted = inner.grants(registry, caller, &Wanted::of(scopes)).await?;
        let identity = caller.identity.as_deref();
        let (issuer, lifetime) = (&*inner.params.issuer, inner.params.token_lifetime);
        NewToken { issuer, registry, identity, service, granted, lifetime, now }.sign(&inner.keys.signer())
    }
}

impl Inner {
    async fn authorize<R: ContentRight>(
        &self,
        caller: &Caller,
        token: Option<&TokenGrants>,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> Decided<Access<R>> {
        let place = self.place(registry, repository).await?;
        let limits = self.limits_in(caller, registry, place.as_ref()).await?;
        let who = who(caller, limits.as_ref());
        let question = self.question(R::NAME, who, token, registry, repository);
        question.decide(place.as_ref().map(facts).as_ref())?;
        self.refuse_changes::<R>()?;
        prove(caller, registry, repository, place, None)
    }

    async fn authorize_delete(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
        target: DeleteTarget<'_>,
    ) -> Decided<Access<Delete>> {
        let place = self.place(registry, repository).await?;
        let limits = self.limits_in(caller, registry, place.as_ref()).await?;
        let mut question = self.question(
            RightName::Delete,
            who(caller, limits.as_ref()),
            caller.token.as_deref(),
            registry,
            repository,
        );
        let is_main = caller.identity.as_ref().is_none_or(|identity| identity.is_root());
        let tags: Option<Arc<[Tag]>> = match target {
            _ if is_main => None,
            DeleteTarget::Tags(tags, _) => Some(tags.into()),
            DeleteTarget::Manifest(digest) => {
                // Asked also where the caller has no repository, so that the answer takes as long.
                let own = place.as_ref().filter(|_| limits.is_some());
                let id = own.and_then(|place| place.repository).map_or(NO_REPOSITORY, |(id, _)| id);
                Some(self.meta.tags_of(id, digest).await?.into())
            }
        };
        if let Some(tags) = &tags {
            question.deletion = match target {
                DeleteTarget::Tags(_, batch) => Deletion::Tags { tags, batch },
                DeleteTarget::Manifest(digest) => Deletion::Manifest { digest, tags },
            };
        }
        question.decide(place.as_ref().map(facts).as_ref())?;
        self.refuse_changes::<Delete>()?;
        prove(caller, registry, repository, place, tags.clone())
    }

    /// Refuses rights to change something while the registry is read-only.
    fn refuse_changes<R: Right>(&self) -> Decided<()> {
        if R::CHANGES && self.params.readonly { Err(Denied::ReadOnly) } else { Ok(()) }
    }

    fn question<'a>(
        &'a self,
        right: RightName,
        who: Who<'a>,
        token: Option<&'a TokenGrants>,
        registry: RegistryId,
        name: &'a RepositoryName,
    ) -> Question<'a> {
        let (anonymous_pull, routine) = (self.params.anonymous_pull, &self.caches.routine);
        Question { right, deletion: Deletion::Anything, registry, name, who, token, anonymous_pull, routine }
    }

    /// Returns the limits of the caller in this place. Main accounts have none. Policies matter only in namespaces of
    /// the caller's own main account.
    async fn limits_in(
        &self,
        caller: &Caller,
        registry: RegistryId,
        place: Option<&KnownRepository>,
    ) -> Stored<Option<Limits>> {
        // Looked up for every place, so that the answer takes as long.
        let limits = self.limits(caller, registry).await?;
        let owner = caller.identity.as_ref().map(|identity| identity.owner);
        Ok(limits.filter(|_| place.is_some_and(|place| Some(place.namespace.owner) == owner)))
    }

    async fn limits(&self, caller: &Caller, registry: RegistryId) -> Stored<Option<Limits>> {
        let Some(identity) = caller.identity.as_ref().filter(|identity| !identity.is_root()) else { return Ok(None) };
        let permissions = self.permissions(identity, &caller.client).await?;
        Ok(Some(Limits { permissions, instance: self.instance(registry).await? }))
    }

    /// Returns the public name of an instance; `None` for the personal edition.
    pub(crate) async fn instance(&self, registry: RegistryId) -> Stored<Option<Arc<str>>> {
        if registry == RegistryId::PERSONAL {
            return Ok(None);
        }
        let load = async || Ok::<_, roadstead_storage::Error>(self.meta.registry_name(registry).await?.map(Arc::from));
        let name = self.caches.registries.get_or_load(registry, load).await?;
        // An instance without a name has no resources that a policy could name.
        name.map(Some).ok_or(roadstead_storage::Error::Stale(Thing::Instance))
    }

    async fn grants(&self, registry: RegistryId, caller: &Caller, wanted: &Wanted) -> Stored<Vec<Grant>> {
        let mut granted = Vec::new();
        for (name, actions) in &wanted.repositories {
            let place = self.place(registry, name).await?;
            let limits = self.limits_in(caller, registry, place.as_ref()).await?;
            let facts = place.as_ref().map(facts);
            let mut question = self.question(RightName::Pull, who(caller, limits.as_ref()), None, registry, name);
            question.deletion = Deletion::Something;
            let actions = grantable(actions, |right| question.identity_may(right, facts.as_ref()));
            if !actions.is_empty() {
                granted.push(Grant { kind: "repository".to_owned(), name: name.as_str().to_owned(), actions });
            }
        }
        if wanted.catalog && caller.identity.is_some() {
            let (kind, name) = ("registry".to_owned(), "catalog".to_owned());
            granted.push(Grant { kind, name, actions: vec!["*".to_owned()] });
        }
        Ok(granted)
    }

    /// Returns the repository or the place where it could be made; `None` when the namespace does not exist. Missing
    /// ones are cached like existing ones, so that the time of a refusal does not show whether a repository exists.
    pub(crate) async fn place(&self, registry: RegistryId, name: &RepositoryName) -> Stored<Option<KnownRepository>> {
        let key = (registry, name.clone());
        let load = async |at: Timestamp| {
            let Cached { value, at: namespace_at } = self.load_place(registry, name).await?;
            Ok::<_, roadstead_storage::Error>(Some(Cached { value, at: at.min(namespace_at) }))
        };
        let (found, hit) = self.caches.row(&self.caches.places, key, load).await?;
        self.caches.place_counters.count(hit);
        Ok(found.and_then(|read| read.value))
    }

    /// Returns the place, and when its namespace was read.
    async fn load_place(&self, registry: RegistryId, name: &RepositoryName) -> Stored<Cached<Option<KnownRepository>>> {
        let namespace = self.namespace(registry, name.namespace()).await?;
        // Asked also where there is no namespace, so that the answer takes as long.
        let repository = self.meta.repository(registry, name).await?;
        let Some(value) = namespace.value else { return Ok(Cached { value: None, at: namespace.at }) };
        if let Some(place) = KnownRepository::of(value.clone(), repository.as_ref()) {
            return Ok(Cached { value: Some(place), at: namespace.at });
        }
        // The cached namespace has been deleted, and another one of the same name made.
        self.caches.namespaces.invalidate(&(registry, name.namespace().to_owned()));
        let namespace = self.namespace(registry, name.namespace()).await?;
        let Some(value) = namespace.value else { return Ok(Cached { value: None, at: namespace.at }) };
        let repository = self.meta.repository(registry, name).await?;
        let place = KnownRepository::of(value, repository.as_ref());
        let place = place.ok_or(roadstead_storage::Error::Stale(Thing::Namespace))?;
        Ok(Cached { value: Some(place), at: namespace.at })
    }

    pub(crate) async fn namespace(&self, registry: RegistryId, name: &str) -> Stored<Cached<Option<KnownNamespace>>> {
        let load = async |at| {
            let row = self.meta.namespace(registry, name).await?;
            // Asked also where there is no namespace, so that the answer takes as long.
            let tags = self.tags_in(registry, name).await?;
            let value = row.map(|row| KnownNamespace { id: row.id, owner: row.owner, since: row.created_at, tags });
            Ok::<_, roadstead_storage::Error>(Some(Cached { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.namespaces, (registry, name.to_owned()), load).await?;
        // `load` never returns `None`: it returns a namespace, or the fact that there is none.
        found.ok_or(roadstead_storage::Error::Stale(Thing::Namespace))
    }
}

/// Returns the caller as the rules see it. Without limits, the caller is a main account or in a namespace of another
/// one.
fn who<'a>(caller: &'a Caller, limits: Option<&'a Limits>) -> Who<'a> {
    match (&caller.identity, limits) {
        (None, _) => Who::Anybody,
        (Some(_), Some(limits)) => Who::Limited(&limits.permissions, limits.realm()),
        (Some(identity), None) => Who::Plain(identity),
    }
}

fn prove<R: ContentRight>(
    caller: &Caller,
    registry: RegistryId,
    repository: &RepositoryName,
    place: Option<KnownRepository>,
    tags: Option<Arc<[Tag]>>,
) -> Decided<Access<R>> {
    let Some(KnownRepository { namespace, repository: row }) = place else { return Err(Denied::Forbidden) };
    let by = By::Caller(caller.identity.clone(), Arc::clone(&caller.client));
    let (name, id) = (repository.clone(), row.map(|(id, _)| id));
    Ok(Access::prove(by, Repository { registry, name, id, namespace: namespace.id, owner: namespace.owner, tags }))
}

fn facts(place: &KnownRepository) -> Facts {
    Facts {
        owner: place.namespace.owner,
        since: place.namespace.since,
        exists: place.repository.is_some(),
        public: place.repository.is_some_and(|(_, public)| public),
        tags: Arc::clone(&place.namespace.tags),
    }
}
