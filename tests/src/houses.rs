//! Main accounts that have one thing of every kind, with their users; and names of things that do not exist.

use std::sync::Arc;

use roadstead::bootstrap;
use roadstead_auth::NewSubAccount;
use roadstead_policy::{Author, Policy, Use};
use roadstead_storage::meta::{Edition, Holder, NewInstance, NewPolicy, NewRole, Payment, UserProfile};
use roadstead_types::{AccountId, InstanceId, PolicyId, Uin};
use serde_json::json;

use crate::provider::{Provider, key_set};
use crate::{Account, Client, Cloud, Image, TestRegistry};

/// A text in every description that the account of this name writes. No other account may see it.
pub fn mark(name: &str) -> String {
    format!("for-nobody-but-{name}")
}

/// The rights of a user.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rights {
    /// No policy.
    None,
    /// The two preset policies for reading.
    Reader,
    /// The preset policies for everything in the registry, and for clusters, which triggers change.
    Full,
    /// The same policies, and a policy that denies everything.
    Denied,
    /// The policies of `Full`, with a boundary that allows only pulls.
    Capped,
}

impl Rights {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Reader, Self::Full, Self::Denied, Self::Capped];

    fn presets(self) -> &'static [i64] {
        match self {
            Self::None => &[],
            Self::Reader => &[419_084, 30_100_579],
            Self::Full | Self::Denied | Self::Capped => &[419_082, 30_100_465, 419_100],
        }
    }
}

/// The names of the things of an account, or names of things that do not exist.
#[derive(Clone, Debug)]
pub struct Things {
    /// A sub-account.
    pub uin: String,
    /// The main account.
    pub owner_uin: String,
    /// The name of the sub-account.
    pub user: String,
    /// A group.
    pub group: i64,
    /// A policy.
    pub policy: i64,
    /// A role.
    pub role: String,
    /// The number of the role.
    pub role_id: i64,
    /// An access key of the sub-account.
    pub secret_id: String,
    /// A namespace of this name exists in the personal edition and in the instance.
    pub namespace: String,
    /// A repository in both namespaces; its name without the namespace.
    pub repository: String,
    /// The manifest of its tag `v1`.
    pub digest: String,
    /// An instance.
    pub instance: String,
    /// The name of the instance.
    pub instance_name: String,
    /// A lasting password of the instance.
    pub token: String,
    /// A trigger.
    pub trigger: String,
    /// An identity provider.
    pub provider: String,
    /// A key set that a provider may have.
    pub keys: String,
}

impl Things {
    /// Replaces these names in a text, because the caller who sent them knows them already.
    #[must_use]
    pub fn unnamed(&self, text: &str) -> String {
        let names = [
            &self.uin,
            &self.owner_uin,
            &self.user,
            &self.role,
            &self.secret_id,
            &self.instance_name,
            &self.instance,
            &self.token,
            &self.trigger,
            &self.provider,
            &self.namespace,
            &self.repository,
            &self.digest,
            &self.group.to_string(),
            &self.policy.to_string(),
            &self.role_id.to_string(),
        ];
        names.iter().fold(text.to_owned(), |text, name| text.replace(name.as_str(), "X"))
    }
}

/// A main account.
#[derive(Debug)]
pub struct House {
    /// The account itself.
    pub root: Account,
    /// One sub-account for each kind of rights.
    pub users: Vec<(Rights, Cloud)>,
    /// The things of the account.
    pub things: Things,
}

/// Names of things that do not exist.
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
        digest: crate::digest(b"nobody has pushed this"),
        instance: "tcr-zzzzzzzz".to_owned(),
        instance_name: "no-such-instance".to_owned(),
        token: "no-such-token".to_owned(),
        trigger: "no-such-trigger".to_owned(),
        provider: "no-such-provider".to_owned(),
        keys: key_set(&[Provider::new("key").jwk()]),
    }
}

