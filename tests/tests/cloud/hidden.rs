//! Lists leave out things that policies hide, and count and page only the others.

use roadstead_tests::people::sub;
use roadstead_tests::{Account, Cloud, Image, TestRegistry};
use roadstead_types::RegistryId;
use serde_json::{Value, json};

use crate::instance::Instance;
use crate::triggers::{run, trigger};

async fn registry() -> TestRegistry {
    TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await
}

fn statement(effect: &str, actions: &[&str], resources: &[String]) -> String {
    let statement = json!({ "effect": effect, "action": actions, "resource": resources });
    json!({ "version": "2.0", "statement": [statement] }).to_string()
}

/// A sub-account that may do everything except these actions on these resources.
async fn without(reg: &TestRegistry, main: &Account, actions: &[&str], resources: &[String]) -> Cloud {
    let everything = statement("allow", &["*"], &["*".to_owned()]);
    sub(reg, main, "somebody", &[&everything, &statement("deny", actions, resources)]).await.cloud
}

/// Reads three pages of two entries. `numbered` tells whether `Offset` is the number of a page. Checks that all pages
/// have the same total.
async fn pages(
    cloud: &Cloud,
    action: &str,
    mut parameters: Value,
    numbered: bool,
    read: impl Fn(&Value) -> (u64, Vec<String>),
) -> (u64, Vec<Vec<String>>) {
    let (mut totals, mut pages) = (Vec::new(), Vec::new());
    for page in 0..3 {
        parameters["Limit"] = json!(2);
        parameters["Offset"] = json!(if numbered { page + 1 } else { page * 2 });
        let (total, names) = read(&cloud.call("tcr", action, parameters.clone()).await.ok());
        totals.push(total);
        pages.push(names);
    }
    assert!(totals.iter().all(|total| *total == totals[0]), "{action}: {totals:?}");
    (totals[0], pages)
}

fn names(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn repositories_and_namespaces_of_an_instance_are_paged_without_what_is_hidden() {
    let reg = registry().await;
    let main = reg.account("foo").await;
    let made = Instance::of(main.cloud.clone(), "demo").await;
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        made.namespace(&format!("ns-{name}"), false).await;
        let new = json!({ "NamespaceName": "ns-a", "RepositoryName": format!("app-{name}") });
        made.call("CreateRepository", new).await.ok();
    }
    let hidden = ["ns-b", "ns-e", "ns-a/app-b", "ns-a/app-e"];
    let resources = hidden.map(|path| format!("qcs::tcr:::repository/{}/{path}", made.id));
    let user = without(&reg, &main, &["tcr:DescribeRepositories", "tcr:DescribeNamespaces"], &resources).await;
    let of =
        |list: &'static str| move |told: &Value| (told["TotalCount"].as_u64().unwrap(), names(&told[list], "Name"));
    let parameters = json!({ "RegistryId": made.id });
    let shown = pages(&user, "DescribeRepositories", parameters.clone(), true, of("RepositoryList")).await;
    let wanted = [vec!["ns-a/app-a", "ns-a/app-c"], vec!["ns-a/app-d", "ns-a/app-f"], vec!["ns-a/app-g"]];
    assert_eq!((shown.0, shown.1), (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into()));
    let shown = pages(&user, "DescribeNamespaces", parameters.clone(), true, of("NamespaceList")).await;
    let wanted = [vec!["ns-a", "ns-c"], vec!["ns-d", "ns-f"], vec!["ns-g"]];
    assert_eq!((shown.0, shown.1), (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into()));
    // The main account sees everything.
    assert_eq!(pages(&main.cloud, "DescribeRepositories", parameters, true, of("RepositoryList")).await.0, 7);
}

