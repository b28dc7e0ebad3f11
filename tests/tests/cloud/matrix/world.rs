//! Two main accounts with everything that an account can have, and their users.

use std::sync::Arc;

use roadstead::bootstrap;
use roadstead_auth::NewSubAccount;
use roadstead_auth::cam::{Author, Policy, Use};
use roadstead_storage::meta::{Edition, Holder, NewInstance, NewPolicy, NewRole, Payment, UserProfile};
use roadstead_storage::types::{AccountId, InstanceId, PolicyId, Uin};
use roadstead_tests::provider::{Provider, key_set};
use roadstead_tests::{Account, Client, Cloud, Image, TestRegistry};
use serde_json::json;

/// What stands in everything that the account of this name notes: it must not reach another.
pub fn mark(name: &str) -> String {
    format!("for-nobody-but-{name}")
}

/// What a user is allowed to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rights {
    /// No policy.
    None,
    /// The two preset policies for reading.
    Reader,
    /// The two preset policies for everything in the registry.
    Full,
    /// The same, and a policy that denies everything.
    Denied,
    /// The same as full, within a boundary that allows pulls.
    Capped,
}

impl Rights {
    pub const ALL: [Self; 5] = [Self::None, Self::Reader, Self::Full, Self::Denied, Self::Capped];

    fn presets(self) -> &'static [i64] {
        match self {
            Self::None => &[],
            Self::Reader => &[419_084, 30_100_579],
            Self::Full | Self::Denied | Self::Capped => &[419_082, 30_100_465],
        }
    }
}

/// The names of things: of those that an account has, or of such as nobody has.
#[derive(Clone, Debug)]
pub struct Things {
    pub uin: String,
    pub owner_uin: String,
    pub user: String,
    pub group: i64,
    pub policy: i64,
    pub role: String,
    pub role_id: i64,
    pub secret_id: String,
    pub namespace: String,
    pub repository: String,
    pub instance: String,
    pub instance_name: String,
    pub trigger: String,
    pub provider: String,
    /// A key set that a provider may have.
    pub keys: String,
}

/// A main account.
pub struct House {
    pub root: Account,
    pub users: Vec<(Rights, Cloud)>,
    pub things: Things,
}

/// What nobody has.
pub fn nothing() -> Things {
    Things {
        uin: "999999999998".to_owned(),
        owner_uin: "999999999999".to_owned(),
        user: "nobody-at-all".to_owned(),
        group: 999_999,
        policy: 999_999_999,
        role: "no-such-role".to_owned(),
        role_id: 999_999,
        secret_id: format!("AKID{}", "z".repeat(32)),
        namespace: "nowhere".to_owned(),
        repository: "nothing".to_owned(),
        instance: "tcr-zzzzzzzz".to_owned(),
        instance_name: "no-such-instance".to_owned(),
        trigger: "no-such-trigger".to_owned(),
        provider: "no-such-provider".to_owned(),
        keys: key_set(&[Provider::new("key").jwk()]),
    }
}

/// Makes a main account with one of everything.
pub async fn house(reg: &TestRegistry, name: &str) -> House {
    let root = reg.account(name).await;
    let (meta, now, owner) = (reg.meta(), reg.now(), root.id);
    let mut users = Vec::new();
    let (mut first, mut secret_id) = (None, String::new());
    for rights in Rights::ALL {
        let (uin, id, cloud) = user(reg, owner, name, rights).await;
        if rights == Rights::None {
            first = Some((uin, id));
            cloud.secret_id().clone_into(&mut secret_id);
        }
        users.push((rights, cloud));
    }
    let (uin, user_id) = first.unwrap();
    let group = meta.create_group(owner, &format!("{name}-group"), &mark(name), now).await.unwrap();
    meta.add_members(owner, &[(group, user_id)], now).await.unwrap();
    let policy = policy(reg, owner, name, &format!("{name}-policy"), "allow", "ccr:pull").await;
    // Attached, but to a group that nobody with rights is in: the users are what their rights say.
    let role_id = role(reg, &root, name).await;
    let instance: InstanceId = format!("tcr-{name}0000").parse().unwrap();
    let new = NewInstance {
        id: &instance,
        name: &format!("{name}-instance").parse().unwrap(),
        owner,
        edition: Edition::Basic,
        payment: Payment { prepaid: false, renew_flag: 0, expires_at: None },
        deletion_protection: false,
        versioning: false,
        multi_zone: false,
        tags: &[],
    };
    meta.create_instance(&new, 10, now).await.unwrap();
    let client: &Client = &root.basic;
    client.push_image(&format!("{name}/app"), "v1", &Image::small(7)).await;
    let noted = json!({"RepoName": format!("{name}/app"), "Description": mark(name)});
    root.cloud.call("tcr", "ModifyRepositoryInfoPersonal", noted).await.ok();
    let keys = key_set(&[Provider::new("key").jwk()]);
    let provider = json!({"Name": format!("{name}-provider"), "IdentityUrl": "https://issuer.example.com",
        "IdentityKey": keys, "ClientId": ["registry"], "Description": mark(name)});
    root.cloud.call("cam", "CreateOIDCConfig", provider).await.ok();
    let things = Things {
        uin,
        owner_uin: root.uin.clone(),
        user: format!("{name}-none"),
        group: group.get(),
        policy: policy.get(),
        role: format!("{name}-role"),
        role_id,
        secret_id,
        namespace: name.to_owned(),
        repository: "app".to_owned(),
        instance: instance.as_str().to_owned(),
        instance_name: format!("{name}-instance"),
        trigger: format!("{name}-trigger"),
        provider: format!("{name}-provider"),
        keys,
    };
    House { root, users, things }
}

