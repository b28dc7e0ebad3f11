//! `/v2/_catalog`.

use bytes::Bytes;
use roadstead_tests::{TestRegistry, raw};

async fn with_repositories(names: &[&str]) -> TestRegistry {
    let reg = TestRegistry::new().await;
    for name in names {
        reg.owner().push_blob(name, &Bytes::from_static(b"x")).await;
    }
    reg
}

#[tokio::test]
async fn the_catalog_shows_own_and_public_repositories_and_no_others() {
    let reg = with_repositories(&["library/open", "library/secret"]).await;
    reg.set_public("library/open", true).await;
    let alice = reg.account("alice").await;
    alice.basic.push_blob("alice/app", &Bytes::from_static(b"y")).await;
    let list = alice.basic.get("/v2/_catalog").await.expect(200).list("repositories");
    assert_eq!(list, ["alice/app", "library/open"]);
    let list = reg.owner().get("/v2/_catalog").await.list("repositories");
    assert_eq!(list, ["library/open", "library/secret"]);
}

#[tokio::test]
async fn the_catalog_wants_an_account_and_a_token_for_it() {
    let reg = with_repositories(&["library/a"]).await;
    let answer = reg.anonymous().get("/v2/_catalog").await.expect_error(401, "UNAUTHORIZED");
    assert!(answer.header("www-authenticate").contains("scope=\"registry:catalog:*\""));
    reg.anonymous().bearer(&["registry:catalog:*"]).await.get("/v2/_catalog").await.expect(401);
    let without = reg.owner().bearer(&["repository:library/a:pull"]).await;
    let answer = without.get("/v2/_catalog").await.expect(401);
    assert!(answer.header("www-authenticate").contains("error=\"insufficient_scope\""), "{answer}");
    let with = reg.owner().bearer(&["registry:catalog:*"]).await;
    assert_eq!(with.get("/v2/_catalog").await.expect(200).list("repositories"), ["library/a"]);
}

#[tokio::test]
async fn the_pages_of_the_catalog_are_the_whole_of_it() {
    let names: Vec<String> = ["b", "a-b", "a", "a.b", "a0", "z", "a/b"]
        .iter()
        .map(|name| format!("library/{}", name.replace('/', "-")))
        .chain((0..5).map(|n| format!("library/n{n}")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let reg = with_repositories(&names).await;
    let mut expected: Vec<&str> = names.clone();
    expected.sort_unstable();
    expected.dedup();
    for n in [1, 2, 5, 11, 12, 100] {
        let (all, sizes) = reg.owner().all_pages(&format!("/v2/_catalog?n={n}"), "repositories").await;
        assert_eq!(all, expected, "n={n}");
        let (last, full) = sizes.split_last().unwrap();
        assert!(full.iter().all(|&size| size == n) && *last > 0 && *last <= n, "n={n}: {sizes:?}");
    }
}

#[tokio::test]
async fn odd_page_sizes_and_starts_are_answered_within_reason() {
    let reg = with_repositories(&["library/a", "library/b"]).await;
    let owner = reg.owner();
    let none = owner.get("/v2/_catalog?n=0").await.expect(200);
    assert_eq!((none.list("repositories").len(), none.has("link")), (0, false));
    for n in ["9223372036854775808", "18446744073709551616", "99999999999999999999", "4294967296"] {
        let answer = owner.get(&format!("/v2/_catalog?n={n}")).await.expect(200);
        assert_eq!(answer.list("repositories").len(), 2, "{n}");
    }
    for bad in ["-1", "x", "", "1e3", "0x10", "%2B1", "999999999999999999999999", "1.5"] {
        owner.get(&format!("/v2/_catalog?n={bad}")).await.expect_error(400, "PAGINATION_NUMBER_INVALID");
    }
    let beyond = owner.get("/v2/_catalog?last=zzz/zzz").await.expect(200);
    assert_eq!((beyond.list("repositories").len(), beyond.has("link")), (0, false));
    assert_eq!(owner.get("/v2/_catalog?last=library/a").await.list("repositories"), ["library/b"]);
    // `last` need not be a name: any text is a place in the order.
    assert_eq!(owner.get("/v2/_catalog?last=%27%3B--").await.expect(200).list("repositories").len(), 2);
    owner.get(&format!("/v2/_catalog?last={}", "a".repeat(513))).await.expect(400);
    let nul = raw::request(reg.address(), "GET", "/v2/_catalog?last=%00", &auth(&reg)).await;
    assert!(nul.status < 500, "{nul}");
}

fn auth(reg: &TestRegistry) -> String {
    format!("Authorization: {}\r\n", reg.owner().credentials().header().unwrap())
}

#[tokio::test]
async fn a_page_is_never_larger_than_the_configuration_allows() {
    let reg = TestRegistry::builder().settings(|s| s.limits.page_size_max = 2).start().await;
    for name in ["library/a", "library/b", "library/c"] {
        reg.owner().push_blob(name, &Bytes::from_static(b"x")).await;
    }
    let (all, sizes) = reg.owner().all_pages("/v2/_catalog?n=1000000", "repositories").await;
    assert_eq!((all.len(), sizes), (3, vec![2, 1]));
    let (_, sizes) = reg.owner().all_pages("/v2/_catalog", "repositories").await;
    assert_eq!(sizes, [2, 1]);
}
