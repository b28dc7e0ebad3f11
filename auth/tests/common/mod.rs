//! A registry without HTTP: a database, a clock that tests move, and the facade.

#![allow(dead_code, clippy::allow_attributes, reason = "every suite uses a part of it")]

pub mod people;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use roadstead_auth::{
    Accounts, Argon2Params, Auth, AuthParams, Caller, Client, Identity, IssuedToken, NewCredentials, NewMainAccount,
    Scope, Sealer,
};
use roadstead_storage::blob::BlobKey;
use roadstead_storage::meta::{self, CommitBlob, MetaStore};
use roadstead_storage::testkit::{TestDatabase, act};
use roadstead_types::{
    Algorithm, Clock as _, Digest, ManualClock, NamespaceId, RegistryId, RepositoryId, RepositoryName, Timestamp,
};

pub const REGISTRY: RegistryId = RegistryId::PERSONAL;
pub const SERVICE: &str = "registry.example.org";
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub const MASTER_KEY: [u8; 32] = [7; 32];
pub const PASSWORD: &str = "correct horse";
pub const CHEAP: Argon2Params = Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 };
/// Not a whole second, because tokens count in seconds and everything else in milliseconds.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_750);

pub fn params() -> AuthParams {
    let number = |n| NonZeroU32::new(n).unwrap();
    AuthParams {
        issuer: "roadstead".to_owned(),
        token_lifetime: Duration::from_secs(15 * 60),
        refresh_token_lifetime: Duration::from_secs(30 * 86_400),
        leeway: Duration::from_secs(60),
        signing_key_rotation: Duration::from_secs(90 * 86_400),
        argon2: CHEAP,
        password_cache_ttl: Duration::from_secs(600),
        login_attempts_per_minute: number(10),
        login_attempts_per_address_per_minute: number(100),
        token_cache_entries: 1000,
        repository_cache_entries: 1000,
        anonymous_pull: true,
        max_scopes: 10,
        faithful: false,
        readonly: false,
        region: "shjr".into(),
        instance_domain: roadstead_auth::InstanceDomain::default(),
    }
}

pub struct World {
    pub database: TestDatabase,
    pub meta: MetaStore,
    pub clock: Arc<ManualClock>,
    pub auth: Auth,
    pub accounts: Accounts,
    pub owner: NewCredentials,
    pub other: NewCredentials,
    pub namespace: NamespaceId,
}

impl World {
    /// Sets up the account `owner` with the namespace `team`, and the account `other` with `others`.
    pub async fn new() -> Self {
        Self::with(params()).await
    }

    pub async fn with(params: AuthParams) -> Self {
        let database = TestDatabase::any().await;
        let meta = database.open("one").await;
        let clock = Arc::new(ManualClock::new(START));
        let accounts = Accounts::new(meta.clone(), CHEAP, Sealer::new(MASTER_KEY), clock.clone());
        let owner = accounts
            .create(&act(clock.clone()), &NewMainAccount { password: Some(PASSWORD), ..NewMainAccount::named("owner") })
            .await
            .unwrap();
        let other = accounts
            .create(&act(clock.clone()), &NewMainAccount { password: Some(PASSWORD), ..NewMainAccount::named("other") })
            .await
            .unwrap();
        let namespace =
            meta.create_namespace(&act(clock.clone()), REGISTRY, &"team".parse().unwrap(), owner.account.id).await;
        meta.create_namespace(&act(clock.clone()), REGISTRY, &"others".parse().unwrap(), other.account.id)
            .await
            .unwrap();
        let auth = Auth::open(meta.clone(), params, Sealer::new(MASTER_KEY), clock.clone()).await.unwrap();
        Self { database, meta, clock, auth, accounts, owner, other, namespace: namespace.unwrap().id }
    }

    /// Returns the facade of another process on the same database.
    pub async fn another_process(&self, params: AuthParams) -> Auth {
        let meta = self.database.open("two").await;
        Auth::open(meta, params, Sealer::new(MASTER_KEY), self.clock.clone()).await.unwrap()
    }

    pub async fn owner(&self) -> Arc<Identity> {
        self.login(&self.owner, PASSWORD).await
    }

    pub async fn other(&self) -> Arc<Identity> {
        self.login(&self.other, PASSWORD).await
    }

    pub async fn login(&self, who: &NewCredentials, password: &str) -> Arc<Identity> {
        self.auth.basic(REGISTRY, who.account.uin.as_str(), password, ADDRESS).await.unwrap()
    }

    pub async fn issue(&self, identity: Option<&Arc<Identity>>, scopes: &[&str]) -> IssuedToken {
        let scopes = Scope::parse_all(scopes.iter().copied(), 100).unwrap();
        self.auth.issue(REGISTRY, &caller_of(identity), SERVICE, &scopes).await.unwrap()
    }

    /// Returns a caller with a token for `scopes`.
    pub async fn caller(&self, identity: Option<&Arc<Identity>>, scopes: &[&str]) -> Caller {
        let issued = self.issue(identity, scopes).await;
        self.bearer(&issued.token).await.unwrap()
    }

    pub async fn bearer(&self, token: &str) -> Result<Caller, roadstead_auth::AuthenticationError> {
        bearer(&self.auth, token).await
    }

    pub async fn repository(&self, name: &str, public: bool) -> RepositoryId {
        let name: RepositoryName = name.parse().unwrap();
        let namespace = self.meta.namespace(REGISTRY, name.namespace()).await.unwrap().unwrap().id;
        let digest = Digest::of(Algorithm::Sha256, name.as_str().as_bytes());
        let now = self.clock.now();
        let commit = CommitBlob {
            registry: REGISTRY,
            namespace,
            repository: &name,
            digest: &digest,
            key: &BlobKey::fresh(&digest),
            size: 1,
            upload: None,
            lease_until: now,
        };
        let id = self.meta.commit_blob(&act(self.clock.clone()), &commit).await.unwrap().repository;
        assert!(self.meta.set_visibility(&act(self.clock.clone()), id, public).await.unwrap());
        self.auth.changed(&meta::Scope::System);
        id
    }
}

pub async fn bearer(auth: &Auth, token: &str) -> Result<Caller, roadstead_auth::AuthenticationError> {
    let (identity, grants) = auth.bearer(REGISTRY, token, SERVICE).await?;
    Ok(Caller::identified(identity, Some(grants), client()))
}

pub fn caller_of(identity: Option<&Arc<Identity>>) -> Caller {
    identity.map_or_else(|| Caller::anonymous(client()), basic)
}

pub fn basic(identity: &Arc<Identity>) -> Caller {
    Caller::identified(Some(Arc::clone(identity)), None, client())
}

pub fn client() -> Arc<Client> {
    Arc::new(Client::at(ADDRESS))
}

pub fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}
pub static ANYBODY: LazyLock<Caller> = LazyLock::new(|| Caller::anonymous(client()));