async fn role(reg: &TestRegistry, root: &Account, name: &str) -> i64 {
    let trust = json!({"version": "2.0", "statement": [{
        "effect": "allow", "action": "name/sts:AssumeRole",
        "principal": {"qcs": [format!("qcs::cam::uin/{}:root", root.uin)]},
    }]});
    let new = NewRole {
        name: &format!("{name}-role"),
        description: &mark(name),
        trust: &trust.to_string(),
        trust_canonical: &trust.to_string(),
        session_duration: 7200,
        console_login: false,
        tags: "[]",
    };
    reg.meta().create_role(root.id, &new, reg.now()).await.unwrap().get()
}

/// A sub-account with these rights.
async fn user(reg: &TestRegistry, owner: AccountId, house: &str, rights: Rights) -> (String, AccountId, Cloud) {
    let clock = Arc::new(roadstead_storage::types::ManualClock::new(reg.now()));
    let sealer = bootstrap::open_sealer(reg.settings(), reg.meta()).await.unwrap();
    let accounts = bootstrap::open_accounts(reg.settings(), reg.meta(), sealer, clock);
    let name = format!("{house}-{rights:?}").to_lowercase();
    let profile = UserProfile { remark: mark(house), ..UserProfile::default() };
    let new =
        NewSubAccount { owner, name: &name, profile: &profile, password: None, needs_password: false, needs_key: true };
    let made = accounts.create_user(&new).await.unwrap();
    let (id, key) = (made.user.account.id, made.key.unwrap());
    let holder = Holder::User(id);
    let (meta, now) = (reg.meta(), reg.now());
    for preset in rights.presets() {
        meta.attach_policy(owner, PolicyId::new(*preset), holder, "", now).await.unwrap();
    }
    match rights {
        Rights::Denied => {
            let policy = policy(reg, owner, house, "deny-all", "deny", "*").await;
            meta.attach_policy(owner, policy, holder, "", now).await.unwrap();
        }
        Rights::Capped => {
            let policy = policy(reg, owner, house, "pulls-only", "allow", "ccr:pull").await;
            meta.set_boundary(owner, holder, Some(policy)).await.unwrap();
        }
        Rights::None | Rights::Reader | Rights::Full => {}
    }
    let cloud = reg.cloud_with(key.secret_id.as_str(), &key.secret_key);
    (made.user.account.uin.as_str().to_owned(), id, cloud)
}

async fn policy(reg: &TestRegistry, owner: AccountId, house: &str, name: &str, effect: &str, action: &str) -> PolicyId {
    let text = json!({"version": "2.0", "statement": [{"effect": effect, "action": action, "resource": "*"}]});
    let text = text.to_string();
    let owner_uin: Uin = "100000000001".parse().unwrap();
    let parsed = Policy::parse(&text, Use::Identity, &Author { owner_uin: &owner_uin, app_id: 1 }).unwrap();
    let new = NewPolicy { name, description: &mark(house), document: &text, canonical: &parsed.canonical, tags: "[]" };
    reg.meta().create_policy(owner, &new, reg.now()).await.unwrap()
}
