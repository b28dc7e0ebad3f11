//! Examples from `vectors.json`, one a line: documents, a question and the answer. The documents are `p`: a list
//! holds the statements of an identity policy, `raw` is a literal text, `as` is the use of a document, `stored`
//! parses it as one from the database, and `preset` is the id of a preset. The question is `q`, with the operation by
//! name.

use std::sync::Arc;

use roadstead_types::{Digest, RepositoryName, Tag, Uin};
use serde::Deserialize;
use serde_json::Value;

use super::super::actions;
use super::super::op::{self, CamResource, Realm};
use super::super::row::Row;
use super::super::{Context, Documents, Policy, PolicyError, Principal, Request, Use, decide, presets};
use super::{author, context, document, owner};

#[derive(Deserialize)]
struct Vector {
    id: String,
    n: String,
    p: Vec<Value>,
    #[serde(default)]
    q: Question,
    x: String,
    explicit: Option<bool>,
    warnings: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Question {
    op: String,
    t: Value,
    who: Option<String>,
    ip: Option<String>,
    now: Option<String>,
    region: Option<String>,
    #[serde(rename = "pub")]
    public: u8,
    tags: Vec<String>,
    request_tags: Vec<String>,
    keys: std::collections::BTreeMap<String, Vec<String>>,
    inst: Option<String>,
    service: String,
    action: String,
    user: Option<Uin2>,
    group: Option<i64>,
    policy: Option<i64>,
    role: Option<String>,
    role_id: String,
    owner: Option<Uin2>,
    trust: Option<Who>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Uin2(Uin);

impl TryFrom<String> for Uin2 {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|e| format!("{e}"))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Who {
    User { owner: Uin2, uin: String, groups: Vec<i64> },
    Service { service: String },
    Federated { federated: String },
}

/// The documents of a vector, with those of trust policies separate.
#[derive(Default)]
struct Read {
    documents: Documents,
    trust: Vec<Policy>,
    warnings: usize,
}

fn read(vector: &Vector) -> Result<Read, PolicyError> {
    let (mut read, owner) = (Read::default(), owner());
    for (index, item) in vector.p.iter().enumerate() {
        let text = text(item);
        let usage = match item.get("as").and_then(Value::as_str) {
            None => Use::Identity,
            Some("boundary") => Use::Boundary,
            Some("session") => Use::Session,
            Some("trust") => Use::Trust,
            Some(other) => panic!("{}: what is a {other} document?", vector.id),
        };
        let policy = if item.get("stored").is_some() {
            Policy::stored(&text, usage, &author(&owner))
        } else {
            let parsed = Policy::parse(&text, usage, &author(&owner))?;
            let again = Policy::parse(&parsed.canonical, usage, &author(&owner));
            let again = again.unwrap_or_else(|e| panic!("{}: {e} in {}", vector.id, parsed.canonical));
            assert_eq!(again.policy, parsed.policy, "{}: {}", vector.id, parsed.canonical);
            assert_eq!(
                (again.canonical, again.warnings.iter().any(|w| w.contains("was read as"))),
                (parsed.canonical, false)
            );
            assert_eq!(Policy::stored(&text, usage, &author(&owner)), parsed.policy, "{}", vector.id);
            read.warnings += parsed.warnings.len();
            parsed.policy
        };
        let id = i64::try_from(index).unwrap();
        match usage {
            Use::Identity => read.documents.identity.push(document(id, policy)),
            Use::Boundary => read.documents.boundary = Some(document(id, policy)),
            Use::Session => read.documents.session = Some(Arc::new(policy)),
            Use::Trust => read.trust.push(policy),
        }
    }
    Ok(read)
}

fn text(item: &Value) -> String {
    let document = |statements: &Value| serde_json::json!({"version": "2.0", "statement": statements}).to_string();
    if let Some(raw) = item.get("raw") {
        return raw.as_str().unwrap().to_owned();
    }
    if let Some(id) = item.get("preset") {
        return presets::get(id.as_i64().unwrap()).unwrap().document.to_owned();
    }
    if let Some(resource) = item.get("gen") {
        let resources = vec![resource; usize::try_from(item["times"].as_u64().unwrap()).unwrap()];
        return document(&serde_json::json!([{"effect": "allow", "action": "ccr:pull", "resource": resources}]));
    }
    document(item.get("s").unwrap_or(item))
}

fn request(question: &Question, target: &str) -> Request {
    let realm = question.inst.as_deref().map_or(Realm::Personal, Realm::Instance);
    let name = || target.split(':').next().unwrap().parse::<RepositoryName>().unwrap();
    let tag = || target.split_once(':').unwrap().1.parse::<Tag>().unwrap();
    let digest = || format!("sha256:{}", "a".repeat(64)).parse::<Digest>().unwrap();
    match question.op.as_str() {
        "pull" => op::pull(realm, &name()).public_pull(question.public == 1),
        "push" => op::push(realm, &name()),
        "ns.create" => op::namespace_create(realm, target),
        "ns.delete" => op::namespace_delete(realm, target),
        "repo.create" => op::repository_create(realm, &name()),
        "repo.delete" => op::repository_delete(realm, &name()),
        "repo.batch_delete" => op::repository_batch_delete(realm, &name()),
        "repo.list" => op::repository_list(realm, &name()),
        "tag.delete" => op::tag_delete(realm, &name(), &tag()),
        "tag.batch_delete" => op::tag_batch_delete(realm, &name(), &tag()),
        "manifest.delete" => op::manifest_delete(realm, &name(), &digest()),
        "lifecycle.global.set" => actions::tcr::ManageImageLifecycleGlobalPersonal.on_everything(),
        "lifecycle.global.delete" => actions::tcr::DeleteImageLifecycleGlobalPersonal.on_everything(),
        "instance.create" => op::instance_create(),
        "instance.token" => actions::tcr::CreateInstanceToken.on_instance(target),
        "instance.status" => actions::tcr::DescribeInstanceStatus.on_instance(target),
        "api" => row(&question.service, &question.action).on_everything(),
        "api.repository" => row("tcr", &question.action).on_repository(realm, &name()),
        "api.namespace" => row("tcr", &question.action).on_namespace(realm, target),
        "cam" => row("cam", &question.action).on_cam(cam_resource(question)),
        "assume" => {
            op::assume_role(&question.owner.as_ref().unwrap().0, question.role.as_ref().unwrap(), &question.role_id)
        }
        other => panic!("there is no operation {other:?}"),
    }
}

fn row(service: &str, action: &str) -> &'static Row {
    actions::find(service, action).unwrap()
}

fn cam_resource(question: &Question) -> CamResource<'_> {
    let user = question.user.as_ref().map(|user| CamResource::User(&user.0));
    let group = question.group.map(CamResource::Group);
    let policy = question.policy.map(CamResource::Policy);
    let role = question.role.as_deref().map(CamResource::Role);
    user.or(group).or(policy).or(role).unwrap_or(CamResource::All)
}

