//! Lists: a page costs the same at any depth, also for a caller whose policies deny something.

use roadstead_storage::meta::{NewRepository, QuotaKind};
use roadstead_tests::people::sub;
use roadstead_tests::{Cloud, TestRegistry};
use roadstead_types::{RegistryId, RepositoryName};
use serde_json::{Value, json};

use crate::{alone, statements};

/// Repositories of the account.
const COUNT: u32 = 10_000;

/// How many rows each statement of a page returned or changed.
async fn cost(cloud: &Cloud, action: &str, parameters: &Value) -> Vec<String> {
    // The first call fills the caches for the second one.
    cloud.call("tcr", action, parameters.clone()).await.ok();
    let id = cloud.call("tcr", action, parameters.clone()).await.request_id();
    statements::changes_are_seen().await;
    let statements = statements::of(&id, true);
    assert!(!statements.is_empty(), "{action}");
    let mut rows: Vec<String> =
        statements.iter().filter_map(|text| Some(text.rsplit_once(" -- ")?.1.to_owned())).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_page_costs_the_same_at_any_depth_and_with_denials() {
    let _alone = alone().await;
    let reg = TestRegistry::builder().settings(|settings| settings.cloud_api.requests_per_second = 0).start().await;
    let main = reg.account("deep").await;
    reg.meta().set_quota(&reg.act(), main.id, QuotaKind::Repositories, COUNT).await.unwrap();
    let creator = main.uin.parse().unwrap();
    for number in 0..COUNT {
        let name: RepositoryName = format!("deep/app{number:05}").parse().unwrap();
        let (registry, owner) = (RegistryId::PERSONAL, main.id);
        let new = NewRepository { registry, name: &name, owner, creator: &creator, public: false, description: "" };
        reg.meta().add_repository(&reg.act(), &new).await.unwrap();
    }
    let statement = |effect: &str, actions: &[&str], resources: &[&str]| {
        let statement = json!({ "effect": effect, "action": actions, "resource": resources });
        json!({ "version": "2.0", "statement": [statement] }).to_string()
    };
    // These hide 1,000, 100 and one repository.
    let hidden = ["qcs::ccr:::repo/deep/app00*", "qcs::ccr:::repo/deep/app01*2", "qcs::ccr:::repo/deep/app09999"];
    let denied = statement("deny", &["ccr:pull"], &hidden);
    let limited = sub(&reg, &main, "limited", &[&statement("allow", &["*"], &["*"]), &denied]).await;
    // From here on nothing changes, so the caches keep their rows.
    statements::changes_are_seen().await;
    for action in ["DescribeRepositoryOwnerPersonal", "DescribeRepositoryFilterPersonal"] {
        let page = |offset: u32| json!({ "Offset": offset, "Limit": 10 });
        let first = cost(&main.cloud, action, &page(0)).await;
        assert_eq!(cost(&main.cloud, action, &page(COUNT - 10)).await, first, "{action}: the last page");
        assert_eq!(cost(&limited.cloud, action, &page(0)).await, first, "{action}: with denials");
    }
    let total = |reply: Value| reply["Data"]["TotalCount"].as_u64().unwrap();
    let count = async |cloud: &Cloud| {
        let parameters = json!({ "Offset": 0, "Limit": 1 });
        total(cloud.call("tcr", "DescribeRepositoryOwnerPersonal", parameters).await.ok())
    };
    assert_eq!(count(&main.cloud).await, u64::from(COUNT));
    assert_eq!(count(&limited.cloud).await, u64::from(COUNT) - 1101);
}
