//! Finds the identity behind a signed cloud API request.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use roadstead_types::{AccountId, SecretId, Timestamp};

use crate::accounts::secret_key_context;
use crate::auth::{Auth, Inner};
use crate::client::Client;
use crate::error::AuthenticationError;
use crate::identity::{Caller, Identity};
use crate::known::{Cached, KnownKey};
use crate::signature::tc3::DerivedKeys;
use crate::signature::{Claim, Once, SignatureError, SignedRequest};

/// The result of a valid signature.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The caller.
    pub caller: Caller,
    /// The id of the key that signed.
    pub secret_id: String,
    /// The same if the key is a lasting one. Tokens that the request makes end with this key.
    pub key: Option<SecretId>,
    /// The service of the credential scope, for example `tcr`; HmacSHA1 and HmacSHA256 have none.
    pub service: Option<String>,
    /// The signature, if it covers a nonce (HmacSHA1 and HmacSHA256). Then no client makes it twice.
    pub once: Option<Once>,
}

/// The identity behind a key, and the secret that it signs with.
pub(crate) struct SigningIdentity {
    pub identity: Arc<Identity>,
    pub key: Arc<KnownKey>,
}

impl Auth {
    /// Returns the signer of `request`, which came from `client`.
    ///
    /// # Errors
    /// See [`SignatureError`]. `Throttled` after too many bad signatures from the network of the client.
    pub async fn signed(&self, request: &SignedRequest<'_>, client: &Arc<Client>) -> Result<Signed, SignatureError> {
        use SignatureError as E;
        let inner = &*self.inner;
        let (address, outcome) = (client.address, self.verify(request, client).await);
        if let Err(E::Mismatch | E::SecretIdNotFound | E::InvalidSecretId | E::Token) = outcome {
            let now = inner.clock.now();
            inner.not_throttled(address)?;
            inner.failures.count(address, now);
        }
        outcome
    }

    /// Returns the holder of the key that a request names, if it is cached. It names the account in the audit event
    /// of a bad signature, and proves nothing.
    pub fn holder(&self, request: &SignedRequest<'_>) -> Option<Arc<Identity>> {
        let inner = &*self.inner;
        let id: SecretId = Claim::of(request).ok()?.secret_id().parse().ok()?;
        let key = inner.caches.keys.get(&id)?.value;
        Some(inner.caches.accounts.get(&key.account)?.value.identity)
    }

    async fn verify(&self, request: &SignedRequest<'_>, client: &Arc<Client>) -> Result<Signed, SignatureError> {
        let inner = &*self.inner;
        let claim = Claim::of(request)?;
        claim.check_time(inner.clock.now())?;
        if !claim.is_for_us() {
            return Err(SignatureError::Mismatch);
        }
        let (identity, key, is_signed) = match claim.token() {
            Some(token) => {
                let (secret, identity) = self.temporary(claim.secret_id(), token).await.map_err(of_token)?;
                (identity, None, claim.is_signed_with(request, secret.as_bytes(), &DerivedKeys::default()))
            }
            None => {
                let id: SecretId = claim.secret_id().parse().map_err(|_| SignatureError::InvalidSecretId)?;
                let SigningIdentity { identity, key } = inner.permanent_key(&id, client.address).await?;
                let is_signed = claim.is_signed_with(request, &key.secret, &key.derived);
                if is_signed {
                    inner.note_use(id.clone());
                }
                (identity, Some(id), is_signed)
            }
        };
        if !is_signed {
            return Err(SignatureError::Mismatch);
        }
        Ok(Signed {
            caller: Caller::identified(Some(identity), None, Arc::clone(client)),
            secret_id: claim.secret_id().to_owned(),
            key,
            service: claim.service().map(ToOwned::to_owned),
            once: claim.once(),
        })
    }
}

impl Inner {
    fn not_throttled(&self, address: IpAddr) -> Result<(), SignatureError> {
        let checked = self.failures.check(address, self.clock.now());
        checked.map_err(|retry_after| SignatureError::Throttled { retry_after })
    }

    fn note_use(&self, id: SecretId) {
        let now = self.clock.now();
        self.key_uses.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
    }

    async fn permanent_key(&self, id: &SecretId, address: IpAddr) -> Result<SigningIdentity, SignatureError> {
        let load = async |at| {
            // Known keys are looked up even if somebody guesses keys from the same network. Unknown ones are not.
            if self.caches.met_keys.get(id).is_none() {
                self.not_throttled(address)?;
            }
            let found = self.read_key(id, at).await?;
            match &found {
                Some(_) => self.caches.met_keys.insert(id.clone(), ()),
                None => drop(self.caches.met_keys.remove(id)),
            }
            Ok::<_, SignatureError>(found)
        };
        let (found, _) = self.caches.row(&self.caches.keys, id.clone(), load).await?;
        let key = found.map(|read| read.value).filter(|key| key.active).ok_or(SignatureError::SecretIdNotFound)?;
        let identity = self.active(key.account).await?.ok_or(SignatureError::SecretIdNotFound)?;
        Ok(SigningIdentity { identity, key })
    }

    /// Tells whether this key of `account` still exists and is active. Without a key there is nothing to check.
    pub(crate) async fn key_holds(
        &self,
        id: Option<&SecretId>,
        account: AccountId,
    ) -> Result<bool, roadstead_storage::Error> {
        let Some(id) = id else { return Ok(true) };
        let load = async |at| self.read_key(id, at).await;
        let (found, _) = self.caches.row(&self.caches.keys, id.clone(), load).await?;
        Ok(found.is_some_and(|read| read.value.active && read.value.account == account))
    }

    async fn read_key(
        &self,
        id: &SecretId,
        at: Timestamp,
    ) -> Result<Option<Cached<Arc<KnownKey>>>, roadstead_storage::Error> {
        let Some(row) = self.meta.access_key(id).await? else { return Ok(None) };
        let secret = self.sealer.open(&secret_key_context(id), &row.sealed_secret).map_err(unopened)?;
        let account = row.account;
        let owner = self.known_account(account).await?.map_or(account, |known| known.identity.owner);
        let derived = DerivedKeys::default();
        let key = KnownKey { account, owner, active: row.active, secret, derived };
        Ok(Some(Cached { value: Arc::new(key), at }))
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
