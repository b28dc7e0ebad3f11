//! Application triggers: they redeploy a workload when an image is pushed.

use std::fmt::Display;
use std::sync::Arc;

use regex::RegexBuilder;
use roadstead_auth::place::Account;
use roadstead_auth::{Access, Identity, Permissions, Read, Write};
use roadstead_policy::op;
use roadstead_storage::meta::{
    Act, InvokeMethod, Trigger, TriggerFilter, TriggerRun, TriggerRunPage, TriggerSpec, Workload,
};
use roadstead_types::{Listing, RegistryId, RepositoryName, Tag, Thing, Window};

use super::owned;
use super::{Error, Foundation, Input, Result};

const REGISTRY: RegistryId = RegistryId::PERSONAL;
/// The longest name in a trigger, in bytes. Names in a cluster have at most 253.
const MAX_NAME: usize = 253;
/// The longest list or regular expression, in bytes.
const MAX_EXPRESSION: usize = 4096;
/// The most tags in a list.
const MAX_TAGS: usize = 100;
/// The largest compiled expression, in bytes.
const MAX_COMPILED: usize = 1 << 20;
/// How often a change is attempted while others change the same trigger.
const ATTEMPTS: usize = 5;

/// The kinds of workloads that a trigger can redeploy.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"];

/// The settings of a new trigger, or a change of an existing one. In a change, `None` leaves a value unchanged.
#[derive(Clone, Default, Debug)]
pub struct TriggerDraft {
    /// Its name.
    pub name: Option<String>,
    /// The repository that it watches.
    pub repository: Option<RepositoryName>,
    /// The method, which says which pushes it reacts to.
    pub method: Option<String>,
    /// The list of tags or the regular expression that the method needs.
    pub expression: Option<String>,
    /// The cluster.
    pub cluster_id: Option<String>,
    /// The number of the region of the cluster.
    pub cluster_region: Option<i64>,
    /// The namespace in the cluster.
    pub cluster_namespace: Option<String>,
    /// The kind of the workload.
    pub workload_kind: Option<String>,
    /// The name of the workload.
    pub workload_name: Option<String>,
    /// The container of the workload.
    pub container: Option<String>,
}

/// The service for triggers of main accounts.
#[derive(Clone)]
pub struct TriggerService {
    base: Arc<Foundation>,
}

impl TriggerService {
    pub(crate) fn new(base: Arc<Foundation>) -> Self {
        Self { base }
    }

    async fn check_registered(&self, identity: &Identity) -> Result<()> {
        if self.base.is_registered(identity).await? { Ok(()) } else { Err(Error::Unknown(Thing::Password)) }
    }

    /// Creates a trigger. The draft must contain everything except the expression.
    ///
    /// # Errors
    /// `Unknown(Password)`, `Unknown(Repository)`, `Exists(Trigger)`, `LimitReached`, `Missing`, `Invalid`.
    pub async fn create(&self, act: &Act, access: &Access<Write, Account>, draft: TriggerDraft) -> Result<()> {
        let (permissions, identity) = (access.permissions(), access.who());
        check_cluster(permissions, draft.cluster_id.as_deref().unwrap_or_default())?;
        self.check_registered(identity).await?;
        let repository = draft.repository.as_ref().ok_or(Error::Unknown(Thing::Repository))?;
        let repository = self.base.own_repository(&access.repository(REGISTRY, repository)).await?.id;
        let empty = TriggerSpec {
            name: String::new(),
            repository,
            method: InvokeMethod::All,
            expression: String::new(),
            workload: Workload {
                cluster_id: String::new(),
                cluster_region: 0,
                namespace: String::new(),
                kind: String::new(),
                name: String::new(),
                container: String::new(),
            },
        };
        let spec = apply(empty, draft)?;
        self.base.meta.create_trigger(act, REGISTRY, identity.owner, &spec).await?;
        Ok(())
    }

