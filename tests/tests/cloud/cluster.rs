//! A cluster whose pods take a role with tokens of their identity provider.

use roadstead_config::Settings;
use roadstead_tests::people::Main;
use roadstead_tests::provider::{Provider, key_set};
use roadstead_tests::{Account, Client, Cloud, Image, Reply, TestRegistry};
use serde_json::{Value, json};

pub(crate) const APP: &str = "/v2/foo/app/manifests/v1";

pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
pub(crate) const AUDIENCE: &str = "registry.example.com";
pub(crate) const SUBJECT: &str = "system:serviceaccount:shop:puller";
pub(crate) const PULL_FOO: &str =
    r#"{"version":"2.0","statement":[{"effect":"allow","action":"ccr:pull","resource":"qcs::ccr:::repo/foo/*"}]}"#;
pub(crate) const REFUSED: &str = "InvalidParameter.WebIdentityTokenError";

/// A main account `foo` that trusts a cluster.
pub(crate) struct Cluster {
    pub(crate) reg: TestRegistry,
    pub(crate) main: Account,
    pub(crate) provider: Provider,
}

impl Cluster {
    pub(crate) async fn new() -> Self {
        Self::changed(|_| ()).await
    }

    pub(crate) async fn changed(change: impl FnOnce(&mut Settings)) -> Self {
        let builder = TestRegistry::builder().settings(|settings| {
            settings.cloud_api.requests_per_second = 0;
            change(settings);
        });
        let reg = builder.start().await;
        let main = reg.account("foo").await;
        let it = Self { reg, main, provider: Provider::new("one") };
        it.configure("CreateOIDCConfig", json!({})).await.ok();
        let trust = it.trust("oidc-provider/k8s", json!({"string_equal": {"oidc:sub": SUBJECT, "oidc:aud": AUDIENCE}}));
        Main::of(&it.main).role(&it.reg, "puller", &trust, &[PULL_FOO]).await;
        it.main.basic.push_image("foo/app", "v1", &Image::small(7)).await;
        it.main.cloud.call("tcr", "CreateNamespacePersonal", json!({"Namespace": "foo-other"})).await.ok();
        it.main.basic.push_image("foo-other/app", "v1", &Image::small(8)).await;
        it
    }

    /// Makes or changes the provider; parameters that `change` does not name have their usual values.
    pub(crate) async fn configure(&self, action: &str, change: Value) -> Reply {
        let mut parameters = json!({
            "Name": "k8s", "IdentityUrl": ISSUER, "ClientId": [AUDIENCE], "IdentityKey": key_set(&[self.provider.jwk()]),
        });
        parameters.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.main.cloud.call("cam", action, parameters).await
    }

    pub(crate) fn trust(&self, provider: &str, condition: Value) -> String {
        let principal = json!({"federated": [format!("qcs::cam::uin/{}:{provider}", self.main.uin)]});
        let action = "name/sts:AssumeRoleWithWebIdentity";
        let statement = json!({"effect": "allow", "action": action, "principal": principal, "condition": condition});
        json!({"version": "2.0", "statement": [statement]}).to_string()
    }

    pub(crate) fn claims(&self) -> Value {
        let now = self.reg.now().as_secs();
        json!({"iss": ISSUER, "aud": [AUDIENCE], "sub": SUBJECT, "iat": now, "nbf": now, "exp": now + 3600})
    }

    pub(crate) fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    pub(crate) async fn ask(&self, token: &str, change: Value) -> Reply {
        let mut parameters = json!({
            "ProviderId": "k8s", "WebIdentityToken": token, "RoleSessionName": "node-1",
            "RoleArn": format!("qcs::cam::uin/{}:roleName/puller", self.main.uin),
        });
        parameters.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        open(&self.reg.cloud(), &parameters).await
    }

    pub(crate) async fn session(&self) -> Cloud {
        let made = self.ask(&self.provider.token(&self.claims()), json!({})).await.ok();
        self.with(&made)
    }

    pub(crate) fn with(&self, made: &Value) -> Cloud {
        let part = |name: &str| made["Credentials"][name].as_str().unwrap().to_owned();
        self.reg.cloud().with_token(&part("TmpSecretId"), &part("TmpSecretKey"), &part("Token"))
    }

    /// A docker client with a password of a session.
    pub(crate) async fn docker(&self, session: &Cloud) -> Client {
        let answer = session.call("tcr", "DescribeApplicationTokenPersonal", json!({})).await.ok();
        let caller = session.call("sts", "GetCallerIdentity", json!({})).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.reg.basic(&text(&caller["PrincipalId"]), &text(&answer["Data"]["ApplicationToken"]))
    }
}

/// Calls the action without a signature, as the SDKs do.
pub(crate) async fn open(cloud: &Cloud, parameters: &Value) -> Reply {
    let mut request = cloud.prepare("sts", "AssumeRoleWithWebIdentity", parameters);
    request.set("Authorization", "SKIP");
    cloud.send(request).await
}

/// The password of a client.
pub(crate) fn password(client: &Client) -> String {
    let roadstead_tests::Credentials::Basic(_, password) = client.credentials() else { return String::new() };
    password.clone()
}
