//! Proofs of rights in places of a main account, made by policies and by the operator.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use common::people::{allow, world};
use common::{ANYBODY, REGISTRY, basic};
use roadstead_auth::{Denied, Identity, Operator, Read, Write};
use roadstead_policy::op::{self, Realm};
use roadstead_types::{Actor, NamespaceName, Source};

#[tokio::test]
async fn a_proof_is_made_of_what_policies_allow_and_of_nothing_else() {
    let world = world().await;
    let sub = world.sub("maker", &[allow("ccr:CreateCCRNamespace", "qcs::ccr:::repo/team")]).await;
    let permissions = world.auth.permissions(&sub.caller()).await.unwrap();
    let (team, other): (NamespaceName, NamespaceName) = ("team".parse().unwrap(), "other".parse().unwrap());
    let create = |name: &NamespaceName| [op::namespace_create(Realm::Personal, name.as_str())];
    let granted = permissions.grant::<Write>(&create(&team)).unwrap();
    let access = granted.namespace(REGISTRY, &team);
    assert_eq!((access.owner(), access.namespace()), (sub.identity.owner, &team));
    assert_eq!(access.actor().uin, sub.identity.uin.as_str());
    assert_eq!(access.actor().principal, "user");
    assert!(matches!(permissions.grant::<Write>(&create(&other)), Err(Denied::Forbidden)));
    assert!(matches!(world.auth.permissions(&ANYBODY).await, Err(Denied::Unauthenticated)));
    assert_eq!(basic(&sub.identity).address(), common::ADDRESS);
}

#[tokio::test]
async fn the_operator_acts_for_an_account_and_is_named_as_itself() {
    let world = world().await;
    let operator = Operator::new(&world.auth, Actor::operator("roadstead/0"));
    let main = Identity::of_main(&world.owner.account).unwrap();
    let access = operator.grant::<Write>(main).account();
    assert_eq!(access.owner(), world.owner.account.id);
    assert!(access.permissions().is_root());
    let Actor { owner, principal, source, uin, .. } = access.reading().actor();
    assert_eq!((owner, &*principal, source, &*uin), (Some(world.owner.account.id), "operator", Source::Cli, ""));
    assert_eq!(operator.system::<Read>().actor().principal, "operator");
}
