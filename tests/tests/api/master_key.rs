//! Changing the master key, also when the command is interrupted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use roadstead_tests::{Binary, Client, Credentials};
use serde_json::Value;
use tempfile::TempDir;

fn rotate(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Binary::find().command(data);
    command.arg("rotate-master-key").args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn serve_fails(data: &Path, environment: &[(&str, &str)]) -> String {
    let mut command = Binary::find().command(data);
    command.args(["serve", "--listen", "127.0.0.1:0"]).envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a server and gets a token, which needs a sealed key.
async fn serves(data: &Path, environment: &[(&str, &str)]) {
    let server = Binary::find().serve(data, environment);
    let record: Value = serde_json::from_slice(&std::fs::read(data.join("bootstrap.json")).unwrap()).unwrap();
    let (username, password) = (record["username"].as_str().unwrap(), record["password"].as_str().unwrap());
    let owner = Client::new(server.url(), Credentials::Basic(username.into(), password.into()));
    owner.get("/service/token?scope=repository:library/app:pull").await.expect(200);
}

#[tokio::test]
async fn everything_is_sealed_with_the_new_key() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    serves(data, &[]).await;
    let key = data.join("master.key");
    let old = std::fs::read(&key).unwrap();
    let output = rotate(data, &["--json"], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["resealed"], 2, "the key that signs tokens, and the access key of the owner");
    let new = std::fs::read(&key).unwrap();
    assert_ne!(old, new);
    assert!(!data.join("master.key.next").exists());
    serves(data, &[]).await;
    std::fs::write(&key, old).unwrap();
    let refused = serve_fails(data, &[]);
    assert!(refused.contains("another master key"), "{refused}");
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_is_ended_by_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    serves(data, &[]).await;
    let (key, next) = (data.join("master.key"), data.join("master.key.next"));
    let old = std::fs::read(&key).unwrap();
    // Interrupted before the database was sealed with the new key.
    std::fs::write(&next, [7; 32]).unwrap();
    let refused = Binary::find().command(data).args(["account", "create", "--name", "eve"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("change of the master key is unfinished"),
        "sealing must wait"
    );
    serves(data, &[]).await;
    assert_eq!((std::fs::read(&key).unwrap(), next.exists()), (old.clone(), false));
    // Interrupted after that, before the file got its final name.
    assert!(rotate(data, &[], &[]).status.success());
    let new = std::fs::read(&key).unwrap();
    std::fs::rename(&key, &next).unwrap();
    std::fs::write(&key, &old).unwrap();
    serves(data, &[]).await;
    assert_eq!((std::fs::read(&key).unwrap(), next.exists()), (new, false));
    // Interrupted in the middle of writing the file.
    std::fs::write(&next, [7; 5]).unwrap();
    assert!(rotate(data, &[], &[]).status.success());
    serves(data, &[]).await;
    // A file that cannot be read may be the only key, so it is kept.
    std::fs::create_dir(&next).unwrap();
    let refused = serve_fails(data, &[]);
    assert!(refused.contains("master.key.next") && next.exists(), "{refused}");
}

#[tokio::test]
async fn a_running_server_is_not_taken_its_key_away() {
    let data = tempfile::tempdir().unwrap();
    let _server = Binary::find().serve(data.path(), &[]);
    let before = std::fs::read(data.path().join("master.key")).unwrap();
    let refused = rotate(data.path(), &[], &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop the server"));
    assert_eq!(std::fs::read(data.path().join("master.key")).unwrap(), before);
}

/// The command is killed later in each round. After each kill, the next start serves.
#[tokio::test]
async fn a_rotation_that_is_killed_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    serves(data, &[]).await;
    for round in 0..10_u64 {
        let mut command = Binary::find().command(data);
        command.arg("rotate-master-key").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // The moment differs from run to run; the checks hold for any moment.
        tokio::time::sleep(Duration::from_millis(12 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        serves(data, &[]).await;
        assert!(!data.join("master.key.next").exists());
    }
    assert!(rotate(data, &[], &[]).status.success());
    serves(data, &[]).await;
    let left = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let keys: Vec<String> = left.filter(|name| name.starts_with("master.")).collect();
    assert_eq!(keys, ["master.key"], "no other key file is left");
}

/// A program that prints a key file, and counts how often it is run.
struct Program {
    dir: TempDir,
    command: String,
}

impl Program {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        // The program must not get the ROADSTEAD variables of the server.
        let script = format!("env | grep -q ^ROADSTEAD && exit 9\necho run >>{path}/runs\ncat {path}/key\n");
        std::fs::write(dir.path().join("print"), script).unwrap();
        Self { command: format!("sh,{path}/print"), dir }
    }

    fn key(&self, key: &str) {
        std::fs::write(self.dir.path().join("key"), key).unwrap();
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.dir.path().join("runs")).unwrap().lines().count()
    }

    fn environment(&self) -> [(&str, &str); 1] {
        [("ROADSTEAD__AUTH__MASTER_KEY_COMMAND", &self.command)]
    }
}

const ONE: &str = "b25lb25lb25lb25lb25lb25lb25lb25lb25lb25lb24=\n";
const TWO: &str = "dHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHdvdHc=\n";

#[tokio::test]
async fn a_program_gives_the_master_key() {
    let dir = tempfile::tempdir().unwrap();
    let (data, next) = (dir.path().join("data"), dir.path().join("next"));
    let program = Program::new();
    let environment = program.environment();
    program.key(ONE);
    serves(&data, &environment).await;
    assert_eq!(program.runs(), 1, "one run for each start, also for the first start");
    assert!(!data.join("master.key").exists());

    let server = Binary::find().serve(&data, &environment);
    let mut doctor = Binary::find().command(&data);
    doctor.args(["doctor", "--url", server.url()]).envs(environment);
    let told = doctor.output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("ok      master key: opens") && told.contains("ok      push and pull"), "{told}");
    assert_eq!(program.runs(), 3);
    drop(server);

    let refused = rotate(&data, &[], &environment);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("name the file of the next one"));
    std::fs::write(&next, TWO).unwrap();
    std::fs::set_permissions(&next, std::fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["--json", "--new-key-file", next.to_str().unwrap()];
    // The second run is like a repetition after an interruption.
    for resealed in [2, 0] {
        let done = rotate(&data, &arguments, &environment);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(told["resealed"], resealed);
    }
    assert!(serve_fails(&data, &environment).contains("another master key"));
    program.key(TWO);
    serves(&data, &environment).await;
}

#[tokio::test]
async fn a_program_that_gives_no_key_stops_the_start() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::new();
    program.key("HIDDEN");
    let problem = serve_fails(data.path(), &program.environment());
    assert!(
        problem.contains("auth.master_key_command: sh: printed 6 bytes") && !problem.contains("HIDDEN"),
        "{problem}"
    );
    std::fs::remove_file(program.dir.path().join("key")).unwrap();
    let problem = serve_fails(data.path(), &program.environment());
    assert!(problem.contains("failed with exit status: 1: cat: "), "{problem}");

    let check = |more: (&str, &str)| {
        let mut command = Binary::find().command(data.path());
        command.arg("check-config").envs(program.environment()).env(more.0, more.1);
        command.output().unwrap()
    };
    assert!(check(("HOME", "/")).status.success());
    for twin in ["ROADSTEAD__AUTH__MASTER_KEY", "ROADSTEAD__AUTH__MASTER_KEY_FILE"] {
        let refused = check((twin, ONE.trim()));
        assert_eq!(refused.status.code(), Some(2));
        let problem = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(problem.contains("set twice") && problem.contains("`auth.master_key_command`"), "{problem}");
    }
}

#[tokio::test]
async fn a_key_of_the_settings_is_replaced_by_the_one_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let (data, one, two) = (dir.path().join("data"), dir.path().join("one"), dir.path().join("two"));
    for (path, byte) in [(&one, 1), (&two, 2)] {
        std::fs::write(path, [byte; 32]).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    const KEY: &str = "ROADSTEAD__AUTH__MASTER_KEY_FILE";
    serves(&data, &[(KEY, one)]).await;
    let refused = rotate(&data, &[], &[(KEY, one)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("name the file of the next one"));
    let done = rotate(&data, &["--new-key-file", two], &[(KEY, one)]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).contains("put the new key in the place of the old one"));
    assert!(serve_fails(&data, &[(KEY, one)]).contains("another master key"));
    serves(&data, &[(KEY, two)]).await;
    assert!(!data.join("master.key").exists());
}
