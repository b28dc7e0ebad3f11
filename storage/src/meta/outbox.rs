//! The outbox: events for subscribers, written in the transaction that causes them. Nothing reads the events yet.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::MetaStore;
use super::row::{get, time};
use super::sql::{SqlResult as _, placeholders};
use crate::{Error, Result};
use roadstead_types::{
    AccountId, Actor, Digest, NamespaceName, PolicyId, RegistryId, RepositoryName, SecretId, Tag, Timestamp,
};

/// The most events that one statement writes.
const PART: usize = 16;
/// The columns of a row.
const COLUMNS: usize = 4;

/// An event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A manifest was pushed, or copied, to a repository.
    ManifestPushed {
        /// The repository.
        repository: RepositoryName,
        /// The registry that the repository is in.
        registry: RegistryId,
        /// Its digest.
        digest: Digest,
        /// Its media type.
        media_type: String,
        /// Its size in bytes.
        size: u64,
        /// The tags that this push pointed at it.
        tags: Vec<Tag>,
    },
    /// A tag points at another manifest than before.
    TagMoved {
        /// The repository.
        repository: RepositoryName,
        /// The registry that the repository is in.
        registry: RegistryId,
        /// The tag.
        tag: Tag,
        /// The digest of its new manifest.
        digest: Digest,
        /// The digest of its old manifest.
        before: Digest,
    },
    /// A tag was removed.
    TagRemoved {
        /// The repository.
        repository: RepositoryName,
        /// The registry that the repository is in.
        registry: RegistryId,
        /// The tag.
        tag: Tag,
        /// The digest of its manifest.
        digest: Digest,
    },
    /// A manifest was deleted.
    ManifestDeleted {
        /// The repository.
        repository: RepositoryName,
        /// The registry that the repository is in.
        registry: RegistryId,
        /// Its digest.
        digest: Digest,
        /// The tags that were deleted with it.
        tags: Vec<Tag>,
    },
    /// A repository was made.
    RepositoryCreated {
        /// Its name.
        repository: RepositoryName,
        /// The registry that it is in.
        registry: RegistryId,
    },
    /// A repository was removed, with everything in it.
    RepositoryRemoved {
        /// Its name.
        repository: RepositoryName,
        /// The registry that it is in.
        registry: RegistryId,
    },
    /// A namespace was made.
    NamespaceCreated {
        /// Its name.
        namespace: NamespaceName,
        /// The registry that it is in.
        registry: RegistryId,
        /// The main account that it belongs to.
        owner: AccountId,
    },
    /// A namespace was removed.
    NamespaceRemoved {
        /// Its name.
        namespace: NamespaceName,
        /// The registry that it is in.
        registry: RegistryId,
    },
    /// A policy of a main account, or the holders of one, have changed.
    PolicyChanged {
        /// The main account.
        owner: AccountId,
        /// The policies; empty when the members of a group or the trust of a role have changed.
        policies: Vec<PolicyId>,
    },
    /// An access key was made, changed or deleted.
    KeyChanged {
        /// The account that it belongs to.
        account: AccountId,
        /// Its public half.
        key: SecretId,
        /// The change.
        change: KeyChange,
    },
}

/// The change of an access key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    /// It was made.
    Created,
    /// It was enabled.
    Enabled,
    /// It was disabled.
    Disabled,
    /// It was deleted.
    Deleted,
}

