//! Identity providers that can vouch for the callers of roles.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use roadstead_auth::{Identity, Read, Write};
use roadstead_policy::actions::cam;
use roadstead_service::cam::{ProviderInfo, stored_clients};
use roadstead_service::{Error, Input};
use roadstead_types::Thing;
use serde::{Deserialize, Serialize};

use super::things::service;
use crate::action::call::lasting_only;
use crate::action::{Action, Allowed, action};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

/// The type of a provider that is trusted with roles.
const ROLE_PROVIDER: i64 = 11;
/// The status of a provider that is enabled.
const ENABLED: i64 = 11;

/// The parameters that describe an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Described {
    name: String,
    identity_url: String,
    /// The key set, in base64.
    identity_key: String,
    client_id: Vec<String>,
    #[serde(default)]
    description: String,
    auto_rotate_key: Option<i64>,
}

impl Described {
    fn check(self, by: &Identity) -> CloudResult<Settings> {
        lasting_only(by)?;
        let Self { name, identity_url: url, identity_key, client_id: clients, description, auto_rotate_key } = self;
        Ok(Settings { name, url, keys: keys(&identity_key, auto_rotate_key)?, clients, description })
    }
}

/// Creates an identity provider.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct CreateOIDCConfig(Described);

impl Action for CreateOIDCConfig {
    action! { cam::CreateOIDCConfig: Write, Settings => () }
    fn check(self, by: &Identity) -> CloudResult<Settings> {
        self.0.check(by)
    }
    fn target(it: &Settings) -> Option<String> {
        Some(it.name.clone())
    }
    async fn run(it: Settings, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).create_provider(call.act(), &call.account(), &it.info()).await?)
    }
}

/// Replaces the settings of an identity provider.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct UpdateOIDCConfig(Described);

impl Action for UpdateOIDCConfig {
    action! { cam::UpdateOIDCConfig: Write, Settings => () }
    fn check(self, by: &Identity) -> CloudResult<Settings> {
        self.0.check(by)
    }
    fn target(it: &Settings) -> Option<String> {
        Some(it.name.clone())
    }
    async fn run(it: Settings, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).update_provider(call.act(), &call.account(), &it.info()).await?)
    }
}

/// The settings of an identity provider.
pub(crate) struct Settings {
    name: String,
    url: String,
    keys: String,
    clients: Vec<String>,
    description: String,
}

impl Settings {
    fn info(&self) -> ProviderInfo<'_> {
        let Self { name, url, keys, clients: client_ids, description } = self;
        ProviderInfo { name, url, keys, client_ids, description }
    }
}

/// Decodes the key set. The server never fetches keys, so a request that asks for automatic rotation is refused.
fn keys(encoded: &str, auto_rotate: Option<i64>) -> CloudResult<String> {
    if auto_rotate.is_some_and(|rotate| rotate != 0) {
        let message = "AutoRotateKey must be 0: keys are not fetched; give new ones with UpdateOIDCConfig";
        return Err(CloudError::new(Code::InvalidParameterValue, message));
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| Error::invalid(Input::ProviderKeys, "IdentityKey: it is not in base64").into())
}

/// Returns an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeOIDCConfig {
    name: String,
}

/// The answer to [`DescribeOIDCConfig`].
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Provider {
    provider_type: i64,
    identity_url: String,
    identity_key: String,
    client_id: Vec<String>,
    status: i64,
    description: String,
    name: String,
    auto_rotate_key: i64,
}

impl Action for DescribeOIDCConfig {
    action! { cam::DescribeOIDCConfig: Read, String => Provider }
    fn check(self, _: &Identity) -> CloudResult<String> {
        Ok(self.name)
    }
    fn target(name: &String) -> Option<String> {
        Some(name.clone())
    }
    async fn run(name: String, call: Allowed<'_, Read>) -> CloudResult<Provider> {
        let found =
            service(&call).find_provider(&call.account(), &name).await?.ok_or(Error::Unknown(Thing::Provider))?;
        Ok(Provider {
            provider_type: ROLE_PROVIDER,
            identity_key: BASE64_STANDARD.encode(&found.keys),
            client_id: stored_clients(&found),
            identity_url: found.url,
            status: ENABLED,
            description: found.description,
            name: found.name,
            auto_rotate_key: 0,
        })
    }
}

/// Deletes an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteOIDCConfig {
    name: String,
}

impl Action for DeleteOIDCConfig {
    action! { cam::DeleteOIDCConfig: Write, String => () }
    fn check(self, _: &Identity) -> CloudResult<String> {
        Ok(self.name)
    }
    fn target(name: &String) -> Option<String> {
        Some(name.clone())
    }
    async fn run(name: String, call: Allowed<'_, Write>) -> CloudResult<()> {
        Ok(service(&call).delete_provider(call.act(), &call.account(), &name).await?)
    }
}