    /// Changes the trigger `name` as the draft says.
    ///
    /// # Errors
    /// `Unknown(Password)`, `Unknown(Repository)`, `Unknown(Trigger)`, `Exists(Trigger)`, `Missing`, `Invalid`.
    pub async fn change(
        &self,
        act: &Act,
        access: &Access<Write, Account>,
        name: &str,
        draft: &TriggerDraft,
    ) -> Result<()> {
        let (permissions, identity) = (access.permissions(), access.who());
        draft.cluster_id.as_deref().map_or(Ok(()), |cluster| check_cluster(permissions, cluster))?;
        self.check_registered(identity).await?;
        let sight = owned::seen(permissions)?;
        for _ in 0..ATTEMPTS {
            let trigger = self.base.meta.trigger(REGISTRY, identity.owner, name, &sight).await?;
            let trigger = trigger.ok_or(Error::Unknown(Thing::Trigger))?;
            let mut spec = trigger.spec;
            check_cluster(permissions, &spec.workload.cluster_id)?;
            if let Some(repository) = &draft.repository {
                spec.repository = self.base.own_repository(&access.repository(REGISTRY, repository)).await?.id;
            }
            let spec = apply(spec, draft.clone())?;
            if self.base.meta.update_trigger(act, trigger.id, trigger.version, &spec).await? {
                return Ok(());
            }
        }
        Err(Error::Overloaded)
    }

    /// Deletes a trigger.
    ///
    /// # Errors
    /// `Unknown(Password)`, `Unknown(Trigger)`.
    pub async fn delete(&self, act: &Act, access: &Access<Write, Account>, name: &str) -> Result<()> {
        let (permissions, identity) = (access.permissions(), access.who());
        self.check_registered(identity).await?;
        let sight = owned::seen(permissions)?;
        let deleted = self.base.meta.delete_trigger(act, REGISTRY, identity.owner, name, &sight).await?;
        if deleted { Ok(()) } else { Err(Error::Unknown(Thing::Trigger)) }
    }

    /// Returns triggers, the newest first. `None` as repository or name matches all. A repository that is missing or
    /// hidden has no triggers.
    ///
    /// # Errors
    /// `Unknown(Password)`.
    pub async fn list(
        &self,
        access: &Access<Read, Account>,
        repository: Option<&RepositoryName>,
        name: Option<&str>,
        window: Window,
    ) -> Result<Listing<Trigger>> {
        let (permissions, identity) = (access.permissions(), access.who());
        self.check_registered(identity).await?;
        let repository = match repository {
            None => None,
            Some(repository) => match self.base.own_repository(&access.repository(REGISTRY, repository)).await {
                Ok(repository) => Some(repository.id),
                Err(Error::Unknown(Thing::Repository)) => return Ok(Listing::empty()),
                Err(other) => return Err(other),
            },
        };
        let (sight, filter) = (owned::seen(permissions)?, TriggerFilter { repository, name });
        Ok(self.base.meta.list_triggers(REGISTRY, identity.owner, &sight, filter, window).await?)
    }

    /// Returns the runs of triggers for repositories that the caller sees.
    ///
    /// # Errors
    /// `Unknown(Repository)` if the page asks for a repository that the caller's main account does not have, or that the
    /// caller does not see.
    pub async fn runs(&self, access: &Access<Read, Account>, page: &TriggerRunPage<'_>) -> Result<Listing<TriggerRun>> {
        if let Some(repository) = page.repository {
            self.base.own_repository(&access.repository(REGISTRY, repository)).await?;
        }
        let sight = owned::seen(access.permissions())?;
        Ok(self.base.meta.list_trigger_runs(REGISTRY, access.owner(), &sight, page).await?)
    }
}

/// A trigger changes what runs in its cluster, no matter who pushes. So creating or changing a trigger needs the
/// permission to change the cluster.
fn check_cluster(permissions: &Permissions, cluster: &str) -> Result<()> {
    Ok(permissions.check_hardened(&op::cluster_change(cluster))?)
}

