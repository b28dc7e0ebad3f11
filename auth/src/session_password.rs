//! Passwords for docker that a session asked for. They contain the session itself, so they have its rights and end
//! with it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roadstead_types::RegistryId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::auth::Inner;
use crate::error::{AuthenticationError, Error, Result};
use crate::identity::Identity;
use crate::password::PASSWORD_MAX;
use crate::registry_password::RegistryPassword;
use crate::session::Session;
use crate::session::{Bound, SealedSession};

/// The prefix of every such password.
const PREFIX: &str = "rds_";
/// The context in which they are sealed.
const CONTEXT: &str = "session-password";
/// The most bytes that are sealed. They must fit into a bearer token too, and that into a header.
const MAX_BYTES: usize = 1800;
/// The fewest bytes that are sealed. So the sealed and encoded password is longer than the password of an account can
/// be.
const MIN_BYTES: usize = PASSWORD_MAX;

/// The content of such a password.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The registry that it is for.
    g: i64,
    /// The session.
    s: SealedSession,
}

/// Tells whether a password has the form of one. Then it is one, or wrong.
pub(crate) fn is_one(password: &str) -> bool {
    password.len() > PASSWORD_MAX && password.starts_with(PREFIX)
}

impl Inner {
    /// Makes a password that is valid for `lifetime`, or until the session ends.
    pub(crate) fn session_password(
        &self,
        identity: &Identity,
        session: &Session,
        registry: RegistryId,
        lifetime: Duration,
    ) -> Result<RegistryPassword> {
        let origin = session.origin.as_deref().ok_or(Error::Session)?;
        let expires_at = session.expires_at.min(self.clock.now().after(lifetime));
        let content = Content { g: registry.get(), s: origin.until(expires_at) };
        let json = serde_json::to_vec(&content).map_err(|_| Error::Crypto { op: "write a session" })?;
        let mut json = Zeroizing::new(json);
        if json.len() > MAX_BYTES {
            return Err(Error::TokenTooLarge);
        }
        let padded = json.len().max(MIN_BYTES);
        json.resize(padded, b' ');
        let mut password = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(self.sealer.seal(CONTEXT, &json)?, &mut password);
        Ok(RegistryPassword { username: identity.uin.clone(), password, expires_at })
    }

    /// Returns the identity behind such a password.
    pub(crate) async fn check_session_password(
        &self,
        registry: RegistryId,
        username: &str,
        password: &str,
    ) -> std::result::Result<Arc<Identity>, AuthenticationError> {
        const BAD: AuthenticationError = AuthenticationError::BadCredentials;
        let bound = self.opened_password(registry, password).ok_or(BAD)?;
        let identity = self.bound(&bound).await?.ok_or(BAD)?;
        if identity.uin.as_str() == username { Ok(identity) } else { Err(BAD) }
    }

    fn opened_password(&self, registry: RegistryId, password: &str) -> Option<Bound> {
        let sealed = password.strip_prefix(PREFIX).filter(|rest| rest.len() < 2 * MAX_BYTES)?;
        let json = self.sealer.open(CONTEXT, &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
        let Content { g, s } = serde_json::from_slice(&json).ok()?;
        if g == registry.get() { Bound::of(s) } else { None }
    }
}