/// Makes a main account with one thing of every kind.
///
/// # Panics
/// If something cannot be made.
pub async fn house(reg: &TestRegistry, name: &str) -> House {
    let root = reg.account(name).await;
    let (meta, owner) = (reg.meta(), root.id);
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
    let group = meta.create_group(&reg.act(), owner, &format!("{name}-group"), &mark(name)).await.unwrap();
    meta.add_members(&reg.act(), owner, &[(group, user_id)]).await.unwrap();
    let policy = policy(reg, owner, name, &format!("{name}-policy"), "allow", "ccr:pull").await;
    // The policy is attached to a group without these users, so that it does not change their rights.
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
    meta.create_instance(&reg.act(), &new, 10).await.unwrap();
    let digest = root.basic.push_image(&format!("{name}/app-{name}"), "v1", &image(name)).await;
    let trigger = format!("{name}-trigger");
    personal(&root, name, &trigger).await;
    let token = fill(&root, &instance, name).await;
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
        repository: format!("app-{name}"),
        digest,
        instance: instance.as_str().to_owned(),
        instance_name: format!("{name}-instance"),
        token,
        trigger,
        provider: format!("{name}-provider"),
        keys,
    };
    House { root, users, things }
}

/// An image that no other account has pushed.
fn image(name: &str) -> Image {
    Image::small(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)))
}

/// Writes a description and a trigger for the account's repository in the personal edition.
async fn personal(root: &Account, name: &str, trigger: &str) {
    let repository = format!("{name}/app-{name}");
    for (action, parameters) in [
        ("ModifyRepositoryInfoPersonal", json!({"RepoName": repository, "Description": mark(name)})),
        (
            "CreateApplicationTriggerPersonal",
            json!({
                "RepoName": repository, "TriggerName": trigger, "InvokeMethod": "all", "InvokeExpr": "",
                "ClusterId": "cls-00000000", "Namespace": "default", "WorkloadType": "Deployment",
                "WorkloadName": mark(name), "ContainerName": "app", "ClusterRegion": 1,
            }),
        ),
    ] {
        root.cloud.call("tcr", action, parameters).await.ok();
    }
}

/// Makes a namespace and a repository with an image in an instance. Returns the id of a lasting password.
async fn fill(root: &Account, instance: &InstanceId, name: &str) -> String {
    let call = async |action: &str, mut parameters: serde_json::Value| {
        parameters["RegistryId"] = json!(instance.as_str());
        root.cloud.call("tcr", action, parameters).await.ok()
    };
    call("CreateNamespace", json!({"NamespaceName": name, "IsPublic": false})).await;
    let repository = json!({"NamespaceName": name, "RepositoryName": format!("app-{name}"), "Description": mark(name)});
    call("CreateRepository", repository).await;
    let port = root.cloud.host().rsplit_once(':').unwrap().1;
    let client: Client = root.basic.at(&format!("{name}-instance.localhost:{port}"));
    client.push_image(&format!("{name}/app-{name}"), "v1", &image(name)).await;
    let made = call("CreateInstanceToken", json!({"TokenType": "longterm", "Desc": mark(name)})).await;
    made["TokenId"].as_str().unwrap().to_owned()
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
    reg.meta().create_role(&reg.act(), root.id, &new).await.unwrap().get()
}

/// A sub-account with these rights.
async fn user(reg: &TestRegistry, owner: AccountId, house: &str, rights: Rights) -> (String, AccountId, Cloud) {
    let clock = Arc::new(roadstead_types::ManualClock::new(reg.now()));
    let sealer = bootstrap::open_sealer(reg.settings(), reg.meta()).await.unwrap();
    let accounts = bootstrap::open_accounts(reg.settings(), reg.meta(), sealer, clock);
    let name = format!("{house}-{rights:?}").to_lowercase();
    let profile = UserProfile { remark: mark(house), ..UserProfile::default() };
    let new =
        NewSubAccount { owner, name: &name, profile: &profile, password: None, needs_password: false, needs_key: true };
    let made = accounts.create_user(&reg.act(), &new).await.unwrap();
    let (id, key) = (made.user.account.id, made.key.unwrap());
    let holder = Holder::User(id);
    let meta = reg.meta();
    for preset in rights.presets() {
        meta.attach_policy(&reg.act(), owner, PolicyId::new(*preset), holder, "").await.unwrap();
    }
    match rights {
        Rights::Denied => {
            let policy = policy(reg, owner, house, "deny-all", "deny", "*").await;
            meta.attach_policy(&reg.act(), owner, policy, holder, "").await.unwrap();
        }
        Rights::Capped => {
            let policy = policy(reg, owner, house, "pulls-only", "allow", "ccr:pull").await;
            meta.set_boundary(&reg.act(), owner, holder, Some(policy)).await.unwrap();
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
    reg.meta().create_policy(&reg.act(), owner, &new).await.unwrap()
}
