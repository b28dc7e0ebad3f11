//! A thing that a sub-account does not see gets the answer of a missing thing, in every request that names it.

use roadstead_tests::people::sub;
use roadstead_tests::{Account, Cloud, Image, TestRegistry};
use roadstead_types::RegistryId;
use serde_json::{Value, json};

use crate::triggers::{run, trigger};

const EVERYTHING: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;
const NO_REPO: &str = "ResourceNotFound.ErrNoRepo";
const NO_TRIGGER: &str = "ResourceNotFound.ErrNoTrigger";

async fn registry(faithful: bool) -> TestRegistry {
    let start = TestRegistry::builder().settings(move |settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.cloud_api.faithful = faithful;
    });
    start.start().await
}

fn statement(effect: &str, actions: &[&str], path: &str) -> String {
    let resource = if path == "*" { path.to_owned() } else { format!("qcs::tcr:::repo/{path}") };
    let statement = json!({ "effect": effect, "action": actions, "resource": resource });
    json!({ "version": "2.0", "statement": [statement] }).to_string()
}

/// A main account with these repositories. Those with `open` in their names are public.
async fn with(reg: &TestRegistry, names: &[&str]) -> Account {
    let main = reg.account("foo").await;
    reg.namespace("bar", main.id).await;
    for name in names {
        main.basic.push_image(name, "v1", &Image::small(7)).await;
        reg.set_public(name, name.contains("open")).await;
    }
    main
}

async fn tcr(cloud: &Cloud, action: &str, parameters: Value) -> (String, Value) {
    let reply = cloud.call("tcr", action, parameters).await;
    (reply.code(), reply.response()["Data"].clone())
}

#[tokio::test]
async fn namespaces_of_the_account_that_one_knows_nothing_of_are_not_told() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private", "bar/open"]).await;
    let exists = async |cloud: &Cloud, name: &str| {
        let (code, data) = tcr(cloud, "ValidateRepositoryExistPersonal", json!({ "RepoName": name })).await;
        if code.is_empty() { data["IsExist"].to_string() } else { code }
    };
    let mismatch = "InvalidParameter.ErrNSMisMatch";
    let none = sub(&reg, &main, "none", &[]).await.cloud;
    for name in ["foo/private", "foo/missing", "nowhere/app"] {
        assert_eq!(exists(&none, name).await, mismatch, "{name}");
    }
    assert_eq!(exists(&none, "bar/open").await, "true", "it is public");
    assert_eq!(exists(&none, "bar/missing").await, "false", "something in the namespace is public");
    let maker = sub(&reg, &main, "maker", &[&statement("allow", &["ccr:CreateRepository"], "foo/new")]).await.cloud;
    assert_eq!(exists(&maker, "foo/new").await, "false", "a right to it");
    assert_eq!(exists(&maker, "foo/private").await, mismatch);
    let inside = sub(&reg, &main, "inside", &[&statement("allow", &["ccr:push"], "foo/*")]).await.cloud;
    assert_eq!((exists(&inside, "foo/private").await, exists(&inside, "foo/missing").await).0, "true");
    assert_eq!(exists(&inside, "foo/missing").await, "false");
    assert_eq!((exists(&main.cloud, "foo/missing").await, exists(&main.cloud, "nowhere/app").await).0, "false");
    assert_eq!(exists(&main.cloud, "nowhere/app").await, mismatch);
}

#[tokio::test]
async fn an_image_is_not_copied_from_a_namespace_that_one_knows_nothing_of() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private", "bar/open"]).await;
    let allow = statement("allow", &["ccr:push", "ccr:CreateRepository"], "bar/*");
    let user = sub(&reg, &main, "user", &[&allow]).await.cloud;
    let copy = async |from: &str| {
        let parameters = json!({ "SrcImage": format!("{from}:v1"), "DestImage": "bar/copy:v1" });
        tcr(&user, "DuplicateImagePersonal", parameters).await.0
    };
    assert_eq!(copy("bar/open").await, "");
    for from in ["foo/private", "foo/missing", "nowhere/app"] {
        assert_eq!(copy(from).await, "ResourceNotFound.ErrNoTag", "{from}");
    }
}

