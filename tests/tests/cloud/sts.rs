//! Temporary keys: who gets them, their rights, and refusals.

use roadstead_tests::{Cloud, Image, Signing, TestRegistry};
use serde_json::{Value, json};

use roadstead_tests::people::{Main, sub};

const ALL: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#;
const PULL_FOO: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":["name/ccr:pull"],"resource":"qcs::ccr:::repo/foo/*"}]}"#;
const STS: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"sts:*","resource":"*"}]}"#;

fn trusting(principal: &str) -> String {
    format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"name/sts:AssumeRole","principal":{{"qcs":["{principal}"]}}}}]}}"#
    )
}

fn with(cloud: &Cloud, made: &Value) -> Cloud {
    let part = |name: &str| made["Credentials"][name].as_str().unwrap().to_owned();
    cloud.with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token"))
}

async fn who(cloud: &Cloud) -> Value {
    cloud.call("sts", "GetCallerIdentity", json!({})).await.ok()
}

#[tokio::test]
async fn everybody_is_told_who_they_are() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let sub = sub(&reg, &main, "member", &[STS]).await;
    let (owner, uin) = (&main.uin, &sub.uin);
    let told = |arn: String, user: &str, principal: &str, kind: &str| json!({"Arn": arn, "AccountId": owner, "UserId": user, "PrincipalId": principal, "Type": kind});
    assert_eq!(who(&main.cloud).await, told(format!("qcs::cam:{owner}:uin/{owner}"), owner, owner, "CAMUser"));
    assert_eq!(who(&sub.cloud).await, told(format!("qcs::cam:{owner}:uin/{uin}"), uin, uin, "CAMUser"));

    let role =
        Main::of(&main).role(&reg, "deployer", &trusting(&format!("qcs::cam::uin/{owner}:uin/{uin}")), &[]).await;
    let role = role.get();
    for arn in [format!("qcs::cam::uin/{owner}:roleName/deployer"), format!("qcs::cam::uin/{owner}:role/{role}")] {
        let parameters = json!({"RoleArn": arn, "RoleSessionName": "ci-7"});
        let made = sub.cloud.call("sts", "AssumeRole", parameters).await.ok();
        assert_eq!(made["ExpiredTime"].as_i64().unwrap(), reg.now().as_secs() + 7200);
        assert!(made["Expiration"].as_str().unwrap().ends_with('Z'));
        let id = made["Credentials"]["TmpSecretId"].as_str().unwrap();
        assert!(id.starts_with("AKID") && id.len() == 47, "{id}");
        assert!(made["Credentials"]["Token"].as_str().unwrap().len() <= 4096);
        let session = with(&sub.cloud, &made);
        let expected = told(format!("qcs::sts:{owner}:assumed-role/{role}"), &format!("{role}:ci-7"), uin, "CAMRole");
        for signing in Signing::ALL {
            assert_eq!(who(&session.with_signing(signing)).await, expected, "{signing:?}");
        }
    }
    let made = sub.cloud.call("sts", "GetFederationToken", json!({"Name": "web", "Policy": ALL})).await.ok();
    let expected = told(format!("qcs::sts:{owner}:federated-user/{uin}"), &format!("{uin}:web"), uin, "CAMUser");
    assert_eq!(who(&with(&sub.cloud, &made)).await, expected);
}

#[tokio::test]
async fn what_is_not_checked_is_refused() {
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let main = reg.account("foo").await;
    Main::of(&main).role(&reg, "ours", &trusting(&format!("qcs::cam::uin/{}:root", main.uin)), &[]).await;
    let assume = async |more: Value| {
        let arn = format!("qcs::cam::uin/{}:roleName/ours", main.uin);
        let mut parameters = json!({"RoleArn": arn, "RoleSessionName": "ci"});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        main.cloud.call("sts", "AssumeRole", parameters).await.code()
    };
    let unsupported = "UnsupportedOperation";
    for (more, code) in [
        (json!({"SerialNumber": "qcs::cam:uin/1::mfa/softToken", "TokenCode": "123456"}), unsupported),
        (json!({"TokenCode": "123456"}), unsupported),
        (json!({"Tags": [{"Key": "team", "Value": "a"}]}), unsupported),
        (json!({"Tags": [], "SerialNumber": "", "TokenCode": ""}), ""),
        (json!({"Tags": "team"}), "InvalidParameter"),
    ] {
        assert_eq!(assume(more.clone()).await, code, "{more}");
    }
}

#[tokio::test]
async fn a_role_is_taken_by_whom_it_trusts_and_who_may() {
    let reg = TestRegistry::new().await;
    let (main, other) = (reg.account("foo").await, reg.account("other").await);
    let (trusted, forbidden, second) = (
        sub(&reg, &main, "trusted", &[STS]).await,
        sub(&reg, &main, "forbidden", &[]).await,
        sub(&reg, &main, "second", &[STS]).await,
    );
    let owner = Main::of(&main);
    owner.role(&reg, "one", &trusting(&format!("qcs::cam::uin/{}:uin/{}", main.uin, trusted.uin)), &[]).await;
    owner.role(&reg, "ours", &trusting(&format!("qcs::cam::uin/{}:root", main.uin)), &[]).await;
    owner.role(&reg, "theirs", &trusting(&format!("qcs::cam::uin/{}:root", other.uin)), &[]).await;
    let assume = async |cloud: &Cloud, role: &str| {
        let arn = format!("qcs::cam::uin/{}:roleName/{role}", main.uin);
        cloud.call("sts", "AssumeRole", json!({"RoleArn": arn, "RoleSessionName": "ci"})).await.code()
    };
    let (unauthorized, unknown) = ("AuthFailure.UnauthorizedOperation", "ResourceNotFound.RoleNotFound");
    for (who, cloud, expected) in [
        ("trusted", &trusted.cloud, ["", "", unauthorized, unknown]),
        ("forbidden", &forbidden.cloud, [unauthorized; 4]),
        ("second", &second.cloud, [unauthorized, "", unauthorized, unknown]),
        ("main", &main.cloud, [unauthorized, "", unauthorized, unknown]),
        ("other", &other.cloud, [unknown, unknown, "", unknown]),
    ] {
        let mut found = Vec::new();
        for role in ["one", "ours", "theirs", "missing"] {
            found.push(assume(cloud, role).await);
        }
        assert_eq!(found, expected, "{who}");
    }
}

#[tokio::test]
async fn an_external_id_is_asked_for() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let trust = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"sts:AssumeRole","principal":{{"qcs":"qcs::cam::uin/{}:root"}},
        "condition":{{"string_equal":{{"sts:external_id":"secret"}}}}}}]}}"#,
        main.uin
    );
    Main::of(&main).role(&reg, "guarded", &trust, &[]).await;
    let arn = format!("qcs::cam::uin/{}:roleName/guarded", main.uin);
    for (id, code) in [
        (None, "AuthFailure.UnauthorizedOperation"),
        (Some("wrong"), "AuthFailure.UnauthorizedOperation"),
        (Some("secret"), ""),
    ] {
        let parameters = json!({"RoleArn": arn, "RoleSessionName": "ci", "ExternalId": id});
        main.cloud.call("sts", "AssumeRole", parameters).await.expect(code);
    }
}

#[tokio::test]
async fn what_is_asked_for_must_make_sense() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let sub = sub(&reg, &main, "member", &[STS]).await;
    Main::of(&main).role(&reg, "role", &trusting(&format!("qcs::cam::uin/{}:root", main.uin)), &[]).await;
    let arn = format!("qcs::cam::uin/{}:roleName/role", main.uin);
    let others = r#"{"version":"2.0","statement":{"effect":"allow","action":"ccr:pull","resource":"qcs::ccr::uin/100000000001:repo/*"}}"#;
    let principal = r#"{"version":"2.0","statement":{"effect":"allow","action":"ccr:pull","resource":"*","principal":{"qcs":"qcs::cam::anonymous:anonymous"}}}"#;
    let long: Vec<String> = (0..150).map(|n| format!(r#""qcs::ccr:::repo/foo/r{n}""#)).collect();
    let long = format!(
        r#"{{"version":"2.0","statement":{{"effect":"allow","action":"ccr:pull","resource":[{}]}}}}"#,
        long.join(",")
    );
    for (change, code) in [
        (json!({}), ""),
        (json!({"DurationSeconds": 7200}), ""),
        (json!({"DurationSeconds": "60"}), ""),
        (json!({"Policy": ""}), ""),
        (json!({"Policy": PULL_FOO}), ""),
        (json!({"DurationSeconds": 7201}), "InvalidParameter.OverTimeError"),
        (json!({"DurationSeconds": 0}), "InvalidParameter.OverTimeError"),
        (json!({"DurationSeconds": -5}), "InvalidParameter.OverTimeError"),
        (json!({"RoleSessionName": "x"}), "InvalidParameter.ParamError"),
        (json!({"RoleSessionName": "a b"}), "InvalidParameter.ParamError"),
        (json!({"RoleArn": "role"}), "InvalidParameter.ParamError"),
        (json!({"RoleArn": format!("qcs::cam::uin/{}:role/x", main.uin)}), "InvalidParameter.ParamError"),
        (json!({"RoleArn": "qcs::cam::uin/100000000001:roleName/role"}), "ResourceNotFound.RoleNotFound"),
        (json!({"Policy": "{"}), "InvalidParameter.StrategyFormatError"),
        (json!({"Policy": "%zz"}), "InvalidParameter.StrategyFormatError"),
        (json!({"Policy": others}), "InvalidParameter.GrantOtherResource"),
        (json!({"Policy": principal}), "InvalidParameter.StrategyInvalid"),
        (json!({"Policy": long}), "InvalidParameter.PolicyTooLong"),
        (json!({"Unknown": 1}), "UnknownParameter"),
    ] {
        let mut parameters = json!({"RoleArn": arn, "RoleSessionName": "ci"});
        parameters.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = sub.cloud.call("sts", "AssumeRole", parameters).await;
        assert_eq!(reply.code(), code, "{change}: {}", reply.message());
    }
    let federation = async |cloud: &Cloud, seconds: Option<i64>| {
        let parameters = json!({"Name": "web", "Policy": PULL_FOO, "DurationSeconds": seconds});
        cloud.call("sts", "GetFederationToken", parameters).await.code()
    };
    let over = "InvalidParameter.OverTimeError";
    assert_eq!([federation(&main.cloud, None).await, federation(&main.cloud, Some(7200)).await], ["", ""]);
    assert_eq!(federation(&main.cloud, Some(7201)).await, over);
    assert_eq!([federation(&sub.cloud, Some(7201)).await, federation(&sub.cloud, Some(129_600)).await], ["", ""]);
    assert_eq!(federation(&sub.cloud, Some(129_601)).await, over);
    sub.cloud.call("sts", "GetFederationToken", json!({"Name": "web"})).await.expect("MissingParameter");
}

#[tokio::test]
async fn a_policy_may_be_encoded_once() {
    let reg = TestRegistry::new().await;
    let encoded: String = PULL_FOO.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for policy in [PULL_FOO.to_owned(), encoded.clone(), format!(" {PULL_FOO}\n")] {
        for signing in Signing::ALL {
            let parameters = json!({"Name": "web", "Policy": policy});
            reg.cloud().with_signing(signing).call("sts", "GetFederationToken", parameters).await.ok();
        }
    }
    let twice = encoded.replace('%', "%25");
    let parameters = json!({"Name": "web", "Policy": twice});
    reg.cloud().call("sts", "GetFederationToken", parameters).await.expect("InvalidParameter.StrategyFormatError");
}

#[tokio::test]
async fn a_session_makes_no_other_and_is_limited() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let trust = trusting(&format!("qcs::cam::uin/{}:root", main.uin));
    Main::of(&main).role(&reg, "role", &trust, &[ALL]).await;
    let arn = format!("qcs::cam::uin/{}:roleName/role", main.uin);
    let assume = json!({"RoleArn": arn, "RoleSessionName": "ci"});
    let federate = json!({"Name": "web", "Policy": ALL});
    let role = with(&main.cloud, &main.cloud.call("sts", "AssumeRole", assume.clone()).await.ok());
    let federated = with(&main.cloud, &main.cloud.call("sts", "GetFederationToken", federate.clone()).await.ok());
    for session in [&role, &federated] {
        session.call("sts", "AssumeRole", assume.clone()).await.expect("InvalidParameter.AccessKeyNotSupport");
        session.call("sts", "GetFederationToken", federate.clone()).await.expect("FailedOperation.TempKeyNotAllowed");
        who(session).await;
    }
    // Parts of different keys do not work together.
    let mixed = role.with_token(role.secret_id(), federated.secret_key(), "x");
    mixed.call("sts", "GetCallerIdentity", json!({})).await.expect("AuthFailure.TokenFailure");
    let bare = role.with_key(role.secret_id(), role.secret_key());
    bare.call("sts", "GetCallerIdentity", json!({})).await.expect("AuthFailure.InvalidSecretId");
    // A session cannot sign in with its key as a password.
    reg.basic(role.secret_id(), role.secret_key()).get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    // An expired token is refused.
    let short = json!({"Name": "web", "Policy": ALL, "DurationSeconds": 60});
    let short = with(&main.cloud, &main.cloud.call("sts", "GetFederationToken", short).await.ok());
    who(&short).await;
    reg.clock().advance(std::time::Duration::from_secs(61));
    short.call("sts", "GetCallerIdentity", json!({})).await.expect("AuthFailure.TokenFailure");
}

#[tokio::test]
async fn a_sub_account_needs_the_right_to_federate() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let sub = sub(&reg, &main, "member", &[]).await;
    let parameters = json!({"Name": "web", "Policy": ALL});
    let reply = sub.cloud.call("sts", "GetFederationToken", parameters).await;
    reply.expect("AuthFailure.UnauthorizedOperation");
}

#[tokio::test]
async fn a_session_does_what_both_its_policy_and_its_account_allow() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    reg.namespace("bar", main.id).await;
    for repository in ["foo/app", "bar/app"] {
        main.basic.push_image(repository, "v1", &Image::small(1)).await;
    }
    let create = r#"{"effect":"allow","action":"ccr:CreateCCRNamespace","resource":"qcs::ccr:::repo/web*"}"#;
    let policy = format!("{}, {create}]}}", PULL_FOO.strip_suffix("]}").unwrap());
    let sub = sub(&reg, &main, "member", &[STS]).await;
    let federate = json!({"Name": "web", "Policy": policy});
    let of_main = with(&main.cloud, &main.cloud.call("sts", "GetFederationToken", federate.clone()).await.ok());
    let of_sub = with(&sub.cloud, &sub.cloud.call("sts", "GetFederationToken", federate).await.ok());
    let create = async |cloud: &Cloud, name: &str| {
        cloud.call("tcr", "CreateNamespacePersonal", json!({"Namespace": name})).await.code()
    };
    assert_eq!(create(&of_main, "web-one").await, "");
    assert_eq!(create(&of_main, "other").await, "AuthFailure.UnauthorizedOperation");
    assert_eq!(create(&of_sub, "web-two").await, "AuthFailure.UnauthorizedOperation");
    let list = async |cloud: &Cloud| {
        let reply = cloud.call("tcr", "DescribeRepositoryOwnerPersonal", json!({"Limit": 100})).await.ok();
        let list = reply["Data"]["RepoInfo"].as_array().unwrap().clone();
        list.iter().map(|repository| repository["RepoName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&main.cloud).await.len(), 2);
    assert_eq!(list(&of_main).await, ["foo/app"]);
    // A temporary key cannot set a password.
    let user = json!({"Password": "Another-password-1"});
    for session in [&of_main, &of_sub] {
        session.call("tcr", "CreateUserPersonal", user.clone()).await.expect("AuthFailure.UnauthorizedOperation");
    }
}
