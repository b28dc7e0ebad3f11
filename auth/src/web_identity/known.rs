//! What is kept of the tokens of identity providers.

use std::num::NonZeroU32;
use std::sync::Arc;

use quick_cache::sync::Cache;
use roadstead_storage::meta::OidcProvider;
use roadstead_types::ProviderId;

use super::keys::ProviderKeys;
use crate::doubt::Doubt;

/// Of how many providers the keys are kept as they are used: each may be some ten KiB.
const KEPT_PROVIDERS: usize = 256;

/// What is kept of the tokens of identity providers.
pub(crate) struct WebIdentities {
    /// The keys of providers, and the text that they were read from.
    pub(super) keys: Cache<ProviderId, Arc<(String, ProviderKeys)>>,
    /// Tokens that were not good.
    pub(super) doubt: Doubt,
}

impl WebIdentities {
    pub(crate) fn new(failures_per_minute: NonZeroU32) -> Self {
        Self { keys: Cache::new(KEPT_PROVIDERS), doubt: Doubt::new(failures_per_minute) }
    }

    /// The keys of a provider. To read all of them takes longer than to use one.
    pub(super) fn keys(&self, provider: &OidcProvider) -> Option<Arc<(String, ProviderKeys)>> {
        if let Some(known) = self.keys.get(&provider.id).filter(|known| known.0 == provider.keys) {
            return Some(known);
        }
        let parsed = Arc::new((provider.keys.clone(), ProviderKeys::parse(&provider.keys).ok()?));
        self.keys.insert(provider.id, Arc::clone(&parsed));
        Some(parsed)
    }
}
