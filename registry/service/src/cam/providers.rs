//! Identity providers.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, ProviderKeys, Write};
use roadstead_storage::meta::{Act, NewOidcProvider, OidcProvider};
use url::Url;

use super::{CamService, rules};
use crate::{Error, Input, Result};

/// The largest key set, in bytes.
const MAX_KEYS_BYTES: usize = 20 << 10;
/// The longest issuer, in characters.
const MAX_URL_CHARS: usize = 255;
/// The most audiences of a provider.
const MAX_CLIENTS: usize = 20;
/// The longest audience, in characters.
const MAX_CLIENT_CHARS: usize = 255;

/// The settings of an identity provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// The issuer of its tokens.
    pub url: &'a str,
    /// Its public keys, a JSON Web Key Set.
    pub keys: &'a str,
    /// The audiences of its tokens.
    pub client_ids: &'a [String],
    /// Free text.
    pub description: &'a str,
}

impl ProviderInfo<'_> {
    /// Checks the settings. Returns the keys, and the audiences in the form that the database stores.
    fn check(&self) -> Result<(ProviderKeys, String)> {
        rules::provider_name(self.name)?;
        rules::description(self.description)?;
        check_url(self.url)?;
        if self.keys.len() > MAX_KEYS_BYTES {
            return Err(Error::invalid(
                Input::ProviderKeys,
                format!("IdentityKey: it must have {MAX_KEYS_BYTES} bytes at most"),
            ));
        }
        let keys = ProviderKeys::parse(self.keys)
            .map_err(|problem| Error::invalid(Input::ProviderKeys, format!("IdentityKey: {problem}")))?;
        let fits = (1..=MAX_CLIENTS).contains(&self.client_ids.len())
            && self.client_ids.iter().all(|id| {
                let length = id.chars().count();
                (1..=MAX_CLIENT_CHARS).contains(&length) && !id.contains(|c: char| c.is_control() || c.is_whitespace())
            });
        if !fits {
            let rule = format!("ClientId is 1 to {MAX_CLIENTS} texts of 1 to {MAX_CLIENT_CHARS} characters, no spaces");
            return Err(Error::invalid(Input::Parameter, rule));
        }
        let client_ids = serde_json::to_string(self.client_ids).map_err(Error::internal)?;
        Ok((keys, client_ids))
    }

    /// Returns whether these settings still trust everything that the old ones trusted.
    fn keeps(&self, keys: &ProviderKeys, old: &OidcProvider) -> bool {
        let has_keys = ProviderKeys::parse(&old.keys).is_ok_and(|old| keys.contains_all(&old));
        let has_clients = stored_clients(old).iter().all(|id| self.client_ids.contains(id));
        old.url == self.url && has_keys && has_clients
    }
}

/// Returns the audiences of a provider, or none if the stored text is damaged.
pub fn stored_clients(provider: &OidcProvider) -> Vec<String> {
    serde_json::from_str(&provider.client_ids).unwrap_or_default()
}

fn check_url(text: &str) -> Result<()> {
    let is_plain = |url: &Url| {
        let has_user = !url.username().is_empty() || url.password().is_some();
        url.scheme() == "https" && url.has_host() && !has_user && url.query().is_none() && url.fragment().is_none()
    };
    let fits = text.len() <= MAX_URL_CHARS
        && text.starts_with("https://")
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        && Url::parse(text).is_ok_and(|url| is_plain(&url));
    const PROBLEM: &str = "IdentityUrl must be https://HOST[/PATH], without user, query and fragment";
    if fits { Ok(()) } else { Err(Error::invalid(Input::ProviderUrl, PROBLEM)) }
}

impl CamService {
    /// Creates an identity provider.
    ///
    /// # Errors
    /// `ProviderName`, `ProviderUrl`, `ProviderKeys`, `Description`, `Parameter`, `Exists(Provider)`, `LimitReached`.
    pub async fn create_provider(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        info: &ProviderInfo<'_>,
    ) -> Result<()> {
        let (_, client_ids) = info.check()?;
        let new = stored(info, &client_ids);
        self.changed(access.owner(), self.meta().create_oidc_provider(act, access.owner(), &new).await)
    }

    /// Returns the identity provider, if it exists.
    pub async fn find_provider<E: Mode>(
        &self,
        access: &Access<E, Account>,
        name: &str,
    ) -> Result<Option<OidcProvider>> {
        Ok(self.meta().oidc_provider(access.owner(), name).await?)
    }

    /// Replaces the settings of an identity provider. Its sessions end, unless the new settings still trust everything
    /// that the old ones trusted.
    ///
    /// # Errors
    /// The errors of [`create_provider`](Self::create_provider), and `Unknown(Provider)`.
    pub async fn update_provider(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        info: &ProviderInfo<'_>,
    ) -> Result<()> {
        let (keys, client_ids) = info.check()?;
        let (new, keeps) = (stored(info, &client_ids), |old: &OidcProvider| info.keeps(&keys, old));
        self.changed(access.owner(), self.meta().update_oidc_provider(act, access.owner(), &new, &keeps).await)
    }

    /// Deletes an identity provider and ends its sessions.
    ///
    /// # Errors
    /// `Unknown(Provider)`.
    pub async fn delete_provider(&self, act: &Act, access: &Access<Write, Account>, name: &str) -> Result<()> {
        rules::provider_name(name)?;
        self.changed(access.owner(), self.meta().delete_oidc_provider(act, access.owner(), name).await)
    }
}

fn stored<'a>(info: &ProviderInfo<'a>, client_ids: &'a str) -> NewOidcProvider<'a> {
    let ProviderInfo { name, url, keys, client_ids: _, description } = *info;
    NewOidcProvider { name, url, keys, client_ids, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_plain_addresses() {
        for url in ["https://kubernetes.default.svc.cluster.local", "https://oidc.example.com/id/ABC", "https://a:6443"]
        {
            assert!(check_url(url).is_ok(), "{url}");
        }
        let long = format!("https://{}", "x".repeat(255));
        for url in ["", "http://a", "https://", "https://u@a", "https://a?b", "https://a#b", "https://a b", &long] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
