//! Sessions of roles, for identities that an identity provider vouches for.
//!
//! Nobody signs these requests, so there is no proof of a right to take. The token of the identity provider proves who
//! asks, and the trust policy of the role decides.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_auth::{Denied, Identity, NewSession, SignatureError, TemporaryKey, WebIdentity, app_id};
use roadstead_policy::{Author, Context, Policy, Principal, Use};
use roadstead_storage::meta::{Account, AccountStatus, OidcProvider, Role};
use roadstead_types::RoleId;

use super::{NOBODY, ROLE_SECONDS, RoleArn, SessionName, StsService, lifetime};
use crate::cam::stored_clients;
use crate::{Error, Result};

/// The claim of a caller who has a token of an identity provider.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// Where the request comes from.
    pub address: IpAddr,
    /// The name of the identity provider.
    pub provider: &'a str,
    /// The token of the identity provider.
    pub token: &'a str,
    /// The role that the caller wants.
    pub role: &'a RoleArn,
}

/// An identity that a provider vouches for, and that a role of the same main account trusts. Only
/// [`StsService::vouch`] makes one.
#[derive(Debug)]
pub struct Vouched {
    owner: Identity,
    provider: OidcProvider,
    role: Role,
    who: WebIdentity,
}

impl Vouched {
    /// Returns the id of the role.
    pub fn role(&self) -> RoleId {
        self.role.id
    }

    /// Returns the name of the identity provider.
    pub fn provider(&self) -> &str {
        &self.provider.name
    }

    /// Returns the name that the provider knows the identity by.
    pub fn subject(&self) -> &str {
        &self.who.subject
    }
}

impl StsService {
    /// Finds out whether a provider vouches for the caller and the role trusts it. Tells `noted` the main account that the
    /// role is said to belong to, if it exists.
    ///
    /// # Errors
    /// `Denied`, whatever is missing or wrong, because nobody knows who asks. `Throttled` after too many wrong tokens from
    /// the network of the caller.
    pub async fn vouch(&self, claim: &Claim<'_>, noted: impl FnOnce(&Identity)) -> Result<Vouched> {
        let auth = &self.base.auth;
        let turn = auth.web_identity_turn(claim.address).await.map_err(throttled)?;
        let owner = self.owner(claim.role).await?;
        if let Some(owner) = &owner {
            noted(owner);
        }
        let found = self.vouched(claim, owner).await?;
        drop(turn);
        match found {
            Some(vouched) => Ok(vouched),
            None => {
                auth.web_identity_refused(claim.address).map_err(throttled)?;
                Err(Denied::Forbidden.into())
            }
        }
    }

    /// Makes a key that may do what the role may. Also returns the identity that comes with it.
    ///
    /// # Errors
    /// `Invalid`.
    pub async fn assume_role_with_web_identity(
        &self,
        vouched: &Vouched,
        name: &SessionName,
        seconds: Option<i64>,
    ) -> Result<(TemporaryKey, Option<Arc<Identity>>)> {
        let Vouched { owner, provider, role, .. } = vouched;
        let lifetime = lifetime(seconds, ROLE_SECONDS, role.session_duration)?;
        let session = NewSession::Role {
            id: role.id,
            version: role.version,
            owner: role.owner,
            owner_uin: &owner.owner_uin,
            session_name: name.as_str(),
            provider: Some((provider.id, provider.version)),
        };
        let auth = &self.base.auth;
        let key = auth.issue_temporary(owner, session, None, lifetime, None)?;
        let identity = auth.temporary(&key.secret_id, &key.token).await.ok().map(|(_, identity)| identity);
        Ok((key, identity))
    }

    /// Returns the main account that a role is said to belong to, if it exists and is active.
    async fn owner(&self, role: &RoleArn) -> Result<Option<Identity>> {
        let account = self.base.meta.account_by_uin(role.owner()).await?;
        let active = account.filter(|account: &Account| account.status == AccountStatus::Active);
        Ok(active.as_ref().and_then(Identity::of_main))
    }

    /// Returns everything that the claim names, if the token is valid and the role trusts its identity. Everything is
    /// looked up even without such an account, so that it takes the same time.
    async fn vouched(&self, claim: &Claim<'_>, owner: Option<Identity>) -> Result<Option<Vouched>> {
        let owner_id = owner.as_ref().map_or(NOBODY, |owner| owner.owner);
        let provider = self.base.meta.oidc_provider(owner_id, claim.provider).await?;
        let role = self.role(claim.role).await?;
        let clients = provider.as_ref().map(stored_clients).unwrap_or_default();
        let who = self.base.auth.web_identity(claim.token, provider.as_ref(), &clients);
        let (Some(owner), Some(provider), Some(role), Some(who)) = (owner, provider, role, who) else {
            return Ok(None);
        };
        let is_trusted = self.is_trusted(claim, &owner, &role, &provider, &who);
        tracing::info!(role = %role.id, provider = provider.name, subject = who.subject, is_trusted, "a web identity");
        Ok(is_trusted.then_some(Vouched { owner, provider, role, who }))
    }

    /// Tells whether the role trusts the identity. Conditions are judged by the token, and by the address and the time of
    /// the request.
    fn is_trusted(
        &self,
        claim: &Claim<'_>,
        owner: &Identity,
        role: &Role,
        provider: &OidcProvider,
        who: &WebIdentity,
    ) -> bool {
        let (now, region) = (self.base.clock.now(), self.base.auth.region());
        let mut context = Context::new(claim.address, now, "", &owner.owner_uin, app_id(owner.owner), region);
        context.keys.insert("oidc:iss".to_owned(), vec![provider.url.clone()]);
        context.keys.insert("oidc:aud".to_owned(), who.audiences.clone());
        context.keys.insert("oidc:sub".to_owned(), vec![who.subject.clone()]);
        let author = Author { owner_uin: &owner.owner_uin, app_id: app_id(role.owner) };
        let name = format!("qcs::cam::uin/{}:oidc-provider/{}", owner.owner_uin, provider.name);
        Policy::stored(&role.trust, Use::Trust, &author).trusts(&Principal::Federated(&name), &context)
    }
}

fn throttled(error: SignatureError) -> Error {
    match error {
        SignatureError::Throttled { retry_after } => Error::Throttled { retry_after },
        other => Error::internal(other),
    }
}
