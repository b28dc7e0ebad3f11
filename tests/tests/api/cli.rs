//! The real executable: settings, accounts, exit codes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use roadstead_tests::{Binary, Client, Credentials, Database, Image, TestRegistry, claims, eventually};
use serde_json::{Value, json};

pub fn run(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Binary::find().command(data).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stdout)))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_mistake_in_the_settings_names_key_and_source_and_exits_with_2() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("roadstead.toml");
    let path = file.to_str().unwrap();
    for (toml, environment, expected) in [
        ("[server]\nlissten = \"127.0.0.1:0\"\n", ("X", "x"), vec!["server.lissten", path, "server.listen"]),
        ("[auth]\ntoken_lifetime = \"5s\"\n", ("X", "x"), vec!["auth.token_lifetime", path]),
        ("[nonsense]\nx = 1\n", ("X", "x"), vec!["nonsense", path]),
        ("not toml at all", ("X", "x"), vec![path]),
        ("", ("ROADSTEAD__SERVER__PORT", "5000"), vec!["server.port", "ROADSTEAD__SERVER__PORT"]),
        (
            "",
            ("ROADSTEAD__AUTH__LOGIN_ATTEMPTS", "many"),
            vec!["auth.login_attempts", "ROADSTEAD__AUTH__LOGIN_ATTEMPTS"],
        ),
        ("", ("ROADSTEAD_LISTEN", "nowhere"), vec!["server.listen", "ROADSTEAD_LISTEN"]),
    ] {
        std::fs::write(&file, toml).unwrap();
        for command in ["serve", "check-config", "migrate"] {
            let output = run(&data.path().join("data"), &[command, "--config", path], &[environment]);
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{command} {toml:?}: {told}");
            assert!(expected.iter().all(|word| told.contains(word)), "{expected:?} in {told}");
            assert_eq!(text(&output.stdout), "");
        }
    }
    assert!(!data.path().join("data").exists(), "a command with bad settings makes no files");
    let output = run(data.path(), &["serve", "--config", "/nonexistent.toml"], &[]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_usage_exits_with_2_and_a_failure_with_1() {
    let data = tempfile::tempdir().unwrap();
    for arguments in [
        &["fly"][..],
        &[],
        &["serve", "--nonsense"],
        &["account"],
        &["account", "disable"],
        &["account", "disable", "nobody"],
        &["account", "quota", "1"],
        &["account", "key", "list", "--uin", "1"],
        &["namespace", "create", "not/a/namespace"],
        &["repository", "visibility", "nonsense", "public"],
    ] {
        assert_eq!(run(data.path(), arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [
        &["account", "disable", "100000000000"][..],
        &["repository", "visibility", "a/b", "public"],
        &["namespace", "delete", "nothing"],
        &["account", "create", "--name", "bad name!"],
    ] {
        let output = run(data.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("roadstead: "), "{arguments:?}");
    }
    let version = run(data.path(), &["version"], &[]);
    assert_eq!((version.status.code(), text(&version.stdout).starts_with("roadstead ")), (Some(0), true));
}

#[tokio::test]
async fn the_first_start_makes_an_owner_with_a_password_that_nobody_else_has() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("deep/er");
    let server = Binary::find().serve(&data, &[]);
    let record: Value = serde_json::from_slice(&std::fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
    for secret in ["bootstrap.json", "master.key"] {
        assert_eq!(mode(&data.join(secret)), 0o600, "{secret}");
    }
    assert_eq!(mode(&data), 0o700);
    let (username, password) = (record["username"].as_str().unwrap(), record["password"].as_str().unwrap());
    assert_eq!((username.len(), &record["uin"]), (12, &record["username"]));
    assert!(password.len() >= 16, "{} characters", password.len());
    assert!(
        record["secret_id"].as_str().unwrap().starts_with("AKID") && record["secret_id"].as_str().unwrap().len() == 36
    );
    assert_eq!(record["secret_key"].as_str().unwrap().len(), 32);
    assert_eq!(record["url"], server.url());
    assert!(server.output().iter().any(|line| line.contains("docker login") && line.contains(username)));
    let owner = Client::new(server.url(), Credentials::Basic(username.into(), password.into()));
    owner.push_image("library/app", "v1", &Image::small(1)).await;
    for (name, guess) in
        [("admin", "admin"), (username, "admin"), (username, "password"), (username, ""), (username, username)]
    {
        let guess = Client::new(server.url(), Credentials::Basic(name.into(), guess.into()));
        guess.get("/v2/").await.expect_error(401, "UNAUTHORIZED");
    }
    // A second server on the same data refuses to start, and does not disturb the first one.
    let second = run(&data, &["serve", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("needs it alone, is using"), "{}", text(&second.stderr));
    owner.get("/v2/library/app/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn a_lost_master_key_is_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    drop(Binary::find().serve(data.path(), &[]));
    let (key, kept) = (data.path().join("master.key"), data.path().join("kept"));
    std::fs::rename(&key, &kept).unwrap();
    for arguments in [&["account", "create", "--name", "eve"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let refused = run(data.path(), arguments, &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
        assert!(text(&refused.stderr).contains("master.key is missing"), "{}", text(&refused.stderr));
        assert!(!key.exists(), "the command made a new key");
    }
    std::fs::rename(&kept, &key).unwrap();
    json(&run(data.path(), &["account", "create", "--name", "eve", "--json"], &[]));
}

#[tokio::test]
async fn credentials_that_the_operator_chose_are_written_nowhere() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("password");
    std::fs::write(&file, "chosen by the operator\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let dir = data.path().join("data");
    let server = Binary::find().serve(&dir, &[("ROADSTEAD_BOOTSTRAP_PASSWORD_FILE", file.to_str().unwrap())]);
    let record = std::fs::read_to_string(dir.join("bootstrap.json")).unwrap();
    assert!(!record.contains("chosen by"), "{record}");
    assert!(!server.output().concat().contains("chosen by the operator"));
    let record: Value = serde_json::from_str(&record).unwrap();
    assert!(record.get("password").is_none());
    let owner = Credentials::Basic(record["username"].as_str().unwrap().into(), "chosen by the operator".into());
    Client::new(server.url(), owner).get("/v2/").await.expect(200);
}

#[tokio::test]
async fn accounts_and_namespaces_are_made_beside_a_running_server() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let made = json(&reg.command(&["account", "create", "--name", "carol"], ""));
    let (uin, password) = (made["uin"].as_str().unwrap(), made["password"].as_str().unwrap());
    assert_eq!(made["name"], "carol");
    let carol = reg.basic(uin, password);
    carol.get("/v2/").await.expect(200);
    let chosen = json(&reg.command(&["account", "create", "--name", "dave", "--password-stdin"], "from stdin\n"));
    assert!(chosen.get("password").is_none());
    reg.basic(chosen["uin"].as_str().unwrap(), "from stdin").get("/v2/").await.expect(200);
    let twice = reg.command(&["account", "create", "--name", "carol"], "");
    assert_eq!(twice.status.code(), Some(1), "{}", text(&twice.stderr));
    assert!(reg.command(&["namespace", "create", "carols", "--owner", uin], "").status.success());
    eventually("the namespace is seen", async || {
        (carol.post("/v2/carols/app/blobs/uploads/").await.status == 202).then_some(())
    })
    .await;
    carol.push_image("carols/app", "v1", &Image::small(1)).await;
    let accounts = json(&reg.command(&["account", "list", "--json"], ""));
    assert_eq!(accounts.as_array().unwrap().len(), 3);
    let namespaces = json(&reg.command(&["namespace", "list", "--owner", uin, "--json"], ""));
    assert_eq!(namespaces[0]["name"], "carols");
    let repositories = json(&reg.command(&["repository", "list", "--json"], ""));
    assert_eq!((&repositories[0]["name"], &repositories[0]["visibility"]), (&"carols/app".into(), &"private".into()));
    for listing in [accounts, namespaces, repositories] {
        assert!(!listing.to_string().contains("argon2"), "{listing}");
    }
}

#[tokio::test]
async fn keys_are_made_and_switched_off_beside_a_running_server() {
    let reg = TestRegistry::builder().system_clock().start().await;
    let (root, owner) = (reg.cloud(), reg.owner_name());
    let sub = json!({ "Name": "jane" });
    let jane = root.call("cam", "AddUser", sub).await.ok()["Uin"].to_string();
    let key = |arguments: &[&str]| reg.command(&[&["account", "key"], arguments].concat(), "");
    let made = json(&key(&["create", "--uin", &jane, "--description", "ci"]));
    let (id, secret) = (made["secret_id"].as_str().unwrap(), made["secret_key"].as_str().unwrap());
    let cloud = root.with_key(id, secret);
    let code = async || cloud.call("cam", "GetUserAppId", json!({})).await.code();
    assert_eq!(code().await, "");
    let listed = json(&key(&["list", "--uin", &jane, "--json"]));
    assert_eq!(listed, json!([{ "secret_id": id, "status": "active", "description": "ci" }]));
    assert!(key(&["disable", "--uin", &jane, id]).status.success());
    eventually("the key is refused", async || (code().await == "AuthFailure.SecretIdNotFound").then_some(())).await;
    assert!(key(&["enable", "--uin", &jane, id]).status.success());
    eventually("the key works again", async || code().await.is_empty().then_some(())).await;
    assert_eq!(key(&["delete", "--uin", owner, id]).status.code(), Some(1), "the key belongs to another account");
    assert!(key(&["delete", "--uin", &jane, id]).status.success());
    eventually("the key is gone", async || (code().await == "AuthFailure.SecretIdNotFound").then_some(())).await;
    assert_eq!(key(&["create", "--uin", &jane, "--description", "two words"]).status.code(), Some(1));
    let accounts = json(&reg.command(&["account", "list", "--json"], ""));
    let jane = accounts.as_array().unwrap().iter().find(|account| account["name"] == "jane").unwrap();
    assert_eq!(jane["owner"], owner);
    assert!(text(&reg.command(&["account", "list"], "").stdout).contains(&format!("jane  (of {owner})")));
}

#[tokio::test]
async fn collecting_garbage_takes_nothing_that_is_used() {
    let mut reg = TestRegistry::builder().system_clock().start().await;
    let image = Image::small(1);
    reg.owner().push_image("library/app", "v1", &image).await;
    let location = reg.owner().start_upload("library/app").await;
    reg.owner().chunk(&location, 0, "hello").await.expect(202);
    // Staged bytes without a row, as after a crash.
    let stray = reg.settings().storage_root().join("uploads").join("11111111-2222-3333-4444-555555555555");
    std::fs::write(&stray, "stray").unwrap();
    // While a server runs, new bytes may still get their row, so an age of 0 is refused.
    let hasty = reg.command(&["garbage-collect", "--orphan-age", "0s"], "");
    assert_eq!(hasty.status.code(), Some(1), "{}", text(&hasty.stdout));
    let patient = json(&reg.command(&["garbage-collect", "--json"], ""));
    assert_eq!((&patient["items"], stray.exists()), (&Value::Array(Vec::new()), true));
    reg.stop(true);
    let plan = json(&reg.command(&["garbage-collect", "--dry-run", "--orphan-age", "0s", "--json"], ""));
    assert_eq!((plan["items"].as_array().unwrap().len(), stray.exists()), (1, true), "{plan}");
    let done = json(&reg.command(&["garbage-collect", "--orphan-age", "0s", "--json"], ""));
    assert_eq!((&done["items"], stray.exists()), (&plan["items"], false));
    let events = json(&reg.command(&["audit", "list", "--action", "garbage.collect", "--json"], ""));
    assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
    assert_eq!((&events[0]["source"], &events[0]["resource"]), (&"command".into(), &"1 items, 5 bytes".into()));
    reg.restart().await;
    for blob in image.blobs() {
        reg.owner().get(&format!("/v2/library/app/blobs/{}", roadstead_tests::digest(blob))).await.expect(200);
    }
    assert_eq!(reg.owner().get(&location).await.expect(204).header("range"), "0-4");
}

#[tokio::test]
async fn a_list_ends_quietly_when_nobody_reads_on() {
    let reg = TestRegistry::builder().database(Database::Sqlite).system_clock().start().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let unread = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Binary::find().command(&reg.settings().data_dir).args(arguments).stdout(writer).output().unwrap()
    };
    for arguments in [
        ["audit", "list"].as_slice(),
        &["audit", "list", "--json"],
        &["account", "list"],
        &["namespace", "list"],
        &["repository", "list"],
        &["check-config"],
        &["garbage-collect"],
    ] {
        let output = unread(arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
    let lost = unread(&["account", "create", "--name", "jane"]);
    assert_eq!(lost.status.code(), Some(1), "nobody has read the password yet");
}

async fn catalog(reg: &TestRegistry) -> Vec<String> {
    let owner = reg.owner().bearer(&["registry:catalog:*"]).await;
    owner.all_pages("/v2/_catalog", "repositories").await.0
}

#[tokio::test]
async fn the_doctor_finds_a_healthy_server_healthy_and_leaves_nothing_behind() {
    let reg = TestRegistry::builder().system_clock().start().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    let output = reg.command(&["doctor", "--url", &reg.url()], "");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    for line in text(&output.stdout).lines() {
        assert!(line.starts_with("ok "), "{line}");
    }
    assert_eq!(catalog(&reg).await, ["library/app"]);
    let ill = reg.command(&["doctor", "--url", "http://127.0.0.1:1"], "");
    assert_eq!(ill.status.code(), Some(1));
    assert!(text(&ill.stdout).contains("FAILED"), "{}", text(&ill.stdout));
}

#[tokio::test]
async fn no_secret_is_in_the_log_or_the_printed_settings() {
    let data = tempfile::tempdir().unwrap();
    let environment = [
        ("ROADSTEAD__LOG__LEVEL", "trace"),
        ("ROADSTEAD_BOOTSTRAP_PASSWORD", "hunter2hunter2"),
        ("ROADSTEAD_BOOTSTRAP_SECRET_ID", "AKIDabcdefghijklmnopqrstuvwxyz012345"),
        ("ROADSTEAD_BOOTSTRAP_SECRET_KEY", "abcdefghijklmnopqrstuvwxyz012345"),
    ];
    let server = Binary::find().serve(data.path(), &environment);
    let record: Value = serde_json::from_slice(&std::fs::read(data.path().join("bootstrap.json")).unwrap()).unwrap();
    let uin = record["uin"].as_str().unwrap();
    let owner = Client::new(server.url(), Credentials::Basic(uin.into(), "hunter2hunter2".into()));
    owner.push_image("library/app", "v1", &Image::small(1)).await;
    let form = owner.tokens().offline(uin, "hunter2hunter2", "repository:library/app:pull").await.expect(200).json();
    let (token, refresh) =
        (form["token"].as_str().unwrap().to_owned(), form["refresh_token"].as_str().unwrap().to_owned());
    owner.tokens().refresh(&refresh, "").await.expect(200);
    owner.with(Credentials::Bearer(token.clone())).get("/v2/library/app/manifests/v1").await.expect(200);
    owner.with(Credentials::Bearer(format!("{token}x"))).get("/v2/").await.expect(401);
    owner.with(Credentials::Basic(uin.into(), "wrongpassword".into())).get("/v2/").await.expect(401);
    owner.get("/v2/library/app/tags/list?password=inthequery").await.expect(200);
    server.signal("TERM");
    let (status, log) = server.wait();
    assert!(status.success(), "{log}");
    assert!(log.contains("\"http.path\":\"/v2/library/app/manifests/v1\""), "this log lacks the request:\n{log}");
    let basic = owner.credentials().header().unwrap();
    let signature = token.rsplit('.').next().unwrap();
    let jti = claims(&token)["jti"].as_str().unwrap().to_owned();
    for secret in [
        "hunter2",
        "wrongpassword",
        &*refresh,
        signature,
        basic.strip_prefix("Basic ").unwrap(),
        "inthequery",
        "abcdefghijklmnopqrstuvwxyz012345",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "a secret is in the log: {}", line.unwrap_or_default());
    }
    assert!(!jti.is_empty());
    let url = "postgres://user:s3cr3tpassword@127.0.0.1:1/x";
    let output = run(data.path(), &["check-config"], &[("ROADSTEAD__DATABASE__URL", url)]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("s3cr3t") && !text(&output.stderr).contains("s3cr3t"));
    let output = run(
        data.path(),
        &["migrate"],
        &[("ROADSTEAD__DATABASE__URL", url), ("ROADSTEAD__DATABASE__BUSY_TIMEOUT", "1s")],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output.stderr).contains("s3cr3t"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_gone_on_with() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("bootstrap.json");
    let record = || -> Value { serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap() };
    drop(Binary::find().serve(data.path(), &[]));
    let first = record();
    let unfinished = data.path().join("bootstrap.unfinished.json");
    assert!(!unfinished.exists());
    // Restore the state of a start that was interrupted before it wrote `bootstrap.json`.
    let mut before = first.clone();
    for later in ["url", "uin", "username"] {
        before.as_object_mut().unwrap().remove(later);
    }
    std::fs::write(&unfinished, before.to_string()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let server = Binary::find().serve(data.path(), &[]);
    assert!(server.output().iter().any(|line| line.contains("docker login")), "{:?}", server.output());
    let second = record();
    assert!(!unfinished.exists());
    for member in ["uin", "username", "password", "secret_id", "secret_key"] {
        assert_eq!(second[member], first[member], "{member}");
    }
    let text = |member: &str| second[member].as_str().unwrap().to_owned();
    Client::new(server.url(), Credentials::Basic(text("username"), text("password"))).get("/v2/").await.expect(200);
    drop(server);
    // Later starts do not print the login command again.
    let server = Binary::find().serve(data.path(), &[]);
    assert_eq!(server.output().len(), 1, "{:?}", server.output());
}

#[tokio::test]
async fn files_that_do_not_belong_to_the_store_stop_nothing_and_are_left_alone() {
    let mut reg = TestRegistry::new().await;
    reg.owner().push_image("library/app", "v1", &Image::small(1)).await;
    reg.stop(true);
    let root = reg.settings().storage_root();
    let odd = [
        "uploads/README",
        "uploads/.hidden",
        "blobs/sha256/notes.txt",
        "blobs/sha256/00/nonsense",
        "blobs/md5",
        "lost+found",
    ];
    for name in odd {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "not ours").unwrap();
    }
    let done = json(&reg.command(&["garbage-collect", "--orphan-age", "0s", "--json"], ""));
    assert_eq!(done["items"], Value::Array(Vec::new()));
    assert!(odd.iter().all(|name| root.join(name).exists()));
    reg.restart().await;
    reg.owner().get("/v2/library/app/manifests/v1").await.expect(200);
}
