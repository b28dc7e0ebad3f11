//! Temporary keys of roles.

use roadstead_auth::{Identity, NewSession, app_id};
use roadstead_policy::actions::sts;
use roadstead_policy::{Author, Policy, Principal, Request, Row, Use, op};
use roadstead_service::records::Role;
use roadstead_storage::meta::MetaStore;
use roadstead_types::{AccountId, GroupId, RoleId, Uin};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::session::{Issued, check_name, issue, lifetime, policy};
use crate::action::{Allowed, CloudCall, Lookup, Permitted};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

const DEFAULT_SECONDS: i64 = 7200;
/// The id of no account.
pub(super) const NOBODY: AccountId = AccountId::new(0);
/// The condition key of the external id, which the owner of the role gives to the caller.
const EXTERNAL_ID: &str = "sts:external_id";

/// Creates a temporary key of a role, for a caller that the role trusts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    duration_seconds: Option<i64>,
    policy: Option<String>,
    external_id: Option<String>,
    source_identity: Option<String>,
    /// The serial number of a second factor. No account has one here.
    serial_number: Option<String>,
    /// The code of a second factor, see `serial_number`.
    token_code: Option<String>,
    /// Tags of the session, which are not supported here.
    #[serde(default)]
    tags: Vec<IgnoredAny>,
}

/// A role, named by an ARN: `qcs::cam::uin/OWNER:roleName/NAME` or `qcs::cam::uin/OWNER:role/ID`.
pub(crate) struct Named {
    /// The main account in the ARN.
    pub owner: Uin,
    role: Which,
}

enum Which {
    Name(String),
    Id(RoleId),
}

impl Named {
    pub(super) fn parse(arn: &str) -> CloudResult<Self> {
        Self::read(arn.trim()).ok_or_else(|| {
            let message = "RoleArn must be qcs::cam::uin/OWNER:roleName/NAME or qcs::cam::uin/OWNER:role/ID";
            CloudError::new(Code::InvalidParameterParamError, message)
        })
    }

    fn read(arn: &str) -> Option<Self> {
        let (owner, role) = arn.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
        let role = match role.split_once('/')? {
            ("roleName", name) if !name.is_empty() => Which::Name(name.to_owned()),
            ("role", id) => Which::Id(RoleId::new(id.parse().ok()?)),
            _ => return None,
        };
        Some(Self { owner: owner.parse().ok()?, role })
    }

    /// Returns the role. The lookups take the same time whether or not the account and the role exist.
    pub(super) async fn find(&self, meta: &MetaStore) -> CloudResult<Option<Role>> {
        let owner = meta.account_by_uin(&self.owner).await?.filter(|account| account.owner == account.id);
        let owner = owner.map_or(NOBODY, |owner| owner.id);
        Ok(match &self.role {
            Which::Name(name) => meta.role_by_name(owner, name).await?,
            Which::Id(id) => meta.role(owner, *id).await?,
        })
    }

    /// Returns the request to assume the role. Policies can name a role by name or id. The ARN has only one of them, and the
    /// role has both.
    fn request(&self, found: Option<&Role>) -> Request {
        let (name, id) = match (found, &self.role) {
            (Some(role), _) => (role.name.clone(), role.id.get().to_string()),
            (None, Which::Name(name)) => (name.clone(), String::new()),
            (None, Which::Id(id)) => (String::new(), id.get().to_string()),
        };
        op::assume_role(&self.owner, &name, &id)
    }
}