#[tokio::test]
async fn instances_are_paged_without_what_is_hidden() {
    let reg = registry().await;
    let main = reg.account("foo").await;
    let mut made = Vec::new();
    for name in ["in-a", "in-b", "in-c", "in-d", "in-e", "in-f", "in-g"] {
        made.push(Instance::of(main.cloud.clone(), name).await.id);
    }
    let resources = [1, 4].map(|place: usize| format!("qcs::tcr:::instance/{}", made[place]));
    let user = without(&reg, &main, &["tcr:DescribeInstances"], &resources).await;
    let read = |told: &Value| (told["TotalCount"].as_u64().unwrap(), names(&told["Registries"], "RegistryName"));
    let shown = pages(&user, "DescribeInstances", json!({}), false, read).await;
    let wanted = [vec!["in-a", "in-c"], vec!["in-d", "in-f"], vec!["in-g"]];
    assert_eq!((shown.0, shown.1), (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into()));
}

#[tokio::test]
async fn the_personal_edition_is_paged_without_what_is_hidden() {
    let reg = registry().await;
    let main = reg.account("foo").await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        let action = "CreateNamespacePersonal";
        main.cloud.call("tcr", action, json!({ "Namespace": format!("foo-{name}") })).await.ok();
        let new = json!({ "RepoName": format!("foo/app-{name}") });
        main.cloud.call("tcr", "CreateRepositoryPersonal", new).await.ok();
    }
    let hidden = ["foo-b", "foo-e", "foo/app-b"].map(|path| format!("qcs::ccr:::repo/{path}"));
    let actions = ["tcr:DescribeRepositoryOwnerPersonal", "tcr:DescribeNamespacePersonal"];
    let user = without(&reg, &main, &actions, &hidden).await;
    let read = |told: &Value| {
        let data = &told["Data"];
        (data["TotalCount"].as_u64().unwrap(), names(&data["RepoInfo"], "RepoName"))
    };
    // The newest first.
    let wanted = [vec!["foo/app-f", "foo/app-e"], vec!["foo/app-d", "foo/app-c"], vec!["foo/app-a"]];
    let wanted = (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into());
    for action in
        ["DescribeRepositoryOwnerPersonal", "DescribeRepositoryFilterPersonal", "DescribeRepositoryAllPersonal"]
    {
        assert_eq!(pages(&user, action, json!({}), false, read).await, wanted, "{action}");
    }
    let read = |told: &Value| {
        let data = &told["Data"];
        let list = data["NamespaceInfo"].as_array().unwrap();
        let each = list.iter().map(|one| format!("{} {}", one["Namespace"].as_str().unwrap(), one["RepoCount"]));
        (data["NamespaceCount"].as_u64().unwrap(), each.collect())
    };
    let shown = pages(&user, "DescribeNamespacePersonal", json!({ "Namespace": "" }), false, read).await;
    let wanted = [vec!["foo-f 0", "foo-d 0"], vec!["foo-c 0", "foo-a 0"], vec!["foo 5"]];
    assert_eq!(shown, (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into()));
}

const HIDE_FROM_LISTS: [&str; 1] = ["tcr:DescribeRepositoryOwnerPersonal"];

