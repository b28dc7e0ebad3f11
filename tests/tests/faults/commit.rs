//! `kill -9` before a commit, and between a commit and its answer: a change is stored if and only if its audit row and
//! its event are.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use roadstead_storage::meta::{AuditQuery, MetaParams, MetaStore, Quotas, sqlite_url};
use roadstead_tests::{Binary, Cloud, DEADLINE};
use roadstead_types::{AccountId, RegistryId};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const SECRET_ID: &str = "AKIDkeyOfTheOwnerThatThisTestChoses0";
const SECRET_KEY: &str = "secretKeyOfTheOwnerThatTestChose";
/// How many installations run at the same time.
const LANES: usize = 2;

/// The number of kills: `ROADSTEAD_TEST_COMMIT_ROUNDS`, or 200.
fn rounds() -> usize {
    let given = std::env::var("ROADSTEAD_TEST_COMMIT_ROUNDS").ok();
    given.map_or(200, |text| text.parse().expect("ROADSTEAD_TEST_COMMIT_ROUNDS must be a number"))
}

/// The change that a round makes.
#[derive(Clone, Copy, Debug)]
enum Deed {
    DockerPush,
    DockerUntag,
    CloudNamespace,
    CloudPolicy,
    CommandNamespace,
}

const DEEDS: [Deed; 5] =
    [Deed::DockerPush, Deed::DockerUntag, Deed::CloudNamespace, Deed::CloudPolicy, Deed::CommandNamespace];

impl Deed {
    /// The name of its unit.
    fn op(self) -> &'static str {
        match self {
            Self::DockerPush => "store a manifest",
            Self::DockerUntag => "delete a tag",
            Self::CloudNamespace | Self::CommandNamespace => "create a namespace",
            Self::CloudPolicy => "create a policy",
        }
    }

    /// Its action in the audit log, and the kind of its event.
    fn traces(self) -> (&'static str, &'static str) {
        match self {
            Self::DockerPush => ("manifest.put", "manifest.pushed"),
            Self::DockerUntag => ("manifest.delete", "tag.removed"),
            Self::CloudNamespace => ("tcr:CreateNamespacePersonal", "namespace.created"),
            Self::CloudPolicy => ("cam:CreatePolicy", "policy.changed"),
            Self::CommandNamespace => ("namespace.create", "namespace.created"),
        }
    }
}

/// An installation, and the state that the rounds have left.
struct House {
    data: PathBuf,
    binary: Binary,
    owner: AccountId,
    uin: String,
    /// An existing tag.
    tag: Option<String>,
}

async fn open(data: &Path) -> MetaStore {
    let params = MetaParams {
        url: sqlite_url(&data.join("roadstead.db")),
        max_connections: 2,
        busy_timeout: DEADLINE,
        process: "the test".to_owned(),
        quotas: Quotas::default(),
    };
    MetaStore::open(&params).await.unwrap()
}

/// The traces of a change in the database: the thing itself, rows of the audit log, events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Traces {
    is_there: bool,
    rows: usize,
    events: usize,
}

impl House {
    fn build(data: PathBuf) -> Self {
        let binary = Binary::at(env!("CARGO_BIN_EXE_roadstead-stopping"));
        drop(binary.serve(&data, &Self::environment()));
        let (owner, uin) = blocking(async {
            let meta = open(&data).await;
            let owner = meta.list_accounts(None, 1).await.unwrap().remove(0);
            meta.close().await;
            (owner.id, owner.uin.as_str().to_owned())
        });
        Self { data, binary, owner, uin, tag: None }
    }

    fn environment() -> [(&'static str, &'static str); 4] {
        [
            ("ROADSTEAD_BOOTSTRAP_PASSWORD", PASSWORD),
            ("ROADSTEAD_BOOTSTRAP_SECRET_ID", SECRET_ID),
            ("ROADSTEAD_BOOTSTRAP_SECRET_KEY", SECRET_KEY),
            ("ROADSTEAD__SERVER__LOG_REQUESTS", "false"),
        ]
    }

    async fn traces(&self, deed: Deed, name: &str) -> Traces {
        let meta = open(&self.data).await;
        let (action, kind) = deed.traces();
        let is_there = match deed {
            Deed::DockerPush => self.has_tag(&meta, name).await,
            Deed::DockerUntag => !self.has_tag(&meta, self.tag.as_deref().unwrap()).await,
            Deed::CloudNamespace | Deed::CommandNamespace => {
                meta.namespace(RegistryId::PERSONAL, name).await.unwrap().is_some()
            }
            Deed::CloudPolicy => meta.policy_by_name(self.owner, name).await.unwrap().is_some(),
        };
        let query = AuditQuery { action: Some(action), limit: 1000, ..AuditQuery::default() };
        let rows = meta.audit_events(&query).await.unwrap().len();
        let events = meta.outbox(0, 10_000).await.unwrap().iter().filter(|event| event.kind == kind).count();
        meta.close().await;
        Traces { is_there, rows, events }
    }

