//! Policies: preset ones and custom ones.

use roadstead_auth::place::Account;
use roadstead_auth::{Access, Mode, Read, Write};
use roadstead_policy::Use;
use roadstead_policy::presets::{self, Preset};
use roadstead_storage::meta::{Act, NewPolicy, Policy, PolicyCounts, PolicySummary};
use roadstead_types::{PolicyId, Thing, Timestamp};

use super::groups::matches;
use super::{CamService, CamTag, parse, rules};
use crate::{Error, Result};

/// A policy, preset or custom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyInfo {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// When it was created. A preset policy is as old as the main account.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its tags.
    pub tags: Vec<CamTag>,
    /// Its document, exactly as written. Empty in lists.
    pub document: String,
}

impl PolicyInfo {
    /// Returns whether the policy is preset and so cannot be changed.
    pub fn is_preset(&self) -> bool {
        !self.id.is_custom()
    }

    pub(super) fn preset(preset: &Preset, since: Timestamp) -> Self {
        Self {
            id: PolicyId::new(preset.id),
            name: preset.name.to_owned(),
            description: preset.description.to_owned(),
            created_at: since,
            updated_at: since,
            tags: Vec::new(),
            document: preset.document.to_owned(),
        }
    }

    fn custom(policy: Policy) -> Self {
        Self { document: policy.document, ..Self::summary(policy.summary) }
    }

    fn summary(summary: PolicySummary) -> Self {
        Self {
            id: summary.id,
            name: summary.name,
            description: summary.description,
            created_at: summary.created_at,
            updated_at: summary.updated_at,
            tags: rules::stored_tags(&summary.tags),
            document: String::new(),
        }
    }
}

/// Selects the policies to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyScope {
    /// All policies.
    All,
    /// Preset policies.
    Preset,
    /// Custom policies of the main account.
    Custom,
}

impl CamService {
    /// Creates a custom policy.
    ///
    /// # Errors
    /// `PolicyName`, `Description`, `Document`, `CamTag`, `TooManyTags`, `Exists(Policy)`, `LimitReached`.
    pub async fn create_policy(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        name: &str,
        description: &str,
        document: &str,
        tags: &[CamTag],
    ) -> Result<PolicyId> {
        rules::policy_name(name)?;
        rules::description(description)?;
        let tags = rules::tags_to_store(tags)?;
        let parsed = parse(access.who(), name, document, Use::Identity)?;
        if presets::all().iter().any(|preset| preset.name == name) {
            return Err(Error::Exists(Thing::Policy));
        }
        let new = NewPolicy { name, description, document, canonical: &parsed.canonical, tags: &tags };
        self.changed(access.owner(), self.meta().create_policy(act, access.owner(), &new).await)
    }

    /// Returns the policy with this number.
    ///
    /// # Errors
    /// `Unknown(Policy)`.
    pub async fn policy<E: Mode>(&self, access: &Access<E, Account>, id: PolicyId) -> Result<PolicyInfo> {
        match presets::get(id.get()) {
            Some(preset) => Ok(PolicyInfo::preset(preset, self.since(access).await?)),
            None => {
                let found = self.meta().policy(access.owner(), id).await?;
                found.map(PolicyInfo::custom).ok_or(Error::Unknown(Thing::Policy))
            }
        }
    }

    /// Returns the number of the policy with this name, if it exists.
    pub async fn find_policy<E: Mode>(&self, access: &Access<E, Account>, name: &str) -> Result<Option<PolicyId>> {
        if let Some(preset) = presets::all().iter().find(|preset| preset.name == name) {
            return Ok(Some(PolicyId::new(preset.id)));
        }
        Ok(self.meta().policy_by_name(access.owner(), name).await?.map(|policy| policy.summary.id))
    }

    /// Returns the policies whose names contain `keyword`: first the preset ones, then the custom ones, the oldest
    /// first.
    pub async fn list_policies(
        &self,
        access: &Access<Read, Account>,
        scope: PolicyScope,
        keyword: Option<&str>,
    ) -> Result<Vec<PolicyInfo>> {
        let mut policies = Vec::new();
        if scope != PolicyScope::Custom {
            let since = self.since(access).await?;
            policies.extend(presets::all().iter().map(|preset| PolicyInfo::preset(preset, since)));
        }
        if scope != PolicyScope::Preset {
            policies.extend(self.meta().list_policies(access.owner()).await?.into_iter().map(PolicyInfo::summary));
        }
        policies.retain(|policy| matches(&policy.name, keyword));
        Ok(policies)
    }

    /// Counts how often these policies are attached in the main account. Policies that are attached to nobody are left
    /// out.
    pub async fn count_attached(
        &self,
        access: &Access<Read, Account>,
        policies: &[PolicyId],
    ) -> Result<Vec<PolicyCounts>> {
        Ok(self.meta().count_attached(access.owner(), policies).await?)
    }

    /// Changes the description or document of a policy. `None` leaves a value unchanged.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Preset(Policy)`, `Description`, `Document`.
    pub async fn update_policy(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        id: PolicyId,
        description: Option<&str>,
        document: Option<&str>,
    ) -> Result<()> {
        description.map_or(Ok(()), rules::description)?;
        if presets::get(id.get()).is_some() {
            return Err(Error::Preset(Thing::Policy));
        }
        let parsed = document.map(|text| parse(access.who(), &id.to_string(), text, Use::Identity)).transpose()?;
        let document = document.zip(parsed.as_ref().map(|parsed| parsed.canonical.as_str()));
        self.changed(access.owner(), self.meta().update_policy(act, access.owner(), id, description, document).await)
    }

    /// Deletes policies: all of them, or none. It also detaches them everywhere.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Preset(Policy)`; `InUse(Policy)` if deleting one would give somebody more permissions.
    pub async fn delete_policies(&self, act: &Act, access: &Access<Write, Account>, ids: &[PolicyId]) -> Result<()> {
        if ids.iter().any(|id| presets::get(id.get()).is_some()) {
            return Err(Error::Preset(Thing::Policy));
        }
        self.changed(access.owner(), self.meta().delete_policies(act, access.owner(), ids).await)
    }

    /// Returns when the main account was created.
    pub(super) async fn since<E: Mode>(&self, access: &Access<E, Account>) -> Result<Timestamp> {
        let owner = self.meta().account(access.owner()).await?;
        Ok(owner.map_or_else(|| self.now(), |owner| owner.created_at))
    }
}
