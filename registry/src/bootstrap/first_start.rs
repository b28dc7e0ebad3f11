//! The first start: it creates the owner account, its namespace and `bootstrap.json`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use roadstead_auth::{NewMainAccount, Sealer};
use roadstead_config::{FirstCredentials, Settings};
use roadstead_storage::meta::{Account, Act, MetaStore, Quotas};
use roadstead_types::{Actor, Clock, NamespaceName, RegistryId, SecretId};
use serde_json::{Value, json};

use super::{open_accounts, secret_file, timing};

/// The name of the account that the first start creates.
pub const OWNER_NAME: &str = "owner";
/// The namespace of the owner account. Nobody else can create a namespace of this name.
const OWNER_NAMESPACE: &str = "library";

/// The record of the first start. `bootstrap.json` exists only when the record is complete. Before the account is
/// created, its secrets are written to a second file, so that an interrupted start locks nobody out.
pub(super) struct FirstStart {
    path: PathBuf,
    /// The file that holds the record until it is complete.
    unfinished: PathBuf,
    record: serde_json::Map<String, Value>,
    password_chosen: bool,
}

impl FirstStart {
    fn write(&self, path: &Path) -> anyhow::Result<()> {
        secret_file::write(path, format!("{:#}\n", Value::from(self.record.clone())).as_bytes())
    }

    /// Returns the password and both halves of the key of the owner account, and writes down those that the operator did not
    /// choose.
    fn secrets(&mut self, chosen: &FirstCredentials) -> anyhow::Result<(String, SecretId, String)> {
        let password = match &chosen.password {
            Some(password) => password.expose().to_owned(),
            None => roadstead_auth::generate_password(),
        };
        let (secret_id, secret_key) = match (&chosen.secret_id, &chosen.secret_key) {
            (Some(id), Some(key)) => (id.expose().parse()?, key.expose().to_owned()),
            _ => (roadstead_auth::generate_secret_id(), roadstead_auth::generate_secret_key()),
        };
        // The operator already knows the chosen values, so they are not written to a file.
        self.record.clear();
        if chosen.password.is_none() {
            self.record.insert("password".into(), json!(password));
        }
        if chosen.secret_id.is_none() {
            self.record.insert("secret_id".into(), json!(secret_id.as_str()));
            self.record.insert("secret_key".into(), json!(secret_key));
        }
        self.write(&self.unfinished)?;
        Ok((password, secret_id, secret_key))
    }

    pub(super) fn complete(&mut self, url: &str) -> anyhow::Result<String> {
        self.record.insert("url".into(), json!(url));
        self.write(&self.path)?;
        let removed = std::fs::remove_file(&self.unfinished);
        removed.with_context(|| format!("cannot remove {}", self.unfinished.display()))?;
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        let text = |member: &str| self.record.get(member).and_then(Value::as_str).unwrap_or_default();
        let password = match self.password_chosen {
            true => "the one that you chose",
            false => text("password"),
        };
        // The command has a line of its own, so that it can be pasted.
        let (kept, username) = (self.path.display(), text("username"));
        Ok(format!(
            "first start: the credentials of the owner account are in {kept}\n\
             docker login {host} --username {username}\n\
             password: {password}"
        ))
    }
}

/// Reads the record of an earlier first start that was interrupted.
fn unfinished_start(path: &Path) -> anyhow::Result<Option<serde_json::Map<String, Value>>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    serde_json::from_str(&text).map(Some).with_context(|| format!("{} does not hold valid JSON", path.display()))
}

/// Creates the owner account and its namespace if there is no account named `owner`, or completes an interrupted first start.
pub(super) async fn first_start(
    settings: &Settings,
    chosen: &FirstCredentials,
    meta: &MetaStore,
    sealer: &Sealer,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<FirstStart>> {
    let path = settings.data_dir.join("bootstrap.json");
    let owner = meta.account_by_name(OWNER_NAME).await?;
    let unfinished = settings.data_dir.join("bootstrap.unfinished.json");
    let record = unfinished_start(&unfinished)?;
    if owner.is_some() && record.is_none() {
        return Ok(None);
    }
    let password_chosen = chosen.password.is_some();
    let mut first = FirstStart { path, unfinished, record: record.unwrap_or_default(), password_chosen };
    let owner = match owner {
        Some(owner) => owner,
        None => make_owner(settings, chosen, meta, sealer, clock, &mut first).await?,
    };
    first.record.insert("uin".into(), json!(owner.uin.as_str()));
    first.record.insert("username".into(), json!(owner.uin.as_str()));
    Ok(Some(first))
}

/// Creates the owner account with everything that it has, in one transaction. An interrupted start finds all of it or
/// nothing.
async fn make_owner(
    settings: &Settings,
    chosen: &FirstCredentials,
    meta: &MetaStore,
    sealer: &Sealer,
    clock: &Arc<dyn Clock>,
    first: &mut FirstStart,
) -> anyhow::Result<Account> {
    let (password, secret_id, secret_key) = first.secrets(chosen)?;
    let namespace: NamespaceName = OWNER_NAMESPACE.parse()?;
    let is_free = meta.namespace(RegistryId::PERSONAL, OWNER_NAMESPACE).await?.is_none();
    let new = NewMainAccount {
        password: Some(&password),
        key: Some((&secret_id, &secret_key)),
        // The account belongs to the operator.
        quotas: Some(Quotas::unlimited()),
        namespace: is_free.then_some(&namespace),
        ..NewMainAccount::named(OWNER_NAME)
    };
    let act = Act::new(Arc::new(Actor::server()), "account.create", timing(settings, Arc::clone(clock)));
    let accounts = open_accounts(settings, meta, sealer.clone(), Arc::clone(clock));
    Ok(accounts.create(&act, &new).await?.account)
}
