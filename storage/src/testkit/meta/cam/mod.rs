//! The behaviour of access management in every metadata store.

mod people;
mod policies;
mod providers;
mod races;
mod rights;

use super::Kit;
use super::act;
use crate::meta::{NewAccessKey, NewPolicy, NewRole, NewUser, User, UserProfile};
use roadstead_types::{AccountId, GroupId, PolicyId, RoleId, SecretId, Uin};

pub(super) async fn behave(kit: &Kit) {
    people::behave(kit).await;
    policies::behave(kit).await;
    providers::behave(kit).await;
    races::behave(kit).await;
    rights::behave(kit).await;
}

const DOCUMENT: &str = r#"{"version":"2.0","statement":[]}"#;

impl Kit {
    pub(super) fn uin(&self) -> Uin {
        Uin::from_number(Uin::MIN + self.number()).unwrap()
    }

    pub(super) fn secret_id(&self) -> SecretId {
        format!("AKID{:032}", self.number()).parse().unwrap()
    }

    pub(super) async fn user(&self, owner: AccountId) -> User {
        let (uin, name, key) = (self.uin(), format!("user-{}", self.number()), self.secret_id());
        let new = NewUser {
            owner,
            uin: &uin,
            name: &name,
            profile: &UserProfile::default(),
            password_hash: Some("hash"),
            key: Some(NewAccessKey { secret_id: &key, sealed_secret: b"sealed", description: "first" }),
        };
        self.one.create_user(&act(), &new).await.unwrap()
    }

    pub(super) async fn group(&self, owner: AccountId) -> GroupId {
        self.one.create_group(&act(), owner, &format!("group-{}", self.number()), "").await.unwrap()
    }

    pub(super) async fn policy(&self, owner: AccountId) -> PolicyId {
        let name = format!("policy-{}", self.number());
        self.one.create_policy(&act(), owner, &new_policy(&name)).await.unwrap()
    }

    pub(super) async fn role(&self, owner: AccountId) -> RoleId {
        let name = format!("role-{}", self.number());
        self.one.create_role(&act(), owner, &new_role(&name)).await.unwrap()
    }
}

pub(super) fn new_policy(name: &str) -> NewPolicy<'_> {
    NewPolicy { name, description: "what it is for", document: " as written ", canonical: DOCUMENT, tags: "[]" }
}

pub(super) fn new_role(name: &str) -> NewRole<'_> {
    NewRole {
        name,
        description: "what it is for",
        trust: " as written ",
        trust_canonical: DOCUMENT,
        session_duration: 7200,
        console_login: false,
        tags: "[]",
    }
}
