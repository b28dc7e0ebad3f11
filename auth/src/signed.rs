//! Who signed a cloud API request.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_storage::types::{AccountId, SecretId};
use zeroize::Zeroizing;

use crate::accounts::secret_key_context;
use crate::auth::{Auth, Inner};
use crate::cache::Read;
use crate::error::AuthenticationError;
use crate::identity::{Caller, Identity};
use crate::signature::tc3::DerivedKeys;
use crate::signature::{Claim, SignatureError, SignedRequest};

/// Whoever signed a request.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Who.
    pub caller: Caller,
    /// The key that signed.
    pub secret_id: String,
    /// The service of the credential scope, for example `tcr`; HmacSHA1 and HmacSHA256 have none.
    pub service: Option<String>,
}

/// An access key as the caches keep it: its secret has been opened.
pub(crate) struct KnownKey {
    pub account: AccountId,
    pub active: bool,
    pub secret: Zeroizing<Vec<u8>>,
    pub derived: DerivedKeys,
}

/// Whom a key stands for, and what it signs with.
pub(crate) struct SigningIdentity {
    pub identity: Arc<Identity>,
    pub key: Arc<KnownKey>,
}

impl Auth {
    /// Who signed `request`, which came from `address`.
    ///
    /// # Errors
    /// See [`SignatureError`]. `Throttled` once too many signatures from the network of `address` were not good.
    pub async fn signed(&self, request: &SignedRequest<'_>, address: IpAddr) -> Result<Signed, SignatureError> {
        let inner = &*self.inner;
        let claim = Claim::of(request)?;
        claim.check_time(inner.clock.now())?;
        let (identity, is_signed) = match claim.token() {
            Some(token) => {
                let (secret, identity) = self.temporary(claim.secret_id(), token).await.map_err(of_token)?;
                (identity, claim.is_signed_with(request, secret.as_bytes(), &DerivedKeys::default()))
            }
            None => {
                let SigningIdentity { identity, key } = inner.permanent_key(claim.secret_id()).await?;
                (identity, claim.is_signed_with(request, &key.secret, &key.derived))
            }
        };
        if !is_signed {
            return Err(SignatureError::Mismatch);
        }
        Ok(Signed {
            caller: Caller { identity: Some(identity), token: None, credentials_presented: true, address },
            secret_id: claim.secret_id().to_owned(),
            service: claim.service().map(ToOwned::to_owned),
        })
    }
}

impl Inner {
    async fn permanent_key(&self, secret_id: &str) -> Result<SigningIdentity, SignatureError> {
        let id: SecretId = secret_id.parse().map_err(|_| SignatureError::InvalidSecretId)?;
        let load = async |at| {
            let Some(row) = self.meta.access_key(&id).await? else { return Ok(None) };
            let secret = self.sealer.open(&secret_key_context(&id), &row.sealed_secret).map_err(unopened)?;
            let key = KnownKey { account: row.account, active: row.active, secret, derived: DerivedKeys::default() };
            Ok::<_, roadstead_storage::Error>(Some(Read { value: Arc::new(key), at }))
        };
        let (found, _) = self.caches.row(&self.caches.keys, id.clone(), load).await?;
        let key = found.map(|read| read.value).filter(|key| key.active).ok_or(SignatureError::SecretIdNotFound)?;
        let identity = self.active(key.account).await?.ok_or(SignatureError::SecretIdNotFound)?;
        Ok(SigningIdentity { identity, key })
    }
}

fn of_token(error: AuthenticationError) -> SignatureError {
    match error {
        AuthenticationError::BadCredentials => SignatureError::Token,
        AuthenticationError::Throttled { retry_after } => SignatureError::Throttled { retry_after },
        AuthenticationError::Unavailable(source) => SignatureError::Unavailable(source),
    }
}

fn unopened(error: crate::Error) -> roadstead_storage::Error {
    roadstead_storage::Error::Backend { op: "open a secret key", source: Box::new(error) }
}
