//! Which events each change leaves in the outbox: a table, in which every unit has a line.

use std::collections::BTreeSet;
use std::path::Path;

use super::cam::{new_policy, new_role};
use super::duplicate::duplicate;
use super::units::{events_since, last_event};
use super::{Image, Kit, Place, REGISTRY, act, instances, later, quotas, sha256, tag, triggers};
use crate::meta::{
    AccountStatus, Holder, InstanceChange, LifecycleKind, LifecycleScope, NamespaceSettings, NewAccessKey, NewAccount,
    NewInstance, NewInstanceToken, NewNamespace, NewOidcProvider, NewRepository, NewUser, QuotaKind, Texts, UserChange,
    UserProfile,
};
use roadstead_types::{AccountId, InstanceId, InstanceName, NamespaceName, PolicyId, Sight};

/// The units without an event.
const SILENT: [&str; 3] = ["cancel a job", "try a job again", "replace what is sealed"];

type Told = BTreeSet<&'static str>;

/// Runs each unit, and checks its events.
macro_rules! tells {
    ($kit:expr, $told:expr; $($unit:literal: $deed:expr => [$($kind:literal),*];)*) => {$(
        let last = last_event($kit).await;
        $deed.await.unwrap();
        let events = events_since($kit, last).await;
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let expected: [&str; _] = [$($kind),*];
        assert_eq!(kinds, expected, "{}", stringify!($deed));
        $told.insert($unit);
    )*};
}

pub(super) async fn behave(kit: &Kit) {
    let mut told: Told = SILENT.into();
    accounts_tell(kit, &mut told).await;
    keys_and_users_tell(kit, &mut told).await;
    groups_and_roles_tell(kit, &mut told).await;
    policies_tell(kit, &mut told).await;
    names_tell(kit, &mut told).await;
    content_tells(kit, &mut told).await;
    what_is_taken_away_tells(kit, &mut told).await;
    instances_tell(kit, &mut told).await;
    what_an_instance_has_tells(kit, &mut told).await;
    small_things_tell_nothing(kit, &mut told).await;
    let mut units = BTreeSet::new();
    units_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/meta"), &mut units);
    assert_eq!(
        told.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
        units,
        "the table has a line for each unit"
    );
}

/// The names of the units in the sources in a directory.
fn units_of(directory: &Path, units: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            units_of(&path, units);
        } else {
            let source = std::fs::read_to_string(&path).unwrap();
            units.extend(
                source.split("self.unit(act, \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()),
            );
        }
    }
}

async fn accounts_tell(kit: &Kit, told: &mut Told) {
    let (uin, name, id) = (kit.uin(), format!("account-{}", kit.number()), kit.secret_id());
    let key = NewAccessKey { secret_id: &id, sealed_secret: b"sealed", description: "" };
    let (one, space) = (kit.bare_account().await, format!("told{}", kit.number()).parse().unwrap());
    let new = NewAccount { key: Some(key), namespace: Some(&space), ..NewAccount::new(&uin, &name) };
    tells! { kit, told;
        "create an account": kit.one.create_account(&act(), &new) => ["key.changed", "namespace.created"];
        "set a password": kit.one.add_password_hash(&act(), one, "hash") => [];
        "set a password": kit.one.set_password_hash(&act(), one, "hash") => [];
        "set a password": kit.one.change_password_hash(&act(), one, "hash") => [];
        "set the status of an account": kit.one.set_account_status(&act(), one, AccountStatus::Disabled) => [];
        "set a quota": kit.one.set_quota(&act(), one, QuotaKind::Triggers, 1) => [];
    }
}

