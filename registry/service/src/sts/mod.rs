//! Temporary credentials: sessions of roles, and sessions with a part of the caller's own rights.

mod name;
mod role;
mod web_identity;

use std::sync::Arc;
use std::time::Duration;

use roadstead_auth::place::Account;
use roadstead_auth::{Access, NewSession, Read, TemporaryKey, app_id};
use roadstead_policy::{Author, Policy, Use};
use roadstead_types::{AccountId, SecretId, Uin};

pub use name::SessionName;
pub use role::{NamedRole, RoleArn, RoleSession};
pub use web_identity::{Claim, Vouched};

use crate::{Error, Foundation, Input, Result};

/// The length of a federation session, if the request does not say.
const FEDERATION_SECONDS: i64 = 1800;
/// The longest federation session of a main account.
const ROOT_SECONDS: i64 = 7200;
/// The longest federation session of a sub-account.
const USER_SECONDS: i64 = 129_600;
/// The length of a session of a role, if the request does not say.
const ROLE_SECONDS: i64 = 7200;
/// No account has this number.
const NOBODY: AccountId = AccountId::new(0);

/// The service for temporary credentials. Nothing of them is stored.
#[derive(Clone)]
pub struct StsService {
    base: Arc<Foundation>,
}

impl StsService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    /// Makes a key that may do what both the caller and `policy` allow. It ends with `key`, the access key that it was
    /// asked for with.
    ///
    /// # Errors
    /// `Invalid`, `SessionPolicy`, `Session` if the caller is a session itself, `TokenTooLarge`.
    pub fn federation_token(
        &self,
        access: &Access<Read, Account>,
        key: Option<&SecretId>,
        name: &SessionName,
        policy: &str,
        seconds: Option<i64>,
    ) -> Result<TemporaryKey> {
        let who = access.who();
        let most = if access.permissions().is_root() { ROOT_SECONDS } else { USER_SECONDS };
        let lifetime = lifetime(seconds, FEDERATION_SECONDS, most)?;
        let policy = session_policy(policy, who.owner, &who.owner_uin)?;
        let session = NewSession::Federation { name: name.as_str() };
        Ok(self.base.auth.issue_temporary(who, session, Some(&policy), lifetime, key)?)
    }
}

/// Checks that the session lasts at most `most` seconds.
fn lifetime(asked: Option<i64>, default: i64, most: i64) -> Result<Duration> {
    let seconds = asked.unwrap_or(default);
    match u64::try_from(seconds) {
        Ok(seconds @ 1..) if asked.is_none_or(|asked| asked <= most) => {
            // The default is cut where less is allowed.
            Ok(Duration::from_secs(seconds).min(Duration::from_secs(u64::try_from(most).unwrap_or(0))))
        }
        _ => Err(Error::invalid(Input::Duration, format!("DurationSeconds must be from 1 to {most}"))),
    }
}

/// Returns the policy of a session in canonical form. The session acts in this main account.
fn session_policy(text: &str, owner: AccountId, owner_uin: &Uin) -> Result<String> {
    let author = Author { owner_uin, app_id: app_id(owner) };
    Ok(Policy::parse(text, Use::Session, &author).map_err(Error::SessionPolicy)?.canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_bounds() {
        let seconds = |asked, default, most| lifetime(asked, default, most).ok().map(|lifetime| lifetime.as_secs());
        assert_eq!(seconds(None, 1800, 7200), Some(1800));
        assert_eq!(seconds(None, 7200, 3600), Some(3600), "the default fits always");
        assert_eq!(seconds(Some(7200), 1800, 7200), Some(7200));
        for wrong in [7201, 0, -1, i64::MAX, i64::MIN] {
            assert_eq!(seconds(Some(wrong), 1800, 7200), None, "{wrong}");
        }
    }
}
