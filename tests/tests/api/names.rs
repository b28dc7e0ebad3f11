//! Names in requests: invalid names are never accepted.

use roadstead_tests::{Answer, Image, TestRegistry, digest, raw};

async fn ask(reg: &TestRegistry, method: &str, target: &str) -> Answer {
    let authorization = format!("Authorization: {}\r\n", reg.owner().credentials().header().unwrap());
    raw::request(reg.address(), method, target, &authorization).await
}

#[tokio::test]
async fn what_is_no_repository_name_is_refused_before_anything_is_looked_up() {
    let reg = TestRegistry::new().await;
    let long = format!("library/{}", "a".repeat(248));
    let names = [
        "../library",
        "library/..",
        "library/../app",
        "./library/app",
        "library/./app",
        "library//app",
        "/library/app",
        "library/app/",
        "library/%2e%2e",
        "%2e%2e/app",
        "library%2Fapp",
        "library/a%00b",
        "library/a%0d%0ab",
        "Library/app",
        "library/APP",
        "library/a b",
        "library/a%20b",
        "library/-a",
        "library/a-",
        "library/.a",
        "library/a.",
        "library/a..b",
        "library/a._b",
        "library/a___b",
        "library/ä",
        "library/%C3%A4",
        "library/a\\b",
        "library/a%5cb",
        "library",
        "library//a/b",
        "a",
        "library/a:b",
        "library/a@b",
        "library/a;b",
        "library/a+b",
        "library/a~b",
        "~/app",
        "library/a\tb",
        "library/\u{212a}",
        "library/а",
        &long,
        "_catalog/app",
        "library/a,b",
        "library/*",
        "library/a|b",
    ];
    for name in names {
        for (method, suffix) in
            [("GET", "tags/list"), ("GET", "manifests/v1"), ("POST", "blobs/uploads/"), ("PUT", "manifests/v1")]
        {
            let answer = ask(&reg, method, &format!("/v2/{name}/{suffix}")).await;
            // The HTTP server refuses an invalid request line itself, with an empty body.
            let refused = match answer.status {
                400 => answer.body.is_empty(),
                // After any other code docker retries, and shows no reason.
                404 => matches!(answer.code().as_str(), "NAME_UNKNOWN" | "NOT_FOUND"),
                _ => false,
            };
            assert!(refused, "{name:?}: {answer}");
        }
    }
    assert!(reg.owner().get("/v2/_catalog").await.list("repositories").is_empty());
}

#[tokio::test]
async fn a_name_without_a_namespace_is_told_what_it_needs() {
    let reg = TestRegistry::new().await;
    for (method, target) in [
        ("POST", "/v2/ubuntu/blobs/uploads/"),
        ("PUT", "/v2/ubuntu/manifests/v1"),
        ("GET", "/v2/ubuntu/manifests/v1"),
        ("GET", "/v2/ubuntu/tags/list"),
        ("DELETE", "/v2/ubuntu/manifests/v1"),
    ] {
        let answer = reg.owner().request(method, target).send().await.expect_error(404, "NAME_UNKNOWN");
        assert!(answer.text().contains("library/ubuntu"), "{answer}");
    }
    reg.owner().head("/v2/ubuntu/manifests/v1").await.expect(404);
}

#[tokio::test]
async fn names_may_have_many_parts_after_the_namespace() {
    let reg = TestRegistry::new().await;
    let image = Image::small(1);
    let alice = reg.account("alice").await.basic;
    for name in ["alice/charts/app", "alice/cache/app/layers", "alice/app"] {
        alice.push_image(name, "v1", &image).await;
        alice.get(&format!("/v2/{name}/manifests/v1")).await.expect(200);
        let token = alice.bearer(&[&format!("repository:{name}:pull")]).await;
        token.get(&format!("/v2/{name}/manifests/v1")).await.expect(200);
        reg.owner().get(&format!("/v2/{name}/manifests/v1")).await.expect_error(403, "DENIED");
    }
    assert_eq!(alice.get("/v2/_catalog").await.list("repositories").len(), 3);
}

#[tokio::test]
async fn nested_names_can_be_switched_off() {
    let reg = TestRegistry::builder().settings(|s| s.personal.nested_names = false).start().await;
    let owner = reg.owner();
    let refused = owner.post("/v2/library/charts/app/blobs/uploads/").await.expect_error(404, "NAME_UNKNOWN");
    assert!(refused.text().contains("exactly two parts"), "{refused}");
    owner.head("/v2/library/charts/app/manifests/v1").await.expect(404);
    owner.push_image("library/app", "v1", &Image::small(1)).await;
}

