//! The sources of settings, and the messages about invalid ones.

use std::{error::Error, fs, net::SocketAddr, path::PathBuf, time::Duration};

use roadstead_config::{
    ByteSize, DatabaseLocation, Driver, FirstCredentials, LogFormat, MasterKey, Overrides, Secret, Settings,
};
use tempfile::TempDir;

type Environment<'a> = &'a [(&'a str, &'a str)];
type Outcome = Result<(), Box<dyn Error>>;

fn variables(environment: Environment<'_>) -> impl Iterator<Item = (String, String)> {
    environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

fn from_environment(environment: Environment<'_>) -> Result<Settings, roadstead_config::Error> {
    Settings::load(None, variables(environment), Overrides::default())
}

/// Loads a file `roadstead.toml`. Returns the settings, or the error without the directory.
fn from_toml(text: &str, environment: Environment<'_>) -> Result<Settings, String> {
    let dir = TempDir::new().map_err(|error| error.to_string())?;
    let path = dir.path().join("roadstead.toml");
    fs::write(&path, text).map_err(|error| error.to_string())?;
    let loaded = Settings::load(Some(&path), variables(environment), Overrides::default());
    loaded.map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

fn mistake(text: &str) -> String {
    from_toml(text, &[]).err().unwrap_or_else(|| "no mistake".to_owned())
}

fn environment_mistake(environment: Environment<'_>) -> String {
    from_environment(environment).err().map_or_else(|| "no mistake".to_owned(), |error| error.to_string())
}

#[test]
fn nothing_at_all_gives_the_defaults() -> Outcome {
    let settings = from_environment(&[("PATH", "/bin"), ("ROADSTEAD_BOOTSTRAP_PASSWORD", "x")])?;
    assert_eq!(settings, Settings::default());
    settings.validate()?;
    assert_eq!(settings.storage_root(), PathBuf::from("./data/storage"));
    assert_eq!(settings.database_location(), DatabaseLocation::Kept("./data/roadstead.db".into()));
    assert_eq!(settings.master_key(), MasterKey::Kept("./data/master.key".into()));
    assert_eq!(settings.url(), "http://127.0.0.1:5000");
    Ok(())
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() -> Outcome {
    let dir = TempDir::new()?;
    let path = dir.path().join("roadstead.toml");
    fs::write(&path, "data_dir = 'file'\n[server]\nlisten = '127.0.0.1:1'\nworkers = 3\nmax_connections = 7\n")?;
    let environment = [
        ("ROADSTEAD__DATA_DIR", "env"),
        ("ROADSTEAD__SERVER__LISTEN", "127.0.0.1:2"),
        ("ROADSTEAD__SERVER__WORKERS", "4"),
    ];
    let listen: SocketAddr = "127.0.0.1:3".parse()?;
    let flags = Overrides { listen: Some(listen), ..Overrides::default() };

    let settings = Settings::load(Some(&path), variables(&environment), flags)?;

    assert_eq!(settings.server.listen, listen, "flag");
    assert_eq!(settings.data_dir, PathBuf::from("env"), "environment");
    assert_eq!(settings.server.workers, 4, "environment");
    assert_eq!(settings.server.max_connections, 7, "file");
    assert_eq!(settings.server.idle_timeout, Duration::from_secs(75), "default");
    assert_eq!(settings.storage_root(), PathBuf::from("env/storage"), "default below another setting");
    Ok(())
}

#[test]
fn the_file_speaks_every_type() -> Outcome {
    let settings = from_toml(
        r#"
        [server]
        external_url = "https://registry.example.com"
        trusted_proxies = ["10.0.0.0/8", "192.0.2.7", "::1"]
        shutdown_timeout = "1m 30s"
        log_requests = false
        [storage]
        driver = "memory"
        buffer_budget = "8 MiB"
        [limits]
        manifest_bytes = 1048576
        [log]
        format = "json"
        [metrics]
        listen = "[::1]:9100"
        "#,
        &[],
    )?;
    assert_eq!(settings.url(), "https://registry.example.com");
    let proxies: Vec<String> = settings.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.0.2.7/32", "::1/128"]);
    assert_eq!(settings.server.shutdown_timeout, Duration::from_secs(90));
    assert!(!settings.server.log_requests);
    assert_eq!(settings.storage.driver, Driver::Memory);
    assert_eq!(settings.storage.buffer_budget, ByteSize::mib(8));
    assert_eq!(settings.limits.manifest_bytes, ByteSize::mib(1));
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.metrics.listen, Some("[::1]:9100".parse()?));
    Ok(())
}

#[test]
fn the_environment_speaks_every_type() -> Outcome {
    let settings = from_environment(&[
        ("ROADSTEAD_DATA_DIR", "/var/lib/roadstead"),
        ("ROADSTEAD_LISTEN", "0.0.0.0:80"),
        ("ROADSTEAD__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7"),
        ("ROADSTEAD__SERVER__TLS__CERT", "/tls/cert.pem"),
        ("ROADSTEAD__SERVER__TLS__KEY", "/tls/key.pem"),
        ("ROADSTEAD__SERVER__EXTERNAL_URL", ""),
        ("ROADSTEAD__AUTH__ANONYMOUS_PULL", "false"),
        ("ROADSTEAD__AUTH__ISSUER", "12345"),
        ("ROADSTEAD__AUTH__ARGON2__MEMORY_KIB", "64"),
        ("ROADSTEAD__LIMITS__CHUNK_MIN_BYTES", "1 MiB"),
        ("ROADSTEAD__LIMITS__MANIFEST_BYTES", "2097152"),
        ("ROADSTEAD__GC__GRACE", "0s"),
        ("ROADSTEAD__DATABASE__URL", "postgres://u:p@db/roadstead"),
        ("ROADSTEAD__AUTH__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ])?;
    assert_eq!(settings.data_dir, PathBuf::from("/var/lib/roadstead"));
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.server.external_url, None, "an empty variable is not set");
    // `0.0.0.0` and `[::]` stand for all addresses of this machine, and nobody can connect to them.
    assert_eq!(settings.url(), "https://127.0.0.1:80");
    assert_eq!(settings.url_at("[::]:5000".parse()?), "https://localhost:5000");
    assert_eq!(settings.url_at("192.0.2.7:5000".parse()?), "https://192.0.2.7:5000");
    assert!(!settings.auth.anonymous_pull);
    assert_eq!(settings.auth.issuer, "12345", "digits are text where text is meant");
    assert_eq!(settings.auth.argon2.memory_kib, 64);
    assert_eq!(settings.limits.chunk_min_bytes, ByteSize::mib(1));
    assert_eq!(settings.limits.manifest_bytes, ByteSize::mib(2));
    assert_eq!(settings.gc.grace, Duration::ZERO);
    assert_eq!(settings.database_location(), DatabaseLocation::Given(Secret::new("postgres://u:p@db/roadstead")));
    assert!(matches!(settings.master_key(), MasterKey::Given(key) if key.expose()[31] == 31));
    let settings = from_environment(&[("ROADSTEAD__AUTH__MASTER_KEY_COMMAND", "vault, kv,get")])?;
    assert_eq!(settings.master_key(), MasterKey::Printed(["vault", "kv", "get"].map(str::to_owned).into()));
    Ok(())
}

#[test]
fn the_master_key_has_one_source() {
    const COMMAND: (&str, &str) = ("ROADSTEAD__AUTH__MASTER_KEY_COMMAND", "vault,kv,get");
    let by_command =
        "by `auth.master_key_command` (environment variable ROADSTEAD__AUTH__MASTER_KEY_COMMAND): keep one";
    for (key, value) in
        [("master_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), ("master_key_file", "/nowhere/key")]
    {
        let both = from_toml(&format!("[auth]\n{key} = '{value}'"), &[COMMAND]);
        let expected = format!("`auth.master_key` is set twice, by `auth.{key}` (roadstead.toml) and {by_command}");
        assert_eq!(both, Err(expected));
    }
    let mut settings =
        from_environment(&[("ROADSTEAD__AUTH__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]).unwrap();
    settings.auth.master_key_command = vec!["vault".to_owned()];
    assert!(settings.validate().is_err_and(|error| error.to_string().contains("auth.master_key_command")));
}

#[test]
fn an_unknown_key_is_named_with_its_source() {
    for (text, message) in [
        ("[server]\nlisen = ''", "roadstead.toml: unknown setting `server.lisen` (did you mean `server.listen`?)"),
        ("[sever]\nx = 1", "roadstead.toml: unknown setting `sever`"),
        ("[server.tls]\ncertificate = ''", "roadstead.toml: unknown setting `server.tls.certificate`"),
        ("colour = 'red'", "roadstead.toml: unknown setting `colour`"),
    ] {
        assert_eq!(mistake(text), message);
    }
    assert_eq!(
        environment_mistake(&[("ROADSTEAD__SERVER__WORKER", "1")]),
        "environment variable ROADSTEAD__SERVER__WORKER: unknown setting `server.worker` \
         (did you mean `server.workers`?)"
    );
    assert_eq!(
        environment_mistake(&[("ROADSTEAD__SERVER", "1")]),
        "environment variable ROADSTEAD__SERVER: unknown setting `server`"
    );
}

#[test]
fn a_bad_value_is_named_with_its_source() {
    for (text, key) in [
        ("server = 5", "server"),
        ("[server]\nlisten = 'localhost'", "server.listen"),
        ("[server]\nworkers = -1", "server.workers"),
        ("[server]\nworkers = '4'", "server.workers"),
        ("[server]\nshutdown_timeout = 30", "server.shutdown_timeout"),
        ("[server]\nshutdown_timeout = 'soon'", "server.shutdown_timeout"),
        ("[server]\nidle_timeout = '0s'", "server.idle_timeout"),
        ("[server]\ntrusted_proxies = ['10.0.0.0/8', 'here']", "server.trusted_proxies"),
        ("[server]\nexternal_url = 'registry.example.com'", "server.external_url"),
        ("[server]\nexternal_url = 'ftp://registry.example.com'", "server.external_url"),
        ("[server]\nexternal_url = 'https://example.com/registry'", "server.external_url"),
        ("[server]\nexternal_url = 'https://me@example.com'", "server.external_url"),
        ("[server.tls]\ncert = 'cert.pem'", "server.tls.cert"),
        ("[server.tls]\nkey = 'key.pem'", "server.tls.key"),
        ("[storage]\ndriver = 's4'", "storage.driver"),
        ("[storage]\nbuffer_budget = '1 KiB'", "storage.buffer_budget"),
        ("[database]\nurl = 'mysql://db'", "database.url"),
        ("[database]\nurl = 'sqlite:'", "database.url"),
        ("[auth]\ntoken_lifetime = '59s'", "auth.token_lifetime"),
        ("[auth]\nmaster_key = 'AAEC'", "auth.master_key"),
        ("[auth]\nmaster_key_command = 'vault'", "auth.master_key_command"),
        ("[auth]\nmaster_key_command = ['', 'x']", "auth.master_key_command"),
        ("[auth.argon2]\nmemory_kib = 7", "auth.argon2.memory_kib"),
        ("[limits]\npage_size_max = 0", "limits.page_size_max"),
        ("[limits]\nrate_limit_burst = 1", "limits.rate_limit_burst"),
        ("[gc]\norphan_age = '59m'", "gc.orphan_age"),
        ("[gc]\nsweep_interval = '0s'", "gc.sweep_interval"),
        ("[log]\nlevel = ''", "log.level"),
        ("[metrics]\nlisten = '127.0.0.1:5000'", "metrics.listen"),
    ] {
        let message = mistake(text);
        assert!(message.starts_with(&format!("roadstead.toml: `{key}`: ")), "{text}: {message}");
    }
    assert_eq!(
        environment_mistake(&[("ROADSTEAD__SERVER__WORKERS", "many")]),
        "environment variable ROADSTEAD__SERVER__WORKERS: `server.workers`: \
         invalid type: found string \"many\", expected usize"
    );
    assert!(
        environment_mistake(&[("ROADSTEAD_LISTEN", "here")])
            .starts_with("environment variable ROADSTEAD_LISTEN: `server.listen`: ")
    );
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_named() {
    let path = PathBuf::from("/nowhere/roadstead.toml");
    let missing = Settings::load(Some(&path), variables(&[]), Overrides::default());
    assert!(missing.is_err_and(|error| error.to_string().contains("/nowhere/roadstead.toml")));
    let message = mistake("[server]\nlisten 5000\n");
    assert!(message.starts_with("roadstead.toml: not valid TOML: ") && message.contains("line 2"), "{message}");
}

#[test]
fn a_short_name_and_the_long_name_together_are_refused() {
    let message =
        environment_mistake(&[("ROADSTEAD_LISTEN", "127.0.0.1:1"), ("ROADSTEAD__SERVER__LISTEN", "127.0.0.1:2")]);
    assert_eq!(message, "`server.listen` is set twice, by ROADSTEAD_LISTEN and by ROADSTEAD__SERVER__LISTEN: keep one");
}

#[test]
fn secrets_are_never_shown() -> Outcome {
    let settings = from_environment(&[
        ("ROADSTEAD__DATABASE__URL", "postgres://u:hunter2@db/roadstead"),
        ("ROADSTEAD__AUTH__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ])?;
    let shown = format!("{settings:?} {:?}", settings.entries());
    assert!(!shown.contains("hunter2") && !shown.contains("AAEC") && shown.contains("[redacted]"), "{shown}");

    for text in ["[database]\nurl = 'hunter2'", "[auth]\nmaster_key = 'hunter2'", "[database]\nurl = ['hunter2']"] {
        let message = mistake(text);
        assert!(message.starts_with("roadstead.toml: ") && !message.contains("hunter2"), "{message}");
    }
    Ok(())
}

#[cfg(unix)]
mod secret_files {
    use std::{fs::Permissions, io, os::unix::fs::PermissionsExt, path::Path};

    use super::*;

    fn write(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
        fs::write(path, contents)?;
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    #[test]
    fn a_secret_may_come_from_a_file_of_its_own() -> Outcome {
        let dir = TempDir::new()?;
        let (url, key) = (dir.path().join("url"), dir.path().join("key"));
        write(&url, b"postgres://u:p@db/roadstead\n", 0o640)?;
        write(&key, &[7; 32], 0o400)?;
        let settings = from_environment(&[
            ("ROADSTEAD__DATABASE__URL_FILE", &url.to_string_lossy()),
            ("ROADSTEAD__AUTH__MASTER_KEY_FILE", &key.to_string_lossy()),
        ])?;
        assert_eq!(settings.database_location(), DatabaseLocation::Given(Secret::new("postgres://u:p@db/roadstead")));
        assert!(matches!(settings.master_key(), MasterKey::Given(key) if key.expose() == &[7; 32]));
        Ok(())
    }

    #[test]
    fn a_secret_file_that_everybody_may_read_is_refused() -> Outcome {
        let dir = TempDir::new()?;
        let path = dir.path().join("url");
        write(&path, b"sqlite:x", 0o644)?;
        let message = environment_mistake(&[("ROADSTEAD__DATABASE__URL_FILE", &path.to_string_lossy())]);
        let start = format!(
            "secret file {} (from `database.url_file`, environment variable ROADSTEAD__DATABASE__URL_FILE): \
             is open to every user of this machine (mode 0644)",
            path.display()
        );
        assert!(message.starts_with(&start), "{message}");
        Ok(())
    }

    #[test]
    fn a_secret_file_that_cannot_be_used_is_named() -> Outcome {
        let dir = TempDir::new()?;
        for (contents, problem) in [
            (&b"\n"[..], "is empty"),
            (&[0xff, 0xfe], "is not text in UTF-8"),
            (&[b'a'; 65537], "is larger than 65536 bytes"),
        ] {
            let path = dir.path().join("url");
            write(&path, contents, 0o600)?;
            let message = environment_mistake(&[("ROADSTEAD__DATABASE__URL_FILE", &path.to_string_lossy())]);
            assert!(message.contains(problem) && message.contains("`database.url_file`"), "{message}");
        }
        let missing = environment_mistake(&[("ROADSTEAD__AUTH__MASTER_KEY_FILE", "/nowhere/key")]);
        assert!(missing.contains("secret file /nowhere/key") && missing.contains("cannot be read"), "{missing}");
        Ok(())
    }

    #[test]
    fn a_secret_and_its_file_together_are_refused() {
        let both =
            from_toml("[database]\nurl = 'sqlite:hunter2'", &[("ROADSTEAD__DATABASE__URL_FILE", "/run/secrets/url")]);
        assert_eq!(
            both,
            Err("`database.url` is set twice, by `database.url` (roadstead.toml) and by `database.url_file` \
                 (environment variable ROADSTEAD__DATABASE__URL_FILE): keep one"
                .to_owned())
        );
    }

    #[test]
    fn the_first_credentials_come_from_the_environment_or_from_files() -> Outcome {
        let dir = TempDir::new()?;
        let path = dir.path().join("password");
        write(&path, b"correct horse\n", 0o600)?;
        let bootstrap = FirstCredentials::from_environment(variables(&[
            ("ROADSTEAD_BOOTSTRAP_PASSWORD_FILE", &path.to_string_lossy()),
            ("ROADSTEAD_BOOTSTRAP_SECRET_ID", "id"),
            ("ROADSTEAD_BOOTSTRAP_SECRET_KEY", "key"),
        ]))?;
        assert_eq!(bootstrap.password.as_ref().map(|secret| secret.expose()), Some("correct horse"));
        assert_eq!(bootstrap.secret_key.as_ref().map(|secret| secret.expose()), Some("key"));
        assert!(!format!("{bootstrap:?}").contains("horse"));
        Ok(())
    }
}

#[test]
fn half_of_the_first_credentials_is_refused() -> Outcome {
    let none = FirstCredentials::from_environment(variables(&[("ROADSTEAD_BOOTSTRAP_PASSWORD", "")]))?;
    assert_eq!(none, FirstCredentials::default());
    let half = FirstCredentials::from_environment(variables(&[("ROADSTEAD_BOOTSTRAP_SECRET_ID", "id")]));
    assert!(half.is_err_and(|error| error.to_string().contains("ROADSTEAD_BOOTSTRAP_SECRET_KEY")));
    let both = FirstCredentials::from_environment(variables(&[
        ("ROADSTEAD_BOOTSTRAP_PASSWORD", "x"),
        ("ROADSTEAD_BOOTSTRAP_PASSWORD_FILE", "/run/secrets/password"),
    ]));
    assert!(both.is_err_and(|error| error.to_string().contains("bootstrap.password")));
    Ok(())
}
