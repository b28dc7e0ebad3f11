//! `DryRun`: an action checks everything, and changes nothing.

use roadstead_cloud::catalog::ActionInfo;
use roadstead_tests::houses::{House, house, nothing};
use roadstead_tests::parameters;
use serde_json::{Value, json};

use super::{actions, call, registry, strange, view};

/// The actions that change something. Those that remove things come last.
fn writing() -> Vec<ActionInfo> {
    let mut writing: Vec<_> = actions().into_iter().filter(|action| action.writes).collect();
    let takes = ["Delete", "BatchDelete", "Remove", "Detach"];
    writing.sort_by_key(|action| takes.iter().any(|start| action.name.starts_with(start)));
    writing
}

/// Parameters that are refused for various reasons, and then valid ones.
fn attempts(action: &ActionInfo, house: &House) -> Vec<Value> {
    let (good, nothing) = (parameters::of(action, &house.things), nothing());
    let mut attempts = vec![parameters::of(action, &nothing)];
    for name in action.parameters {
        let mut with = |value: Value| {
            let mut changed = good.clone();
            changed[*name] = value;
            attempts.push(changed);
        };
        with(Value::Null);
        with(parameters::find(action, name, &nothing).unwrap());
        strange().into_iter().for_each(with);
    }
    // The second time, the thing may exist already, or be gone.
    attempts.extend([good.clone(), good]);
    attempts
}

#[tokio::test]
async fn a_dry_run_is_refused_for_the_reason_for_which_a_run_is() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for action in writing() {
        for mut parameters in attempts(&action, &a) {
            parameters["DryRun"] = json!(true);
            let tried = call(&a.root.cloud, &action, &parameters).await;
            parameters["DryRun"] = json!(false);
            let done = call(&a.root.cloud, &action, &parameters).await;
            let would = (tried.code(), tried.message());
            let is = (done.code(), done.message());
            refused += usize::from(!is.0.is_empty());
            let same = if is.0.is_empty() { would.0 == "DryRunOperation" } else { would == is };
            if !same {
                wrong.push(format!("{} {parameters}:\n  {would:?}\n  {is:?}", action.name));
            }
        }
    }
    assert!(refused > 1000, "{refused}");
    assert!(wrong.is_empty(), "{} surprises:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let reg = registry(false).await;
    let a = house(&reg, "aaaa").await;
    let (before, counter) = (view(&a).await, reg.meta().change_counters().await.unwrap());
    for action in actions() {
        let mut parameters = parameters::of(&action, &a.things);
        parameters["DryRun"] = json!(true);
        let code = call(&a.root.cloud, &action, &parameters).await.code();
        assert!(!code.is_empty(), "{}", action.name);
    }
    assert_eq!(reg.meta().change_counters().await.unwrap(), counter);
    let after = view(&a).await;
    for (name, before) in &before {
        assert_eq!(after.get(name), Some(before), "{name}");
    }
}
