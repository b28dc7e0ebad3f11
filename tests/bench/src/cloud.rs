//! A client of the cloud API that signs like an SDK, with TC3-HMAC-SHA256.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use roadstead_bench::wire::{Wire, oci};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::contender::{REPOSITORY, Server};
use crate::load::rate_of;

/// An action of a service.
#[derive(Clone, Copy)]
pub struct Action(pub &'static str, pub &'static str, pub &'static str);

pub const GET_USER_APP_ID: Action = Action("cam", "2019-01-16", "GetUserAppId");
pub const DESCRIBE_REPOSITORY: Action = Action("tcr", "2019-09-24", "DescribeRepositoryPersonal");
pub const DELETE_REPOSITORY: Action = Action("tcr", "2019-09-24", "DeleteRepositoryPersonal");
const ADD_USER: Action = Action("cam", "2019-01-16", "AddUser");
const CREATE_POLICY: Action = Action("cam", "2019-01-16", "CreatePolicy");
const ATTACH_USER_POLICY: Action = Action("cam", "2019-01-16", "AttachUserPolicy");

/// The owner account of the first start, as a caller.
pub struct Cloud<'a> {
    server: &'a Server,
    secret_id: String,
    secret_key: String,
}

impl<'a> Cloud<'a> {
    pub fn new(server: &'a Server) -> anyhow::Result<Self> {
        let made: Value = serde_json::from_slice(&fs::read(server.directory.join("data/bootstrap.json"))?)?;
        let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
        Ok(Self { server, secret_id: text("secret_id"), secret_key: text("secret_key") })
    }

    /// The headers of a signed request. They are valid for five minutes.
    fn headers(&self, action: Action, body: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
        let Action(service, version, name) = action;
        #[expect(clippy::disallowed_methods, reason = "a client signs with the time of its own clock")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let date = day(now);
        let host = self.server.address;
        let payload = hex::encode(Sha256::digest(body));
        let canonical =
            format!("POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{payload}");
        let scope = format!("{date}/{service}/tc3_request");
        let text = format!("TC3-HMAC-SHA256\n{now}\n{scope}\n{}", hex::encode(Sha256::digest(&canonical)));
        let key = [date.as_str(), service, "tc3_request"]
            .iter()
            .try_fold(format!("TC3{}", self.secret_key).into_bytes(), |key, part| mac(&key, part))?;
        let signature = hex::encode(mac(&key, &text)?);
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host, Signature={signature}",
            self.secret_id
        );
        Ok(vec![
            ("Content-Type", "application/json".to_owned()),
            ("X-TC-Action", name.to_owned()),
            ("X-TC-Version", version.to_owned()),
            ("X-TC-Timestamp", now.to_string()),
            ("Authorization", authorization),
        ])
    }

    /// Calls an action. An error of the cloud API is returned as an error.
    pub fn call(&self, action: Action, parameters: &Value) -> anyhow::Result<Value> {
        let body = parameters.to_string();
        let headers = self.headers(action, &body)?;
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut client = Wire::new(self.server.address, None);
        let answer = client.send("POST", "/", &headers, Some(body.as_bytes()))?.expect(200)?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let response = answer.get("Response").context("no Response")?;
        ensure!(response.get("Error").is_none(), "{}: {response}", action.2);
        Ok(response.clone())
    }

    /// Measures calls a second with wrk and 32 connections.
    pub fn rate(&self, action: Action, parameters: &Value, time: Duration) -> anyhow::Result<f64> {
        // wrk checks only the status, which is 200 for errors too. So one call before and one after it check for
        // success.
        self.call(action, parameters)?;
        let body = parameters.to_string();
        let script = self.server.directory.join("call.lua");
        fs::write(&script, format!("wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\n"))?;
        let mut command = Command::new("wrk");
        command.args(["-t2", "-c32", "-d", &format!("{}s", time.as_secs().max(1)), "-s"]).arg(&script);
        for (name, value) in self.headers(action, &body)? {
            command.args(["-H", &format!("{name}: {value}")]);
        }
        let output =
            command.arg(format!("http://{}/", self.server.address)).output().context("wrk is not installed")?;
        let rate = rate_of(&output)?;
        self.call(action, parameters)?;
        Ok(rate)
    }

    /// Makes a sub-account with this many statements, of which only the last allows the pull. Returns its bearer token.
    pub fn sub_account(&self, statements: usize) -> anyhow::Result<String> {
        let name = format!("bench-{:08x}", rand::random::<u32>());
        let password = format!("{:032x}", rand::random::<u128>());
        let user = json!({ "Name": name, "Password": password, "ConsoleLogin": 1 });
        let uin = self.call(ADD_USER, &user)?["Uin"].as_u64().context("no Uin")?;
        // The most statements that fit into one document.
        const IN_ONE: usize = 50;
        for first in (0..statements).step_by(IN_ONE) {
            let statements: Vec<Value> = (first..statements.min(first + IN_ONE))
                .map(|number| {
                    let last = number + 1 == statements;
                    let name = if last { REPOSITORY.to_owned() } else { format!("team{number}/*") };
                    json!({ "effect": "allow", "action": "ccr:pull", "resource": format!("qcs::ccr:::repo/{name}") })
                })
                .collect();
            let document = json!({ "version": "2.0", "statement": statements }).to_string();
            let policy = json!({ "PolicyName": format!("{name}-{first}"), "PolicyDocument": document });
            let id = self.call(CREATE_POLICY, &policy)?["PolicyId"].as_u64().context("no PolicyId")?;
            self.call(ATTACH_USER_POLICY, &json!({ "PolicyId": id, "AttachUin": uin }))?;
        }
        let basic = oci::basic(&uin.to_string(), &password);
        Ok(oci::bearer(self.server.address, &basic, &[&format!("repository:{REPOSITORY}:pull")])?)
    }
}

fn mac(key: &[u8], text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(Hmac::<Sha256>::new_from_slice(key)?.chain_update(text).finalize().into_bytes().to_vec())
}

/// The date of a time in UTC, as `YYYY-MM-DD`.
fn day(seconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string().chars().take(10).collect()
}