#[tokio::test]
async fn the_longest_and_the_shortest_names_are_names() {
    let reg = TestRegistry::new().await;
    let long = format!("library/{}", "a".repeat(247));
    for name in [
        "library/a",
        &long,
        "library/a.b_c__d---e",
        "library/blobs",
        "library/uploads",
        "library/manifests",
        "library/0",
    ] {
        let location = reg.owner().start_upload(name).await;
        reg.owner().put(&format!("{location}?digest={}", digest("x")), "x").await.expect(201);
        reg.owner().get(&format!("/v2/{name}/tags/list")).await.expect(200);
        reg.owner().get(&format!("/v2/{name}/blobs/{}", digest("x"))).await.expect(200);
    }
    assert_eq!(reg.owner().get("/v2/_catalog").await.list("repositories").len(), 7);
}

#[tokio::test]
async fn what_is_no_digest_or_tag_is_refused() {
    let reg = TestRegistry::new().await;
    let good = digest("x");
    for bad in [
        "sha256:..%2f..%2fetc%2fpasswd",
        "sha256:%00",
        "..%2f..",
        "sha256%253A00",
        "sha256:",
        "sha256",
        "sha1:00",
        &good.to_uppercase(),
        &good[..70],
        &format!("{good}0"),
        &good.replace("sha256", "sha512"),
        &format!("{good}%0a"),
        &format!("%20{good}"),
        &good.replace("sha256:", "sha256:g"),
        "sha256:..",
        "sha256:/",
    ] {
        for (method, kind) in
            [("GET", "blobs"), ("HEAD", "blobs"), ("DELETE", "blobs"), ("GET", "referrers"), ("GET", "manifests")]
        {
            let answer = ask(&reg, method, &format!("/v2/library/app/{kind}/{bad}")).await;
            assert!(matches!(answer.status, 400 | 404), "{bad:?}: {answer}");
            if answer.status == 404 && method != "HEAD" {
                // With a slash it is another path, and not another blob.
                assert!(
                    ["NOT_FOUND", "NAME_UNKNOWN", "MANIFEST_UNKNOWN"].contains(&&*answer.code()),
                    "{bad:?}: {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn odd_targets_are_answered_and_none_of_them_is_a_fault() {
    let reg = TestRegistry::new().await;
    for target in [
        "//v2/",
        "/v2//",
        "/v2///tags/list",
        "/v2/?",
        "/v2/#",
        "*",
        "http://other.example/v2/",
        "/v2/..",
        "/../v2/",
        "/v2/%",
        "/v2/%zz/tags/list",
        "/v2/library/app/tags/list?n=%zz",
        "/v2/library/app/tags/list?%ff=%fe",
        "/v2/_catalog?&&&==&",
        "/v2/library/app/manifests/%ff%fe",
        "/v2/library/app/blobs/uploads/%2e%2e",
        "/service/token/",
        "/service/token?scope=%ff",
        "/healthz/..",
        "/v2/library/app/manifests/v1?tag=%ff",
        "/%76%32/",
        "/V2/",
        "/v2/_catalog/",
        "/v2/library/app/tags/list/",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = ask(&reg, method, target).await;
            assert!(answer.status != 0 && answer.status < 500, "{method} {target}: {answer}");
        }
    }
}

#[tokio::test]
async fn nothing_that_a_client_says_comes_back_as_a_header_or_as_markup() {
    let reg = TestRegistry::new().await;
    for name in ["library/%0d%0aX-Evil:%201", "%0d%0aX-Evil:%201/app", "<script>/app", "\"><script>/app"] {
        let answer = raw::request(reg.address(), "GET", &format!("/v2/{name}/tags/list"), "").await;
        assert!(!answer.has("x-evil") && !answer.has("location"), "{answer}");
        assert!(!answer.text().contains("<script>"), "{answer}");
        if !answer.body.is_empty() {
            assert_eq!(answer.header("content-type"), "application/json");
        }
    }
}

#[tokio::test]
async fn names_of_namespaces_belong_to_whoever_has_them() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let alice = reg.account("alice").await;
    for (name, fits) in [
        ("team", true),
        ("a-b.c", true),
        ("library", false),
        ("alice", false),
        ("a", false),
        ("A", false),
        ("a/b", false),
        ("..", false),
        ("", false),
        ("_catalog", false),
        ("-x", false),
        ("a b", false),
        ("ä", false),
    ] {
        let output = reg.command(&["namespace", "create", "--owner", &alice.uin, "--", name], "");
        assert_eq!(output.status.success(), fits, "{name:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    alice.basic.push_blob("team/app", &"x".into()).await;
    // A namespace with repositories cannot be deleted.
    let output = reg.command(&["namespace", "delete", "team"], "");
    assert_eq!(output.status.code(), Some(1));
    alice.basic.get("/v2/team/app/tags/list").await.expect(200);
}
