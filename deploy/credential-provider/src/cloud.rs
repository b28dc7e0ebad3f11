//! Calls of the cloud API.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::protocol::{Credentials, Request};
use crate::settings::{Access, Proof, authority};
use crate::sign::{Signed, authorization};

/// The longest time to wait for an answer, because kubelet waits for this program.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long a token of the personal edition is valid.
const PERSONAL_LIFETIME: Duration = Duration::from_secs(3600);
/// Kubelet drops a token this long before it expires, so that a pull can finish.
const MARGIN: Duration = Duration::from_secs(600);
/// The name of a session of a service account.
const SESSION_NAME: &str = "kubelet";
/// The most bytes of an answer. Answers of a registry are smaller.
const LARGEST_ANSWER: usize = 1 << 20;

/// Gets a login for the registry, and how long it is valid.
pub async fn credentials(access: &Access, request: &Request, now: Duration) -> Result<Credentials> {
    let mut cloud = Cloud { access, client: client(access)?, now, key: None };
    cloud.key = Some(cloud.key(request).await?);
    match &access.instance {
        Some(id) => cloud.of_instance(id).await,
        None => cloud.personal().await,
    }
}

/// A key to sign with.
struct Key {
    secret_id: String,
    secret_key: Zeroizing<String>,
    /// The token of a temporary key, and its end in seconds since 1970.
    session: Option<(Zeroizing<String>, u64)>,
}

fn client(access: &Access) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    if let Some(path) = &access.ca_file {
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("{} holds no certificates", path.display()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().context("cannot set up TLS")
}

struct Cloud<'a> {
    access: &'a Access,
    client: reqwest::Client,
    now: Duration,
    key: Option<Key>,
}

