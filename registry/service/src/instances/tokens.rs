//! Passwords for docker that are valid in one instance.

use roadstead_auth::{Read, RegistryPassword, Write};
use roadstead_storage::meta::{Act, InstanceToken, Scope};
use roadstead_types::{Listing, SecretId, Thing, Window};

use super::{InstanceService, OwnInstance, there};
use crate::Result;

/// How long a password is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// For an hour, or until the session ends if that is sooner.
    Temporary,
    /// For ten years, unless it is disabled or deleted.
    Long,
}

/// A password that was made.
#[derive(Debug)]
pub struct CreatedToken {
    /// The public id of a long-term password. A temporary password has none.
    pub id: Option<String>,
    /// The password, with its user name.
    pub password: RegistryPassword,
}

impl InstanceService {
    /// Makes a password for the caller. It ends with `key`, the access key that it was asked for with, if it is temporary.
    ///
    /// # Errors
    /// `Session` and `TokenTooLarge` for sessions that cannot have one, `LimitReached`, `Gone(Instance)`.
    pub async fn create_token(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        key: Option<&SecretId>,
        term: Term,
        description: &str,
    ) -> Result<CreatedToken> {
        let (auth, who, registry) = (&self.base.auth, instance.access().who(), instance.registry);
        Ok(match term {
            Term::Temporary => CreatedToken { id: None, password: auth.temporary_password(who, registry, key)? },
            Term::Long => {
                let (id, password) = auth.create_instance_token(act, who, registry, description).await?;
                CreatedToken { id: Some(id), password }
            }
        })
    }

    /// Returns the long-term tokens of an instance.
    pub async fn tokens(&self, instance: &OwnInstance<Read>, window: Window) -> Result<Listing<InstanceToken>> {
        Ok(self.base.meta.list_instance_tokens(instance.registry, window).await?)
    }

    /// Enables, disables or describes a long-term token.
    ///
    /// # Errors
    /// `Unknown(InstanceToken)`.
    pub async fn modify_token(
        &self,
        act: &Act,
        instance: &OwnInstance<Write>,
        id: &str,
        enabled: Option<bool>,
        description: Option<&str>,
    ) -> Result<()> {
        let registry = instance.registry;
        let changed = self.base.meta.modify_instance_token(act, registry, id, enabled, description).await;
        self.base.forget(&Scope::Registry(registry), &changed, |there| *there);
        there(changed?, Thing::InstanceToken)
    }

    /// Deletes a long-term token.
    ///
    /// # Errors
    /// `Unknown(InstanceToken)`.
    pub async fn delete_token(&self, act: &Act, instance: &OwnInstance<Write>, id: &str) -> Result<()> {
        let deleted = self.base.meta.delete_instance_token(act, instance.registry, id).await;
        self.base.forget(&Scope::Registry(instance.registry), &deleted, |there| *there);
        there(deleted?, Thing::InstanceToken)
    }
}
