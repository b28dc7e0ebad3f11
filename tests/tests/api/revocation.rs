//! Rights that are taken away end at once, also for tokens that were issued before.

use roadstead_storage::meta::AccountStatus;
use roadstead_tests::{Image, OWNER_PASSWORD, TestRegistry, eventually};

const TARGET: &str = "/v2/alice/app/manifests/v1";

#[tokio::test]
async fn a_disabled_account_is_out_with_every_token_until_it_is_enabled() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    let bearer = alice.basic.bearer(&["repository:alice/app:pull,push"]).await;
    let refresh = alice.basic.tokens().offline(&alice.uin, &alice.password, "").await.expect(200);
    let refresh = refresh.json()["refresh_token"].as_str().unwrap().to_owned();
    bearer.get(TARGET).await.expect(200);
    reg.set_status(alice.id, AccountStatus::Disabled).await;
    eventually("the token is refused", async || (bearer.get(TARGET).await.status == 401).then_some(())).await;
    alice.basic.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
    bearer.post("/v2/alice/app/blobs/uploads/").await.expect_error(401, "UNAUTHORIZED");
    alice.basic.tokens().get(&[]).await.expect_error(401, "UNAUTHORIZED");
    reg.anonymous().tokens().refresh(&refresh, "").await.expect(401);
    // The repositories of the account stay, and still have the same rights.
    reg.owner().get(TARGET).await.expect_error(403, "DENIED");
    reg.set_status(alice.id, AccountStatus::Active).await;
    eventually("the password works again", async || (alice.basic.get(TARGET).await.status == 200).then_some(())).await;
    // Old tokens stay invalid: the account has to sign in again.
    bearer.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_all_that_came_of_it() {
    let reg = TestRegistry::new().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    let bearer = alice.basic.bearer(&["repository:alice/app:pull"]).await;
    let refresh = alice.basic.tokens().offline(&alice.uin, &alice.password, "").await.expect(200);
    let refresh = refresh.json()["refresh_token"].as_str().unwrap().to_owned();
    reg.set_password(alice.id, "another password").await;
    eventually("the token is refused", async || (bearer.get(TARGET).await.status == 401).then_some(())).await;
    alice.basic.get(TARGET).await.expect_error(401, "UNAUTHORIZED");
    reg.anonymous().tokens().refresh(&refresh, "").await.expect(401);
    reg.basic(&alice.uin, "another password").get(TARGET).await.expect(200);
}

#[tokio::test]
async fn what_is_made_private_is_private_for_tokens_of_before() {
    let reg = TestRegistry::new().await;
    let (alice, bob) = (reg.account("alice").await, reg.account("bob").await);
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    reg.set_public("alice/app", true).await;
    let scope = ["repository:alice/app:pull"];
    let (bob_token, anonymous_token) = (bob.basic.bearer(&scope).await, reg.anonymous().bearer(&scope).await);
    let referrers = format!("/v2/alice/app/referrers/{}", Image::small(1).digest());
    let blob = format!("/v2/alice/app/blobs/{}", roadstead_tests::digest(&Image::small(1).config));
    for client in [&bob_token, &anonymous_token, &bob.basic, &reg.anonymous()] {
        for target in [TARGET, &referrers, &blob] {
            client.get(target).await.expect(200);
        }
    }
    reg.set_public("alice/app", false).await;
    for target in [TARGET, &referrers, &blob] {
        bob_token.get(target).await.expect_error(403, "DENIED");
        bob.basic.get(target).await.expect_error(403, "DENIED");
        anonymous_token.get(target).await.expect_error(401, "UNAUTHORIZED");
        reg.anonymous().get(target).await.expect_error(401, "UNAUTHORIZED");
        alice.basic.get(target).await.expect(200);
    }
}

#[tokio::test]
async fn the_command_line_revokes_too() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let alice = reg.account("alice").await;
    alice.basic.push_image("alice/app", "v1", &Image::small(1)).await;
    let bearer = alice.basic.bearer(&["repository:alice/app:pull"]).await;
    let run = |arguments: &[&str], stdin: &str| {
        let output = reg.command(arguments, stdin);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["repository", "visibility", "alice/app", "public"], "");
    let anonymous = reg.anonymous();
    // A command ends only after the server has seen its change.
    anonymous.get(TARGET).await.expect(200);
    run(&["repository", "visibility", "alice/app", "private"], "");
    anonymous.get(TARGET).await.expect(401);
    run(&["account", "password", &alice.uin, "--password-stdin"], "a new password\n");
    bearer.get(TARGET).await.expect(401);
    let fresh = reg.basic(&alice.uin, "a new password");
    fresh.get(TARGET).await.expect(200);
    run(&["account", "disable", &alice.uin], "");
    fresh.get(TARGET).await.expect(401);
    run(&["account", "enable", &alice.uin], "");
    fresh.get(TARGET).await.expect(200);
    reg.basic(reg.owner_name(), OWNER_PASSWORD).get("/v2/").await.expect(200);
}