#[tokio::test]
async fn triggers_and_what_they_did_are_paged_without_what_is_hidden() {
    let reg = registry().await;
    let main = reg.account("foo").await;
    let cloud = &main.cloud;
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        let repository = format!("foo/app-{name}");
        cloud.call("tcr", "CreateRepositoryPersonal", json!({ "RepoName": repository })).await.ok();
        reg.clock().advance(std::time::Duration::from_secs(1));
        let mut new = trigger(&format!("on-{name}"));
        new["RepoName"] = json!(repository);
        cloud.call("tcr", "CreateApplicationTriggerPersonal", new).await.ok();
        let run = run(&repository, "v1", &format!("on-{name}"), reg.now());
        reg.meta().log_trigger_run(RegistryId::PERSONAL, main.id, &run).await.unwrap();
    }
    // The log of a deleted repository is hidden too.
    cloud.call("tcr", "DeleteApplicationTriggerPersonal", json!({ "TriggerName": "on-e" })).await.ok();
    cloud.call("tcr", "DeleteRepositoryPersonal", json!({ "RepoName": "foo/app-e" })).await.ok();
    let hidden = ["foo/app-b", "foo/app-e"].map(|path| format!("qcs::ccr:::repo/{path}"));
    let user = without(&reg, &main, &HIDE_FROM_LISTS, &hidden).await;
    let of = |list: &'static str| {
        move |told: &Value| (told["Data"]["TotalCount"].as_u64().unwrap(), names(&told["Data"][list], "TriggerName"))
    };
    let wanted = [vec!["on-g", "on-f"], vec!["on-d", "on-c"], vec!["on-a"]];
    let wanted = (5, wanted.map(|page| page.into_iter().map(str::to_owned).collect()).into());
    let (triggers, runs) = ("DescribeApplicationTriggerPersonal", "DescribeApplicationTriggerLogPersonal");
    assert_eq!(pages(&user, triggers, json!({}), false, of("TriggerInfo")).await, wanted);
    assert_eq!(pages(&user, runs, json!({}), false, of("LogInfo")).await, wanted);
    let named = async |cloud: &Cloud, repository: &str| {
        let parameters = [json!({ "RepoName": repository }), json!({ "TriggerName": "on-b" })];
        let [of_repository, of_name] = parameters.map(|parameters| cloud.call("tcr", triggers, parameters));
        let runs = cloud.call("tcr", runs, json!({ "RepoName": repository })).await;
        let total = |told: Value| told["Data"]["TotalCount"].as_u64().unwrap();
        (total(of_repository.await.ok()), total(of_name.await.ok()), runs.code())
    };
    let missing = "ResourceNotFound.ErrNoRepo".to_owned();
    assert_eq!(named(cloud, "foo/app-b").await, (1, 1, String::new()));
    assert_eq!(named(&user, "foo/app-b").await, (0, 0, missing.clone()));
    assert_eq!(named(&user, "foo/app-z").await, (0, 0, missing));
    // The main account sees everything.
    assert_eq!(pages(cloud, triggers, json!({}), false, of("TriggerInfo")).await.0, 6);
    assert_eq!(pages(cloud, runs, json!({}), false, of("LogInfo")).await.0, 7);
}

#[tokio::test]
async fn what_is_told_of_a_hidden_repository_is_told_of_none() {
    let reg = registry().await;
    let main = reg.account("foo").await;
    for name in ["seen", "hidden"] {
        let repository = json!({ "RepoName": format!("foo/{name}") });
        main.cloud.call("tcr", "CreateRepositoryPersonal", repository.clone()).await.ok();
        let mut rule = repository;
        rule["Type"] = json!("keep_last_nums");
        rule["Val"] = json!(5);
        main.cloud.call("tcr", "CreateImageLifecyclePersonal", rule).await.ok();
        main.basic.push_image(&format!("foo/{name}"), "v1", &Image::small(7)).await;
    }
    let user = without(&reg, &main, &HIDE_FROM_LISTS, &["qcs::ccr:::repo/foo/hidden".to_owned()]).await;
    let told = async |cloud: &Cloud, action: &str, repository: &str| {
        let mut parameters = json!({ "RepoName": format!("foo/{repository}") });
        if action == "DescribeImageFilterPersonal" {
            parameters["Tag"] = json!("v1");
        }
        let reply = cloud.call("tcr", action, parameters).await;
        (reply.code(), reply.response()["Data"].to_string())
    };
    for action in [
        "DescribeImageFilterPersonal",
        "DescribeImageLifecyclePersonal",
        "DescribeImagePersonal",
        "DescribeRepositoryPersonal",
        "ValidateRepositoryExistPersonal",
    ] {
        let [seen, hidden, missing] = ["seen", "hidden", "missing"].map(|name| told(&user, action, name));
        let (seen, hidden, missing) = (seen.await, hidden.await, missing.await);
        assert_eq!(hidden, missing, "{action}");
        assert_ne!(hidden, seen, "{action}");
        assert_eq!(told(&main.cloud, action, "hidden").await.0, "", "{action}");
    }
}