fn asked(question: &Question) -> Context {
    let mut asked = context();
    if let Some(ip) = &question.ip {
        asked.ip = ip.parse().unwrap();
    }
    if let Some(now) = &question.now {
        asked.now = super::super::value::moment(now).unwrap();
    }
    if let Some(region) = &question.region {
        asked.region = Arc::from(region.as_str());
    }
    asked.resource_tags = question.tags.as_slice().into();
    asked.request_tags.clone_from(&question.request_tags);
    asked.keys.clone_from(&question.keys);
    asked
}

/// Returns the answer in the words of the vectors, and whether a statement denies the request.
fn answer(vector: &Vector) -> (String, bool) {
    let read = match read(vector) {
        Ok(read) => read,
        Err(error) => return (error.code.replace("InvalidParameter.", "error:"), false),
    };
    if let Some(count) = vector.warnings {
        assert_eq!(read.warnings, count, "{}", vector.id);
    }
    let word = |yes: bool| if yes { "allow" } else { "deny" }.to_owned();
    let context = asked(&vector.q);
    if let Some(who) = &vector.q.trust {
        let principal = match who {
            Who::User { owner, uin, groups } => Principal::User { owner: &owner.0, uin, groups },
            Who::Service { service } => Principal::Service(service),
            Who::Federated { federated } => Principal::Federated(federated),
        };
        return (word(read.trust.iter().all(|policy| policy.trusts(&principal, &context))), false);
    }
    let mut documents = read.documents;
    match vector.q.who.as_deref() {
        None => {}
        Some("root") => documents.root = true,
        // Decided without documents, because these do not apply to things of other accounts.
        Some("foreign" | "anon") => documents = Documents::default(),
        Some(other) => panic!("{}: who is {other}?", vector.id),
    }
    let targets = match &vector.q.t {
        Value::Array(list) => list.iter().map(|target| target.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap_or_default()],
    };
    let decisions: Vec<_> =
        targets.iter().map(|target| decide(&documents, &request(&vector.q, target), &context)).collect();
    let explicit = decisions.iter().any(|decision| decision.is_explicit_denial());
    (word(decisions.iter().all(|decision| decision.is_allowed())), explicit)
}

#[test]
fn every_example_is_answered_as_it_says() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert!(vectors.len() > 600);
    let mut wrong = Vec::new();
    for vector in &vectors {
        let (said, explicit) = answer(vector);
        if said != vector.x || vector.explicit.is_some_and(|expected| expected != explicit) {
            wrong.push(format!("{} ({}): {said}, explicit: {explicit}; expected {}", vector.id, vector.n, vector.x));
        }
    }
    assert!(wrong.is_empty(), "{} of {} examples:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}
