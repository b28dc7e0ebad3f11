//! The request of kubelet and the answer to it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const API_VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";

/// A `CredentialProviderRequest`: one image that is about to be pulled.
pub struct Request {
    registry: String,
    token: Option<Zeroizing<String>>,
    role_arn: Option<String>,
}

/// The annotation of a service account that names the role to take.
const ROLE_ARN: &str = "roadstead.io/role-arn";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest {
    api_version: String,
    kind: String,
    image: String,
    #[serde(default)]
    service_account_token: Option<String>,
    #[serde(default)]
    service_account_annotations: Option<BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswer<'a> {
    api_version: &'static str,
    kind: &'static str,
    cache_key_type: &'static str,
    cache_duration: String,
    auth: BTreeMap<&'a str, WireCredentials<'a>>,
}

#[derive(Serialize)]
struct WireCredentials<'a> {
    username: &'a str,
    password: &'a str,
}

/// A login for the registry, and how long kubelet may keep it.
pub struct Credentials {
    /// The login name.
    pub username: String,
    /// The password or token.
    pub password: Zeroizing<String>,
    /// How long kubelet may keep user name and password.
    pub lifetime: Duration,
}

impl Request {
    /// Parses a request. Ignores unknown fields, and refuses another version of the API.
    pub fn parse(text: &str) -> Result<Self> {
        let wire: WireRequest =
            serde_json::from_str(text).context("standard input is not a CredentialProviderRequest")?;
        ensure!(
            wire.kind == "CredentialProviderRequest",
            "standard input is a {}, not a CredentialProviderRequest",
            wire.kind
        );
        ensure!(
            wire.api_version == API_VERSION,
            "the request has the version {}, this program needs {API_VERSION}",
            wire.api_version
        );
        let token = wire.service_account_token.filter(|token| !token.is_empty()).map(Zeroizing::new);
        let role_arn = wire.service_account_annotations.and_then(|mut annotations| annotations.remove(ROLE_ARN));
        Ok(Self { registry: registry_of(&wire.image)?.to_owned(), token, role_arn })
    }

    /// The token of the service account that the image is pulled for, if kubelet was told to send it.
    pub fn token(&self) -> Option<&Zeroizing<String>> {
        self.token.as_ref()
    }

    /// The role that the service account names, if kubelet was told to send that annotation.
    pub fn role_arn(&self) -> Option<&str> {
        self.role_arn.as_deref()
    }

    /// Host and port of the image's registry.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Makes the `CredentialProviderResponse`. The credentials are valid for every image of the registry. If kubelet
    /// sent the token of a service account, it keeps them for that service account.
    pub fn answer(&self, credentials: &Credentials) -> Result<Zeroizing<String>> {
        let auth = WireCredentials { username: &credentials.username, password: &credentials.password };
        let answer = WireAnswer {
            api_version: API_VERSION,
            kind: "CredentialProviderResponse",
            cache_key_type: "Registry",
            cache_duration: format!("{}s", credentials.lifetime.as_secs()),
            auth: BTreeMap::from([(self.registry.as_str(), auth)]),
        };
        let mut text = Zeroizing::new(serde_json::to_string(&answer).context("cannot write the answer as JSON")?);
        text.push('\n');
        Ok(text)
    }
}

/// The part of an image's address before the first slash. Kubelet always sends one.
fn registry_of(image: &str) -> Result<&str> {
    match image.split_once('/') {
        Some((host, rest)) if !rest.is_empty() && is_host(host) => Ok(host),
        _ => bail!("'{}' does not name a registry", image.escape_default()),
    }
}

fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    !text.is_empty() && text.chars().all(plain) && (text.contains(['.', ':']) || text == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(image: &str) -> Result<Request> {
        Request::parse(&format!(
            r#"{{"apiVersion":"{API_VERSION}","kind":"CredentialProviderRequest","image":"{image}","x":1}}"#
        ))
    }

    #[test]
    fn the_registry_is_what_stands_before_the_first_slash() {
        for (image, registry) in [
            ("registry.example.com/team/app:v1", "registry.example.com"),
            ("127.0.0.1:5000/team/app@sha256:00", "127.0.0.1:5000"),
            ("localhost/team/app", "localhost"),
            ("[::1]:5000/team/app", "[::1]:5000"),
        ] {
            assert_eq!(request(image).unwrap().registry(), registry);
        }
        for image in ["app", "team/app", "/app", "registry.example.com/", "re gistry.io/x", ""] {
            assert!(request(image).is_err(), "{image}");
        }
    }

    #[test]
    fn a_service_account_may_come_with_the_image() {
        let text = format!(
            r#"{{"apiVersion":"{API_VERSION}","kind":"CredentialProviderRequest","image":"a.b/c","serviceAccountToken":"t",
            "serviceAccountAnnotations":{{"{ROLE_ARN}":"arn","other":"x"}}}}"#
        );
        let read = Request::parse(&text).unwrap();
        assert_eq!((read.token().map(|token| token.as_str()), read.role_arn()), (Some("t"), Some("arn")));
        let read = request("a.b/c").unwrap();
        assert!(read.token().is_none() && read.role_arn().is_none());
    }

    #[test]
    fn other_requests_are_refused() {
        for text in [
            "",
            "{}",
            r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"Pod","image":"a.b/c"}"#,
            r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1alpha1","kind":"CredentialProviderRequest","image":"a.b/c"}"#,
        ] {
            assert!(Request::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_answer_is_what_kubelet_reads() {
        let credentials = Credentials {
            username: "100000000001".into(),
            password: Zeroizing::new("se\"cret".into()),
            lifetime: Duration::from_millis(3_300_900),
        };
        let answer = request("127.0.0.1:5000/team/app:v1").unwrap().answer(&credentials).unwrap();
        assert_eq!(
            answer.as_str(),
            concat!(
                r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderResponse","cacheKeyType":"Registry","#,
                r#""cacheDuration":"3300s","auth":{"127.0.0.1:5000":{"username":"100000000001","password":"se\"cret"}}}"#,
                "\n"
            )
        );
    }
}
