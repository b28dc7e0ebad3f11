//! Every code in the tables of the product document, and a request that causes it, with `cloud_api.document_spelling`.

use std::collections::BTreeSet;

use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, Image, TestRegistry};
use serde_json::{Value, json};

use crate::personal::unregistered;

const NO_REPO: &str = "ResourceNotFound.ErrNoRepo";
const NO_USER: &str = "ResourceNotFound.ErrNoUser";
const MISMATCH: &str = "InvalidParameter.ErrNSMismatch";
const MISSING: &str = "MissingParameter";
const INTERNAL: &str = "InternalError";
const INTERNAL_SERVER: &str = "InternalServerError";
const DENIED: &str = "InternalError.ErrUnauthorized";
const DENIED_SERVER: &str = "InternalServerError.ErrUnauthorized";

/// Codes of every action of an instance.
const INSTANCE: &[&str] = &[
    INTERNAL,
    "InvalidParameter",
    "InternalError.DbError",
    "UnsupportedOperation",
    "UnauthorizedOperation",
    "UnknownParameter",
];

/// The tables of the document.
fn tables() -> Vec<(&'static str, Vec<&'static str>)> {
    let personal: &[(&str, &[&str])] = &[
        ("BatchDeleteImagePersonal", &[NO_REPO, MISSING, INTERNAL]),
        ("BatchDeleteRepositoryPersonal", &[DENIED_SERVER, MISSING, INTERNAL_SERVER]),
        (
            "CreateApplicationTriggerPersonal",
            &[
                NO_REPO,
                NO_USER,
                MISSING,
                INTERNAL,
                "LimitExceeded.ErrTriggerMaxLimit",
                "InvalidParameter.ErrTriggerExist",
            ],
        ),
        ("CreateImageLifecyclePersonal", &[DENIED_SERVER, NO_REPO, MISSING, INTERNAL]),
        (
            "CreateNamespacePersonal",
            &[
                "LimitExceeded.ErrNamespaceMaxLimit",
                NO_USER,
                "InvalidParameter.ErrNamespaceExist",
                "InvalidParameter.ErrNamespaceReserved",
                MISSING,
                INTERNAL,
            ],
        ),
        ("CreateRepositoryPersonal", &[MISMATCH, MISSING, INTERNAL, "InvalidParameter.ErrRepoExist"]),
        ("CreateUserPersonal", &["MissingParameter.MissingParameter", "InvalidParameter.ErrUserExist", INTERNAL]),
        ("DeleteApplicationTriggerPersonal", &[NO_USER, INTERNAL_SERVER, "ResourceNotFound.ErrNoTrigger"]),
        ("DeleteImageLifecycleGlobalPersonal", &[INTERNAL]),
        ("DeleteImageLifecyclePersonal", &[NO_REPO, MISSING, INTERNAL]),
        ("DeleteImagePersonal", &[DENIED_SERVER, NO_REPO, MISSING, INTERNAL]),
        ("DeleteNamespacePersonal", &[DENIED_SERVER, "ResourceNotFound.ErrNoNamespace", NO_USER, MISSING, INTERNAL]),
        ("DeleteRepositoryPersonal", &[DENIED_SERVER, NO_REPO, MISSING, INTERNAL_SERVER]),
        ("DescribeApplicationTriggerLogPersonal", &[NO_REPO, INTERNAL]),
        ("DescribeApplicationTriggerPersonal", &[NO_USER, MISSING, INTERNAL]),
        ("DescribeFavorRepositoryPersonal", &[MISSING, INTERNAL]),
        ("DescribeImageFilterPersonal", &[DENIED, NO_REPO, MISSING, INTERNAL]),
        ("DescribeImageLifecycleGlobalPersonal", &[INTERNAL]),
        ("DescribeImageLifecyclePersonal", &[MISSING, INTERNAL]),
        ("DescribeImagePersonal", &[DENIED, NO_REPO, MISSING, INTERNAL]),
        ("DescribeNamespacePersonal", &[NO_USER, MISSING, INTERNAL]),
        ("DescribeRepositoryFilterPersonal", &[MISSING, INTERNAL]),
        ("DescribeRepositoryOwnerPersonal", &[MISSING, INTERNAL]),
        ("DescribeRepositoryPersonal", &[NO_REPO, MISSING, INTERNAL]),
        ("DescribeUserQuotaPersonal", &[INTERNAL]),
        ("DuplicateImagePersonal", &["ResourceNotFound.ErrNoTag", MISMATCH, MISSING, INTERNAL]),
        ("ManageImageLifecycleGlobalPersonal", &[MISSING]),
        ("ModifyApplicationTriggerPersonal", &[NO_REPO, NO_USER, MISSING, INTERNAL]),
        ("ModifyRepositoryAccessPersonal", &[NO_REPO, MISMATCH, MISSING, INTERNAL]),
        ("ModifyRepositoryInfoPersonal", &[NO_REPO, MISMATCH, MISSING, INTERNAL]),
        ("ModifyUserPasswordPersonal", &[NO_USER, MISSING, INTERNAL]),
        ("ValidateNamespaceExistPersonal", &[MISSING, INTERNAL]),
        ("ValidateRepositoryExistPersonal", &[MISMATCH, MISSING, INTERNAL]),
    ];
    let own: &[(&str, &[&str])] = &[
        (
            "CreateInstance",
            &[
                "InternalError.ErrNotExist",
                "InternalError.ErrConflict",
                MISSING,
                "InternalError.ErrorConflict",
                "InternalError.ErrorOverLimit",
            ],
        ),
        ("CreateInstanceToken", &["InternalError.Unknown"]),
        ("DescribeInstanceStatus", &[MISSING]),
        ("DescribeInstances", &[MISSING]),
    ];
    let instances = own.iter().map(|(action, codes)| (*action, [*codes, INSTANCE].concat()));
    personal.iter().map(|(action, codes)| (*action, codes.to_vec())).chain(instances).collect()
}

