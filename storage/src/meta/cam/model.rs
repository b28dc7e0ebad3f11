//! The types of access management's arguments and results.

use crate::meta::Account;
use roadstead_types::{AccountId, GroupId, PolicyId, ProviderId, RoleId, SecretId, Timestamp, Uin};

/// The profile that a main account keeps of a sub-account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserProfile {
    /// Free text.
    pub remark: String,
    /// Whether the sub-account may use the console.
    pub console_login: bool,
    /// Telephone number.
    pub phone_number: String,
    /// Country code of the telephone number.
    pub country_code: String,
    /// E-mail address.
    pub email: String,
}

/// A sub-account to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// Its main account.
    pub owner: AccountId,
    /// Its public number.
    pub uin: &'a Uin,
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// Its profile.
    pub profile: &'a UserProfile,
    /// The hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// Its first access key, if it has one.
    pub key: Option<NewAccessKey<'a>>,
}

/// An access key to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewAccessKey<'a> {
    /// Its public half.
    pub secret_id: &'a SecretId,
    /// Its secret half, sealed with the master key.
    pub sealed_secret: &'a [u8],
    /// A description of its purpose.
    pub description: &'a str,
}

/// A sub-account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Its account.
    pub account: Account,
    /// Its profile.
    pub profile: UserProfile,
    /// When it last signed in.
    pub last_login_at: Option<Timestamp>,
    /// The address of the last sign-in.
    pub last_login_ip: Option<String>,
    /// The policy that limits its rights.
    pub boundary: Option<PolicyId>,
}

/// Changes of a sub-account. `None` leaves a value as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserChange<'a> {
    /// Free text.
    pub remark: Option<&'a str>,
    /// Whether it may use the console.
    pub console_login: Option<bool>,
    /// Telephone number.
    pub phone_number: Option<&'a str>,
    /// Country code of the telephone number.
    pub country_code: Option<&'a str>,
    /// E-mail address.
    pub email: Option<&'a str>,
    /// The hash of a new password. Tokens and sessions under the old one become void.
    pub password_hash: Option<&'a str>,
}

/// A group of sub-accounts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name, unique in its main account.
    pub name: String,
    /// Free text.
    pub remark: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A sub-account in a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The sub-account.
    pub user: User,
    /// When it was added to the group.
    pub since: Timestamp,
}

/// A policy to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewPolicy<'a> {
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// Free text.
    pub description: &'a str,
    /// Its document as it was written.
    pub document: &'a str,
    /// Its document in canonical form.
    pub canonical: &'a str,
    /// Its tags, as JSON.
    pub tags: &'a str,
}

/// A policy that a main account made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// The policy without its document.
    pub summary: PolicySummary,
    /// Its document as it was written.
    pub document: String,
    /// Its document in canonical form.
    pub canonical: String,
}

/// A policy without its document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicySummary {
    /// Its number.
    pub id: PolicyId,
    /// Its name, unique in its main account.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Its tags, as JSON.
    pub tags: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The numbers of sub-accounts, groups and roles that have a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyCounts {
    /// The policy.
    pub policy: PolicyId,
    /// The number of holders that it is attached to.
    pub attached: u64,
    /// The number of sub-accounts among them.
    pub users: u64,
    /// The number of holders whose boundary it is.
    pub boundaries: u64,
}

/// A holder of policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A sub-account.
    User(AccountId),
    /// A group.
    Group(GroupId),
    /// A role.
    Role(RoleId),
}

/// A policy that is attached to a holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// Its number.
    pub policy: PolicyId,
    /// Its name; `None` for a preset policy, which the database does not have.
    pub name: Option<String>,
    /// Its description; `None` for a preset policy.
    pub description: Option<String>,
    /// When it was attached.
    pub since: Timestamp,
    /// The uin of the caller that attached it.
    pub operator_uin: String,
    /// The group that gives it to a sub-account.
    pub group: Option<(GroupId, String)>,
}

/// A holder of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entity {
    /// The holder.
    pub holder: Holder,
    /// The name of the sub-account, group or role.
    pub name: String,
    /// The uin of a sub-account.
    pub uin: Option<Uin>,
    /// When the policy was attached to it.
    pub since: Timestamp,
}

/// A role to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewRole<'a> {
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// Free text.
    pub description: &'a str,
    /// The trust policy, as it was written.
    pub trust: &'a str,
    /// The trust policy in canonical form.
    pub trust_canonical: &'a str,
    /// The longest session, in seconds.
    pub session_duration: i64,
    /// Whether it may use the console.
    pub console_login: bool,
    /// Its tags, as JSON.
    pub tags: &'a str,
}

/// A role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its number.
    pub id: RoleId,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Its name, unique in its main account.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The trust policy, as it was written.
    pub document: String,
    /// The trust policy in canonical form.
    pub trust: String,
    /// The longest session, in seconds.
    pub session_duration: i64,
    /// Whether it may use the console.
    pub console_login: bool,
    /// Its tags, as JSON.
    pub tags: String,
    /// Grows when the trust policy changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The policy that limits the rights of its sessions.
    pub boundary: Option<PolicyId>,
}

/// The settings of an identity provider, for a new one or a change.
#[derive(Clone, Copy, Debug)]
pub struct NewOidcProvider<'a> {
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// The issuer of its tokens.
    pub url: &'a str,
    /// Its public keys, a JSON Web Key Set.
    pub keys: &'a str,
    /// The audiences of its tokens, a JSON list.
    pub client_ids: &'a str,
    /// Free text.
    pub description: &'a str,
}

/// An identity provider. Its tokens let callers assume a role without a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OidcProvider {
    /// Its number.
    pub id: ProviderId,
    /// The main account that it belongs to.
    pub owner: AccountId,
    /// Its name, unique in its main account.
    pub name: String,
    /// The issuer of its tokens.
    pub url: String,
    /// Its public keys, a JSON Web Key Set.
    pub keys: String,
    /// The audiences of its tokens, a JSON list.
    pub client_ids: String,
    /// Free text.
    pub description: String,
    /// Grows when a change removes something that it was trusted with.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