#[tokio::test]
async fn repositories_that_are_hidden_get_no_triggers_and_no_rules() {
    for faithful in [false, true] {
        let reg = registry(faithful).await;
        let main = with(&reg, &["foo/seen", "foo/hidden"]).await;
        let deny = statement("deny", &["ccr:GetUserRepositoryList"], "foo/hidden");
        let user = sub(&reg, &main, "user", &[EVERYTHING, &deny]).await.cloud;
        let on = |name: &str, repository: &str| {
            let mut new = trigger(name);
            new["RepoName"] = json!(format!("foo/{repository}"));
            new
        };
        for name in ["one", "two"] {
            let repository = if name == "one" { "seen" } else { "hidden" };
            assert_eq!(tcr(&main.cloud, "CreateApplicationTriggerPersonal", on(name, repository)).await.0, "");
        }
        let repository = |name: &str| json!({ "RepoName": format!("foo/{name}") });
        let set = |name: &str| json!({ "RepoName": format!("foo/{name}"), "Type": "keep_last_nums", "Val": 5 });
        let public = |name: &str| json!({ "RepoName": format!("foo/{name}"), "Public": 1 });
        let text = |name: &str| json!({ "RepoName": format!("foo/{name}"), "Description": "mine" });
        let moved = |name: &str| json!({ "RepoName": format!("foo/{name}"), "TriggerName": "one" });
        let ask = async |action: &str, wanted: &str, hidden: Value, missing: Value| {
            for (what, mut parameters) in [("hidden", hidden), ("missing", missing)] {
                for dry_run in [true, false] {
                    parameters["DryRun"] = json!(dry_run);
                    let answer = tcr(&user, action, parameters.clone()).await.0;
                    assert_eq!(answer, wanted, "{action} of what is {what}, faithful: {faithful}");
                }
            }
        };
        ask("CreateApplicationTriggerPersonal", NO_REPO, on("new", "hidden"), on("new", "missing")).await;
        ask("ModifyApplicationTriggerPersonal", NO_REPO, moved("hidden"), moved("missing")).await;
        let named = |name: &str| json!({ "TriggerName": name });
        ask("ModifyApplicationTriggerPersonal", NO_TRIGGER, named("two"), named("three")).await;
        ask("DeleteApplicationTriggerPersonal", NO_TRIGGER, named("two"), named("three")).await;
        ask("CreateImageLifecyclePersonal", NO_REPO, set("hidden"), set("missing")).await;
        ask("DeleteImageLifecyclePersonal", NO_REPO, repository("hidden"), repository("missing")).await;
        ask("ModifyRepositoryAccessPersonal", NO_REPO, public("hidden"), public("missing")).await;
        ask("ModifyRepositoryInfoPersonal", NO_REPO, text("hidden"), text("missing")).await;
        for (action, parameters) in [
            ("CreateApplicationTriggerPersonal", on("new", "seen")),
            ("ModifyApplicationTriggerPersonal", moved("seen")),
            ("DeleteApplicationTriggerPersonal", named("one")),
            ("CreateImageLifecyclePersonal", set("seen")),
            ("DeleteImageLifecyclePersonal", repository("seen")),
            ("ModifyRepositoryInfoPersonal", text("seen")),
        ] {
            assert_eq!(tcr(&user, action, parameters).await.0, "", "{action}");
        }
        let left = tcr(&main.cloud, "DescribeApplicationTriggerPersonal", json!({})).await.1;
        assert_eq!(left["TotalCount"], 2, "{left}");
    }
}

#[tokio::test]
async fn a_list_does_not_tell_that_what_it_looks_for_is_hidden() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private", "foo/secret", "bar/open"]).await;
    let none = sub(&reg, &main, "none", &[]).await.cloud;
    let deny = statement("deny", &["ccr:pull"], "foo/secret");
    let denied = sub(&reg, &main, "denied", &[EVERYTHING, &deny]).await.cloud;
    let all = sub(&reg, &main, "all", &[EVERYTHING]).await.cloud;
    let filtered = async |cloud: &Cloud, part: &str, namespace: &str| {
        let parameters = json!({ "RepoName": part, "Namespace": namespace });
        tcr(cloud, "DescribeRepositoryFilterPersonal", parameters).await.1["PrivilegeFiltered"].clone()
    };
    let long = "x".repeat(300);
    for part in ["", "p", "private", "secret", "nothing", &long] {
        for namespace in ["", "foo", "bar", "nowhere"] {
            for (cloud, wanted) in [(&none, true), (&denied, true), (&all, false), (&main.cloud, false)] {
                assert_eq!(filtered(cloud, part, namespace).await, wanted, "{part} in {namespace}");
            }
        }
    }
}

