//! Proofs of rights in places of a main account, made by policies and by the operator.

#![expect(clippy::unwrap_used, reason = "a test: to panic is how it tells")]

mod common;

use common::people::{allow, world};
use common::{ANYBODY, REGISTRY, basic};
use roadstead_auth::{Denied, Needs, Operator, Read, Write};
use roadstead_policy::actions::tcr;
use roadstead_policy::op::{self, Realm};
use roadstead_types::{Actor, NamespaceName, Source};

#[tokio::test]
async fn a_proof_is_made_of_what_policies_allow_and_of_nothing_else() {
    let world = world().await;
    let sub = world.sub("maker", &[allow("ccr:CreateCCRNamespace", "qcs::ccr:::repo/team")]).await;
    let permissions = world.auth.permissions(&sub.caller()).await.unwrap();
    let (team, other): (NamespaceName, NamespaceName) = ("team".parse().unwrap(), "other".parse().unwrap());
    let create = |name: &NamespaceName| Needs::from(op::namespace_create(Realm::Personal, name.as_str()));
    let allow = async |needs: Needs| {
        world.auth.allow::<Write>(&permissions, &tcr::CreateNamespacePersonal, &needs, false).await
    };
    let granted = allow(create(&team)).await.unwrap();
    let access = granted.namespace(REGISTRY, &team);
    assert_eq!((access.owner(), access.namespace()), (sub.identity.owner, &team));
    assert_eq!(access.actor().uin, sub.identity.uin.as_str());
    assert_eq!(access.actor().principal, "user");
    assert!(matches!(allow(create(&other)).await, Err(Denied::Forbidden)));
    assert!(matches!(allow(Needs::nothing()).await, Err(Denied::Forbidden)), "doubt is a denial");
    let found = async |name: &str| {
        let create = op::namespace_create(Realm::Personal, name);
        world.auth.permit(&permissions, create, name.to_owned()).await
    };
    let (granted, name) = permissions.grant::<Write, _>(found("team").await.unwrap(), false).unwrap();
    assert_eq!((granted.account().owner(), name.as_str()), (sub.identity.owner, "team"));
    assert!(matches!(found("other").await, Err(Denied::Forbidden)));
    assert!(matches!(world.auth.permissions(&ANYBODY).await, Err(Denied::Unauthenticated)));
    assert_eq!(basic(&sub.identity).address(), common::ADDRESS);
}

#[test]
fn the_operator_is_named_as_itself() {
    let Actor { owner, principal, source, uin, .. } =
        Operator::new(Actor::operator("roadstead/0")).system::<Read>().actor();
    assert_eq!((owner, &*principal, source, &*uin), (None, "operator", Source::Cli, ""));
}
