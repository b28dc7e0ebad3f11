//! Runs an action: reads its parameters, checks permissions, calls the action.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use roadstead_auth::Right as _;
use roadstead_policy::{ActionKind, Row, Service};
use serde::Serialize;

use super::allowed::Allowed;
use super::attempt::Attempt;
use super::call::CloudCall;
use super::contract::{Action, Lookup};
use super::fields::fields;
use super::open::{OpenAction, OpenCall};
use super::registered::{Registered, Run};
use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};

impl Registered {
    /// Registers an action whose required permissions follow from its parameters.
    pub(crate) const fn of<A: Action>() -> Self {
        const { assert!(A::Mode::CHANGES == stores(A::ROW), "the mode of an action fits the kind of its row") };
        Self { row: A::ROW, run: Run::Signed(run::<A>), parameters: fields::<A> }
    }

    /// Registers an action that must look something up before its required permissions are known.
    pub(crate) const fn looks_up<A: Lookup>() -> Self {
        const { assert!(A::Mode::CHANGES == stores(A::ROW), "the mode of an action fits the kind of its row") };
        Self { row: A::ROW, run: Run::Signed(run_lookup::<A>), parameters: fields::<A> }
    }

    /// Registers an unsigned action.
    pub(crate) const fn open<A: OpenAction>() -> Self {
        Self { row: A::ROW, run: Run::Open(run_open::<A>), parameters: fields::<A> }
    }
}

/// Tells whether an action changes something that is stored. Temporary credentials are made without storing anything.
const fn stores(row: &Row) -> bool {
    matches!(row.kind, Some(ActionKind::Writes)) && !matches!(row.service, Service::Sts)
}

type Answer<'a> = LocalBoxFuture<'a, CloudResult<Vec<u8>>>;

fn run<'a, A: Action>(call: &'a CloudCall<'a>, attempt: Attempt<'a>) -> Answer<'a> {
    async move {
        let checked = attempt.parameters.parse::<A>()?.check(call.identity)?;
        let needs = A::needs(&checked);
        call.note_target(A::target(&checked).unwrap_or_else(|| needs.subjects()));
        let granted = call.auth().allow(call.permissions, A::ROW, &needs, attempt.dry_run).await?;
        finish(call, A::ROW, attempt, A::run(checked, Allowed::new(call, granted))).await
    }
    .boxed_local()
}

fn run_lookup<'a, A: Lookup>(call: &'a CloudCall<'a>, attempt: Attempt<'a>) -> Answer<'a> {
    async move {
        let checked = attempt.parameters.parse::<A>()?.check(call.identity)?;
        call.note_target(A::target(&checked));
        call.permissions.refuse_veto(A::ROW)?;
        let found = A::resolve(&checked, call).await?;
        let (granted, found) = call.permissions.grant(found, attempt.dry_run)?;
        finish(call, A::ROW, attempt, A::run(checked, found, Allowed::new(call, granted))).await
    }
    .boxed_local()
}

fn run_open<'a, A: OpenAction>(call: &'a OpenCall<'a>, attempt: Attempt<'a>) -> Answer<'a> {
    async move {
        let action: A = attempt.parameters.parse()?;
        let output = action.run(call).await?;
        if attempt.dry_run {
            return Err(Code::DryRunOperation.into());
        }
        serde_json::to_vec(&output).map_err(CloudError::internal)
    }
    .boxed_local()
}

async fn finish<T: Serialize>(
    call: &CloudCall<'_>,
    row: &'static Row,
    attempt: Attempt<'_>,
    run: impl Future<Output = CloudResult<T>>,
) -> CloudResult<Vec<u8>> {
    if !attempt.dry_run {
        call.use_signature(row)?;
    }
    let output = run.await?;
    if attempt.dry_run {
        // A dry run got here without changing anything, so the real run would have succeeded.
        return Err(Code::DryRunOperation.into());
    }
    serde_json::to_vec(&output).map_err(CloudError::internal)
}

#[cfg(test)]
mod tests {
    use roadstead_auth::{Identity, Read};
    use roadstead_policy::actions::tcr;
    use serde::Deserialize;

    use super::super::contract::action;
    use super::*;
    use crate::wire::params::Parameters;

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct WithDryRun {
        dry_run: bool,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Without {}

    impl Action for WithDryRun {
        action! { tcr::DescribeGCJobs: Read, bool => bool }

        fn check(self, _: &Identity) -> CloudResult<bool> {
            Ok(self.dry_run)
        }

        async fn run(dry_run: bool, _: Allowed<'_, Read>) -> CloudResult<bool> {
            Ok(dry_run)
        }
    }

    impl Action for Without {
        action! { tcr::DescribeGCJobs: Read, () => () }

        fn check(self, _: &Identity) -> CloudResult<()> {
            Ok(())
        }

        async fn run((): (), _: Allowed<'_, Read>) -> CloudResult<()> {
            Ok(())
        }
    }

    #[test]
    fn the_general_dry_run_gives_way_to_a_parameter_of_that_name() {
        let parameters = Parameters::json(br#"{"DryRun": true}"#).unwrap();
        assert!(Registered::of::<Without>().attempt(&parameters).dry_run);
        assert!(!Registered::of::<WithDryRun>().attempt(&parameters).dry_run);
        assert!(parameters.parse::<WithDryRun>().unwrap().dry_run);
    }
}
