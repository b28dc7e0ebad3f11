//! Tokens, as docker's clients get them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::{Answer, Client, Credentials};

/// The token service, as one caller sees it.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
}

impl Client {
    /// The token service.
    pub fn tokens(&self) -> Tokens {
        Tokens { client: self.clone() }
    }

    /// This caller with a bearer token for `scopes` in place of its own credentials.
    pub async fn bearer(&self, scopes: &[&str]) -> Self {
        let token = self.tokens().get(scopes).await.expect(200).json()["token"].as_str().unwrap().to_owned();
        self.with(Credentials::Bearer(token))
    }
}

impl Tokens {
    /// The name of the service: the host of the registry.
    pub fn service(&self) -> &str {
        &self.client.service
    }

    /// The GET form.
    pub async fn get(&self, scopes: &[&str]) -> Answer {
        self.get_with(scopes, &[]).await
    }

    /// The GET form with further pairs in its query.
    pub async fn get_with(&self, scopes: &[&str], pairs: &[(&str, &str)]) -> Answer {
        let scopes: Vec<(&str, &str)> = scopes.iter().map(|scope| ("scope", *scope)).collect();
        let service = self.service();
        let request = self.client.request("GET", "/service/token").query(&[("service", service)]);
        request.query(&scopes).query(pairs).send().await
    }

    /// The OAuth2 form, whatever its fields are.
    pub async fn post(&self, pairs: &[(&str, &str)]) -> Answer {
        self.client.form("/service/token", pairs).await
    }

    /// The OAuth2 form with a password, and a refresh token wanted.
    pub async fn offline(&self, username: &str, password: &str, scope: &str) -> Answer {
        let pairs = [
            ("grant_type", "password"),
            ("service", self.service()),
            ("client_id", "roadstead-tests"),
            ("access_type", "offline"),
            ("scope", scope),
            ("username", username),
            ("password", password),
        ];
        self.post(&pairs).await
    }

    /// The OAuth2 form with a refresh token.
    pub async fn refresh(&self, token: &str, scope: &str) -> Answer {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("service", self.service()),
            ("client_id", "roadstead-tests"),
            ("scope", scope),
            ("refresh_token", token),
        ];
        self.post(&pairs).await
    }
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
