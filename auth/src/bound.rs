//! Checks that a session is still valid: everything that it depends on must be unchanged.

use std::sync::Arc;

use crate::auth::Inner;
use crate::identity::Identity;
use crate::known::Cached;
use crate::session::{Bound, SessionKind};

type Stored<T> = Result<T, roadstead_storage::Error>;

impl Inner {
    /// Returns the identity of a session, if it has begun, has not ended, and everything that it depends on is
    /// unchanged.
    pub(crate) async fn bound(&self, bound: &Bound) -> Stored<Option<Arc<Identity>>> {
        let now = self.clock.now();
        let is_now = now >= bound.issued_at.before(self.params.leeway) && now < bound.expires_at();
        if !is_now || !self.holds(bound).await? {
            return Ok(None);
        }
        let base = match bound.provider {
            // An identity provider vouched for the holder, so no credentials of an account were used.
            Some(_) => self.active(bound.account).await?,
            None => self.current(bound.account, bound.credential_version).await?,
        };
        Ok(base.map(|base| {
            Arc::new(Identity {
                owner: bound.owner,
                owner_uin: bound.owner_uin.clone(),
                session: Some(Arc::clone(&bound.session)),
                ..(*base).clone()
            })
        }))
    }

    /// Tells whether everything besides the account of the session is unchanged: its key, role and identity provider.
    async fn holds(&self, bound: &Bound) -> Stored<bool> {
        if !self.key_holds(bound.key.as_ref(), bound.account).await? || !self.provider_holds(bound).await? {
            return Ok(false);
        }
        match bound.session.kind {
            SessionKind::Role { id, version, .. } => {
                let load = async |at| {
                    let found = self.meta.role_version(id).await?;
                    Ok::<_, roadstead_storage::Error>(found.map(|value| Cached { value, at }))
                };
                let (role, _) = self.caches.row(&self.caches.roles, id, load).await?;
                let same = role.is_some_and(|role| role.value.owner == bound.owner && role.value.version == version);
                Ok(same && self.is_active(bound.owner).await?)
            }
            SessionKind::Federation { .. } => Ok(true),
            SessionKind::InstanceToken { .. } => Ok(false),
        }
    }

    async fn provider_holds(&self, bound: &Bound) -> Stored<bool> {
        let Some((id, version)) = bound.provider else { return Ok(true) };
        let load = async |at| {
            let found = self.meta.provider_version(id).await?;
            Ok::<_, roadstead_storage::Error>(found.map(|value| Cached { value, at }))
        };
        let (found, _) = self.caches.row(&self.caches.providers, id, load).await?;
        Ok(found.is_some_and(|found| found.value.owner == bound.owner && found.value.version == version))
    }
}
