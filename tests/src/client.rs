//! Clients of the registry API.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST};

use crate::{Answer, Image, digest};

/// The credentials of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    None,
    /// User name and password.
    Basic(String, String),
    /// A bearer token.
    Bearer(String),
    /// A literal `Authorization` header.
    Raw(String),
}

impl Credentials {
    /// The value of the `Authorization` header.
    pub fn header(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Basic(username, password) => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))))
            }
            Self::Bearer(token) => Some(format!("Bearer {token}")),
            Self::Raw(value) => Some(value.clone()),
        }
    }
}

/// A caller of one registry.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) service: String,
    pub(crate) credentials: Credentials,
    /// The host that it sends, if it differs from the host of the URL.
    pub(crate) host: Option<String>,
}

impl Client {
    /// A caller of the registry at `base` (`http://host:port`).
    pub fn new(base: &str, credentials: Credentials) -> Self {
        Self::with_http(plain_http(), base, credentials)
    }

    /// The same, with an HTTP client that the test has set up.
    pub fn with_http(http: reqwest::Client, base: &str, credentials: Credentials) -> Self {
        let service = base.split_once("://").expect("a URL").1.to_owned();
        Self { http, base: base.to_owned(), service, credentials, host: None }
    }

    /// A client of the same registry with other credentials.
    #[must_use]
    pub fn with(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// The same caller, which uses another host name of the registry.
    #[must_use]
    pub fn at(&self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), service: host.to_owned(), ..self.clone() }
    }

    /// The credentials of this caller.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// `scheme://host:port` of the registry.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to `target`: a path with its query, or a whole URL.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let url = if target.starts_with('/') { format!("{}{target}", self.base) } else { target.to_owned() };
        let name = format!("{method} {target}");
        let mut builder = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        if let Some(value) = self.credentials.header() {
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(host) = &self.host {
            builder = builder.header(HOST, host);
        }
        Request { name, builder }
    }

    /// GET.
    pub async fn get(&self, target: &str) -> Answer {
        self.request("GET", target).send().await
    }

    /// HEAD.
    pub async fn head(&self, target: &str) -> Answer {
        self.request("HEAD", target).send().await
    }

    /// DELETE.
    pub async fn delete(&self, target: &str) -> Answer {
        self.request("DELETE", target).send().await
    }

    /// POST without a body.
    pub async fn post(&self, target: &str) -> Answer {
        self.request("POST", target).send().await
    }

    /// PUT.
    pub async fn put(&self, target: &str, body: impl Into<Bytes>) -> Answer {
        self.request("PUT", target).body(body).send().await
    }

    /// PATCH.
    pub async fn patch(&self, target: &str, body: impl Into<Bytes>) -> Answer {
        self.request("PATCH", target).body(body).send().await
    }

    /// PATCH with the range of the chunk.
    pub async fn chunk(&self, target: &str, first: usize, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        let range = format!("{first}-{}", first + body.len() - 1);
        self.request("PATCH", target).header("content-range", &range).body(body).send().await
    }

    /// POST of a form.
    pub async fn form(&self, target: &str, pairs: &[(&str, &str)]) -> Answer {
        self.request("POST", target).form(pairs).send().await
    }

    /// Starts an upload and returns its location.
    #[track_caller]
    pub fn start_upload(&self, repository: &str) -> impl Future<Output = String> {
        let client = self.clone();
        let target = format!("/v2/{repository}/blobs/uploads/");
        async move { client.post(&target).await.expect(202).header("location").to_owned() }
    }

    /// Pushes a blob in one piece and returns its digest.
    pub async fn push_blob(&self, repository: &str, content: &Bytes) -> String {
        let location = self.start_upload(repository).await;
        let digest = digest(content);
        self.put(&format!("{location}?digest={digest}"), content.clone()).await.expect(201);
        digest
    }

    /// PUT of a manifest with its media type.
    pub async fn put_manifest(&self, repository: &str, reference: &str, media_type: &str, content: Bytes) -> Answer {
        let target = format!("/v2/{repository}/manifests/{reference}");
        self.request("PUT", &target).header(CONTENT_TYPE.as_str(), media_type).body(content).send().await
    }

    /// Pushes an image with its blobs and returns the digest of its manifest.
    pub async fn push_image(&self, repository: &str, reference: &str, image: &Image) -> String {
        for blob in image.blobs() {
            self.push_blob(repository, blob).await;
        }
        let pushed = self.put_manifest(repository, reference, image.media_type(), image.manifest()).await.expect(201);
        pushed.header("docker-content-digest").to_owned()
    }

    /// Reads all pages of a list by their `Link` headers. Returns all entries and the sizes of the pages.
    pub async fn all_pages(&self, target: &str, member: &str) -> (Vec<String>, Vec<usize>) {
        let (mut all, mut sizes) = (Vec::new(), Vec::new());
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let page = self.get(&target).await.expect(200);
            let entries = page.list(member);
            sizes.push(entries.len());
            all.extend(entries);
            next = page.next();
            assert!(sizes.len() < 1000, "the pages of {target} do not end");
        }
        (all, sizes)
    }
}

/// A request that is being built.
#[derive(Debug)]
#[must_use]
pub struct Request {
    name: String,
    builder: reqwest::RequestBuilder,
}

impl Request {
    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { builder: self.builder.body(body.into()), ..self }
    }

    /// Sets a body that is sent piece by piece, without a length.
    pub fn stream(self, pieces: impl futures::Stream<Item = std::io::Result<Bytes>> + Send + 'static) -> Self {
        Self { builder: self.builder.body(reqwest::Body::wrap_stream(pieces)), ..self }
    }

    /// Sets a form as the body.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        Self { builder: self.builder.form(pairs), ..self }
    }

    /// Adds pairs to the query.
    pub fn query(self, pairs: &[(&str, &str)]) -> Self {
        Self { builder: self.builder.query(pairs), ..self }
    }

    /// Sends the request and reads the whole answer.
    pub async fn send(self) -> Answer {
        let Self { name, builder } = self;
        let response = builder.send().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        Answer::of(name, response).await
    }

    /// Sends the request. Returns an error if there is no answer.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let Self { name, builder } = self;
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { request: name, status, headers, body: response.bytes().await? })
    }
}

/// An HTTP client that follows no redirects and keeps no idle connections.
pub(crate) fn plain_http() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.tls_certs_only([]).pool_max_idle_per_host(0).timeout(crate::DEADLINE * 2).build().unwrap()
}
