//! Tokens, requested as docker clients do.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::{Answer, Client, Credentials};

/// The token service, used by one caller.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
}

impl Client {
    /// The token service.
    pub fn tokens(&self) -> Tokens {
        Tokens { client: self.clone() }
    }

    /// Returns this caller with a bearer token for `scopes` instead of its own credentials.
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

    /// Requests a token with GET.
    pub async fn get(&self, scopes: &[&str]) -> Answer {
        self.get_with(scopes, &[]).await
    }

    /// Requests a token with GET and further pairs in the query.
    pub async fn get_with(&self, scopes: &[&str], pairs: &[(&str, &str)]) -> Answer {
        let scopes: Vec<(&str, &str)> = scopes.iter().map(|scope| ("scope", *scope)).collect();
        let service = self.service();
        let request = self.client.request("GET", "/service/token").query(&[("service", service)]);
        request.query(&scopes).query(pairs).send().await
    }

    /// Requests a token with an OAuth2 form of these fields.
    pub async fn post(&self, pairs: &[(&str, &str)]) -> Answer {
        self.client.form("/service/token", pairs).await
    }

    /// Requests a token and a refresh token with a password, by the OAuth2 form.
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

    /// Requests a token with a refresh token, by the OAuth2 form.
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

/// The claims of a token. The signature is not verified.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