/// Codes that no request can cause: faults of the server, and an owner who is deleted in the same moment. Tests beside
/// the code check these codes.
fn is_fault(code: &str) -> bool {
    let faults =
        [INTERNAL, INTERNAL_SERVER, "InternalError.DbError", "InternalError.Unknown", "InternalError.ErrNotExist"];
    faults.contains(&code)
}

/// Codes of the document that never come, because the server supports everything that these actions can be asked for.
const NEVER: &[(&str, &str)] = &[
    ("CreateInstance", "UnsupportedOperation"),
    ("DescribeInstanceStatus", "UnsupportedOperation"),
    ("DescribeInstances", "UnsupportedOperation"),
];

/// Actions without required parameters.
const NEED_NOTHING: &[&str] = &[
    "DescribeApplicationTriggerPersonal",
    "DescribeInstances",
    "DescribeRepositoryFilterPersonal",
    "DescribeRepositoryOwnerPersonal",
];

/// Callers for the requests.
struct Callers {
    /// An account with `alice/app`, an instance `demo` and one trigger, whose quotas are used up.
    alice: Cloud,
    /// A user of alice without a policy.
    nobody: Cloud,
    /// A user of alice with a policy that denies everything.
    denied: Cloud,
    /// A main account without a registry password.
    stranger: Cloud,
    /// A session of alice.
    session: Cloud,
    /// The instance.
    instance: String,
}

fn trigger(name: &str, repository: &str) -> Value {
    json!({
        "RepoName": repository, "TriggerName": name, "InvokeMethod": "all", "ClusterId": "cls-1", "Namespace": "default",
        "WorkloadType": "Deployment", "WorkloadName": "web", "ContainerName": "nginx", "ClusterRegion": 16,
    })
}

