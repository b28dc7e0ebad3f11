//! How long a decision takes. Nothing is asserted: `cargo test -p roadstead-auth --release cam::tests::speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use roadstead_storage::types::RepositoryName;

use super::super::op::{self, Realm};
use super::super::{Documents, Policy, Use, decide};
use super::{author, context, document, owner};

#[test]
#[ignore = "a measurement"]
fn a_decision_over_two_hundred_statements() {
    let owner = owner();
    let policy = |first: usize| {
        let statements: Vec<_> = (first..first + 20)
            .map(|n| {
                let effect = if n % 4 == 0 { "deny" } else { "allow" };
                serde_json::json!({
                    "effect": effect, "action": ["ccr:pull", "ccr:push", "tcr:Describe*"],
                    "resource": [format!("qcs::ccr:::repo/team-{n}/*"), format!("qcs::tcr:::repo/*/app-{n}")],
                    "condition": {"ip_equal": {"qcs:ip": ["10.0.0.0/8", "192.168.0.0/16"]}},
                })
            })
            .collect();
        serde_json::json!({"version": "2.0", "statement": statements}).to_string()
    };
    let texts: Vec<String> = (0..10).map(|n| policy(n * 20)).collect();
    let read = |text: &String| document(1, Policy::parse(text, Use::Identity, &author(&owner)).unwrap().policy);
    let started = Instant::now();
    let documents = Documents { identity: texts.iter().map(read).collect(), ..Documents::default() };
    println!("200 statements parsed in {:?}", started.elapsed());
    let context = context();
    for (what, name) in [("allowed by the last", "team-199/x"), ("not allowed", "other/x")] {
        let name: RepositoryName = name.parse().unwrap();
        let (rounds, started) = (20_000_u32, Instant::now());
        let mut allowed = 0_u32;
        for _ in 0..rounds {
            let request = op::pull(Realm::Personal, black_box(&name));
            allowed += u32::from(decide(black_box(&documents), &request, &context).is_allowed());
        }
        println!("{what}: {:?} a decision ({allowed} of {rounds} allowed)", started.elapsed() / rounds);
    }
}
