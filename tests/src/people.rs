//! Sub-accounts and roles, made by another process than the server: the server learns of them as a replica would.

use std::sync::atomic::{AtomicUsize, Ordering};

use roadstead_auth::{NewSubAccount, app_id};
use roadstead_policy::{Author, Policy, Use};
use roadstead_storage::meta::{Holder, NewPolicy, NewRole, UserProfile};
use roadstead_types::{AccountId, PolicyId, RoleId, Uin};

use crate::{Account, Client, Cloud, TestRegistry};

/// A counter that makes the names of policies unique.
static POLICIES: AtomicUsize = AtomicUsize::new(0);

/// A sub-account, and how to call the registry as it.
pub struct Sub<'a> {
    reg: &'a TestRegistry,
    main: Main,
    /// The id of its row.
    pub id: AccountId,
    /// Its user name.
    pub uin: String,
    /// A caller with its Basic credentials.
    pub basic: Client,
    /// A caller of the cloud API with its access key.
    pub cloud: Cloud,
}

/// A main account.
#[derive(Clone, Debug)]
pub struct Main {
    /// The id of its row.
    pub id: AccountId,
    /// Its public number.
    pub uin: Uin,
}

impl Main {
    /// The main account of an account of the harness.
    pub fn of(account: &Account) -> Self {
        Self { id: account.id, uin: account.uin.parse().unwrap() }
    }

    fn canonical(&self, text: &str, usage: Use) -> String {
        let author = Author { owner_uin: &self.uin, app_id: app_id(self.id) };
        Policy::parse(text, usage, &author).unwrap().canonical
    }

    async fn policy(&self, reg: &TestRegistry, text: &str) -> PolicyId {
        let canonical = self.canonical(text, Use::Identity);
        let name = format!("policy-{}", POLICIES.fetch_add(1, Ordering::Relaxed));
        let new = NewPolicy { name: &name, description: "", document: text, canonical: &canonical, tags: "[]" };
        reg.meta().create_policy(&reg.act(), self.id, &new).await.unwrap()
    }

    /// Attaches a policy.
    pub async fn attach(&self, reg: &TestRegistry, policy: PolicyId, holder: Holder) {
        reg.meta().attach_policy(&reg.act(), self.id, policy, holder, self.uin.as_str()).await.unwrap();
    }

    /// Makes a role with this trust document and these policies.
    pub async fn role(&self, reg: &TestRegistry, name: &str, trust: &str, policies: &[&str]) -> RoleId {
        let trust_canonical = self.canonical(trust, Use::Trust);
        let new = NewRole {
            name,
            description: "",
            trust,
            trust_canonical: &trust_canonical,
            session_duration: 7200,
            console_login: false,
            tags: "[]",
        };
        let role = reg.meta().create_role(&reg.act(), self.id, &new).await.unwrap();
        for text in policies {
            let policy = self.policy(reg, text).await;
            self.attach(reg, policy, Holder::Role(role)).await;
        }
        role
    }
}

/// Makes a sub-account of `main` with these policies.
pub async fn sub<'a>(reg: &'a TestRegistry, main: &Account, name: &str, policies: &[&str]) -> Sub<'a> {
    let (main, password) = (Main::of(main), format!("password of {name}"));
    let new = NewSubAccount {
        owner: main.id,
        name,
        profile: &UserProfile::default(),
        password: Some(&password),
        needs_password: false,
        needs_key: true,
    };
    let made = reg.accounts().create_user(&reg.act(), &new).await.unwrap();
    let (account, key) = (made.user.account, made.key.unwrap());
    let uin = account.uin.as_str().to_owned();
    let (basic, cloud) = (reg.basic(&uin, &password), reg.cloud_with(key.secret_id.as_str(), &key.secret_key));
    let sub = Sub { reg, main, id: account.id, uin, basic, cloud };
    for text in policies {
        sub.attach(text).await;
    }
    sub
}

impl std::fmt::Debug for Sub<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sub").field("uin", &self.uin).finish_non_exhaustive()
    }
}

impl Sub<'_> {
    /// Attaches a policy with this document.
    pub async fn attach(&self, text: &str) -> PolicyId {
        let policy = self.main.policy(self.reg, text).await;
        self.attach_id(policy).await;
        policy
    }

    /// Attaches an existing policy.
    pub async fn attach_id(&self, policy: PolicyId) {
        self.main.attach(self.reg, policy, Holder::User(self.id)).await;
    }

    /// Detaches a policy.
    pub async fn detach(&self, policy: PolicyId) {
        self.reg.meta().detach_policy(&self.reg.act(), self.main.id, policy, Holder::User(self.id)).await.unwrap();
    }

    /// Sets the boundary to a policy with this document.
    pub async fn bound(&self, text: &str) {
        let policy = self.main.policy(self.reg, text).await;
        self.reg.meta().set_boundary(&self.reg.act(), self.main.id, Holder::User(self.id), Some(policy)).await.unwrap();
    }
}
