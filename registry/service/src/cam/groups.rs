//! Groups of sub-accounts, and who is in them.

use roadstead_auth::Identity;
use roadstead_storage::meta::{Act, Group, Member};
use roadstead_types::{AccountId, GroupId, Thing};

use super::{CamService, rules};
use crate::{Error, Result};

impl CamService {
    /// Makes a group.
    ///
    /// # Errors
    /// `Parameter`, `Exists(Group)`, `LimitReached`.
    pub async fn create_group(&self, act: &Act, who: &Identity, name: &str, remark: &str) -> Result<GroupId> {
        rules::group_name(name)?;
        rules::remark(remark)?;
        self.changed(who.owner, self.meta().create_group(act, who.owner, name, remark).await)
    }

    /// The group.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn group(&self, who: &Identity, id: GroupId) -> Result<Group> {
        self.meta().group(who.owner, id).await?.ok_or(Error::Unknown(Thing::Group))
    }

    /// The groups whose names contain `keyword`, the oldest first.
    pub async fn list_groups(&self, who: &Identity, keyword: Option<&str>) -> Result<Vec<Group>> {
        let mut groups = self.meta().list_groups(who.owner).await?;
        groups.retain(|group| matches(&group.name, keyword));
        Ok(groups)
    }

    /// Gives a group another name or remark; what is `None` stays.
    ///
    /// # Errors
    /// `Parameter`, `Unknown(Group)`, `Exists(Group)`.
    pub async fn update_group(
        &self,
        act: &Act,
        who: &Identity,
        id: GroupId,
        name: Option<&str>,
        remark: Option<&str>,
    ) -> Result<()> {
        name.map_or(Ok(()), rules::group_name)?;
        remark.map_or(Ok(()), rules::remark)?;
        self.changed(who.owner, self.meta().update_group(act, who.owner, id, name, remark).await)
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn delete_group(&self, act: &Act, who: &Identity, id: GroupId) -> Result<()> {
        self.changed(who.owner, self.meta().delete_group(act, who.owner, id).await)
    }

    /// The sub-accounts in a group, in the order in which they came.
    ///
    /// # Errors
    /// `Unknown(Group)`.
    pub async fn list_members(&self, who: &Identity, id: GroupId) -> Result<Vec<Member>> {
        self.group(who, id).await?;
        Ok(self.meta().list_members(id).await?)
    }

    /// The groups that a sub-account is in, the oldest first.
    pub async fn groups_of_user(&self, user: AccountId) -> Result<Vec<Group>> {
        Ok(self.meta().list_groups_of_user(user).await?)
    }

    /// Puts sub-accounts into groups: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Group)`, `Unknown(User)`, `LimitReached`.
    pub async fn add_members(&self, act: &Act, who: &Identity, members: &[(GroupId, AccountId)]) -> Result<()> {
        self.changed(who.owner, self.meta().add_members(act, who.owner, members).await)
    }

    /// Takes sub-accounts out of groups: all of them, or none.
    ///
    /// # Errors
    /// `Unknown(Group)`, `Unknown(User)`.
    pub async fn remove_members(&self, act: &Act, who: &Identity, members: &[(GroupId, AccountId)]) -> Result<()> {
        self.changed(who.owner, self.meta().remove_members(act, who.owner, members).await)
    }
}

/// Whether a name contains the keyword, whatever the case of its letters.
pub(super) fn matches(name: &str, keyword: Option<&str>) -> bool {
    keyword.is_none_or(|keyword| name.to_lowercase().contains(&keyword.to_lowercase()))
}
