//! Temporary keys of roles for identities of an identity provider.

use std::net::IpAddr;
use std::sync::Arc;

use roadstead_auth::{Identity, NewSession, TemporaryKey, WebIdentity, app_id, network};
use roadstead_policy::actions::sts;
use roadstead_policy::{Author, Context, Policy, Principal, Row, Use};
use roadstead_service::cam::stored_clients;
use roadstead_service::records::{Account, AccountStatus, OidcProvider, Role};
use roadstead_storage::meta::MetaStore;
use serde::Deserialize;

use super::role::{NOBODY, Named};
use super::session::{Issued, check_name, lifetime};
use crate::action::open::{OpenAction, OpenCall};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

const DEFAULT_SECONDS: i64 = 7200;

/// Creates a temporary key of a role, for an identity that a provider vouches for and that the role trusts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AssumeRoleWithWebIdentity {
    provider_id: String,
    web_identity_token: String,
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<i64>,
}

/// A provider, a role of the same main account, and the identity that the provider vouches for.
struct Vouched {
    provider: OidcProvider,
    role: Role,
    who: WebIdentity,
}

impl OpenAction for AssumeRoleWithWebIdentity {
    const ROW: &'static Row = &sts::AssumeRoleWithWebIdentity;
    type Output = Issued;
    async fn run(self, call: &OpenCall<'_>) -> CloudResult<Issued> {
        check_name("RoleSessionName", &self.role_session_name, 2)?;
        let named = Named::parse(&self.role_arn)?;
        call.note_target(&self.role_arn);
        let turn = call.state.auth.web_identity_turn(call.address).await?;
        let owner = owner(&call.state.meta, &named).await?;
        if let Some(owner) = &owner {
            call.note_identity(Arc::new(owner.clone()));
        }
        let found = self.vouched(call, &named, owner.as_ref()).await?;
        drop(turn);
        // The sender is unknown, so the error must not reveal what exists and what is wrong.
        let (Some(owner), Some(Vouched { provider, role, who })) = (owner, found) else {
            call.state.auth.web_identity_refused(call.address)?;
            return Err(Code::InvalidParameterWebIdentityTokenError.into());
        };
        call.cloud.rate.check_vouched(&(network(call.address), role.id, &who.subject), Self::ROW.name)?;
        let lifetime = lifetime(self.duration_seconds, DEFAULT_SECONDS, role.session_duration)?;
        let session = NewSession::Role {
            id: role.id,
            version: role.version,
            owner: role.owner,
            owner_uin: &owner.owner_uin,
            session_name: &self.role_session_name,
            provider: Some((provider.id, provider.version)),
        };
        let issued = call.state.auth.issue_temporary(&owner, session, None, lifetime, None);
        let key: TemporaryKey = issued.map_err(CloudError::internal)?;
        if let Ok((_, identity)) = call.state.auth.temporary(&key.secret_id, &key.token).await {
            call.note_identity(identity);
        }
        call.note_target(&format!("{} {} {}", self.role_arn, provider.name, who.subject));
        Ok(key.into())
    }
}

/// Returns the main account in the ARN of a role, if it exists and is active.
async fn owner(meta: &MetaStore, named: &Named) -> CloudResult<Option<Identity>> {
    let account = meta.account_by_uin(&named.owner).await?;
    let active = account.filter(|account: &Account| account.status == AccountStatus::Active);
    Ok(active.as_ref().and_then(Identity::of_main))
}

impl AssumeRoleWithWebIdentity {
    /// Looks up everything that the request names. Returns it if the token is valid and the role trusts its identity.
    /// The lookups also run for a missing account, so that they take the same time.
    async fn vouched(
        &self,
        call: &OpenCall<'_>,
        named: &Named,
        owner: Option<&Identity>,
    ) -> CloudResult<Option<Vouched>> {
        let meta = &call.state.meta;
        let provider = meta.oidc_provider(owner.map_or(NOBODY, |owner| owner.owner), &self.provider_id).await?;
        let role = named.find(meta).await?;
        let clients = provider.as_ref().map(stored_clients).unwrap_or_default();
        let who = call.state.auth.web_identity(&self.web_identity_token, provider.as_ref(), &clients);
        let (Some(owner), Some(provider), Some(role), Some(who)) = (owner, provider, role, who) else {
            return Ok(None);
        };
        let context = context(call, owner, &provider, &who);
        let is_trusted = is_trusted(&role, owner, &provider, &context);
        tracing::info!(role = %role.id, provider = provider.name, subject = who.subject, is_trusted, "a web identity");
        Ok(is_trusted.then_some(Vouched { provider, role, who }))
    }
}

/// Builds the values for the conditions of a trust policy: the claims of the token, and the address and time of the
/// request.
fn context(call: &OpenCall<'_>, owner: &Identity, provider: &OidcProvider, who: &WebIdentity) -> Context {
    let address: IpAddr = call.address;
    let (now, region) = (call.state.clock.now(), call.cloud.settings.region.as_str().into());
    let mut context = Context::new(address, now, "", &owner.owner_uin, app_id(owner.owner), &region);
    context.keys.insert("oidc:iss".to_owned(), vec![provider.url.clone()]);
    context.keys.insert("oidc:aud".to_owned(), who.audiences.clone());
    context.keys.insert("oidc:sub".to_owned(), vec![who.subject.clone()]);
    context
}

fn is_trusted(role: &Role, owner: &Identity, provider: &OidcProvider, context: &Context) -> bool {
    let author = Author { owner_uin: &owner.owner_uin, app_id: app_id(role.owner) };
    let name = format!("qcs::cam::uin/{}:oidc-provider/{}", owner.owner_uin, provider.name);
    Policy::stored(&role.trust, Use::Trust, &author).trusts(&Principal::Federated(&name), context)
}
