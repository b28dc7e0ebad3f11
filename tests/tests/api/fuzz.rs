//! Random requests never cause a 5xx.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use roadstead_tests::{Image, TestRegistry, digest, raw};

/// Parts of targets, so that many random targets are almost valid.
fn segment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "v2",
        "library",
        "app",
        "blobs",
        "manifests",
        "uploads",
        "tags",
        "list",
        "referrers",
        "_catalog",
        "service",
        "token",
        "jwks",
        "v1",
        "..",
        ".",
        "",
        "%2e%2e",
        "%00",
        "%2F",
        "sha256:",
        "healthz",
    ]);
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        1 => Just(digest("x")),
        1 => Just(digest(Image::small(1).manifest())),
        1 => Just("00000000-0000-0000-0000-000000000000".to_owned()),
        1 => "[!-~]{1,20}",
        1 => "[a-z0-9._-]{1,300}",
        1 => "(%[0-9a-f]{2}){1,8}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "n",
        "last",
        "digest",
        "mount",
        "from",
        "tag",
        "artifactType",
        "scope",
        "service",
        "x",
    ]);
    let value = prop_oneof![
        "[!-~&&[^#]]{0,20}",
        "[0-9]{1,25}",
        Just("library/app".to_owned()),
        Just(digest("x")),
        "(%[0-9a-f]{2}){0,4}"
    ];
    prop::collection::vec((key, value).prop_map(|(key, value)| format!("{key}={value}")), 0..4)
        .prop_map(|pairs| if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) })
}

fn request() -> impl Strategy<Value = (&'static str, String, String)> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
    let path = prop::collection::vec(segment(), 0..8).prop_map(|parts| format!("/{}", parts.join("/")));
    let under_v2 =
        prop::collection::vec(segment(), 1..4).prop_map(|parts| format!("/v2/library/app/{}", parts.join("/")));
    let name =
        prop::sample::select(vec!["Range", "Content-Range", "If-None-Match", "Content-Type", "Accept", "X-Request-Id"]);
    let header = (name, "[ -~]{0,40}").prop_map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers = prop::collection::vec(header, 0..3).prop_map(|headers| headers.concat());
    (method, prop_oneof![path, under_v2], query(), headers)
        .prop_map(|(method, path, query, headers)| (method, format!("{path}{query}"), headers))
}

#[test]
fn no_request_is_a_fault() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reg = runtime.block_on(async {
        let reg = TestRegistry::new().await;
        reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
        reg
    });
    let authorization = format!("Authorization: {}\r\n", reg.owner().credentials().header().unwrap());
    // Every run sends the same requests, so that failures can be reproduced.
    let config = Config { cases: 1500, failure_persistence: None, ..Config::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&request(), |(method, target, headers)| {
        let answer =
            runtime.block_on(raw::request(reg.address(), method, &target, &format!("{authorization}{headers}")));
        prop_assert!(answer.status != 0 && answer.status < 500, "{method} {target} {headers:?}: {answer}");
        if answer.status >= 400 && method != "HEAD" && !answer.body.is_empty() {
            prop_assert!(!answer.code().is_empty(), "an error without a code: {method} {target}: {answer}");
        }
        Ok(())
    });
    outcome.unwrap();
    let _inside = runtime.enter();
    drop(reg);
}
