//! What goes into access management, and what comes out of it.

use crate::meta::Account;
use roadstead_types::{AccountId, GroupId, PolicyId, ProviderId, RoleId, SecretId, Timestamp, Uin};

/// What a main account notes about one of its sub-accounts.
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
    /// What is noted about it.
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
    /// What it is for.
    pub description: &'a str,
}

/// A sub-account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Its account.
    pub account: Account,
    /// What is noted about it.
    pub profile: UserProfile,
    /// When it signed in last.
    pub last_login_at: Option<Timestamp>,
    /// From where it signed in last.
    pub last_login_ip: Option<String>,
    /// The policy that bounds what it may do.
    pub boundary: Option<PolicyId>,
}

/// What changes of a sub-account; what is `None` stays.
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
    /// The hash of a new password. What was issued under the old one is void.
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
    /// Since when it is in the group.
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
    /// Its document as it was understood.
    pub canonical: &'a str,
    /// Its tags, as JSON.
    pub tags: &'a str,
}

/// A policy that a main account has written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// All but its document.
    pub summary: PolicySummary,
    /// Its document as it was written.
    pub document: String,
    /// Its document as it was understood.
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
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// How many sub-accounts, groups and roles have a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyCounts {
    /// The policy.
    pub policy: PolicyId,
    /// To how many it is attached.
    pub attached: u64,
    /// How many of those are sub-accounts.
    pub users: u64,
    /// For how many it is the boundary.
    pub boundaries: u64,
}

/// To whom a policy can be attached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A sub-account.
    User(AccountId),
    /// A group.
    Group(GroupId),
    /// A role.
    Role(RoleId),
}

/// A policy that is attached to somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// Its number.
    pub policy: PolicyId,
    /// Its name; none for a preset policy, which the database does not know.
    pub name: Option<String>,
    /// Its description; none for a preset policy.
    pub description: Option<String>,
    /// When it was attached.
    pub since: Timestamp,
    /// The uin of who attached it.
    pub operator_uin: String,
    /// The group through which somebody has it.
    pub group: Option<(GroupId, String)>,
}

/// Somebody to whom a policy is attached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entity {
    /// Who.
    pub holder: Holder,
    /// The name of the sub-account, group or role.
    pub name: String,
    /// The uin of a sub-account.
    pub uin: Option<Uin>,
    /// Since when.
    pub since: Timestamp,
}

/// A role to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewRole<'a> {
    /// Its name, unique in its main account.
    pub name: &'a str,
    /// Free text.
    pub description: &'a str,
    /// Who may take it, as it was written.
    pub trust: &'a str,
    /// Who may take it, as it was understood.
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
    /// Who may take it, as it was written.
    pub document: String,
    /// Who may take it, as it was understood.
    pub trust: String,
    /// The longest session, in seconds.
    pub session_duration: i64,
    /// Whether it may use the console.
    pub console_login: bool,
    /// Its tags, as JSON.
    pub tags: String,
    /// Grows when the trust changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The policy that bounds what its sessions may do.
    pub boundary: Option<PolicyId>,
}

/// What is said of an identity provider, when it is made and when it changes.
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

/// An identity provider: it vouches for those that take a role without a key.
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
    /// Grows when something is taken away that it was trusted with.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
