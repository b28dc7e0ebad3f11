//! The state kept between requests about identity providers.

use std::num::NonZeroU32;
use std::sync::Arc;

use quick_cache::sync::Cache;
use roadstead_storage::meta::OidcProvider;
use roadstead_types::ProviderId;

use super::keys::ProviderKeys;
use crate::doubt::Doubt;

/// How many providers have their parsed keys cached. Those of one provider may take some ten KiB.
const KEPT_PROVIDERS: usize = 256;

/// The state kept between requests about identity providers.
pub(crate) struct WebIdentities {
    /// Parsed keys of providers, with the text that they were parsed from.
    pub(super) keys: Cache<ProviderId, Arc<(String, ProviderKeys)>>,
    /// Limits bad tokens by network.
    pub(super) doubt: Doubt,
}

impl WebIdentities {
    pub(crate) fn new(failures_per_minute: NonZeroU32) -> Self {
        Self { keys: Cache::new(KEPT_PROVIDERS), doubt: Doubt::new(failures_per_minute) }
    }

    /// Returns the keys of a provider, cached because parsing all of them takes longer than using one.
    pub(super) fn keys(&self, provider: &OidcProvider) -> Option<Arc<(String, ProviderKeys)>> {
        if let Some(known) = self.keys.get(&provider.id).filter(|known| known.0 == provider.keys) {
            return Some(known);
        }
        let parsed = Arc::new((provider.keys.clone(), ProviderKeys::parse(&provider.keys).ok()?));
        self.keys.insert(provider.id, Arc::clone(&parsed));
        Some(parsed)
    }
}