/// Applies a draft to a trigger. Ignores the repository of the draft.
fn apply(spec: TriggerSpec, draft: TriggerDraft) -> Result<TriggerSpec> {
    let text = |parameter, new: Option<String>, old: String| match new {
        Some(new) => named(parameter, new),
        None => Ok(old),
    };
    let workload = Workload {
        cluster_id: text("ClusterId", draft.cluster_id, spec.workload.cluster_id)?,
        cluster_region: draft.cluster_region.unwrap_or(spec.workload.cluster_region),
        namespace: text("Namespace", draft.cluster_namespace, spec.workload.namespace)?,
        kind: text("WorkloadType", draft.workload_kind, spec.workload.kind)?,
        name: text("WorkloadName", draft.workload_name, spec.workload.name)?,
        container: text("ContainerName", draft.container, spec.workload.container)?,
    };
    if !WORKLOADS.contains(&workload.kind.as_str()) {
        return Err(invalid("WorkloadType", format!("must be one of {}", WORKLOADS.join(", "))));
    }
    if workload.cluster_region <= 0 {
        return Err(invalid("ClusterRegion", "must be the number of a region"));
    }
    let method = match draft.method {
        None => spec.method,
        Some(method) => {
            InvokeMethod::parse(&method).ok_or_else(|| invalid("InvokeMethod", "must be one of all, taglist, regex"))?
        }
    };
    // An expression is meaningless for a different method.
    let kept = if method == spec.method { spec.expression } else { String::new() };
    let expression = checked(method, draft.expression.unwrap_or(kept))?;
    let name = text("TriggerName", draft.name, spec.name)?;
    Ok(TriggerSpec { name, repository: spec.repository, method, expression, workload })
}

fn invalid(parameter: &'static str, problem: impl Display) -> Error {
    Error::invalid(Input::Parameter, format!("{parameter} {problem}"))
}

fn named(parameter: &'static str, text: String) -> Result<String> {
    let fits = (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control) && text.trim() == text;
    let problem = || format!("must be 1 to {MAX_NAME} bytes of printable text, without spaces at its ends");
    if fits { Ok(text) } else { Err(invalid(parameter, problem())) }
}

fn checked(method: InvokeMethod, expression: String) -> Result<String> {
    let wrong = |problem: String| Err(invalid("InvokeExpr", problem));
    if expression.len() > MAX_EXPRESSION {
        return wrong(format!("must have {MAX_EXPRESSION} bytes at most"));
    }
    match method {
        // This method needs no expression.
        InvokeMethod::All => return Ok(String::new()),
        _ if expression.trim().is_empty() => return Err(Error::Missing("InvokeExpr")),
        InvokeMethod::TagList => {
            let tags: Vec<&str> = expression.split([',', ';']).map(str::trim).collect();
            if tags.len() > MAX_TAGS {
                return wrong(format!("must have {MAX_TAGS} tags at most"));
            }
            if let Some(odd) = tags.iter().find(|tag| tag.parse::<Tag>().is_err()) {
                return wrong(format!("must be a list of tags, separated by commas: {odd:?} is none"));
            }
        }
        InvokeMethod::Regex => {
            if expression.contains('\0') {
                return wrong("must be a regular expression without NUL".to_owned());
            }
            let compiled = RegexBuilder::new(&expression).size_limit(MAX_COMPILED).nest_limit(50).build();
            if let Err(error) = compiled {
                let what = error.to_string();
                let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ");
                return wrong(format!("must be a regular expression: {what}"));
            }
        }
    }
    Ok(expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(method: InvokeMethod, expression: &str) -> bool {
        checked(method, expression.to_owned()).is_ok()
    }

    #[test]
    fn expressions_are_those_of_their_method() {
        use InvokeMethod as M;
        assert_eq!(checked(M::All, "anything".to_owned()).unwrap(), "");
        for good in ["v1", "v1,v2", "v1; v2 ;v3"] {
            assert!(ok(M::TagList, good), "{good}");
        }
        for bad in ["v1,", ",", "a b", "v1\0", "é", &vec!["v"; 101].join(",")] {
            assert!(!ok(M::TagList, bad), "{bad}");
        }
        for good in ["^v[0-9]+$", ".*", "(a|b)?", "é"] {
            assert!(ok(M::Regex, good), "{good}");
        }
        let deep = format!("{}{}", "(".repeat(60), ")".repeat(60));
        for bad in ["(", "[", "a{1000000000}", "(?=x)", &deep, "\0", &"x".repeat(5000), "((a{100}){100}){100}"] {
            assert!(!ok(M::Regex, bad), "{bad}");
        }
        for missing in ["", "  "] {
            assert!(matches!(checked(M::Regex, missing.to_owned()), Err(Error::Missing("InvokeExpr"))));
            assert!(matches!(checked(M::TagList, missing.to_owned()), Err(Error::Missing("InvokeExpr"))));
        }
    }
}