async fn registry() -> TestRegistry {
    let change = |settings: &mut roadstead_config::Settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.cloud_api.document_spelling = true;
        settings.quotas.namespaces = 1;
        settings.quotas.triggers = 1;
        settings.instances.per_account = 1;
    };
    TestRegistry::builder().settings(change).start().await
}

async fn callers(reg: &TestRegistry) -> Callers {
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    reg.account("other").await.basic.push_image("other/app", "v1", &Image::small(2)).await;
    alice.cloud.call("tcr", "CreateApplicationTriggerPersonal", trigger("one", "alice/app")).await.ok();
    let made = json!({ "RegistryName": "demo", "RegistryType": "basic" });
    let made = alice.cloud.call("tcr", "CreateInstance", made).await.ok();
    let deny = r#"{"version":"2.0","statement":{"effect":"deny","action":"*","resource":"*"}}"#;
    let allow = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
    let session = json!({ "Name": "web", "Policy": allow });
    let session = alice.cloud.call("sts", "GetFederationToken", session).await.ok();
    let part = |name: &str| session["Credentials"][name].as_str().unwrap().to_owned();
    Callers {
        nobody: sub(reg, &alice, "nobody", &[]).await.cloud,
        denied: sub(reg, &alice, "denied", &[deny]).await.cloud,
        stranger: unregistered(reg).await,
        session: alice.cloud.with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token")),
        instance: made["RegistryId"].as_str().unwrap().to_owned(),
        alice: alice.cloud,
    }
}

