//! Tests of decisions: fixed cases, random documents, and a second implementation to compare with.

mod oracle;
mod properties;
mod vectors;

use std::sync::Arc;

use roadstead_types::{Timestamp, Uin};

use super::{Author, Context, Document, Policy, Use};

const OWNER: &str = "100000000001";
const CALLER: &str = "100000000011";
const APP_ID: i64 = 1_250_000_001;

fn owner() -> Uin {
    OWNER.parse().unwrap()
}

fn author(owner_uin: &Uin) -> Author<'_> {
    Author { owner_uin, app_id: APP_ID }
}

/// 2025-11-01T00:00:00Z, from 10.1.2.3, in the region shjr.
fn context() -> Context {
    let now = Timestamp::from_millis(1_761_955_200_000);
    Context::new("10.1.2.3".parse().unwrap(), now, CALLER, &owner(), APP_ID, &Arc::from("shjr"))
}

fn stored(text: &str, usage: Use) -> Policy {
    Policy::stored(text, usage, &author(&owner()))
}

fn document(id: i64, policy: Policy) -> Arc<Document> {
    Arc::new(Document { id, name: format!("policy-{id}"), policy })
}
