//! Properties of every request and every answer.

use bytes::Bytes;
use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, Prepared, Reply, Signing, TestRegistry, raw};
use serde_json::{Value, json};

/// Calls an action that takes no parameters.
async fn call(cloud: &Cloud, parameters: Value) -> Reply {
    cloud.call("cam", "GetUserAppId", parameters).await
}

/// A signed request for an action, changed before it is signed again.
fn changed(cloud: &Cloud, change: impl FnOnce(&mut Prepared)) -> Prepared {
    let mut prepared = cloud.prepare("cam", "GetUserAppId", &json!({}));
    change(&mut prepared);
    cloud.sign("cam", &mut prepared);
    prepared
}

#[tokio::test]
async fn every_way_to_sign_is_understood() {
    let reg = TestRegistry::new().await;
    for signing in Signing::ALL {
        let reply = call(&reg.cloud().with_signing(signing), json!({})).await.ok();
        assert_eq!(reply["Uin"], reg.owner_name(), "{signing:?}");
        assert_eq!(reply["OwnerUin"], reg.owner_name());
        assert!(reply["AppId"].as_i64().unwrap() > 1_250_000_000);
    }
}

#[tokio::test]
async fn what_is_no_request_for_an_action_has_a_code() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    for (name, code) in [("X-TC-Action", "MissingParameter"), ("X-TC-Version", "MissingParameter")] {
        let reply = cloud.send(changed(&cloud, |request| request.remove(name))).await.expect(code);
        assert!(reply.message().contains(name), "{}", reply.message());
    }
    for (name, value, code) in [
        ("X-TC-Action", "GetUserAppID", "InvalidAction"),
        ("X-TC-Action", "CreateNamespacePersonal", "InvalidAction"),
        ("X-TC-Version", "2019-09-24", "NoSuchVersion"),
        ("X-TC-Version", "latest", "NoSuchVersion"),
    ] {
        cloud.send(changed(&cloud, |request| request.set(name, value))).await.expect(code);
    }
    for signing in [Signing::Sha256Post, Signing::Sha1Get] {
        let cloud = cloud.with_signing(signing);
        cloud.call("cam", "Nothing", json!({})).await.expect("InvalidAction");
        cloud.call("tcr", "GetUserAppId", json!({})).await.expect("NoSuchVersion");
    }
    // A request without an action.
    for target in ["/", "/?", "/?a=b"] {
        let prepared =
            Prepared { method: "GET".into(), target: target.into(), headers: Vec::new(), body: Bytes::new() };
        cloud.send(prepared).await.expect("MissingParameter");
    }
}

#[tokio::test]
async fn parameters_are_checked_and_the_common_ones_are_known() {
    let reg = TestRegistry::builder().settings(|s| s.cloud_api.requests_per_second = 0).start().await;
    let common = json!({ "Region": "ap-guangzhou", "Language": "en-US", "RequestClient": "SDK", "Nothing": null });
    for signing in Signing::ALL {
        let cloud = reg.cloud().with_signing(signing);
        let reply = call(&cloud, json!({ "Some": { "Thing": [1] } })).await.expect("UnknownParameter");
        assert!(reply.message().contains("Some"), "{}", reply.message());
        call(&cloud, common.clone()).await.ok();
        call(&cloud, json!({ "DryRun": true })).await.expect("DryRunOperation");
        call(&cloud, json!({ "DryRun": false })).await.ok();
    }
    let cloud = reg.cloud();
    for body in ["[]", "{", "\"a\"", "{\"a\":\"\u{0}\"}"] {
        let prepared = changed(&cloud, |request| request.body = Bytes::copy_from_slice(body.as_bytes()));
        cloud.send(prepared).await.expect("InvalidParameter");
    }
    cloud.send(changed(&cloud, |request| request.body = Bytes::new())).await.ok();
    for target in ["/?A=1&A=2", "/?A=1&A.0=2", "/?A.0.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17=1"] {
        let cloud = cloud.with_signing(Signing::Tc3Get);
        let prepared = changed(&cloud, |request| request.target = target.into());
        cloud.send(prepared).await.expect("InvalidParameter");
    }
}

#[tokio::test]
async fn messages_are_in_the_language_of_the_client() {
    let reg = TestRegistry::new().await;
    for signing in [Signing::Tc3Post, Signing::Tc3Get, Signing::Sha256Post, Signing::Sha1Get] {
        let message = async |language: &str| {
            let cloud = reg.cloud().with_signing(signing).with_language(language);
            cloud.call("cam", "GetUserAppId", json!({ "Other": 1 })).await.expect("UnknownParameter").message()
        };
        assert_eq!(message("en-US").await, "the parameter Other is unknown");
        assert_eq!(message("zh-CN").await, "未知参数错误。（未知参数 Other）");
        assert_eq!(message("fr-FR").await, message("en-US").await);
    }
}