impl Cloud<'_> {
    /// The key of the settings, or a temporary key in exchange for the token of a service account.
    async fn key(&self, request: &Request) -> Result<Key> {
        let (provider, role_arn, token) = match &self.access.proof {
            Proof::Key { secret_id, secret_key } => {
                return Ok(Key { secret_id: secret_id.clone(), secret_key: secret_key.clone(), session: None });
            }
            Proof::ServiceAccount { provider, role_arn, token } => (provider, role_arn, token),
        };
        let token = request.token().or(token.as_ref()).context(
            "kubelet sent no token of a service account (tokenAttributes), and ROADSTEAD_WEB_IDENTITY_TOKEN_FILE is not set",
        )?;
        let role_arn = request
            .role_arn()
            .or(role_arn.as_deref())
            .context("neither the annotation roadstead.io/role-arn nor ROADSTEAD_ROLE_ARN names a role")?;
        let parameters = json!({ "ProviderId": provider, "WebIdentityToken": token.as_str(), "RoleArn": role_arn,
            "RoleSessionName": SESSION_NAME });
        let answer = self.call("sts", "2018-08-13", "AssumeRoleWithWebIdentity", &parameters).await?;
        let part = |name: &str| {
            let found = text(&answer["Credentials"][name]).map(Zeroizing::new);
            found.with_context(|| format!("AssumeRoleWithWebIdentity gave no {name}"))
        };
        let end = answer["ExpiredTime"].as_u64().context("AssumeRoleWithWebIdentity gave no ExpiredTime")?;
        let (secret_id, secret_key) = (part("TmpSecretId")?.to_string(), part("TmpSecretKey")?);
        Ok(Key { secret_id, secret_key, session: Some((part("Token")?, end)) })
    }

    /// How long the session of the key lasts. A lasting key has no session: [`Duration::MAX`].
    fn session_left(&self) -> Duration {
        let session = self.key.as_ref().and_then(|key| key.session.as_ref());
        session.map_or(Duration::MAX, |(_, end)| Duration::from_secs(*end).saturating_sub(self.now))
    }

    /// The login of an enterprise instance: a temporary token.
    async fn of_instance(&self, id: &str) -> Result<Credentials> {
        let answer = self
            .call("tcr", "2019-09-24", "CreateInstanceToken", &json!({ "RegistryId": id, "TokenType": "temp" }))
            .await?;
        let expires = Duration::from_millis(answer["ExpTime"].as_u64().context("CreateInstanceToken gave no ExpTime")?);
        Ok(Credentials {
            username: text(&answer["Username"]).context("CreateInstanceToken gave no Username")?,
            password: Zeroizing::new(text(&answer["Token"]).context("CreateInstanceToken gave no Token")?),
            lifetime: expires.saturating_sub(self.now).saturating_sub(MARGIN),
        })
    }

    /// The login of the personal edition: a token instead of the account's password.
    async fn personal(&self) -> Result<Credentials> {
        let username = match &self.access.username {
            Some(name) => name.clone(),
            None => {
                let caller = self.call("sts", "2018-08-13", "GetCallerIdentity", &json!({})).await?;
                text(&caller["PrincipalId"]).context("GetCallerIdentity gave no PrincipalId")?
            }
        };
        let answer = self.call("tcr", "2019-09-24", "DescribeApplicationTokenPersonal", &json!({})).await?;
        let token = text(&answer["Data"]["ApplicationToken"])
            .context("DescribeApplicationTokenPersonal gave no ApplicationToken")?;
        Ok(Credentials {
            username,
            password: Zeroizing::new(token),
            lifetime: PERSONAL_LIFETIME.min(self.session_left()).saturating_sub(MARGIN),
        })
    }

    /// Calls an action and returns the content of `Response`. Signs the request if there is a key.
    async fn call(&self, service: &str, version: &str, action: &str, parameters: &Value) -> Result<Value> {
        let body = parameters.to_string();
        let host = authority(&self.access.endpoint);
        let signed = Signed { service, host: &host, body: &body, timestamp: self.now.as_secs() };
        let authorization = match &self.key {
            Some(key) => authorization(&signed, &key.secret_id, &key.secret_key),
            None => "SKIP".to_owned(),
        };
        let mut request = self
            .client
            .post(self.access.endpoint.clone())
            .header(HOST, &host)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, authorization)
            .header("X-TC-Action", action)
            .header("X-TC-Version", version)
            .header("X-TC-Timestamp", self.now.as_secs())
            .header("X-TC-Language", "en-US");
        if let Some(Key { session: Some((token, _)), .. }) = &self.key {
            request = request.header("X-TC-Token", token.as_str());
        }
        let answer =
            request.body(body).send().await.with_context(|| format!("cannot reach {}", self.access.endpoint))?;
        let status = answer.status();
        let mut bytes = Zeroizing::new(Vec::new());
        let mut answer = answer;
        while let Some(piece) = answer.chunk().await.context("the connection ended before the answer")? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > LARGEST_ANSWER {
                bail!("{action}: the answer is too long");
            }
        }
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(&bytes) else {
            bail!("{action}: {} answered {status} without JSON: check that it is the cloud API", self.access.endpoint);
        };
        inside(action, answer.remove("Response").unwrap_or_default())
    }
}

/// The content of an answer, or its error.
fn inside(action: &str, response: Value) -> Result<Value> {
    if !response.is_object() {
        bail!("{action}: the answer has no Response");
    }
    let error = &response["Error"];
    if error.is_null() {
        return Ok(response);
    }
    let say = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    bail!("{action}: {}: {} (request {})", say(&error["Code"]), say(&error["Message"]), say(&response["RequestId"]))
}

/// The text, unless it is missing or empty.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_the_envelope_is_an_error() {
        let response = json!({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}, "RequestId": "r-1"});
        let error = inside("CreateInstanceToken", response).err().unwrap().to_string();
        assert_eq!(error, "CreateInstanceToken: AuthFailure.SignatureFailure: no (request r-1)");
        assert!(inside("X", Value::Null).is_err());
        assert_eq!(inside("X", json!({"Token": "t", "RequestId": "r"})).unwrap()["Token"], "t");
        assert_eq!((text(&json!("")), text(&json!(5)), text(&json!("t"))), (None, None, Some("t".into())));
    }
}
