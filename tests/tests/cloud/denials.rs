//! Denials apply to every action, also if it needs only a signature. A session does not see things without a grant.
//! Lists in conditions have a limited number of values.

use roadstead_tests::people::{Main, sub};
use roadstead_tests::{Account, Cloud, Image, TestRegistry};
use serde_json::{Value, json};

use crate::instance::Instance;

const DENIED: &str = "AuthFailure.UnauthorizedOperation";
const HIDDEN: &str = "ResourceNotFound.ErrNoRepo";

/// A policy with one statement.
fn statement(effect: &str, action: &str, resource: &str) -> String {
    json!({ "version": "2.0", "statement": [{ "effect": effect, "action": action, "resource": resource }] }).to_string()
}

fn all(effect: &str) -> String {
    statement(effect, "*", "*")
}

async fn registry(faithful: bool) -> TestRegistry {
    let settings = move |settings: &mut roadstead_config::Settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.cloud_api.faithful = faithful;
    };
    TestRegistry::builder().settings(settings).start().await
}

async fn code(cloud: &Cloud, action: &str, parameters: Value) -> String {
    cloud.call("tcr", action, parameters).await.code()
}

/// Actions that need only a signature.
fn signed() -> Vec<(&'static str, Value)> {
    let page = json!({ "Offset": 0, "Limit": 10 });
    vec![
        ("ModifyUserPasswordPersonal", json!({ "Password": "a good password 2" })),
        ("DescribeApplicationTokenPersonal", json!({})),
        ("DescribeRepositoryAllPersonal", page.clone()),
        ("DescribeRepositoryOwnerPersonal", page),
        ("DescribeRegions", json!({})),
    ]
}

/// Actions that read about the main account. They need only a signature, except in a session.
fn listed() -> Vec<(&'static str, Value)> {
    vec![
        ("DescribeNamespacePersonal", json!({ "Namespace": "", "Offset": 0, "Limit": 10 })),
        ("DescribeInstances", json!({})),
        ("DescribeApplicationTriggerPersonal", json!({})),
        ("DescribeApplicationTriggerLogPersonal", json!({})),
        ("DescribeImageLifecyclePersonal", json!({ "RepoName": "foo/one" })),
        ("DescribeImageLifecycleGlobalPersonal", json!({})),
        ("DescribeUserQuotaPersonal", json!({})),
        ("ValidateUserPersonal", json!({ "Username": "" })),
        ("ValidateRepositoryExistPersonal", json!({ "RepoName": "foo/one" })),
    ]
}