async fn shown(cloud: &Cloud) -> (Vec<String>, Vec<String>) {
    let all = json!({ "Offset": 0, "Limit": 100 });
    let list = cloud.call("tcr", "DescribeRepositoryOwnerPersonal", all).await.ok();
    let parameters = json!({ "Namespace": "", "Offset": 0, "Limit": 100 });
    let spaces = cloud.call("tcr", "DescribeNamespacePersonal", parameters).await.ok();
    (names(&list["Data"]["RepoInfo"], "RepoName"), names(&spaces["Data"]["NamespaceInfo"], "Namespace"))
}

#[tokio::test]
async fn a_sub_account_sees_what_some_policy_lets_it_see() {
    for faithful in [false, true] {
        let start = TestRegistry::builder().settings(move |settings| {
            settings.cloud_api.requests_per_second = 0;
            settings.cloud_api.faithful = faithful;
        });
        let reg = start.start().await;
        let main = reg.account("foo").await;
        let image = Image::small(7);
        for name in ["foo/private", "foo/secret", "foo/open"] {
            main.basic.push_image(name, "v1", &image).await;
        }
        let open = json!({ "RepoName": "foo/open", "Public": 1 });
        main.cloud.call("tcr", "ModifyRepositoryAccessPersonal", open).await.ok();
        let instance = Instance::of(main.cloud.clone(), "demo").await;
        let none = sub(&reg, &main, "none", &[]).await;
        let push = statement("allow", &["ccr:push"], &["qcs::ccr:::repo/foo/private".to_owned()]);
        let pusher = sub(&reg, &main, "pusher", &[&push]).await;
        let listing = statement("allow", &["ccr:GetUserRepositoryList"], &["*".to_owned()]);
        let lister = sub(&reg, &main, "lister", &[&listing]).await;
        let elsewhere =
            sub(&reg, &main, "elsewhere", &[&statement("allow", &["ccr:CreateCCRNamespace"], &["*".to_owned()])]).await;
        let sorted = async |cloud: &Cloud| {
            let (mut repositories, namespaces) = shown(cloud).await;
            repositories.sort();
            (repositories.join(" "), namespaces.join(" "))
        };
        let all = "foo/open foo/private foo/secret";
        let of = |strict: &str, namespaces: &str| {
            let everything = || (all.to_owned(), "foo".to_owned());
            if faithful { everything() } else { (strict.to_owned(), namespaces.to_owned()) }
        };
        assert_eq!(sorted(&none.cloud).await, of("foo/open", "foo"), "the namespace has something public");
        assert_eq!(sorted(&pusher.cloud).await, of("foo/open foo/private", "foo"));
        assert_eq!(sorted(&lister.cloud).await, (all.to_owned(), "foo".to_owned()));
        assert_eq!(sorted(&elsewhere.cloud).await.0, of("foo/open", "foo").0, "a right elsewhere");
        let tell = async |cloud: &Cloud, name: &str| {
            cloud.call("tcr", "DescribeRepositoryPersonal", json!({ "RepoName": name })).await.code()
        };
        let unseen = if faithful { "" } else { "ResourceNotFound.ErrNoRepo" };
        assert_eq!(tell(&none.cloud, "foo/private").await, unseen);
        assert_eq!(tell(&none.cloud, "foo/open").await, "");
        assert_eq!(tell(&pusher.cloud, "foo/private").await, "");
        assert_eq!(tell(&pusher.cloud, "foo/secret").await, unseen);
        assert_eq!(tell(&main.cloud, "foo/secret").await, "");
        let instances =
            async |cloud: &Cloud| cloud.call("tcr", "DescribeInstances", json!({})).await.ok()["TotalCount"].clone();
        assert_eq!(instances(&none.cloud).await, u64::from(faithful));
        let resource = [format!("qcs::tcr:::instance/{}", instance.id)];
        let user = sub(&reg, &main, "user", &[&statement("allow", &["tcr:CreateInstanceToken"], &resource)]).await;
        assert_eq!(instances(&user.cloud).await, 1);
    }
}
