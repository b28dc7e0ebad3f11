//! Whom a proxy in front says that a request is from: what the client writes there itself counts for nothing.

use roadstead_config::ProxyHeaders;
use roadstead_storage::meta::AuditQuery;
use roadstead_tests::{Builder, TestRegistry};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry behind proxies on this machine and in 10.0.0.0/8, which set these headers.
fn proxied(headers: ProxyHeaders) -> Builder {
    TestRegistry::builder().settings(move |settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        settings.server.proxy_headers = headers;
    })
}

/// The address that a request with these headers comes from, as the audit log has it.
async fn address(reg: &TestRegistry, headers: &[(&str, &str)]) -> String {
    let empty = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[]}}"#);
    let put = reg.owner().request("PUT", "/v2/library/app/manifests/v1").header("content-type", INDEX).body(empty);
    headers.iter().fold(put, |put, (name, value)| put.header(name, value)).send().await.expect(201);
    let query = AuditQuery { action: Some("manifest.put"), limit: 1, ..AuditQuery::default() };
    reg.meta().audit_events(&query).await.unwrap().pop().unwrap().1.address
}

#[tokio::test]
async fn what_a_client_leaves_open_does_not_swallow_the_element_of_the_proxy() {
    let reg = proxied(ProxyHeaders::Forwarded).start().await;
    for theirs in [
        "for=6.6.6.6",
        "for=6.6.6.6;x=\"",
        "for=6.6.6.6;x=\"\\",
        "for=6.6.6.6;x=\"a\\\"",
        "for=\"6.6.6.6",
        "\"for=6.6.6.6",
        "for=6.6.6.6;é",
        "for=6.6.6.6;;=;\"=\",=",
        "\\",
        "",
    ] {
        for own in ["for=9.9.9.9;proto=https", "by=\"x\\\"y\\\\\";for=\"9.9.9.9:4711\"", "proto=https; For=9.9.9.9"] {
            let line = format!("{theirs}, {own}");
            assert_eq!(address(&reg, &[("forwarded", &line)]).await, "9.9.9.9", "{line}");
            let lines = [("forwarded", theirs), ("forwarded", own)];
            assert_eq!(address(&reg, &lines).await, "9.9.9.9", "{lines:?}");
        }
    }
}

#[tokio::test]
async fn what_a_client_sends_in_other_headers_counts_for_nothing() {
    for (headers, own, line, other) in [
        (
            ProxyHeaders::Forwarded,
            "forwarded",
            "for=6.6.6.6, for=9.9.9.9, for=10.0.0.7",
            ("x-forwarded-for", "6.6.6.6"),
        ),
        (ProxyHeaders::XForwarded, "x-forwarded-for", "6.6.6.6, 9.9.9.9, 10.0.0.7", ("forwarded", "for=6.6.6.6")),
    ] {
        let reg = proxied(headers).start().await;
        assert_eq!(address(&reg, &[(own, line), other]).await, "9.9.9.9", "{headers:?}");
        assert_eq!(address(&reg, &[other]).await, "127.0.0.1", "{headers:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_hides_no_client() {
    let reg = proxied(ProxyHeaders::XForwarded).start().await;
    let of = async |line: &str| address(&reg, &[("x-forwarded-for", line)]).await;
    assert_eq!(of("é, 9.9.9.9").await, "9.9.9.9");
    assert_eq!(of("6.6.6.6, é, 10.0.0.7").await, "10.0.0.7", "the proxy that wrote what nobody can read");
    assert_eq!(of("6.6.6.6, unknown").await, "127.0.0.1");
    assert_eq!(of("[2001:db8::1]:4711, 10.0.0.7:80").await, "2001:db8::1");
}

#[tokio::test]
async fn the_host_is_what_the_proxy_says() {
    let reg = proxied(ProxyHeaders::XForwarded).start().await;
    let realm = async |hops: &str, hosts: &str| {
        let request = reg.anonymous().request("GET", "/v2/").header("x-forwarded-for", hops);
        let answer = request.header("x-forwarded-host", hosts).send().await.expect(401);
        let challenge = answer.header("www-authenticate").to_owned();
        challenge.split('"').nth(1).unwrap().to_owned()
    };
    let public = "http://public.example/service/token";
    assert_eq!(realm("9.9.9.9", "evil.example, public.example").await, public);
    assert_eq!(realm("9.9.9.9, 10.0.0.7", "public.example").await, public, "the second proxy leaves it as it is");
    assert_eq!(realm("6.6.6.6, 9.9.9.9, 10.0.0.7", "evil.example, public.example, inner.example").await, public);
}