#[tokio::test]
async fn a_denial_counts_where_a_signature_is_enough() {
    for faithful in [false, true] {
        let reg = registry(faithful).await;
        let main = reg.account("foo").await;
        main.basic.push_image("foo/one", "v1", &Image::small(1)).await;
        let nothing = sub(&reg, &main, "nothing", &[&all("allow"), &all("deny")]).await;
        let namespaces = statement("deny", "tcr:DescribeNamespacePersonal", "*");
        let partly = sub(&reg, &main, "partly", &[&all("allow"), &namespaces]).await;
        let other = statement("deny", "tcr:DescribeNamespacePersonal", "qcs::tcr:::repo/foo/one");
        let elsewhere = sub(&reg, &main, "elsewhere", &[&all("allow"), &other]).await;
        for (action, parameters) in signed().into_iter().chain(listed()) {
            let expected = |denied: bool| match (denied, faithful) {
                (true, false) => DENIED,
                (true, true) if action == "DescribeImageLifecyclePersonal" => HIDDEN,
                (true, true) if action == "ValidateRepositoryExistPersonal" => "InvalidParameter.ErrNSMisMatch",
                _ => "",
            };
            let is_named = action == "DescribeNamespacePersonal";
            for (who, denied) in [(&nothing, true), (&partly, is_named), (&elsewhere, false)] {
                assert_eq!(
                    code(&who.cloud, action, parameters.clone()).await,
                    expected(denied),
                    "{action}, {faithful}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_denial_of_duplicating_counts() {
    let reg = registry(false).await;
    let main = reg.account("foo").await;
    main.basic.push_image("foo/one", "v1", &Image::small(1)).await;
    let parameters = json!({ "SrcImage": "foo/one:v1", "DestImage": "foo/one:v2" });
    let denial = statement("deny", "tcr:DuplicateImagePersonal", "*");
    let denied = sub(&reg, &main, "denied", &[&all("allow"), &denial]).await;
    assert_eq!(code(&denied.cloud, "DuplicateImagePersonal", parameters.clone()).await, DENIED);
    let may = sub(&reg, &main, "may", &[&all("allow")]).await;
    assert_eq!(code(&may.cloud, "DuplicateImagePersonal", parameters).await, "");

    let made = Instance::of(main.cloud.clone(), "demo").await;
    made.namespace("team", false).await;
    made.client(&main.basic).push_image("team/app", "v1", &Image::small(2)).await;
    let parameters = json!({
        "RegistryId": made.id, "SourceNamespace": "team", "SourceRepo": "app", "SourceReference": "v1",
        "DestinationTag": "v2",
    });
    let denied = sub(&reg, &main, "also", &[&all("allow"), &statement("deny", "tcr:DuplicateImage", "*")]).await;
    assert_eq!(code(&denied.cloud, "DuplicateImage", parameters.clone()).await, DENIED);
    assert_eq!(code(&may.cloud, "DuplicateImage", parameters).await, "");
}

#[tokio::test]
async fn lists_are_compared_with_a_few_values() {
    let reg = registry(false).await;
    let cloud = reg.cloud();
    let made = Instance::new(&reg, "demo").await;
    let filters = |count: usize, values: usize| {
        let filter = json!({ "Name": "Tags", "Values": vec!["k:v"; values] });
        json!({ "RegistryId": made.id, "Filters": vec![filter; count] })
    };
    let invalid = "InvalidParameter";
    for (count, values, expected) in [(10, 100, ""), (11, 1, invalid), (1, 101, invalid)] {
        let mut parameters = filters(count, values);
        assert_eq!(code(&cloud, "DescribeNamespaces", parameters.clone()).await, expected, "{count} {values}");
        parameters.as_object_mut().unwrap().remove("RegistryId");
        assert_eq!(code(&cloud, "DescribeInstances", parameters).await, expected, "{count} {values}");
    }
    for (count, expected) in [(100, ""), (101, invalid)] {
        assert_eq!(code(&cloud, "DescribeInstances", json!({ "Registryids": vec![&made.id; count] })).await, expected);
    }
    for (count, expected) in [(50, ""), (51, "InvalidParameter.ParamError")] {
        let tags: Vec<_> = (0..count).map(|n| json!({ "Key": format!("k{n}"), "Value": "v" })).collect();
        let parameters = json!({ "Page": 1, "Rp": 20, "Tags": tags });
        assert_eq!(cloud.call("cam", "DescribeRoleList", parameters).await.code(), expected);
    }
}

#[tokio::test]
async fn who_may_not_pull_from_an_instance_reads_no_image() {
    let reg = registry(false).await;
    let main = reg.account("foo").await;
    let made = Instance::of(main.cloud.clone(), "demo").await;
    made.namespace("team", false).await;
    for name in ["team/app", "team/secret"] {
        made.client(&main.basic).push_image(name, "v1", &Image::small(1)).await;
    }
    let resource = format!("qcs::tcr:::repository/{}/team/secret", made.id);
    let denied =
        sub(&reg, &main, "denied", &[&all("allow"), &statement("deny", "tcr:PullRepository", &resource)]).await;
    let looks = sub(&reg, &main, "looks", &[&statement("allow", "tcr:Describe*", "*")]).await;
    for (who, name, manifests, images) in [
        (&denied, "app", "", ""),
        (&denied, "secret", DENIED, DENIED),
        // Without a right to pull, the tags are visible, and the contents are not.
        (&looks, "app", DENIED, ""),
    ] {
        let mut parameters = json!({ "RegistryId": made.id, "NamespaceName": "team", "RepositoryName": name });
        assert_eq!(code(&who.cloud, "DescribeImages", parameters.clone()).await, images, "{name}");
        parameters["ImageVersion"] = json!("v1");
        assert_eq!(code(&who.cloud, "DescribeImageManifests", parameters).await, manifests, "{name}");
    }
}

#[tokio::test]
async fn lists_of_an_instance_leave_out_what_is_denied() {
    let reg = registry(false).await;
    let main = reg.account("foo").await;
    let made = Instance::of(main.cloud.clone(), "demo").await;
    for namespace in ["open", "closed"] {
        made.namespace(namespace, false).await;
        made.client(&main.basic).push_image(&format!("{namespace}/app"), "v1", &Image::small(1)).await;
    }
    let resource = |path: &str| format!("qcs::tcr:::repository/{}/{path}", made.id);
    let policies = [
        all("allow"),
        statement("deny", "tcr:DescribeRepositories", &resource("closed/app")),
        statement("deny", "tcr:DescribeNamespaces", &resource("closed")),
    ];
    let denied = sub(&reg, &main, "denied", &policies.each_ref().map(String::as_str)).await;
    let names = async |cloud: &Cloud, action: &str, list: &str| {
        let told = cloud.call("tcr", action, json!({ "RegistryId": made.id })).await.ok();
        let mut names: Vec<_> =
            told[list].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    for (cloud, repositories, namespaces) in [
        (&main.cloud, &["closed/app", "open/app"][..], &["closed", "open"][..]),
        (&denied.cloud, &["open/app"], &["open"]),
    ] {
        assert_eq!(names(cloud, "DescribeRepositories", "RepositoryList").await, repositories);
        assert_eq!(names(cloud, "DescribeNamespaces", "NamespaceList").await, namespaces);
    }
}

fn with(cloud: &Cloud, made: &Value) -> Cloud {
    let part = |name: &str| made["Credentials"][name].as_str().unwrap().to_owned();
    cloud.with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token"))
}

#[tokio::test]
async fn a_federated_user_reads_the_images_that_its_policy_names() {
    let reg = registry(false).await;
    let main = reg.account("foo").await;
    for name in ["foo/one", "foo/two"] {
        main.basic.push_image(name, "v1", &Image::small(1)).await;
    }
    let policy = statement("allow", "name/ccr:pull", "qcs::ccr:::repo/foo/one");
    let made = main.cloud.call("sts", "GetFederationToken", json!({ "Name": "web", "Policy": policy })).await.ok();
    let session = with(&main.cloud, &made);
    for (name, expected) in [("foo/one", ""), ("foo/two", HIDDEN)] {
        let parameters = json!({ "RepoName": name });
        assert_eq!(code(&session, "DescribeImagePersonal", parameters.clone()).await, expected, "{name}");
        let parameters = json!({ "RepoName": name, "Tag": "v1" });
        assert_eq!(code(&session, "DescribeImageFilterPersonal", parameters).await, expected, "{name}");
    }
}

/// In the faithful mode a signature is enough for many actions, but not one of temporary credentials.
#[tokio::test]
async fn a_session_changes_only_what_its_policy_allows() {
    for faithful in [false, true] {
        let reg = registry(faithful).await;
        let main = reg.account("foo").await;
        main.basic.push_image("foo/one", "v1", &Image::small(1)).await;
        let policy = statement("allow", "name/ccr:pull", "qcs::ccr:::repo/foo/one");
        let made = main.cloud.call("sts", "GetFederationToken", json!({ "Name": "web", "Policy": policy })).await.ok();
        let session = with(&main.cloud, &made);
        for (action, parameters) in [
            ("ModifyRepositoryAccessPersonal", json!({ "RepoName": "foo/one", "Public": 1 })),
            ("ModifyRepositoryInfoPersonal", json!({ "RepoName": "foo/one", "Description": "x" })),
            ("CreateImageLifecyclePersonal", json!({ "RepoName": "foo/one", "Type": "keep_last_nums", "Val": 1 })),
            ("DeleteImageLifecyclePersonal", json!({ "RepoName": "foo/one" })),
            ("DescribeApplicationTriggerPersonal", json!({ "RepoName": "foo/one" })),
        ] {
            let code = code(&session, action, parameters).await;
            assert_eq!(code, "AuthFailure.UnauthorizedOperation", "{action}, faithful: {faithful}");
        }
        let shown = main.cloud.call("tcr", "DescribeRepositoryPersonal", json!({ "RepoName": "foo/one" })).await.ok();
        assert_eq!(shown["Data"]["Public"], 0, "{shown}");
    }
}

/// A session of a role with these policies.
async fn session(reg: &TestRegistry, main: &Account, role: &str, policies: &[&str]) -> Cloud {
    let principal = json!({ "qcs": [format!("qcs::cam::uin/{}:root", main.uin)] });
    let statement = json!({ "effect": "allow", "action": "name/sts:AssumeRole", "principal": principal });
    let trust = json!({ "version": "2.0", "statement": [statement] }).to_string();
    Main::of(main).role(reg, role, &trust, policies).await;
    let arn = format!("qcs::cam::uin/{}:roleName/{role}", main.uin);
    let made = main.cloud.call("sts", "AssumeRole", json!({ "RoleArn": arn, "RoleSessionName": "ci" })).await;
    with(&main.cloud, &made.ok())
}

#[tokio::test]
async fn a_role_sees_what_its_policies_grant() {
    let reg = registry(false).await;
    let main = reg.account("foo").await;
    main.basic.push_image("foo/one", "v1", &Image::small(1)).await;
    let bare = session(&reg, &main, "bare", &[]).await;
    let reader = session(&reg, &main, "reader", &[&statement("allow", "tcr:*", "*")]).await;
    let user = sub(&reg, &main, "user", &[&statement("allow", "tcr:*", "*")]).await;
    for (action, parameters) in listed() {
        assert_eq!(code(&bare, action, parameters.clone()).await, DENIED, "{action}");
        assert_eq!(code(&reader, action, parameters.clone()).await, "", "{action}");
        assert_eq!(code(&user.cloud, action, parameters).await, "", "{action}");
    }
    for (cloud, total, image) in [(&bare, 0, HIDDEN), (&reader, 1, ""), (&user.cloud, 1, "")] {
        for action in ["DescribeRepositoryOwnerPersonal", "DescribeRepositoryAllPersonal"] {
            let told = cloud.call("tcr", action, json!({ "Offset": 0, "Limit": 10 })).await.ok();
            assert_eq!(told["Data"]["TotalCount"], total, "{action}: {told}");
        }
        assert_eq!(code(cloud, "DescribeRepositoryPersonal", json!({ "RepoName": "foo/one" })).await, image);
        assert_eq!(code(cloud, "DescribeImagePersonal", json!({ "RepoName": "foo/one" })).await, image);
    }
}
