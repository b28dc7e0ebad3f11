//! Identity providers whose word is enough to take a role.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::{cam_action, lasting_only, on_all, service};
use crate::api::cloud::action::NoOutput;
use crate::api::cloud::action::call::CloudCall;
use crate::api::cloud::wire::code::Code;
use crate::api::cloud::wire::error::CloudError;
use roadstead_service::cam::{Error, ProviderInfo, stored_clients};

/// A provider that is trusted with roles.
const ROLE_PROVIDER: i64 = 11;
/// It is in use.
const ENABLED: i64 = 11;

/// Makes an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateOIDCConfig {
    name: String,
    identity_url: String,
    /// The key set, in base64.
    identity_key: String,
    client_id: Vec<String>,
    #[serde(default)]
    description: String,
    auto_rotate_key: Option<i64>,
}

cam_action!(CreateOIDCConfig: Write -> NoOutput, |_| on_all("CreateOIDCConfig"), |it| it.name.clone(), create);

async fn create(it: CreateOIDCConfig, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    lasting_only(call)?;
    let CreateOIDCConfig { name, identity_url, identity_key, client_id, description, auto_rotate_key } = it;
    let keys = keys(&identity_key, auto_rotate_key)?;
    let (keys, client_ids, description) = (keys.as_str(), client_id.as_slice(), description.as_str());
    let info = ProviderInfo { name: &name, url: &identity_url, keys, client_ids, description };
    service(call).create_provider(call.identity(), &info).await?;
    Ok(NoOutput {})
}

/// Says anew what an identity provider is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct UpdateOIDCConfig {
    name: String,
    identity_url: String,
    /// The key set, in base64.
    identity_key: String,
    client_id: Vec<String>,
    #[serde(default)]
    description: String,
    auto_rotate_key: Option<i64>,
}

cam_action!(UpdateOIDCConfig: Write -> NoOutput, |_| on_all("UpdateOIDCConfig"), |it| it.name.clone(), update);

async fn update(it: UpdateOIDCConfig, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    lasting_only(call)?;
    let UpdateOIDCConfig { name, identity_url, identity_key, client_id, description, auto_rotate_key } = it;
    let keys = keys(&identity_key, auto_rotate_key)?;
    let (keys, client_ids, description) = (keys.as_str(), client_id.as_slice(), description.as_str());
    let info = ProviderInfo { name: &name, url: &identity_url, keys, client_ids, description };
    service(call).update_provider(call.identity(), &info).await?;
    Ok(NoOutput {})
}

/// The key set in plain. Keys are not fetched: whoever has them fetched by somebody is refused.
fn keys(encoded: &str, auto_rotate: Option<i64>) -> Result<String, CloudError> {
    if auto_rotate.is_some_and(|rotate| rotate != 0) {
        let message = "AutoRotateKey must be 0: keys are not fetched; give new ones with UpdateOIDCConfig";
        return Err(CloudError::new(Code::InvalidParameterValue, message));
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| Error::ProviderKeys("it is not in base64".to_owned()).into())
}

/// Tells about an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeOIDCConfig {
    name: String,
}

/// See [`DescribeOIDCConfig`].
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

cam_action!(DescribeOIDCConfig: Read -> Provider, |_| on_all("DescribeOIDCConfig"), |it| it.name.clone(), describe);

async fn describe(it: DescribeOIDCConfig, call: &CloudCall<'_>) -> Result<Provider, CloudError> {
    let found = service(call).find_provider(call.identity(), &it.name).await?.ok_or(Error::ProviderUnknown)?;
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

/// Deletes an identity provider.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeleteOIDCConfig {
    name: String,
}

cam_action!(DeleteOIDCConfig: Write -> NoOutput, |_| on_all("DeleteOIDCConfig"), |it| it.name.clone(), delete);

async fn delete(it: DeleteOIDCConfig, call: &CloudCall<'_>) -> Result<NoOutput, CloudError> {
    service(call).delete_provider(call.identity(), &it.name).await?;
    Ok(NoOutput {})
}
