//! Valid signatures, and how long they are valid.

use std::time::Duration;

use roadstead_storage::meta::AccountStatus;
use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, Prepared, Signing, TestRegistry, eventually};
use serde_json::json;

const FAILURE: &str = "AuthFailure.SignatureFailure";

async fn code(cloud: &Cloud) -> String {
    cloud.call("cam", "GetUserAppId", json!({})).await.code()
}

#[tokio::test]
async fn accounts_have_keys_of_their_own() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    let root = reg.cloud();
    let unknown = format!("AKID{}", "z".repeat(32));
    for signing in Signing::ALL {
        let cloud = alice.cloud.with_signing(signing);
        assert_eq!(cloud.call("cam", "GetUserAppId", json!({})).await.ok()["Uin"], alice.uin);
        let wrong = cloud.with_key(cloud.secret_id(), root.secret_key());
        assert_eq!(code(&wrong).await, FAILURE, "{signing:?}");
        let nobody = cloud.with_key(&unknown, root.secret_key());
        assert_eq!(code(&nobody).await, "AuthFailure.SecretIdNotFound", "{signing:?}");
        for id in ["", "AKID", "root", alice.uin.as_str()] {
            assert_eq!(
                code(&cloud.with_key(id, root.secret_key())).await,
                "AuthFailure.InvalidSecretId",
                "{signing:?} {id}"
            );
        }
        let token = cloud.with_token(cloud.secret_id(), cloud.secret_key(), "token");
        assert_eq!(code(&token).await, "AuthFailure.TokenFailure", "{signing:?}");
    }
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes() {
    let reg = TestRegistry::new().await;
    for signing in Signing::ALL {
        let cloud = reg.cloud().with_signing(signing);
        let prepared = cloud.prepare("cam", "GetUserAppId", &json!({}));
        cloud.send(prepared.clone()).await.ok();
        reg.clock().advance(Duration::from_secs(300));
        cloud.send(prepared.clone()).await.ok();
        reg.clock().advance(Duration::from_secs(1));
        cloud.send(prepared).await.expect("AuthFailure.SignatureExpire");
    }
}

#[tokio::test]
async fn what_changes_something_is_done_once_with_a_signature_that_has_a_nonce() {
    let reg = TestRegistry::new().await;
    let forms = [Signing::Sha256Get, Signing::Sha256Post, Signing::Sha1Get, Signing::Sha1Post];
    for (number, signing) in forms.into_iter().enumerate() {
        let cloud = reg.cloud().with_signing(signing);
        let parameters = |dry_run| json!({ "Namespace": format!("once{number}"), "DryRun": dry_run });
        let tried = cloud.prepare("tcr", "CreateNamespacePersonal", &parameters(true));
        for _ in 0..2 {
            cloud.send(tried.clone()).await.expect("DryRunOperation");
        }
        let made = cloud.prepare("tcr", "CreateNamespacePersonal", &parameters(false));
        cloud.send(made.clone()).await.ok();
        reg.clock().advance(Duration::from_secs(300));
        let again = cloud.send(made.clone()).await.expect(FAILURE);
        assert!(again.message().contains("sign it again"), "{}", again.message());
        cloud
            .call("tcr", "CreateNamespacePersonal", parameters(false))
            .await
            .expect("InvalidParameter.ErrNamespaceExist");
        reg.clock().advance(Duration::from_secs(1));
        cloud.send(made).await.expect("AuthFailure.SignatureExpire");
        // A read is not a change, and may be repeated.
        let look =
            cloud.prepare("tcr", "DescribeNamespacePersonal", &json!({ "Namespace": "", "Limit": 1, "Offset": 0 }));
        for _ in 0..2 {
            cloud.send(look.clone()).await.ok();
        }
    }
}