async fn keys_and_users_tell(kit: &Kit, told: &mut Told) {
    let owner = kit.account().await;
    let (uin, name, key) = (kit.uin(), format!("user-{}", kit.number()), kit.secret_id());
    let (profile, second) = (UserProfile::default(), kit.secret_id());
    let new_key = NewAccessKey { secret_id: &key, sealed_secret: b"sealed", description: "" };
    let new = NewUser { owner, uin: &uin, name: &name, profile: &profile, password_hash: None, key: Some(new_key) };
    tells! { kit, told;
        "create a sub-account": kit.one.create_user(&act(), &new) => ["key.changed"];
    }
    let user = kit.two.user_by_uin(owner, &uin).await.unwrap().unwrap().account.id;
    let new_key = NewAccessKey { secret_id: &second, ..new_key };
    tells! { kit, told;
        "change a sub-account": kit.one.update_user(&act(), owner, user, &UserChange::default()) => [];
        "create an access key": kit.one.create_access_key(&act(), user, &new_key) => ["key.changed"];
        "change an access key": kit.one.set_access_key_active(&act(), user, &second, false) => ["key.changed"];
        "change an access key": kit.one.set_access_key_active(&act(), user, &second, true) => ["key.changed"];
        "delete a sub-account": kit.one.delete_user(&act(), owner, user, true)
            => ["key.changed", "key.changed", "policy.changed"];
    }
    let user = kit.user(owner).await.account.id;
    let key = kit.two.list_access_keys(user).await.unwrap().remove(0).secret_id;
    tells! { kit, told;
        "delete an access key": kit.one.delete_access_key(&act(), user, &key) => ["key.changed"];
        "delete a sub-account": kit.one.delete_user(&act(), owner, user, false) => ["policy.changed"];
    }
}

async fn groups_and_roles_tell(kit: &Kit, told: &mut Told) {
    let owner = kit.account().await;
    let members = [(kit.group(owner).await, kit.user(owner).await.account.id)];
    let (group, role) = (members[0].0, kit.role(owner).await);
    let provider =
        NewOidcProvider { name: "k8s", url: "https://issuer", keys: "{}", client_ids: "[]", description: "" };
    let other = NewOidcProvider { keys: "[]", ..provider };
    tells! { kit, told;
        "create a group": kit.one.create_group(&act(), owner, "one", "") => [];
        "change a group": kit.one.update_group(&act(), owner, group, Some("other"), None) => [];
        "add to groups": kit.one.add_members(&act(), owner, &members) => ["policy.changed"];
        "remove from groups": kit.one.remove_members(&act(), owner, &members) => ["policy.changed"];
        "delete a group": kit.one.delete_group(&act(), owner, group) => ["policy.changed"];
        "create a role": kit.one.create_role(&act(), owner, &new_role("one")) => ["policy.changed"];
        "change who may take a role": kit.one.update_trust(&act(), owner, role, "{}", "{}") => ["policy.changed"];
        "delete a role": kit.one.delete_role(&act(), owner, role) => ["policy.changed"];
        "create an identity provider": kit.one.create_oidc_provider(&act(), owner, &provider) => ["policy.changed"];
        "change an identity provider": kit.one.update_oidc_provider(&act(), owner, &other, &|_| true)
            => ["policy.changed"];
        "delete an identity provider": kit.one.delete_oidc_provider(&act(), owner, "k8s") => ["policy.changed"];
    }
}

async fn policies_tell(kit: &Kit, told: &mut Told) {
    let owner = kit.account().await;
    let (first, second, third) = (kit.policy(owner).await, kit.policy(owner).await, kit.policy(owner).await);
    let user = kit.user(owner).await.account.id;
    let holder = Holder::User(user);
    tells! { kit, told;
        "create a policy": kit.one.create_policy(&act(), owner, &new_policy("one")) => ["policy.changed"];
        "change a policy": kit.one.update_policy(&act(), owner, first, Some("other"), None) => ["policy.changed"];
        "attach a policy": kit.one.attach_policy(&act(), owner, first, holder, "1") => ["policy.changed"];
        "detach a policy": kit.one.detach_policy(&act(), owner, first, holder) => ["policy.changed"];
        "delete policies": kit.one.delete_policies(&act(), owner, &[third]) => ["policy.changed"];
    }
    kit.one.attach_policy(&act(), owner, first, holder, "1").await.unwrap();
    let named = async |last: i64| events_since(kit, last).await.pop().unwrap().event["policies"].clone();
    let numbers = |policies: &[PolicyId]| serde_json::json!(policies.iter().map(|id| id.get()).collect::<Vec<_>>());
    for (to, changed) in [(Some(first), &[first][..]), (Some(second), &[first, second]), (None, &[second])] {
        let last = last_event(kit).await;
        tells! { kit, told; "set a boundary": kit.one.set_boundary(&act(), owner, holder, to) => ["policy.changed"]; }
        assert_eq!(named(last).await, numbers(changed), "what bounds no more has changed too");
    }
    kit.one.set_boundary(&act(), owner, holder, Some(second)).await.unwrap();
    let last = last_event(kit).await;
    kit.one.delete_user(&act(), owner, user, true).await.unwrap();
    assert_eq!(named(last).await, numbers(&[first, second]), "they are attached to one user less");
}

