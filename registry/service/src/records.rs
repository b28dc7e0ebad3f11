//! The rows and queries of the database that services accept and return. Surfaces import them from here, so that they
//! do not depend on the storage crate.

pub use roadstead_storage::blob::BlobStream;
pub use roadstead_storage::meta::{
    Account, AccountStatus, Act, AuditCursor, AuditEvent, AuditOutcome, AuditQuery, Edition, Entity, Group, Holder,
    Instance, InstanceChange, InstanceNamespace, InstanceRepository, InvokeMethod, Job, JobCount, JobQuery, JobState,
    LifecycleKind, LifecycleRule, Member, NamespaceSettings, Order, Payment, PolicyCounts, PoolStats, QuotaKind,
    Quotas, Referrer, Repository, RepositoryDetail, RepositoryOrder, RepositoryQuery, ResourceTag, Role, Schedule,
    TagFilter, TaggedImage, Texts, Trigger, TriggerRun, TriggerRunOrder, TriggerRunPage, User, UserChange, Workload,
};
