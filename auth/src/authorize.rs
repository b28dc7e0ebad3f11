//! What they may do: the facts are fetched here, and judged in `rules.rs`.

use std::sync::Arc;

use roadstead_storage::meta::Readable;
use roadstead_storage::types::{RegistryId, RepositoryName, Timestamp};

use crate::access::{Access, Action, ActionName, CatalogAccess, Proven};
use crate::auth::{Auth, Inner};
use crate::cache::{KnownNamespace, Place, Read};
use crate::error::{Denied, Result};
use crate::identity::{Caller, Grant, Identity, TokenGrants};
use crate::rules::{self, Facts, Question};
use crate::scope::Scope;
use crate::token::{IssuedToken, NewToken, Wanted, grantable};

type Stored<T> = std::result::Result<T, roadstead_storage::Error>;

impl Auth {
    /// Decides whether `caller` may do `A` in `repository`, which need not exist.
    ///
    /// # Errors
    /// See [`Denied`]. Whether the repository or its namespace exists makes no difference to who may not know.
    pub async fn authorize<A: Action>(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> std::result::Result<Access<A>, Denied> {
        self.inner.authorize(caller.identity.as_ref(), caller.token.as_deref(), registry, repository).await
    }

    /// Decides the same by the identity of `caller` alone, as if it had come with a token for everything. For what a
    /// request does in passing, for which clients do not know that they need a scope: the source of a mount without
    /// `from` (distribution-spec, "Mounting a blob from another repository").
    ///
    /// # Errors
    /// See [`Denied`]; never `InsufficientScope`.
    pub async fn authorize_identity<A: Action>(
        &self,
        caller: &Caller,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> std::result::Result<Access<A>, Denied> {
        self.inner.authorize(caller.identity.as_ref(), None, registry, repository).await
    }

    /// Decides whether `caller` may list repositories, and which ones are shown. Only accounts may list.
    ///
    /// # Errors
    /// `Unauthenticated` for anonymous callers, `InsufficientScope` for tokens without `registry:catalog:*`.
    pub async fn catalog(&self, caller: &Caller, registry: RegistryId) -> std::result::Result<CatalogAccess, Denied> {
        let Some(identity) = &caller.identity else { return Err(Denied::Unauthenticated) };
        if !caller.token.as_ref().is_none_or(|token| token.registry == registry && token.covers_catalog()) {
            return Err(Denied::InsufficientScope);
        }
        Ok(CatalogAccess { registry, readable: Readable::By { owner: Some(identity.owner) } })
    }

    /// Makes a token for as much of `scopes` as `identity` may have; without an identity, for pulling from public
    /// repositories. Scopes that nothing is granted of are left out: that is not an error.
    ///
    /// # Errors
    /// `TooManyScopes`, `TokenTooLarge`, and `Storage` when the store cannot be asked.
    pub async fn issue(
        &self,
        registry: RegistryId,
        identity: Option<&Arc<Identity>>,
        service: &str,
        scopes: &[Scope],
    ) -> Result<IssuedToken> {
        let inner = &*self.inner;
        let limit = inner.params.max_scopes;
        if scopes.len() > limit {
            return Err(crate::Error::TooManyScopes { limit });
        }
        let now = inner.clock.now();
        let granted = inner.grants(registry, identity.map(|identity| &**identity), &Wanted::of(scopes)).await?;
        let identity = identity.map(|identity| &**identity);
        let (issuer, lifetime) = (&*inner.params.issuer, inner.params.token_lifetime);
        NewToken { issuer, registry, identity, service, granted, lifetime, now }.sign(&inner.keys.signer())
    }
}

impl Inner {
    async fn authorize<A: Action>(
        &self,
        identity: Option<&Arc<Identity>>,
        token: Option<&TokenGrants>,
        registry: RegistryId,
        repository: &RepositoryName,
    ) -> std::result::Result<Access<A>, Denied> {
        let place = self.place(registry, repository).await?;
        let question = Question {
            action: A::NAME,
            registry,
            name: repository.as_str(),
            identity: identity.map(|identity| &**identity),
            token,
            anonymous_pull: self.params.anonymous_pull,
        };
        rules::decide(&question, place.as_ref().map(facts).as_ref())?;
        let Some(Place { namespace, repository: row }) = place else { return Err(Denied::Forbidden) };
        Ok(Access::grant(Proven {
            registry,
            repository: repository.clone(),
            repository_id: row.map(|(id, _)| id),
            namespace_id: namespace.id,
            namespace_owner: namespace.owner,
            identity: identity.cloned(),
        }))
    }

    async fn grants(&self, registry: RegistryId, identity: Option<&Identity>, wanted: &Wanted) -> Stored<Vec<Grant>> {
        let mut granted = Vec::new();
        for (name, actions) in &wanted.repositories {
            let place = self.place(registry, name).await?;
            let facts = place.as_ref().map(facts);
            let may =
                |action: ActionName| rules::identity_may(action, identity, facts.as_ref(), self.params.anonymous_pull);
            let actions = grantable(actions, may);
            if !actions.is_empty() {
                granted.push(Grant { kind: "repository".to_owned(), name: name.as_str().to_owned(), actions });
            }
        }
        if wanted.catalog && identity.is_some() {
            let (kind, name) = ("registry".to_owned(), "catalog".to_owned());
            granted.push(Grant { kind, name, actions: vec!["*".to_owned()] });
        }
        Ok(granted)
    }

    /// The repository, or the place for one; `None` when there is no such namespace.
    async fn place(&self, registry: RegistryId, name: &RepositoryName) -> Stored<Option<Place>> {
        let key = (registry, name.clone());
        let mut missing = None;
        let load = async |at: Timestamp| {
            let Some(Read { value, at: namespace_at }) = self.load_place(registry, name).await? else {
                return Ok(None);
            };
            // A place without a repository is not kept: no counter tells when another process fills it.
            if value.repository.is_none() {
                missing = Some(value);
                return Ok(None);
            }
            Ok(Some(Read { value, at: at.min(namespace_at) }))
        };
        let (found, hit) = self.caches.row(&self.caches.places, key, load).await?;
        self.caches.place_counters.count(hit);
        Ok(found.map(|read| read.value).or(missing))
    }

    /// The place, and when its namespace was read.
    async fn load_place(&self, registry: RegistryId, name: &RepositoryName) -> Stored<Option<Read<Place>>> {
        let Some(namespace) = self.namespace(registry, name.namespace()).await? else { return Ok(None) };
        let repository = self.meta.repository(registry, name).await?;
        if let Some(value) = Place::of(namespace.value, repository.as_ref()) {
            return Ok(Some(Read { value, at: namespace.at }));
        }
        // The namespace that is remembered has been deleted, and another one made.
        self.caches.namespaces.invalidate(&(registry, name.namespace().to_owned()));
        let Some(namespace) = self.namespace(registry, name.namespace()).await? else { return Ok(None) };
        let repository = self.meta.repository(registry, name).await?;
        let place = Place::of(namespace.value, repository.as_ref());
        let value = place.ok_or(roadstead_storage::Error::Stale { what: "namespace" })?;
        Ok(Some(Read { value, at: namespace.at }))
    }

    async fn namespace(&self, registry: RegistryId, name: &str) -> Stored<Option<Read<KnownNamespace>>> {
        let load = async |at| {
            let row = self.meta.namespace(registry, name).await?;
            Ok::<_, roadstead_storage::Error>(row.map(|row| {
                let value = KnownNamespace { id: row.id, owner: row.owner, since: row.created_at };
                Read { value, at }
            }))
        };
        let (found, _) = self.caches.row(&self.caches.namespaces, (registry, name.to_owned()), load).await?;
        Ok(found)
    }
}

fn facts(place: &Place) -> Facts {
    Facts {
        owner: place.namespace.owner,
        since: place.namespace.since,
        public: place.repository.is_some_and(|(_, public)| public),
    }
}
