//! Namespaces made by the operator follow the same rules as namespaces made by their owner.

use roadstead_storage::meta::{AuditQuery, QuotaKind};
use roadstead_tests::{Image, TestRegistry};
use serde_json::json as value;

use super::cli::{json, text};

#[tokio::test]
async fn the_operator_gives_away_a_reserved_name_only_on_purpose() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let carol = json(&reg.command(&["account", "create", "--name", "carol"], ""));
    let create = ["namespace", "create", "tencentyun", "--owner", carol["uin"].as_str().unwrap()];
    let refused = reg.command(&create, "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("reserved; with --reserved it is made"), "{}", text(&refused.stderr));
    let made = reg.command(&[&create[..], &["--reserved"]].concat(), "");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let query = AuditQuery { action: Some("namespace.create"), limit: 10, ..AuditQuery::default() };
    let events = reg.meta().audit_events(&query).await.unwrap();
    assert_eq!((events[0].1.resource.as_str(), events[0].1.principal.as_str()), ("tencentyun", "operator"));
    assert_eq!(events.len(), 1, "the first start writes one row for all that it makes");
}

#[tokio::test]
async fn a_quota_holds_for_namespaces_that_the_operator_makes() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let alice = reg.account("alice").await;
    reg.meta().set_quota(&reg.act(), alice.id, QuotaKind::Namespaces, 2).await.unwrap();
    let create = |name: &str| reg.command(&["namespace", "create", name, "--owner", &alice.uin], "");
    assert!(create("alice-two").status.success(), "the account has one namespace already, and the limit is 2");
    let refused = create("alice-three");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("no more than 2"), "{}", text(&refused.stderr));
}

#[tokio::test]
async fn the_owner_account_is_found_without_its_first_namespace() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let told = |arguments: &[&str]| {
        let output = reg.command(arguments, "");
        text(&[output.stdout, output.stderr].concat())
    };
    let listed = || json(&reg.command(&["namespace", "list", "--json"], ""));
    assert_eq!(told(&["namespace", "create", "aside"]), "namespace aside created\n");
    assert_eq!(told(&["namespace", "delete", "library"]), "namespace library deleted\n");
    let doctor = told(&["doctor", "--url", &reg.url()]);
    assert!(doctor.contains("ok      push and pull"), "{doctor}");
    assert_eq!(told(&["namespace", "create", "--reserved", "library"]), "namespace library created\n");
    let owner = reg.owner_name();
    assert_eq!(listed(), value!([{ "name": "aside", "owner": owner }, { "name": "library", "owner": owner }]));
    // The owner account is found too when that namespace belongs to another account.
    let carol = json(&reg.command(&["account", "create", "--name", "carol"], ""));
    told(&["namespace", "delete", "library"]);
    told(&["namespace", "create", "--reserved", "library", "--owner", carol["uin"].as_str().unwrap()]);
    told(&["namespace", "create", "another"]);
    assert_eq!(listed()[0], value!({ "name": "another", "owner": owner }));
}

#[tokio::test]
async fn a_repository_is_deleted_with_its_images_only_on_purpose() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let owner = reg.owner();
    for name in ["library/gone", "library/kept"] {
        owner.push_image(name, "v1", &Image::small(1)).await;
    }
    let delete = ["repository", "delete", "library/gone"];
    let refused = reg.command(&delete, "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("add --yes"), "{}", text(&refused.stderr));
    owner.get("/v2/library/gone/manifests/v1").await.expect(200);
    let deleted = reg.command(&[&delete[..], &["--yes"]].concat(), "");
    assert_eq!(text(&deleted.stdout), "repository library/gone deleted\n", "{}", text(&deleted.stderr));
    owner.get("/v2/library/gone/manifests/v1").await.expect(404);
    owner.get("/v2/library/kept/manifests/v1").await.expect(200);
    let again = reg.command(&[&delete[..], &["--yes"]].concat(), "");
    assert!(text(&again.stderr).contains("there is no repository library/gone"), "{}", text(&again.stderr));
    let query = AuditQuery { action: Some("repository.delete"), limit: 10, ..AuditQuery::default() };
    let events = reg.meta().audit_events(&query).await.unwrap();
    assert_eq!((events.len(), events[0].1.resource.as_str()), (1, "library/gone"));
}