async fn names_tell(kit: &Kit, told: &mut Told) {
    let (place, creator) = (kit.place().await, quotas::creator());
    let [one, two]: [NamespaceName; 2] = [0, 1].map(|_| format!("told{}", kit.number()).parse().unwrap());
    let new = NewNamespace { registry: REGISTRY, name: &two, owner: place.owner, creator: &creator };
    let [first, second] = ["first", "second"].map(|name| place.repository(name));
    let made = NewRepository {
        registry: REGISTRY,
        name: &first,
        owner: place.owner,
        creator: &creator,
        public: false,
        description: "",
    };
    tells! { kit, told;
        "create a namespace": kit.one.create_namespace(&act(), REGISTRY, &one, place.owner) => ["namespace.created"];
        "create a namespace": kit.one.add_namespace(&act(), &new) => ["namespace.created"];
        "delete a namespace": kit.one.delete_namespace(&act(), REGISTRY, &one) => ["namespace.removed"];
        "delete a namespace": kit.one.delete_own_namespace(&act(), REGISTRY, &two, place.owner)
            => ["namespace.removed"];
        "create a repository": kit.one.add_repository(&act(), &made) => ["repository.created"];
        "create a repository": kit.one.add_repository(&act(), &NewRepository { name: &second, ..made })
            => ["repository.created"];
    }
    let [first, second] = [kit.repository(&place, "first").await.id, kit.repository(&place, "second").await.id];
    let third = kit.push_blob(&place, "third", "told").await.repository;
    tells! { kit, told;
        "describe a repository": kit.one.set_description(&act(), first, "told") => [];
        "set the visibility of a repository": kit.one.set_visibility(&act(), first, true) => [];
        "delete a repository": kit.one.delete_repository(&act(), first, true) => ["repository.removed"];
        "empty a repository": kit.one.empty_repository(&act(), first, 10) => [];
        "delete repositories": kit.one.delete_repositories(&act(), &[second, third])
            => ["repository.removed", "repository.removed"];
    }
}

async fn content_tells(kit: &Kit, told: &mut Told) {
    let place = kit.place().await;
    kit.push_blob(&place, "app", "told config").await;
    let (old, new) = (Image::index(&[]), Image::with_blobs(&["told config"], None));
    let (app, tags) = (kit.repository(&place, "app").await.id, [tag("t")]);
    let (digest, other, copy) = (sha256(b"told config"), place.repository("other"), place.repository("copy"));
    let act = act();
    let what = duplicate(app, &tags[0], &place, &copy, &tags[0]);
    tells! { kit, told;
        "commit a blob": async { crate::Result::Ok(kit.push_blob(&place, "made", "told").await) }
            => ["repository.created"];
        "commit a blob": async { crate::Result::Ok(kit.push_blob(&place, "made", "told").await) } => [];
        "mount a blob": kit.one.mount_blob(&act, app, REGISTRY, place.namespace, &other, &digest, later(9))
            => ["repository.created"];
        "store a manifest": kit.put(&place, "app", &old, &tags) => ["manifest.pushed"];
        "store a manifest": kit.put(&place, "app", &new, &tags) => ["manifest.pushed", "tag.moved"];
        "duplicate an image": kit.one.duplicate_image(&act, &what) => ["repository.created", "manifest.pushed"];
    }
}

async fn what_is_taken_away_tells(kit: &Kit, told: &mut Told) {
    let place = kit.place().await;
    let tags: Vec<_> = ["one", "two", "three", "four", "five"].map(tag).into();
    let image = Image::index(&[]);
    let app = kit.put(&place, "app", &image, &tags).await.unwrap().repository;
    let blob = kit.push_blob(&place, "app", "told layer").await.blob.digest;
    tells! { kit, told;
        "delete a tag": kit.one.delete_tag(&act(), app, &tags[0]) => ["tag.removed"];
        "delete tags": kit.one.delete_tags(&act(), app, &tags[1..3]) => ["tag.removed", "tag.removed"];
        "delete a manifest": kit.one.delete_manifest(&act(), app, &image.digest, None)
            => ["tag.removed", "tag.removed", "manifest.deleted"];
        "unlink a blob": kit.one.unlink_blob(&act(), app, &blob) => [];
    }
}