impl Event {
    /// Returns the name of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ManifestPushed { .. } => "manifest.pushed",
            Self::TagMoved { .. } => "tag.moved",
            Self::TagRemoved { .. } => "tag.removed",
            Self::ManifestDeleted { .. } => "manifest.deleted",
            Self::RepositoryCreated { .. } => "repository.created",
            Self::RepositoryRemoved { .. } => "repository.removed",
            Self::NamespaceCreated { .. } => "namespace.created",
            Self::NamespaceRemoved { .. } => "namespace.removed",
            Self::PolicyChanged { .. } => "policy.changed",
            Self::KeyChanged { .. } => "key.changed",
        }
    }

    /// Returns its content, as it is stored.
    fn document(&self) -> Value {
        match self {
            Self::ManifestPushed { repository, registry, digest, media_type, size, tags } => json!({
                "registry": registry.get(), "namespace": repository.namespace(), "repository": repository.as_str(),
                "digest": digest.as_str(), "media_type": media_type, "size": size, "tags": names(tags),
            }),
            Self::TagMoved { repository, registry, tag, digest, before } => json!({
                "registry": registry.get(), "namespace": repository.namespace(), "repository": repository.as_str(),
                "tag": tag.as_str(), "digest": digest.as_str(), "before": before.as_str(),
            }),
            Self::TagRemoved { repository, registry, tag, digest } => json!({
                "registry": registry.get(), "namespace": repository.namespace(), "repository": repository.as_str(),
                "tag": tag.as_str(), "digest": digest.as_str(),
            }),
            Self::ManifestDeleted { repository, registry, digest, tags } => json!({
                "registry": registry.get(), "namespace": repository.namespace(), "repository": repository.as_str(),
                "digest": digest.as_str(), "tags": names(tags),
            }),
            Self::RepositoryCreated { repository, registry } | Self::RepositoryRemoved { repository, registry } => {
                json!({
                    "registry": registry.get(), "namespace": repository.namespace(), "repository": repository.as_str(),
                })
            }
            Self::NamespaceCreated { namespace, registry, owner } => json!({
                "registry": registry.get(), "namespace": namespace.as_str(), "owner": owner.get(),
            }),
            Self::NamespaceRemoved { namespace, registry } => json!({
                "registry": registry.get(), "namespace": namespace.as_str(),
            }),
            Self::PolicyChanged { owner, policies } => json!({
                "owner": owner.get(), "policies": policies.iter().map(|id| id.get()).collect::<Vec<_>>(),
            }),
            Self::KeyChanged { account, key, change } => json!({
                "account": account.get(), "key": key.as_str(), "change": change,
            }),
        }
    }
}

fn names(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::as_str).collect()
}

/// An event in the outbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Happened {
    /// Its number. Of two events of one transaction the first one has the lower number.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The name of its kind: see [`Event::kind`].
    pub kind: String,
    /// The actor: an object with `owner`, `uin`, `principal`, `source`, `address` and `request_id`.
    pub actor: Value,
    /// The content of the event: an object.
    pub event: Value,
}

impl MetaStore {
    /// Returns events in the order of their numbers, after `after`.
    pub async fn outbox(&self, after: i64, limit: u32) -> Result<Vec<Happened>> {
        let query =
            sqlx::query("SELECT id, at, kind, actor, event FROM outbox WHERE id > $1 ORDER BY id LIMIT $2").bind(after);
        let rows = query.bind(i64::from(limit)).fetch_all(self.reader()).await.op("read the outbox")?;
        rows.iter().map(happened).collect()
    }

    /// Deletes events before `before`, but looks only at the oldest `limit`. Returns their number.
    pub async fn delete_outbox(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let delete = sqlx::query(
            "DELETE FROM outbox WHERE id IN (SELECT id FROM (SELECT id, at FROM outbox ORDER BY id LIMIT $2) oldest \
             WHERE at < $1)",
        );
        let delete = delete.bind(before.as_millis()).bind(i64::from(limit));
        Ok(delete.execute(self.writer()).await.op("shorten the outbox")?.rows_affected())
    }
}

/// Writes events.
pub(super) async fn write(
    tx: &mut AnyConnection,
    now: Timestamp,
    actor: Option<&Actor>,
    events: &[Event],
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let actor = actor.map_or_else(|| document(&Actor::server()), document).to_string();
    for part in events.chunks(PART) {
        let rows: Vec<String> =
            (0..part.len()).map(|row| format!("({})", placeholders(row * COLUMNS + 1, COLUMNS))).collect();
        let sql = format!("INSERT INTO outbox (at, kind, actor, event) VALUES {}", rows.join(", "));
        let insert = part.iter().fold(sqlx::query(AssertSqlSafe(sql)), |insert, event| {
            insert.bind(now.as_millis()).bind(event.kind()).bind(actor.clone()).bind(event.document().to_string())
        });
        insert.execute(&mut *tx).await.op("write the outbox")?;
    }
    Ok(())
}

fn document(actor: &Actor) -> Value {
    let Actor { owner, uin, principal, source, address, user_agent: _, request_id } = actor;
    json!({
        "owner": owner.map(AccountId::get), "uin": uin, "principal": principal, "source": source.name(),
        "address": address, "request_id": request_id,
    })
}

fn happened(row: &AnyRow) -> Result<Happened> {
    Ok(Happened {
        id: get(row, "id")?,
        at: time(row, "at")?,
        kind: get(row, "kind")?,
        actor: value(row, "actor")?,
        event: value(row, "event")?,
    })
}

fn value(row: &AnyRow, column: &'static str) -> Result<Value> {
    let text: &str = get(row, column)?;
    serde_json::from_str(text).map_err(|_| Error::Corrupt { table: "outbox", column, value: text.to_owned() })
}
