//! Attachments: which policies a user, group or role has, and permission boundaries.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_policy::presets;
use roadstead_storage::meta::{Act, Attached, Entity, Holder};
use roadstead_types::{GroupId, PolicyId, Thing, Timestamp};

use super::policies::PolicyInfo;
use super::users::UserRef;
use super::{CamService, operator};
use crate::{Error, Result};

/// A policy that is attached to a user, group or role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttachedPolicy {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// When it was attached.
    pub since: Timestamp,
    /// The uin of the account that attached it, or the number of its role.
    pub operator: String,
    /// The groups that pass the policy on.
    pub groups: Vec<(GroupId, String)>,
}

impl From<Attached> for AttachedPolicy {
    fn from(attached: Attached) -> Self {
        let preset = presets::get(attached.policy.get());
        let or_preset = |text: Option<String>, preset: Option<&str>| text.or_else(|| preset.map(str::to_owned));
        Self {
            id: attached.policy,
            name: or_preset(attached.name, preset.map(|p| p.name)).unwrap_or_default(),
            description: or_preset(attached.description, preset.map(|p| p.description)).unwrap_or_default(),
            since: attached.since,
            operator: attached.operator_uin,
            groups: attached.group.into_iter().collect(),
        }
    }
}

/// A policy that limits the permissions of a sub-account or role.
pub type Boundary = PolicyInfo;

impl CamService {
    /// Attaches a policy. Does nothing if it is already attached.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Group)`, `Unknown(Role)`, `LimitReached`.
    pub async fn attach(&self, act: &Act, access: &Access<Write, Account>, policy: PolicyId, to: Holder) -> Result<()> {
        known(policy)?;
        let attached = self.meta().attach_policy(act, access.owner(), policy, to, &operator(access.who())).await;
        self.changed(access.owner(), attached).map(drop)
    }

    /// Detaches a policy. Does nothing if it is not attached.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Group)`, `Unknown(Role)`.
    pub async fn detach(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        policy: PolicyId,
        from: Holder,
    ) -> Result<()> {
        known(policy)?;
        self.changed(access.owner(), self.meta().detach_policy(act, access.owner(), policy, from).await).map(drop)
    }

    /// Returns the policies that are attached to a holder, in the order in which they were attached. The caller must
    /// have found the holder before.
    pub async fn list_attached(&self, access: &Access<Read, Account>, holder: Holder) -> Result<Vec<AttachedPolicy>> {
        self.check_holder(access, holder).await?;
        self.attached(holder).await
    }

    /// Requires that somebody is in the main account.
    async fn check_holder<E: Mode>(&self, access: &Access<E, Account>, holder: Holder) -> Result<()> {
        let (owner, meta) = (access.owner(), self.meta());
        let (found, thing) = match holder {
            Holder::User(id) => (meta.user(owner, id).await?.is_some(), Thing::User),
            Holder::Group(id) => (meta.group(owner, id).await?.is_some(), Thing::Group),
            Holder::Role(id) => (meta.role(owner, id).await?.is_some(), Thing::Role),
        };
        if found { Ok(()) } else { Err(Error::Unknown(thing)) }
    }

    async fn attached(&self, holder: Holder) -> Result<Vec<AttachedPolicy>> {
        Ok(self.meta().list_attached(holder).await?.into_iter().map(AttachedPolicy::from).collect())
    }

    /// Returns the policies that a sub-account has itself (`direct`) or through its groups (`through_groups`), each one
    /// once.
    pub async fn list_all_attached(
        &self,
        access: &Access<Read, Account>,
        user: UserRef<'_>,
        direct: bool,
        through_groups: bool,
    ) -> Result<Vec<AttachedPolicy>> {
        let user = self.user(access, user).await?.account.id;
        let mut policies: Vec<AttachedPolicy> = Vec::new();
        if direct {
            policies = self.attached(Holder::User(user)).await?;
        }
        if through_groups {
            for attached in self.meta().list_attached_through_groups(user).await? {
                let attached = AttachedPolicy::from(attached);
                match policies.iter_mut().find(|policy| policy.id == attached.id) {
                    Some(policy) => policy.groups.extend(attached.groups),
                    None => policies.push(attached),
                }
            }
        }
        Ok(policies)
    }

    /// Returns the entities that a policy is attached to, in the order in which it was attached.
    ///
    /// # Errors
    /// `Unknown(Policy)`.
    pub async fn list_entities(&self, access: &Access<Read, Account>, policy: PolicyId) -> Result<Vec<Entity>> {
        self.policy(access, policy).await?;
        Ok(self.meta().list_entities(access.owner(), policy).await?)
    }

    /// Sets the boundary of a sub-account or role. `None` removes the boundary.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Role)`.
    pub async fn set_boundary(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        of: Holder,
        policy: Option<PolicyId>,
    ) -> Result<()> {
        policy.map_or(Ok(()), known)?;
        self.changed(access.owner(), self.meta().set_boundary(act, access.owner(), of, policy).await)
    }

    /// Returns the policy with this number, which is the boundary of a sub-account or role.
    pub async fn boundary<E: Mode>(
        &self,
        access: &Access<E, Account>,
        policy: Option<PolicyId>,
    ) -> Result<Option<Boundary>> {
        match policy {
            Some(policy) => self.policy(access, policy).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Refuses a number that no policy can have: neither a preset nor a custom one.
fn known(policy: PolicyId) -> Result<()> {
    let known = policy.is_custom() || presets::get(policy.get()).is_some();
    if known { Ok(()) } else { Err(Error::Unknown(Thing::Policy)) }
}