#[tokio::test]
async fn triggers_of_public_repositories_are_seen_like_the_repositories() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private", "foo/open", "bar/open"]).await;
    for (name, repository) in [("one", "foo/private"), ("two", "foo/open"), ("three", "bar/open"), ("four", "foo/gone")]
    {
        if name == "four" {
            main.basic.push_image(repository, "v1", &Image::small(7)).await;
        }
        let mut new = trigger(name);
        new["RepoName"] = json!(repository);
        assert_eq!(tcr(&main.cloud, "CreateApplicationTriggerPersonal", new).await.0, "");
        reg.clock().advance(std::time::Duration::from_secs(1));
        let run = run(repository, "v1", name, reg.now());
        reg.meta().log_trigger_run(RegistryId::PERSONAL, main.id, &run).await.unwrap();
    }
    tcr(&main.cloud, "DeleteApplicationTriggerPersonal", json!({ "TriggerName": "four" })).await;
    tcr(&main.cloud, "DeleteRepositoryPersonal", json!({ "RepoName": "foo/gone" })).await;
    let look = statement("allow", &["tcr:DescribeApplicationTrigger*"], "*");
    let looker = sub(&reg, &main, "looker", &[&look]).await.cloud;
    let deny = statement("deny", &["ccr:pull"], "bar/*");
    let denied = sub(&reg, &main, "denied", &[&look, &deny]).await.cloud;
    let pull = statement("allow", &["ccr:pull"], "foo/*");
    let puller = sub(&reg, &main, "puller", &[&look, &pull]).await.cloud;
    for (cloud, triggers, runs) in [
        (&looker, "three two", "three two"),
        (&denied, "two", "two"),
        (&puller, "three two one", "four three two one"),
        (&main.cloud, "three two one", "four three two one"),
    ] {
        let names = async |action: &str, list: &str| {
            let data = tcr(cloud, action, json!({})).await.1;
            let all = data[list].as_array().unwrap().clone();
            assert_eq!(data["TotalCount"], all.len());
            all.iter().map(|one| one["TriggerName"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("DescribeApplicationTriggerPersonal", "TriggerInfo").await, triggers);
        assert_eq!(names("DescribeApplicationTriggerLogPersonal", "LogInfo").await, runs);
    }
}

#[tokio::test]
async fn a_right_that_is_denied_lets_nobody_see_anything() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private", "foo/secret", "bar/private"]).await;
    let allow = statement("allow", &["ccr:push"], "*");
    let deny = |path: &str| statement("deny", &["tcr:PushRepositoryPersonal"], path);
    let user = sub(&reg, &main, "user", &[&allow, &deny("foo/secret"), &deny("bar/*")]).await.cloud;
    let exists = async |name: &str| {
        let (code, data) = tcr(&user, "ValidateRepositoryExistPersonal", json!({ "RepoName": name })).await;
        if code.is_empty() { data["IsExist"].to_string() } else { code }
    };
    assert_eq!((exists("foo/private").await, exists("foo/secret").await).0, "true");
    assert_eq!((exists("foo/secret").await, exists("foo/missing").await), ("false".to_owned(), "false".to_owned()));
    for name in ["bar/private", "bar/missing", "nowhere/app"] {
        assert_eq!(exists(name).await, "InvalidParameter.ErrNSMisMatch", "{name}");
    }
    let listed = tcr(&user, "DescribeRepositoryOwnerPersonal", json!({})).await.1;
    assert_eq!((&listed["TotalCount"], &listed["RepoInfo"][0]["RepoName"]), (&json!(1), &json!("foo/private")));
    let namespaces = json!({ "Namespace": "", "Limit": 10, "Offset": 0 });
    let listed = tcr(&user, "DescribeNamespacePersonal", namespaces).await.1;
    assert_eq!((&listed["NamespaceCount"], &listed["NamespaceInfo"][0]["RepoCount"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn who_may_delete_a_tag_alone_is_told_of_its_repository() {
    let reg = registry(false).await;
    let main = with(&reg, &["foo/private"]).await;
    main.basic.push_image("foo/private", "rc-1", &Image::small(7)).await;
    let allow = statement("allow", &["ccr:DeleteTag"], "foo/private:rc-*");
    let user = sub(&reg, &main, "user", &[&allow]).await.cloud;
    let deny = statement("deny", &["ccr:pull"], "foo/private");
    let denied = sub(&reg, &main, "denied", &[&allow, &deny]).await.cloud;
    let delete = json!({ "RepoName": "foo/private", "Tag": "rc-1" });
    assert_eq!(tcr(&denied, "DeleteImagePersonal", delete.clone()).await.0, NO_REPO, "it is hidden");
    assert_eq!(tcr(&user, "DeleteImagePersonal", delete).await.0, "");
}
