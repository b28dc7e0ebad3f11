//! Policies: preset ones, and those that accounts have written.

use roadstead_auth::Identity;
use roadstead_policy::Use;
use roadstead_policy::presets::{self, Preset};
use roadstead_storage::meta::{Act, NewPolicy, Policy, PolicyCounts, PolicySummary};
use roadstead_types::{PolicyId, Thing, Timestamp};

use super::groups::matches;
use super::{CamService, Tag, parse, rules};
use crate::{Error, Result};

/// A policy, preset or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyInfo {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// When it was made; a preset policy is as old as the main account.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its document as it was written; empty in lists.
    pub document: String,
}

impl PolicyInfo {
    /// Whether it is preset, and so cannot be changed.
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

/// Which policies to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PolicyScope {
    /// All.
    All,
    /// Preset ones.
    Preset,
    /// Those that the main account has written.
    Custom,
}

impl CamService {
    /// Stores a policy.
    ///
    /// # Errors
    /// `PolicyName`, `Description`, `Document`, `Tag`, `TooManyTags`, `Exists(Policy)`, `LimitReached`.
    pub async fn create_policy(
        &self,
        act: &Act,
        who: &Identity,
        name: &str,
        description: &str,
        document: &str,
        tags: &[Tag],
    ) -> Result<PolicyId> {
        rules::policy_name(name)?;
        rules::description(description)?;
        let tags = rules::tags_to_store(tags)?;
        let parsed = parse(who, name, document, Use::Identity)?;
        if presets::all().iter().any(|preset| preset.name == name) {
            return Err(Error::Exists(Thing::Policy));
        }
        let new = NewPolicy { name, description, document, canonical: &parsed.canonical, tags: &tags };
        self.changed(who.owner, self.meta().create_policy(act, who.owner, &new).await)
    }

    /// The policy with this number.
    ///
    /// # Errors
    /// `Unknown(Policy)`.
    pub async fn policy(&self, who: &Identity, id: PolicyId) -> Result<PolicyInfo> {
        match presets::get(id.get()) {
            Some(preset) => Ok(PolicyInfo::preset(preset, self.since(who).await?)),
            None => {
                let found = self.meta().policy(who.owner, id).await?;
                found.map(PolicyInfo::custom).ok_or(Error::Unknown(Thing::Policy))
            }
        }
    }

    /// The number of the policy with this name, if there is one.
    pub async fn find_policy(&self, who: &Identity, name: &str) -> Result<Option<PolicyId>> {
        if let Some(preset) = presets::all().iter().find(|preset| preset.name == name) {
            return Ok(Some(PolicyId::new(preset.id)));
        }
        Ok(self.meta().policy_by_name(who.owner, name).await?.map(|policy| policy.summary.id))
    }

    /// The policies whose names contain `keyword`: the preset ones, then the others, the oldest first.
    pub async fn list_policies(
        &self,
        who: &Identity,
        scope: PolicyScope,
        keyword: Option<&str>,
    ) -> Result<Vec<PolicyInfo>> {
        let mut policies = Vec::new();
        if scope != PolicyScope::Custom {
            let since = self.since(who).await?;
            policies.extend(presets::all().iter().map(|preset| PolicyInfo::preset(preset, since)));
        }
        if scope != PolicyScope::Preset {
            policies.extend(self.meta().list_policies(who.owner).await?.into_iter().map(PolicyInfo::summary));
        }
        policies.retain(|policy| matches(&policy.name, keyword));
        Ok(policies)
    }

    /// Who of the main account has these policies; those that nobody has are left out.
    pub async fn count_attached(&self, who: &Identity, policies: &[PolicyId]) -> Result<Vec<PolicyCounts>> {
        Ok(self.meta().count_attached(who.owner, policies).await?)
    }

    /// Gives a policy another description or document; what is `None` stays.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Preset(Policy)`, `Description`, `Document`.
    pub async fn update_policy(
        &self,
        act: &Act,
        who: &Identity,
        id: PolicyId,
        description: Option<&str>,
        document: Option<&str>,
    ) -> Result<()> {
        description.map_or(Ok(()), rules::description)?;
        if presets::get(id.get()).is_some() {
            return Err(Error::Preset(Thing::Policy));
        }
        let parsed = document.map(|text| parse(who, &id.to_string(), text, Use::Identity)).transpose()?;
        let document = document.zip(parsed.as_ref().map(|parsed| parsed.canonical.as_str()));
        self.changed(who.owner, self.meta().update_policy(act, who.owner, id, description, document).await)
    }

    /// Deletes policies: all of them, or none. They are detached from everybody.
    ///
    /// # Errors
    /// `Unknown(Policy)`, `Preset(Policy)`; `InUse(Policy)`: without it, somebody could do more than before.
    pub async fn delete_policies(&self, act: &Act, who: &Identity, ids: &[PolicyId]) -> Result<()> {
        if ids.iter().any(|id| presets::get(id.get()).is_some()) {
            return Err(Error::Preset(Thing::Policy));
        }
        self.changed(who.owner, self.meta().delete_policies(act, who.owner, ids).await)
    }

    /// Since when there is the main account.
    pub(super) async fn since(&self, who: &Identity) -> Result<Timestamp> {
        let owner = self.meta().account(who.owner).await?;
        Ok(owner.map_or_else(|| self.now(), |owner| owner.created_at))
    }
}
