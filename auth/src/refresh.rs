//! Refresh tokens (RFC 6749, sections 1.5 and 6; OAuth security BCP, RFC 9700, section 4.14). They are random, stored
//! as a hash, and rotated: each exchange returns a successor, and the first use of the successor ends its
//! predecessor. A token that is used after that has been copied, so every token of its sign-in is revoked.
//!
//! Until its successor is used, a token can be exchanged again, and each exchange returns the same successor. So a
//! lost answer or two concurrent exchanges do not end a sign-in. Clients that keep using their first token are not
//! signed out either.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_storage::meta::{AccountStatus, NewRefreshToken, Rotation};
use roadstead_types::RegistryId;

use crate::auth::Auth;
use crate::error::{AuthenticationError, Result};
use crate::identity::Identity;
use crate::random;

/// A longer token is not ours.
const MAX_BYTES: usize = 128;

impl Auth {
    /// Makes the first refresh token of a sign-in. It is valid for this registry, service and client only. `None` while
    /// the registry is read-only, because a new token must be stored.
    ///
    /// # Errors
    /// `Session` for sessions, because the token does not store their limits; `Storage` when the store fails.
    pub async fn issue_refresh_token(
        &self,
        registry: RegistryId,
        identity: &Arc<Identity>,
        service: &str,
        client_id: &str,
    ) -> Result<Option<String>> {
        if identity.session.is_some() {
            return Err(crate::Error::Session);
        }
        if self.is_readonly() {
            return Ok(None);
        }
        let (token, family) = (random::token::<32>(), random::token::<16>());
        let now = self.inner.clock.now();
        let new = NewRefreshToken {
            hash: &hash(&token),
            family: &family,
            registry,
            account: identity.account,
            service,
            client_id,
            credential_version: identity.credential_version,
            expires_at: now.after(self.inner.params.refresh_token_lifetime),
        };
        self.inner.meta.insert_refresh_token(&new, now).await?;
        Ok(Some(token))
    }

    /// Exchanges a refresh token for its successor, and returns its account. While the registry is read-only, there is
    /// no successor, and the token stays valid.
    ///
    /// # Errors
    /// `BadCredentials` for a token that is unknown, expired or revoked, or that belongs to another registry, service
    /// or client. Also for one whose account is disabled or has other credentials since, and for one that ended
    /// because its successor was used; then all tokens of its sign-in are revoked. `Unavailable` when the store
    /// cannot be asked.
    pub async fn redeem_refresh_token(
        &self,
        registry: RegistryId,
        token: &str,
        service: &str,
        client_id: &str,
    ) -> std::result::Result<(Arc<Identity>, Option<String>), AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let (meta, now) = (&self.inner.meta, self.inner.clock.now());
        if token.len() > MAX_BYTES {
            return Err(BAD);
        }
        // Looked up by its hash, which nobody can choose, so the time that a comparison takes tells nothing.
        let old = hash(token);
        let found = meta.refresh_token(&old).await?.ok_or(BAD)?;
        if found.registry != registry || found.service != service || found.client_id != client_id {
            return Err(BAD);
        }
        if found.revoked_at.is_some() || found.expires_at <= now {
            return Err(BAD);
        }
        let account = meta.account(found.account).await?.ok_or(BAD)?;
        // A sign-in that was concurrent with a change of the password has the old version.
        if account.status != AccountStatus::Active || account.credential_version != found.credential_version {
            return Err(BAD);
        }
        if self.is_readonly() {
            if found.used_at.is_some() {
                return Err(BAD);
            }
            let identity = self.inner.current(account.id, account.credential_version).await?.ok_or(BAD)?;
            return Ok((identity, None));
        }
        let next = URL_SAFE_NO_PAD.encode(self.inner.sealer.derive("refresh token successor", token.as_bytes()));
        let new = NewRefreshToken {
            hash: &hash(&next),
            family: &found.family,
            registry,
            account: account.id,
            service,
            client_id,
            credential_version: account.credential_version,
            expires_at: now.after(self.inner.params.refresh_token_lifetime),
        };
        match meta.rotate_refresh_token(&old, &new, now).await? {
            Rotation::Rotated => {}
            Rotation::Reused => {
                tracing::warn!(account.uin = %account.uin, "a refresh token was used twice; its sign-in is revoked");
                return Err(BAD);
            }
            Rotation::Unknown => return Err(BAD),
        }
        let identity = self.inner.current(account.id, account.credential_version).await?.ok_or(BAD)?;
        Ok((identity, Some(next)))
    }
}

fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