impl Lookup for AssumeRole {
    const ROW: &'static Row = &sts::AssumeRole;
    type Checked = (Self, Named);
    /// The role, and whether it trusts the caller.
    type Found = Option<(Role, bool)>;
    type Output = Issued;
    fn check(self, by: &Identity) -> CloudResult<(Self, Named)> {
        // A session must not create another one, which would outlive it.
        if by.session.is_some() {
            return Err(Code::InvalidParameterAccessKeyNotSupport.into());
        }
        check_name("RoleSessionName", &self.role_session_name, 2)?;
        for (parameter, text) in [("ExternalId", &self.external_id), ("SourceIdentity", &self.source_identity)] {
            text.as_deref().map_or(Ok(()), |text| check_name(parameter, text, 2))?;
        }
        self.refuse_unsupported()?;
        let named = Named::parse(&self.role_arn)?;
        Ok((self, named))
    }
    fn target((it, _): &(Self, Named)) -> String {
        it.role_arn.clone()
    }
    /// A foreign role that does not trust the caller gets the answer of a role that does not exist: the caller must not learn
    /// which roles other accounts have.
    async fn resolve((it, named): &(Self, Named), call: &CloudCall<'_>) -> CloudResult<Permitted<Self::Found>> {
        let role = named.find(call.meta()).await?;
        let groups = call.meta().groups_of_user(call.identity.account).await?;
        let is_own = named.owner == call.identity.owner_uin;
        let judged = role.map(|role| {
            let is_trusted = it.is_trusted(call, &role, &named.owner, &groups);
            (role, is_trusted)
        });
        let found = judged.filter(|(_, is_trusted)| is_own || *is_trusted);
        call.grant(named.request(found.as_ref().map(|(role, _)| role)), found).await
    }
    async fn run((it, named): (Self, Named), found: Self::Found, call: Allowed<'_>) -> CloudResult<Issued> {
        let role = match found {
            Some((role, true)) => role,
            Some((_, false)) => return Err(Code::AuthFailureUnauthorizedOperation.into()),
            None => return Err(Code::ResourceNotFoundRoleNotFound.into()),
        };
        let lifetime = lifetime(it.duration_seconds, DEFAULT_SECONDS, role.session_duration)?;
        let limit = it.policy.as_deref().filter(|text| !text.trim().is_empty());
        let limit = limit.map(|text| policy(text, role.owner, &named.owner)).transpose()?;
        let session = NewSession::Role {
            id: role.id,
            version: role.version,
            owner: role.owner,
            owner_uin: &named.owner,
            session_name: &it.role_session_name,
            provider: None,
        };
        issue(&call, session, limit.as_deref(), lifetime)
    }
}

impl AssumeRole {
    /// Refuses parameters that are not supported. Empty parameters are allowed.
    fn refuse_unsupported(&self) -> CloudResult<()> {
        let unsupported =
            |english, chinese| Err(CloudError::new(Code::UnsupportedOperation, Phrase::both(english, chinese)));
        let mut second_factor = [&self.serial_number, &self.token_code].into_iter().flatten();
        if second_factor.any(|text| !text.is_empty()) {
            let english = "SerialNumber and TokenCode are not supported: there is no multi-factor authentication here";
            return unsupported(english, "不支持 SerialNumber 和 TokenCode：这里没有多因子认证");
        }
        if !self.tags.is_empty() {
            return unsupported(
                "Tags are not supported: sessions have no tags here",
                "不支持 Tags：这里的会话没有标签",
            );
        }
        Ok(())
    }

    /// Returns whether the role trusts the caller, who is in these groups.
    fn is_trusted(&self, call: &CloudCall<'_>, role: &Role, owner_uin: &Uin, groups: &[GroupId]) -> bool {
        let Identity { owner_uin: own, uin, .. } = call.identity;
        let groups: Vec<i64> = groups.iter().copied().map(GroupId::get).collect();
        let mut context = call.permissions.context().clone();
        context.keys.extend(self.external_id.iter().map(|id| (EXTERNAL_ID.to_owned(), vec![id.clone()])));
        let author = Author { owner_uin, app_id: app_id(role.owner) };
        let trust = Policy::stored(&role.trust, Use::Trust, &author);
        trust.trusts(&Principal::User { owner: own, uin: uin.as_str(), groups: &groups }, &context)
    }
}
