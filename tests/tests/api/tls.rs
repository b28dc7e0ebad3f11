//! TLS on the listener itself.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};
use reqwest::Version;
use roadstead_tests::{Client, Image, TestRegistry, eventually, raw};

struct Files {
    _directory: tempfile::TempDir,
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> (Self, String) {
        let directory = tempfile::tempdir().unwrap();
        let files = Self {
            cert: directory.path().join("cert.pem"),
            key: directory.path().join("key.pem"),
            _directory: directory,
        };
        let pem = files.renew();
        (files, pem)
    }

    /// Writes a fresh certificate for the loopback address, and returns it.
    fn renew(&self) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let cert = params.self_signed(&key).unwrap();
        replace(&self.key, &key.serialize_pem());
        replace(&self.cert, &cert.pem());
        cert.pem()
    }
}

fn replace(path: &Path, content: &str) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, content).unwrap();
    std::fs::rename(fresh, path).unwrap();
}

async fn start(files: &Files, pem: &str) -> TestRegistry {
    let (cert, key) = (files.cert.clone(), files.key.clone());
    let builder = TestRegistry::builder().settings(|s| {
        s.server.tls.cert = Some(cert);
        s.server.tls.key = Some(key);
    });
    let mut reg = builder.start().await;
    reg.trust(pem.as_bytes());
    reg
}

/// Go's servers do the same.
#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let (files, pem) = Files::new();
    let reg = start(&files, &pem).await;
    let put = "PUT /v2/a/b HTTP/1.1\r\nHost: registry\r\nContent-Length: 9\r\n\r\n123456789";
    for request in ["GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n", put] {
        let mut connection = raw::Connection::open(reg.address()).await;
        connection.send(request).await;
        let answer = String::from_utf8(connection.receive().await).unwrap();
        assert!(answer.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{answer}");
        assert!(answer.ends_with("an HTTPS server: use https:// in its address.\n"), "{answer}");
    }
    reg.owner().get("/v2/").await.expect(200);
}

fn http(pem: &str) -> reqwest::ClientBuilder {
    let certificate = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).no_proxy()
}

#[tokio::test]
async fn images_go_over_tls_with_http_1_and_2() {
    let (files, pem) = Files::new();
    let reg = start(&files, &pem).await;
    assert!(reg.url().starts_with("https://"));
    let credentials = reg.owner().credentials().clone();
    for (seed, version) in [(1, Version::HTTP_11), (2, Version::HTTP_2)] {
        let builder = if version == Version::HTTP_2 { http(&pem) } else { http(&pem).http1_only() };
        let client = builder.build().unwrap();
        let response = client.get(format!("{}/healthz", reg.url())).send().await.unwrap();
        assert_eq!(response.version(), version);
        let owner = Client::with_http(client, &reg.url(), credentials.clone());
        let image = Image::new("{}", vec![roadstead_tests::random_bytes(seed, 2_000_000)]);
        let repository = format!("library/app{seed}");
        owner.push_image(&repository, "v1", &image).await;
        let bearer = owner.bearer(&[&format!("repository:{repository}:pull")]).await;
        assert_eq!(bearer.get(&format!("/v2/{repository}/manifests/v1")).await.expect(200).body, image.manifest());
        let blob = format!("/v2/{repository}/blobs/{}", roadstead_tests::digest(&image.layers[0]));
        assert_eq!(bearer.get(&blob).await.expect(200).body, image.layers[0]);
        bearer.head(&blob).await.expect(200);
        // HTTP/2 allows an upload without an announced length.
        let location = owner.start_upload(&repository).await;
        let pieces: Vec<_> =
            image.layers[0].chunks(100_000).map(|piece| Ok(bytes::Bytes::copy_from_slice(piece))).collect();
        owner.request("PATCH", &location).stream(futures::stream::iter(pieces)).send().await.expect(202);
        let put = format!("{location}?digest={}", roadstead_tests::digest(&image.layers[0]));
        owner.put(&put, "").await.expect(201);
    }
    let challenge = reg.anonymous().get("/v2/").await.expect(401);
    assert!(challenge.header("www-authenticate").contains("realm=\"https://127.0.0.1:"), "{challenge}");
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let (files, old) = Files::new();
    let reg = start(&files, &old).await;
    let answers = async |pem: &str| {
        // Opens a new connection, which shows the present certificate.
        http(pem).build().unwrap().get(format!("{}/healthz", reg.url())).send().await.is_ok()
    };
    assert!(answers(&old).await);
    // In the middle of a renewal the file is broken, and the server keeps the old certificate.
    let good = std::fs::read_to_string(&files.cert).unwrap();
    replace(&files.cert, "-----BEGIN CERTIFICATE-----\nnonsense");
    assert!(answers(&old).await);
    replace(&files.cert, &good);
    let fresh = files.renew();
    assert!(!answers(&fresh).await || !answers(&old).await);
    eventually("the new certificate is served", async || answers(&fresh).await.then_some(())).await;
    assert!(!answers(&old).await);
}

#[tokio::test]
async fn many_requests_of_one_http_2_connection_are_answered_or_told_to_come_back() {
    let (files, pem) = Files::new();
    let reg = start(&files, &pem).await;
    let client = Client::with_http(http(&pem).build().unwrap(), &reg.url(), reg.owner().credentials().clone());
    client.get("/v2/").await.expect(200);
    let answers = futures::future::join_all((0..300).map(|_| client.get("/v2/"))).await;
    for answer in &answers {
        assert!(answer.status == 200 || (answer.status == 503 && answer.has("retry-after")), "{answer}");
    }
    assert!(answers.iter().filter(|answer| answer.status == 200).count() >= 100);
    client.get("/v2/").await.expect(200);
}

#[tokio::test]
async fn an_http_2_upload_that_breaks_off_can_be_gone_on_with() {
    let (files, pem) = Files::new();
    let reg = start(&files, &pem).await;
    let owner = Client::with_http(http(&pem).build().unwrap(), &reg.url(), reg.owner().credentials().clone());
    let content = roadstead_tests::random_bytes(1, 400_000);
    let location = owner.start_upload("library/app").await;
    let pieces = [Ok(content.slice(..150_000)), Err(std::io::Error::other("the client gives up"))];
    let broken = owner.request("PATCH", &location).stream(futures::stream::iter(pieces)).try_send().await;
    assert!(broken.is_err() || broken.is_ok_and(|answer| answer.status >= 400));
    let arrived = eventually("the broken request ends", async || {
        let status = owner.get(&location).await.expect(204);
        let last: usize = status.header("range").strip_prefix("0-").unwrap().parse().unwrap();
        let rest = content.slice(if last == 0 { 0 } else { last + 1 }..);
        let next = owner.chunk(&location, content.len() - rest.len(), rest).await;
        (next.status == 202).then_some(next)
    })
    .await;
    assert_eq!(arrived.header("range"), "0-399999");
    owner.put(&format!("{location}?digest={}", roadstead_tests::digest(&content)), "").await.expect(201);
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_at_the_start() {
    let (files, _) = Files::new();
    let (other, _) = Files::new();
    let data = tempfile::tempdir().unwrap();
    let output = roadstead_tests::Binary::find()
        .command(data.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("ROADSTEAD__SERVER__TLS__CERT", &files.cert)
        .env("ROADSTEAD__SERVER__TLS__KEY", &other.key)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the certificate is not one for this key"), "{told}");
    assert!(!told.contains("PRIVATE KEY"), "{told}");
}
