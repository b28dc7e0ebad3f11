//! What services take and give: rows and queries, as the metadata store has them. Surfaces name them here, and do not know the
//! store.

pub use roadstead_storage::blob::BlobStream;
pub use roadstead_storage::meta::{
    Account, AccountStatus, Act, Among, AuditCursor, AuditEvent, AuditOutcome, AuditQuery, CleanupKind, CleanupRule,
    Edition, Entity, Group, Holder, Instance, InstanceChange, InstanceNamespace, InstanceRepository, InstanceStatus,
    InvokeMethod, JobCount, Member, NamespaceSettings, NewInstance, OidcProvider, Order, Payment, PolicyCounts,
    PoolStats, QuotaKind, Referrer, Repository, RepositoryDetail, RepositoryOrder, RepositoryQuery, ResourceTag, Role,
    TagFilter, TaggedImage, Texts, Trigger, TriggerRun, TriggerRunOrder, TriggerRunPage, User, UserChange, Workload,
};