#[tokio::test]
async fn what_every_action_may_say_is_said_in_chinese() {
    let settings = |settings: &mut roadstead_config::Settings| {
        settings.cloud_api.requests_per_second = 0;
        settings.quotas.namespaces = 1;
    };
    let reg = TestRegistry::builder().settings(settings).start().await;
    let main = reg.account("alice").await;
    let nobody = sub(&reg, &main, "nobody", &[]).await.cloud.with_language("zh-CN");
    let alice = main.cloud.with_language("zh-CN");
    let page = |limit: Value, offset: Value| json!({ "Namespace": "", "Limit": limit, "Offset": offset });
    let mut said = String::new();
    for (cloud, action, parameters) in [
        (&alice, "NoSuchAction", json!({})),
        (&alice, "CreateRepositoryPersonal", json!({})),
        (&alice, "CreateUserPersonal", json!({})),
        (&alice, "CreateRepositoryPersonal", json!({ "RepoName": "alice/x", "Colour": 1 })),
        (&alice, "CreateRepositoryPersonal", json!({ "RepoName": ["alice/x"] })),
        (&alice, "CreateRepositoryPersonal", json!({ "RepoName": "alice/x", "Public": 2 })),
        (&alice, "BatchDeleteRepositoryPersonal", json!({ "RepoNames": "alice/x" })),
        (&alice, "BatchDeleteRepositoryPersonal", json!({ "RepoNames": [] })),
        (&alice, "BatchDeleteImagePersonal", json!({ "RepoName": "alice/x", "Tags": [] })),
        (&alice, "DescribeNamespacePersonal", page(json!("many"), json!(0))),
        (&alice, "DescribeNamespacePersonal", page(json!(0), json!(0))),
        (&alice, "DescribeNamespacePersonal", page(json!(10), json!(-1))),
        (&alice, "DescribeNamespacePersonal", page(json!(1e300), json!(0))),
        (&alice, "DescribeInstances", json!({ "AllRegion": "perhaps" })),
        (&alice, "DescribeInstances", json!({ "Filters": ["x"] })),
        (&alice, "CreateNamespacePersonal", json!({ "Namespace": "more" })),
        (&alice, "DeleteRepositoryPersonal", json!({ "RepoName": "alice/gone" })),
        (&nobody, "DeleteRepositoryPersonal", json!({ "RepoName": "alice/gone" })),
    ] {
        let reply = cloud.call("tcr", action, parameters.clone()).await;
        said.push_str(&format!("{action} {parameters}\n    {}: {}\n", reply.code(), reply.message()));
    }
    let odd = |name: &str, value: Option<&str>| {
        let mut request = alice.prepare("tcr", "DescribeRegions", &json!({}));
        request.remove(name);
        if let Some(value) = value {
            request.set(name, value);
        }
        request
    };
    let mut no_json = odd("X-TC-Timestamp", Some(&reg.now().as_secs().to_string()));
    no_json.body = "{".into();
    alice.sign("tcr", &mut no_json);
    for (what, request) in [
        ("no version", odd("X-TC-Version", None)),
        ("no timestamp", odd("X-TC-Timestamp", None)),
        ("no signature", odd("Authorization", None)),
        ("malformed timestamp", odd("X-TC-Timestamp", Some("soon"))),
        ("malformed signature", odd("Authorization", Some("TC3-HMAC-SHA256 x"))),
        ("no JSON", no_json),
    ] {
        let reply = alice.send(request).await;
        said.push_str(&format!("{what}\n    {}: {}\n", reply.code(), reply.message()));
    }
    // No answer has an English detail.
    assert!(!said.contains(" ("), "{said}");
    insta::assert_snapshot!("chinese", said);
}

#[tokio::test]
async fn other_methods_and_bodies_are_refused_in_the_same_form() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        cloud.send(changed(&cloud, |request| request.method = method.into())).await.expect("UnsupportedProtocol");
    }
    let head = cloud.send(changed(&cloud, |request| request.method = "HEAD".into())).await;
    assert_eq!((head.answer.status, head.answer.header("content-type")), (200, "application/json"));
    let bytes = changed(&cloud, |request| request.set("Content-Type", "application/octet-stream"));
    cloud.send(bytes).await.expect("InvalidParameter");
}

#[tokio::test]
async fn a_multipart_form_has_a_part_for_each_parameter() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    let send = async |body: &str| {
        let prepared = changed(&cloud, |request| {
            request.set("Content-Type", "multipart/form-data; boundary=XyZ");
            request.body = Bytes::copy_from_slice(body.as_bytes());
        });
        cloud.send(prepared).await
    };
    let part = |name: &str, value: &str| {
        format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    send("--XyZ--\r\n").await.ok();
    send(&format!("{}--XyZ--\r\n", part("Region", "ap-guangzhou"))).await.ok();
    send(&format!("{}--XyZ--\r\n", part("DryRun", "true"))).await.expect("DryRunOperation");
    send(&format!("{}--XyZ--\r\n", part("Other", "1"))).await.expect("UnknownParameter");
    send("nonsense").await.expect("InvalidParameter");
}

#[tokio::test]
async fn endpoints_with_a_path_or_a_scheme_are_understood() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    let address = cloud.host().to_owned();
    let request = |host: &str, target: &str| {
        let mut prepared = cloud.prepare("cam", "GetUserAppId", &json!({}));
        prepared.set("Host", host);
        cloud.sign("cam", &mut prepared);
        let mut text = format!("POST {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n");
        for (name, value) in prepared.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{text}\r\n{{}}")
    };
    let send = async |text: String| {
        let mut connection = raw::Connection::open(reg.address()).await;
        connection.send(text).await;
        raw::parse("POST".to_owned(), &connection.receive().await)
    };
    for (host, target) in [
        (address.clone(), "/?"),
        (format!("{address}/tcr"), "/tcr"),
        (format!("{address}/a/b"), "/a/b"),
        (format!("http://{address}"), "/"),
        ("tcr.example.com".to_owned(), "/"),
        (address.to_uppercase(), "/"),
    ] {
        let answer = send(request(&host, target)).await;
        assert!(answer.text().contains("\"OwnerUin\""), "{host} {target}: {answer}");
    }
    send(request(&address, "/tcr")).await.expect(404);
}
