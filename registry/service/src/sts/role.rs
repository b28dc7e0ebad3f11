//! Sessions of roles, for callers whom a role trusts.

use std::str::FromStr;

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Denied, Identity, Mode, NewSession, Read, TemporaryKey, app_id};
use roadstead_policy::{Author, Policy, Principal, Request, Use, op};
use roadstead_storage::meta::Role;
use roadstead_types::{GroupId, RoleId, SecretId, Thing, Uin};

use super::{NOBODY, ROLE_SECONDS, SessionName, StsService, lifetime, session_policy};
use crate::{Error, Input, Result};

/// The condition key for the id that the owner of the role told the caller.
const EXTERNAL_ID: &str = "sts:external_id";

/// The ARN of a role: `qcs::cam::uin/OWNER:roleName/NAME` or `qcs::cam::uin/OWNER:role/ID`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleArn {
    owner: Uin,
    role: Which,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Which {
    Name(String),
    Id(RoleId),
}

impl FromStr for RoleArn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text.trim()).ok_or_else(|| {
            let problem = "RoleArn must be qcs::cam::uin/OWNER:roleName/NAME or qcs::cam::uin/OWNER:role/ID";
            Error::invalid(Input::Parameter, problem)
        })
    }
}

impl RoleArn {
    fn read(arn: &str) -> Option<Self> {
        let (owner, role) = arn.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
        let role = match role.split_once('/')? {
            ("roleName", name) if !name.is_empty() => Which::Name(name.to_owned()),
            ("role", id) => Which::Id(RoleId::new(id.parse().ok()?)),
            _ => return None,
        };
        Some(Self { owner: owner.parse().ok()?, role })
    }

    /// Returns the main account that the role is said to belong to.
    pub(super) fn owner(&self) -> &Uin {
        &self.owner
    }
}

/// The role that an ARN names, as far as the caller may know it. A foreign role that does not trust the caller looks like
/// one that does not exist: the caller must not learn which roles other accounts have.
#[derive(Debug)]
pub struct NamedRole {
    arn: RoleArn,
    /// The role, and whether it trusts the caller.
    found: Option<(Role, bool)>,
}

impl NamedRole {
    /// Returns the request to assume the role, which policies of the caller must allow. Policies can name a role by name
    /// or id. The ARN has only one of them, and the role has both.
    pub fn request(&self) -> Request {
        let (name, id) = match (&self.found, &self.arn.role) {
            (Some((role, _)), _) => (role.name.clone(), role.id.get().to_string()),
            (None, Which::Name(name)) => (name.clone(), String::new()),
            (None, Which::Id(id)) => (String::new(), id.get().to_string()),
        };
        op::assume_role(&self.arn.owner, &name, &id)
    }
}

/// The parameters of a new session of a role.
#[derive(Clone, Copy, Debug)]
pub struct RoleSession<'a> {
    /// The name of the session.
    pub name: &'a SessionName,
    /// The policy that limits the session.
    pub policy: Option<&'a str>,
    /// How long the session lasts.
    pub seconds: Option<i64>,
}

impl StsService {
    /// Looks up the role that an ARN names, and whether it trusts the caller. It may belong to another main account.
    /// `external_id` is what the owner of the role told the caller.
    pub async fn find_role<E: Mode>(
        &self,
        access: &Access<E, Account>,
        arn: &RoleArn,
        external_id: Option<&str>,
    ) -> Result<NamedRole> {
        let role = self.role(arn).await?;
        let groups = self.base.meta.groups_of_user(access.who().account).await?;
        let is_own = arn.owner == access.who().owner_uin;
        let judged = role.map(|role| {
            let is_trusted = trusts(access, &role, &arn.owner, &groups, external_id);
            (role, is_trusted)
        });
        let found = judged.filter(|(_, is_trusted)| is_own || *is_trusted);
        Ok(NamedRole { arn: arn.clone(), found })
    }

    /// Returns the role that an ARN names. It takes the same time whether the account or the role is missing.
    pub(super) async fn role(&self, arn: &RoleArn) -> Result<Option<Role>> {
        let meta = &self.base.meta;
        let owner = meta.account_by_uin(&arn.owner).await?.filter(|account| account.owner == account.id);
        let owner = owner.map_or(NOBODY, |owner| owner.id);
        Ok(match &arn.role {
            Which::Name(name) => meta.role_by_name(owner, name).await?,
            Which::Id(id) => meta.role(owner, *id).await?,
        })
    }

    /// Makes a key that may do what the role may, if the role trusts the caller. It ends with `key`, the access key that
    /// it was asked for with.
    ///
    /// # Errors
    /// `Unknown(Role)`, also for a role of another account that does not trust the caller. `Denied` for one of the own
    /// account. `Invalid`, `SessionPolicy`, `Session`, `TokenTooLarge`.
    pub fn assume_role(
        &self,
        access: &Access<Read, Account>,
        key: Option<&SecretId>,
        named: &NamedRole,
        asked: &RoleSession<'_>,
    ) -> Result<TemporaryKey> {
        let role = match &named.found {
            Some((role, true)) => role,
            Some((_, false)) => return Err(Denied::Forbidden.into()),
            None => return Err(Error::Unknown(Thing::Role)),
        };
        let owner_uin = &named.arn.owner;
        let lifetime = lifetime(asked.seconds, ROLE_SECONDS, role.session_duration)?;
        let limit = asked.policy.map(|text| session_policy(text, role.owner, owner_uin)).transpose()?;
        let session = NewSession::Role {
            id: role.id,
            version: role.version,
            owner: role.owner,
            owner_uin,
            session_name: asked.name.as_str(),
            provider: None,
        };
        Ok(self.base.auth.issue_temporary(access.who(), session, limit.as_deref(), lifetime, key)?)
    }
}

/// Tells whether the role trusts the caller, who is in these groups.
fn trusts<E: Mode>(
    access: &Access<E, Account>,
    role: &Role,
    owner_uin: &Uin,
    groups: &[GroupId],
    external_id: Option<&str>,
) -> bool {
    let Identity { owner_uin: own, uin, .. } = access.who();
    let groups: Vec<i64> = groups.iter().copied().map(GroupId::get).collect();
    let mut context = access.permissions().context().clone();
    context.keys.extend(external_id.iter().map(|&id| (EXTERNAL_ID.to_owned(), vec![id.to_owned()])));
    let author = Author { owner_uin, app_id: app_id(role.owner) };
    let trust = Policy::stored(&role.trust, Use::Trust, &author);
    trust.trusts(&Principal::User { owner: own, uin: uin.as_str(), groups: &groups }, &context)
}