async fn instances_tell(kit: &Kit, told: &mut Told) {
    let owner = kit.account().await;
    let (id, name): (_, InstanceName) = (InstanceId::random(), format!("told-{}", kit.number()).parse().unwrap());
    let new: NewInstance<'_> = instances::new(&id, &name, owner);
    tells! { kit, told; "create an instance": kit.one.create_instance(&act(), &new, 10) => []; }
    let registry = kit.two.instance_by_id(&id).await.unwrap().unwrap().registry;
    let (team, settings, app) = ("team".parse().unwrap(), NamespaceSettings::default(), "team/app".parse().unwrap());
    let show = |settings: &mut NamespaceSettings| settings.public = true;
    tells! { kit, told;
        "modify an instance": kit.one.modify_instance(&act(), registry, &InstanceChange::default()) => [];
        "create a namespace": kit.one.create_instance_namespace(&act(), registry, owner, &team, &settings, 10)
            => ["namespace.created"];
    }
    let space = kit.two.instance_namespace(registry, "team").await.unwrap().unwrap().id;
    tells! { kit, told;
        "modify a namespace": kit.one.modify_instance_namespace(&act(), registry, space, show) => [];
        "create a repository": kit.one.create_instance_repository(&act(), registry, space, &app, &Texts::default())
            => ["repository.created"];
    }
    let app = kit.two.repository(registry, &app).await.unwrap().unwrap().id;
    tells! { kit, told;
        "describe a repository": kit.one.describe_instance_repository(&act(), app, Some("told"), None) => [];
        "delete an instance": kit.one.condemn_instance(&act(), registry, true) => [];
        "empty a repository": kit.one.empty_repository(&act(), app, 10) => ["repository.removed"];
        "delete a namespace": kit.one.delete_namespace(&act(), registry, &team) => ["namespace.removed"];
    }
}

async fn what_an_instance_has_tells(kit: &Kit, told: &mut Told) {
    let instance = instances::instance(kit, kit.account().await).await;
    let (registry, id) = (instance.registry, format!("told{}", kit.number()));
    let new = NewInstanceToken {
        id: &id,
        registry,
        account: instance.owner,
        credential_version: 1,
        hash: b"hash",
        description: "",
        expires_at: later(9),
    };
    tells! { kit, told;
        "store an instance token": kit.one.insert_instance_token(&act(), &new, 9) => [];
        "modify an instance token": kit.one.modify_instance_token(&act(), registry, &id, Some(false), None) => [];
        "delete an instance token": kit.one.delete_instance_token(&act(), registry, &id) => [];
    }
}

async fn small_things_tell_nothing(kit: &Kit, told: &mut Told) {
    let place: Place = kit.place().await;
    let (app, owner): (_, AccountId) = (kit.push_blob(&place, "app", "told small").await.repository, place.owner);
    let (rules, spec) = (LifecycleScope::Repository(app), triggers::spec("told", app));
    tells! { kit, told;
        "add a favourite": kit.one.add_favorite(&act(), owner, app) => [];
        "remove favourites": kit.one.remove_favorites(&act(), owner, REGISTRY, &[place.repository("app")]) => [];
        "set a lifecycle rule": kit.one.set_lifecycle_rule(&act(), rules, LifecycleKind::KeepLastNums, 1) => [];
        "delete lifecycle rules": kit.one.delete_lifecycle_rules(&act(), rules) => [];
        "create a trigger": kit.one.create_trigger(&act(), REGISTRY, owner, &spec) => [];
    }
    let trigger = kit.two.trigger(REGISTRY, owner, "told", &Sight::EVERYTHING).await.unwrap().unwrap();
    tells! { kit, told;
        "change a trigger": kit.one.update_trigger(&act(), trigger.id, trigger.version, &spec) => [];
        "delete a trigger": kit.one.delete_trigger(&act(), REGISTRY, owner, "told", &Sight::EVERYTHING) => [];
    }
}
