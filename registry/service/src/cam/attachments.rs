//! Which policies somebody has: attaching and detaching them, and boundaries.

use roadstead_auth::Identity;
use roadstead_policy::presets;
use roadstead_storage::meta::{Act, Attached, Entity, Holder};
use roadstead_types::{AccountId, GroupId, PolicyId, Thing, Timestamp};

use super::policies::PolicyInfo;
use super::{CamService, operator};
use crate::{Error, Result};

/// A policy that somebody has.
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
    /// The uin of who attached it, or the number of their role.
    pub operator: String,
    /// The groups through which somebody has it.
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

/// The policy beyond which somebody may do nothing.
pub type Boundary = PolicyInfo;

impl CamService {
    /// Attaches a policy; nothing happens when it is attached already.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Group)`, `Unknown(Role)`, `LimitReached`.
    pub async fn attach(&self, act: &Act, who: &Identity, policy: PolicyId, to: Holder) -> Result<()> {
        known(policy)?;
        let attached = self.meta().attach_policy(act, who.owner, policy, to, &operator(who)).await;
        self.changed(who.owner, attached).map(drop)
    }

    /// Detaches a policy; nothing happens when it is not attached.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Group)`, `Unknown(Role)`.
    pub async fn detach(&self, act: &Act, who: &Identity, policy: PolicyId, from: Holder) -> Result<()> {
        known(policy)?;
        self.changed(who.owner, self.meta().detach_policy(act, who.owner, policy, from).await).map(drop)
    }

    /// The policies that are attached to somebody whom the caller has found, in the order in which they were.
    pub async fn list_attached(&self, holder: Holder) -> Result<Vec<AttachedPolicy>> {
        Ok(self.meta().list_attached(holder).await?.into_iter().map(AttachedPolicy::from).collect())
    }

    /// The policies that a sub-account has itself (`direct`) and through its groups (`through_groups`), each once.
    pub async fn list_all_attached(
        &self,
        user: AccountId,
        direct: bool,
        through_groups: bool,
    ) -> Result<Vec<AttachedPolicy>> {
        let mut policies: Vec<AttachedPolicy> = Vec::new();
        if direct {
            policies = self.list_attached(Holder::User(user)).await?;
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

    /// To whom a policy is attached, in the order in which it was.
    ///
    /// # Errors
    /// `Unknown(Policy)`.
    pub async fn list_entities(&self, who: &Identity, policy: PolicyId) -> Result<Vec<Entity>> {
        self.policy(who, policy).await?;
        Ok(self.meta().list_entities(who.owner, policy).await?)
    }

    /// Bounds a sub-account or a role; `None` takes the boundary away.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Unknown(User)`, `Unknown(Role)`.
    pub async fn set_boundary(&self, act: &Act, who: &Identity, of: Holder, policy: Option<PolicyId>) -> Result<()> {
        policy.map_or(Ok(()), known)?;
        self.changed(who.owner, self.meta().set_boundary(act, who.owner, of, policy).await)
    }

    /// The boundary with this number, which somebody was found to have.
    pub async fn boundary(&self, who: &Identity, policy: Option<PolicyId>) -> Result<Option<Boundary>> {
        match policy {
            Some(policy) => self.policy(who, policy).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Refuses a number that is no preset policy's and cannot be another's.
fn known(policy: PolicyId) -> Result<()> {
    let known = policy.is_custom() || presets::get(policy.get()).is_some();
    if known { Ok(()) } else { Err(Error::Unknown(Thing::Policy)) }
}
