//! Roles and their trust policies.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_policy::Use;
use roadstead_storage::meta::{Act, NewRole, Role};
use roadstead_types::RoleId;

use super::{CamService, CamTag, parse, rules};
use crate::{Error, Input, Result};

/// The longest session of a role, in seconds.
const MAX_SESSION_SECONDS: i64 = 43_200;
/// The longest session of a role that sets no limit, in seconds.
const DEFAULT_SESSION_SECONDS: i64 = 7200;

/// A reference to a role.
#[derive(Clone, Copy, Debug)]
pub enum RoleRef<'a> {
    /// The number of the role.
    Id(&'a str),
    /// The name of the role.
    Name(&'a str),
}

/// The data of a role to create.
#[derive(Clone, Copy, Debug)]
pub struct NewRoleInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Free text.
    pub description: &'a str,
    /// The trust policy, which says who may assume the role.
    pub trust: &'a str,
    /// The longest session, in seconds. `None` and 0 stand for the default.
    pub session_duration: Option<i64>,
    /// Whether the role may use the console.
    pub console_login: bool,
    /// Its tags.
    pub tags: &'a [CamTag],
}

/// A role with its tags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleInfo {
    /// The role.
    pub role: Role,
    /// Its tags.
    pub tags: Vec<CamTag>,
}

impl From<Role> for RoleInfo {
    fn from(role: Role) -> Self {
        Self { tags: rules::stored_tags(&role.tags), role }
    }
}

impl CamService {
    /// Creates a role.
    ///
    /// # Errors
    /// `RoleName`, `Description`, `Document`, `CamTag`, `TooManyTags`, `Parameter`, `Exists(Role)`, `LimitReached`.
    pub async fn create_role(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        new: &NewRoleInfo<'_>,
    ) -> Result<RoleId> {
        rules::role_name(new.name)?;
        rules::description(new.description)?;
        let session_duration = match new.session_duration {
            None | Some(0) => DEFAULT_SESSION_SECONDS,
            Some(seconds) if (1..=MAX_SESSION_SECONDS).contains(&seconds) => seconds,
            Some(_) => {
                return Err(Error::invalid(
                    Input::Parameter,
                    format!("SessionDuration must be between 0 and {MAX_SESSION_SECONDS}"),
                ));
            }
        };
        let tags = rules::tags_to_store(new.tags)?;
        let parsed = parse(access.who(), new.name, new.trust, Use::Trust)?;
        let role = NewRole {
            name: new.name,
            description: new.description,
            trust: new.trust,
            trust_canonical: &parsed.canonical,
            session_duration,
            console_login: new.console_login,
            tags: &tags,
        };
        self.changed(access.owner(), self.meta().create_role(act, access.owner(), &role).await)
    }

    /// Returns the role, if it exists.
    pub async fn find_role<E: Mode>(&self, access: &Access<E, Account>, role: RoleRef<'_>) -> Result<Option<RoleInfo>> {
        let found = match role {
            RoleRef::Name(name) => self.meta().role_by_name(access.owner(), name).await?,
            RoleRef::Id(digits) => match digits.parse() {
                Ok(id) => self.meta().role(access.owner(), RoleId::new(id)).await?,
                Err(_) => None,
            },
        };
        Ok(found.map(RoleInfo::from))
    }

    /// Returns the roles that have all of `tags`, the oldest first.
    pub async fn list_roles(&self, access: &Access<Read, Account>, tags: &[CamTag]) -> Result<Vec<RoleInfo>> {
        let roles = self.meta().list_roles(access.owner()).await?.into_iter().map(RoleInfo::from);
        Ok(roles.filter(|role| tags.iter().all(|tag| role.tags.contains(tag))).collect())
    }

    /// Replaces the trust policy of a role and ends its running sessions.
    ///
    /// # Errors
    /// `Unknown(Role)`, `Document`.
    pub async fn update_trust(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        id: RoleId,
        trust: &str,
    ) -> Result<()> {
        let parsed = parse(access.who(), &id.to_string(), trust, Use::Trust)?;
        self.changed(access.owner(), self.meta().update_trust(act, access.owner(), id, trust, &parsed.canonical).await)
    }

    /// Deletes a role and ends its sessions.
    ///
    /// # Errors
    /// `Unknown(Role)`.
    pub async fn delete_role(&self, act: &Act, access: &Access<Write, Account>, id: RoleId) -> Result<()> {
        self.changed(access.owner(), self.meta().delete_role(act, access.owner(), id).await)
    }
}