#[tokio::test]
async fn a_request_that_is_refused_uses_up_no_signature() {
    let reg = TestRegistry::new().await;
    let main = reg.account("foo").await;
    let user = sub(&reg, &main, "user", &[]).await;
    let signed = user.cloud.with_signing(Signing::Sha256Post);
    let request = signed.prepare("tcr", "CreateNamespacePersonal", &json!({ "Namespace": "foo-more" }));
    for _ in 0..3 {
        signed.send(request.clone()).await.expect("AuthFailure.UnauthorizedOperation");
    }
    let allow = r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:*","resource":"*"}]}"#;
    user.attach(allow).await;
    eventually("the policy is heard of", async || {
        let tried = json!({ "Namespace": "foo-more", "DryRun": true });
        (signed.call("tcr", "CreateNamespacePersonal", tried).await.code() == "DryRunOperation").then_some(())
    })
    .await;
    signed.send(request.clone()).await.ok();
    signed.send(request).await.expect(FAILURE);
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let reg = TestRegistry::new().await;
    let send = async |signing: Signing, change: &dyn Fn(&mut Prepared)| {
        let cloud = reg.cloud().with_signing(signing);
        let mut prepared = cloud.prepare("cam", "GetUserAppId", &json!({ "Region": "ap-guangzhou" }));
        change(&mut prepared);
        cloud.send(prepared).await.code()
    };
    let replace = |text: &str| text.replace("guangzhou", "shanghai");
    for signing in [Signing::Tc3Get, Signing::Sha256Get, Signing::Sha1Get] {
        assert_eq!(send(signing, &|request| request.target = replace(&request.target)).await, FAILURE, "{signing:?}");
    }
    for signing in [Signing::Tc3Post, Signing::Sha256Post, Signing::Sha1Post] {
        let change = |request: &mut Prepared| {
            request.body = replace(std::str::from_utf8(&request.body).unwrap()).into();
        };
        assert_eq!(send(signing, &change).await, FAILURE, "{signing:?}");
        assert_eq!(
            send(signing, &|request| request.set("Host", "elsewhere.example.com")).await,
            FAILURE,
            "{signing:?}"
        );
    }
    assert_eq!(send(Signing::Tc3Post, &|request| request.set("X-TC-Timestamp", "1")).await, FAILURE);
    assert_eq!(send(Signing::Tc3Post, &|request| request.set("Content-Type", "text/plain")).await, FAILURE);
    assert_eq!(send(Signing::Tc3Post, &|request| request.set("Authorization", "SKIP")).await, FAILURE);
    assert_eq!(send(Signing::Tc3Post, &|request| request.remove("Authorization")).await, FAILURE);
}

#[tokio::test]
async fn a_host_may_be_signed_without_its_port() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    for (signed, code) in [("127.0.0.1", ""), ("127.0.0.2", FAILURE), ("127.0.0.1:1", FAILURE), ("", FAILURE)] {
        let mut prepared = cloud.prepare("cam", "GetUserAppId", &json!({}));
        prepared.set("Host", if signed.is_empty() { " " } else { signed });
        cloud.sign("cam", &mut prepared);
        prepared.remove("Host");
        assert_eq!(cloud.send(prepared).await.code(), code, "{signed}");
    }
}

#[tokio::test]
async fn a_scope_is_for_one_service_that_is_served() {
    let reg = TestRegistry::new().await;
    let cloud = reg.cloud();
    let mut prepared = cloud.prepare("cam", "GetUserAppId", &json!({}));
    cloud.sign("tcr", &mut prepared);
    cloud.send(prepared.clone()).await.expect("InvalidAction");
    cloud.sign("cvm", &mut prepared);
    cloud.send(prepared).await.expect(FAILURE);
}

#[tokio::test]
async fn accounts_that_are_disabled_are_shut_out_and_let_in_again() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    assert_eq!(code(&alice.cloud).await, "");
    for (status, wanted) in [(AccountStatus::Disabled, "AuthFailure.SecretIdNotFound"), (AccountStatus::Active, "")] {
        reg.set_status(alice.id, status).await;
        eventually("the change is seen", async || (code(&alice.cloud).await == wanted).then_some(())).await;
    }
}

#[tokio::test]
async fn passwords_do_not_matter_to_keys() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    assert_eq!(code(&alice.cloud).await, "");
    reg.set_password(alice.id, "another password of alice").await;
    assert_eq!(code(&alice.cloud).await, "");
}

#[tokio::test]
async fn who_guesses_is_slowed_down_and_others_are_not() {
    let reg = TestRegistry::builder().settings(|s| s.auth.login_attempts_per_address = 6).start().await;
    let alice = reg.account("alice").await.cloud;
    assert_eq!(code(&alice).await, "");
    let wrong = alice.with_key(alice.secret_id(), reg.cloud().secret_key());
    for _ in 0..6 {
        assert_eq!(code(&wrong).await, FAILURE);
    }
    assert_eq!(code(&wrong).await, "RequestLimitExceeded");
    assert_eq!(code(&alice).await, "", "a valid key still works from the same address");
    reg.clock().advance(Duration::from_secs(10));
    assert_eq!(code(&wrong).await, FAILURE);
    assert_eq!(code(&wrong).await, "RequestLimitExceeded");
}