/// Requests of the personal edition that cause the codes.
fn personal(of: &Callers) -> Vec<(&'static str, &'static str, &Cloud, Value)> {
    let Callers { alice, nobody, denied, stranger, .. } = of;
    let repository = |name: &str| json!({ "RepoName": name });
    let (app, gone, theirs) = (repository("alice/app"), repository("alice/gone"), repository("other/app"));
    let with = |base: &Value, more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let (tag, tags, rule) =
        (json!({"Tag": "v1"}), json!({"Tags": ["v1"]}), json!({"Type": "keep_last_nums", "Val": 5}));
    let (public, description) = (json!({"Public": 1}), json!({"Description": "x"}));
    let page = json!({"Namespace": "", "Limit": 10, "Offset": 0});
    let named = |name: &str| json!({ "Namespace": name });
    let one = json!({"TriggerName": "one"});
    let copy = |from: &str, to: &str| json!({ "SrcImage": from, "DestImage": to });
    vec![
        ("BatchDeleteImagePersonal", NO_REPO, alice, with(&gone, tags)),
        ("BatchDeleteRepositoryPersonal", DENIED_SERVER, nobody, json!({"RepoNames": ["alice/app"]})),
        ("CreateApplicationTriggerPersonal", NO_REPO, alice, trigger("two", "alice/gone")),
        ("CreateApplicationTriggerPersonal", NO_USER, stranger, trigger("two", "alice/app")),
        ("CreateApplicationTriggerPersonal", "LimitExceeded.ErrTriggerMaxLimit", alice, trigger("two", "alice/app")),
        ("CreateApplicationTriggerPersonal", "InvalidParameter.ErrTriggerExist", alice, trigger("one", "alice/app")),
        ("CreateImageLifecyclePersonal", DENIED_SERVER, nobody, with(&app, rule.clone())),
        ("CreateImageLifecyclePersonal", NO_REPO, alice, with(&gone, rule)),
        ("CreateNamespacePersonal", "LimitExceeded.ErrNamespaceMaxLimit", alice, named("more")),
        ("CreateNamespacePersonal", NO_USER, stranger, named("more")),
        ("CreateNamespacePersonal", "InvalidParameter.ErrNamespaceExist", alice, named("alice")),
        ("CreateNamespacePersonal", "InvalidParameter.ErrNamespaceReserved", alice, named("library")),
        ("CreateRepositoryPersonal", MISMATCH, alice, repository("other/new")),
        ("CreateRepositoryPersonal", "InvalidParameter.ErrRepoExist", alice, app.clone()),
        ("CreateUserPersonal", "MissingParameter.MissingParameter", alice, json!({})),
        ("CreateUserPersonal", "InvalidParameter.ErrUserExist", alice, json!({"Password": "a good password 2"})),
        ("DeleteApplicationTriggerPersonal", NO_USER, stranger, one.clone()),
        ("DeleteApplicationTriggerPersonal", "ResourceNotFound.ErrNoTrigger", alice, json!({"TriggerName": "two"})),
        ("DeleteImageLifecyclePersonal", NO_REPO, alice, gone.clone()),
        ("DeleteImagePersonal", DENIED_SERVER, nobody, with(&app, tag.clone())),
        ("DeleteImagePersonal", NO_REPO, alice, with(&gone, tag.clone())),
        ("DeleteNamespacePersonal", DENIED_SERVER, nobody, named("alice")),
        ("DeleteNamespacePersonal", "ResourceNotFound.ErrNoNamespace", alice, named("gone")),
        ("DeleteNamespacePersonal", NO_USER, stranger, named("gone")),
        ("DeleteRepositoryPersonal", DENIED_SERVER, nobody, app.clone()),
        ("DeleteRepositoryPersonal", NO_REPO, alice, gone.clone()),
        ("DescribeApplicationTriggerLogPersonal", NO_REPO, alice, gone.clone()),
        ("DescribeApplicationTriggerPersonal", NO_USER, stranger, json!({})),
        ("DescribeImageFilterPersonal", DENIED, denied, with(&app, tag.clone())),
        ("DescribeImageFilterPersonal", NO_REPO, alice, with(&gone, tag)),
        ("DescribeImagePersonal", DENIED, denied, app),
        ("DescribeImagePersonal", NO_REPO, alice, gone.clone()),
        ("DescribeNamespacePersonal", NO_USER, stranger, page),
        ("DescribeRepositoryPersonal", NO_REPO, alice, theirs.clone()),
        ("DuplicateImagePersonal", "ResourceNotFound.ErrNoTag", alice, copy("alice/app:v0", "alice/app:v2")),
        ("DuplicateImagePersonal", MISMATCH, alice, copy("alice/app:v1", "other/app:v2")),
        ("ModifyApplicationTriggerPersonal", NO_REPO, alice, with(&gone, one.clone())),
        ("ModifyApplicationTriggerPersonal", NO_USER, stranger, one),
        ("ModifyRepositoryAccessPersonal", NO_REPO, alice, with(&gone, public.clone())),
        ("ModifyRepositoryAccessPersonal", MISMATCH, alice, with(&theirs, public)),
        ("ModifyRepositoryInfoPersonal", NO_REPO, alice, with(&gone, description.clone())),
        ("ModifyRepositoryInfoPersonal", MISMATCH, alice, with(&theirs, description)),
        ("ModifyUserPasswordPersonal", NO_USER, stranger, json!({"Password": "a good password 2"})),
        ("ValidateRepositoryExistPersonal", MISMATCH, alice, theirs),
    ]
}

/// Requests of instances that cause the codes.
fn instances(of: &Callers) -> Vec<(&'static str, &'static str, &Cloud, Value)> {
    let Callers { alice, nobody, denied, session, .. } = of;
    let (invalid, refused) = ("InvalidParameter", "UnauthorizedOperation");
    let instance = |name: &str| json!({ "RegistryName": name, "RegistryType": "basic" });
    let id = |id: &str| json!({ "RegistryId": id });
    let ids = |id: &str| json!({ "RegistryIds": [id] });
    let lasting = json!({ "RegistryId": of.instance, "TokenType": "longterm" });
    vec![
        ("CreateInstance", "InternalError.ErrConflict", alice, instance("registry")),
        ("CreateInstance", "InternalError.ErrorConflict", alice, instance("demo")),
        ("CreateInstance", "InternalError.ErrorOverLimit", alice, instance("more")),
        ("CreateInstance", invalid, alice, instance("-")),
        ("CreateInstance", refused, nobody, instance("more")),
        ("CreateInstanceToken", invalid, alice, id("demo")),
        ("CreateInstanceToken", "UnsupportedOperation", session, lasting),
        ("CreateInstanceToken", refused, nobody, id(&of.instance)),
        ("DescribeInstanceStatus", invalid, alice, ids("demo")),
        ("DescribeInstanceStatus", refused, nobody, ids(&of.instance)),
        ("DescribeInstances", invalid, alice, json!({"Filters": [{"Name": "Colour", "Values": ["red"]}]})),
        ("DescribeInstances", refused, denied, json!({})),
    ]
}

