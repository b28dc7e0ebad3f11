//! The rows and queries of the database that services accept and return. Surfaces import them from here, so that they
//! do not depend on the storage crate.

pub use roadstead_storage::blob::BlobStream;
pub use roadstead_storage::meta::{
    Account, AccountStatus, Act, Among, AuditCursor, AuditEvent, AuditOutcome, AuditQuery, CleanupKind, CleanupRule,
    Edition, Entity, Group, Holder, Instance, InstanceChange, InstanceNamespace, InstanceRepository, InvokeMethod,
    JobCount, Member, NamespaceSettings, NewInstance, OidcProvider, Order, Payment, PolicyCounts, PoolStats, QuotaKind,
    Referrer, Repository, RepositoryDetail, RepositoryOrder, RepositoryQuery, ResourceTag, Role, TagFilter,
    TaggedImage, Texts, Trigger, TriggerRun, TriggerRunOrder, TriggerRunPage, User, UserChange, Workload,
};