    async fn has_tag(&self, meta: &MetaStore, tag: &str) -> bool {
        let name = "library/app".parse().unwrap();
        let Some(repository) = meta.repository(RegistryId::PERSONAL, &name).await.unwrap() else { return false };
        meta.tag(repository.id, &tag.parse().unwrap()).await.unwrap().is_some()
    }

    /// The request that makes the change, for a server at `url`.
    fn request(&self, deed: Deed, name: &str, url: &str) -> reqwest::RequestBuilder {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let manifest = |tag: &str| format!("{url}/v2/library/app/manifests/{tag}");
        let cloud = |service: &str, action: &str, parameters: Value| {
            let prepared = Cloud::at(url, SECRET_ID, SECRET_KEY).prepare(service, action, &parameters);
            let request = http.request(prepared.method.parse().unwrap(), format!("{url}{}", prepared.target));
            prepared
                .headers
                .iter()
                .fold(request.body(prepared.body), |request, (name, value)| request.header(name, value))
        };
        match deed {
            Deed::DockerPush => {
                let media_type = "application/vnd.oci.image.index.v1+json";
                let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [],
                    "annotations": {"round": name}});
                let request = http.put(manifest(name)).basic_auth(&self.uin, Some(PASSWORD));
                request.header("content-type", media_type).body(index.to_string())
            }
            Deed::DockerUntag => {
                http.delete(manifest(self.tag.as_deref().unwrap())).basic_auth(&self.uin, Some(PASSWORD))
            }
            Deed::CloudNamespace => cloud("tcr", "CreateNamespacePersonal", json!({"Namespace": name})),
            Deed::CloudPolicy => {
                let document = json!({"version": "2.0", "statement": [
                    {"effect": "allow", "action": ["ccr:pull"], "resource": ["*"]}]});
                let parameters = json!({"PolicyName": name, "PolicyDocument": document.to_string()});
                cloud("cam", "CreatePolicy", parameters)
            }
            Deed::CommandNamespace => unreachable!("a command is not a request"),
        }
    }

    /// Makes the change until the process stops at `point`, and kills the process there.
    fn do_and_kill(&self, deed: Deed, name: &str, point: &str) {
        let sign = self.data.join("stopped");
        let stop = [("STOP_AT", point), ("STOP_OP", deed.op()), ("STOP_SIGN", sign.to_str().unwrap())];
        if let Deed::CommandNamespace = deed {
            let mut command = self.binary.command(&self.data);
            let command = command.args(["namespace", "create", name]).envs(stop);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            wait_for(&sign);
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            let server = self.binary.serve(&self.data, &[&Self::environment()[..], &stop].concat());
            let request = self.request(deed, name, server.url());
            let asking = std::thread::spawn(|| blocking(async { request.send().await.map(|answer| answer.status()) }));
            wait_for(&sign);
            server.signal("KILL");
            server.wait();
            assert!(asking.join().unwrap().is_err(), "a killed server cannot answer");
        }
        std::fs::remove_file(sign).unwrap();
    }

    fn round(&mut self, number: usize, is_late: bool) {
        let deed = match DEEDS[number % DEEDS.len()] {
            // There is no tag to remove yet.
            Deed::DockerUntag if self.tag.is_none() => Deed::DockerPush,
            deed => deed,
        };
        let name = format!("round-{number}");
        let before = blocking(self.traces(deed, &name));
        assert!(!before.is_there, "{deed:?} {name}");
        self.do_and_kill(deed, &name, if is_late { "after-commit" } else { "before-commit" });
        let after = blocking(self.traces(deed, &name));
        let one = usize::from(is_late);
        let expected = Traces { is_there: is_late, rows: before.rows + one, events: before.events + one };
        assert_eq!(after, expected, "{deed:?} {name}, after {before:?}");
        match deed {
            Deed::DockerPush if is_late => self.tag = Some(name),
            Deed::DockerUntag if is_late => self.tag = None,
            _ => {}
        }
    }
}

pub fn wait_for(sign: &Path) {
    let deadline = Instant::now() + DEADLINE;
    while !sign.exists() {
        assert!(Instant::now() < deadline, "the process did not reach the point where it stops");
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_change_its_audit_row_and_its_event_are_there_or_none_of_them_is() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let data = directory.path().join(format!("data-{lane}"));
            scope.spawn(move || {
                let mut house = House::build(data);
                for number in 0..rounds().div_ceil(LANES) {
                    // Each change is killed at both points, in turn.
                    house.round(number, (number / DEEDS.len() + lane).is_multiple_of(2));
                }
            });
        }
    });
}