#[tokio::test]
async fn every_code_of_the_document_is_answered() {
    let reg = registry().await;
    let callers = callers(&reg).await;
    let requests = [personal(&callers), instances(&callers)].concat();
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for (action, code, caller, parameters) in requests {
        let said = caller.call("tcr", action, parameters.clone()).await.code();
        if said != code {
            wrong.push(format!("{action} {parameters}: {said:?} instead of {code}"));
        }
        seen.insert((action, code));
    }
    for (action, codes) in tables() {
        for code in codes {
            let said = match code {
                _ if seen.remove(&(action, code)) || is_fault(code) || NEVER.contains(&(action, code)) => continue,
                "UnknownParameter" => callers.alice.call("tcr", action, json!({"Colour": "red"})).await.code(),
                // For an action without required parameters, leave out the version, which every request needs.
                MISSING => {
                    let mut bare = callers.alice.prepare("tcr", action, &json!({}));
                    if NEED_NOTHING.contains(&action) {
                        bare.remove("X-TC-Version");
                    }
                    callers.alice.send(bare).await.code()
                }
                _ => "nothing".to_owned(),
            };
            if said != code {
                wrong.push(format!("{action}: {said:?} instead of {code}"));
            }
        }
    }
    assert!(seen.is_empty(), "these codes are not in the document: {seen:?}");
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_denial_has_the_code_of_the_sdks_unless_the_document_is_asked_for() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    let nobody = sub(&reg, &alice, "nobody", &[]).await;
    let instance = json!({ "RegistryName": "more", "RegistryType": "basic" });
    for (action, parameters) in [
        ("DeleteNamespacePersonal", json!({"Namespace": "alice"})),
        ("BatchDeleteRepositoryPersonal", json!({"RepoNames": ["alice/app"]})),
        ("CreateInstance", instance),
    ] {
        let reply = nobody.cloud.call("tcr", action, parameters).await;
        reply.expect("AuthFailure.UnauthorizedOperation");
    }
    // The audit log does not depend on the spelling. An action whose table has no code for a denial uses the common
    // code.
    let reg = registry().await;
    let alice = reg.account("alice").await;
    let nobody = sub(&reg, &alice, "nobody", &[]).await;
    let parameters = json!({"RepoName": "alice/new"});
    nobody
        .cloud
        .call("tcr", "CreateRepositoryPersonal", parameters.clone())
        .await
        .expect("AuthFailure.UnauthorizedOperation");
    nobody.cloud.call("tcr", "DeleteRepositoryPersonal", parameters).await.expect(DENIED_SERVER);
    nobody.cloud.call("cam", "ListUsers", json!({})).await.expect("AuthFailure.UnauthorizedOperation");
    let asked = json!({"Outcome": "denied", "Operation": "tcr:DeleteRepositoryPersonal"});
    let noted = roadstead_tests::eventually("the refusal is written", async || {
        let logged = alice.cloud.call("cam", "DescribeAuditLogs", asked.clone()).await.ok();
        logged.to_string().contains("AuthFailure.UnauthorizedOperation").then_some(logged)
    });
    assert!(!noted.await.to_string().contains("InternalServerError"));
}
