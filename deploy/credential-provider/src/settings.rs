//! Where credentials come from: environment variables, which `env` of kubelet's `CredentialProviderConfig` sets.
//!
//! | variable | meaning |
//! |---|---|
//! | `ROADSTEAD_ENDPOINT` | the address of the cloud API, for example `https://registry.example.com` |
//! | `ROADSTEAD_SECRET_ID`, `ROADSTEAD_SECRET_KEY` | the access key |
//! | `ROADSTEAD_PROVIDER_ID` | the identity provider of the service accounts, instead of an access key |
//! | `ROADSTEAD_ROLE_ARN` | the role to take, unless the annotation `roadstead.io/role-arn` names one |
//! | `ROADSTEAD_WEB_IDENTITY_TOKEN_FILE` | a file with a token, used if kubelet sends none |
//! | `ROADSTEAD_INSTANCE` | `tcr-xxxxxxxx`: credentials for this instance instead of the personal edition |
//! | `ROADSTEAD_USERNAME`, `ROADSTEAD_PASSWORD` | a fixed login, instead of an access key |
//! | `ROADSTEAD_REGISTRIES` | the hosts that may get the credentials, with commas; without it, the host of the endpoint; a fixed login needs it |
//! | `ROADSTEAD_CACHE_SECONDS` | the longest time in seconds that kubelet may keep the credentials |
//! | `ROADSTEAD_CA_FILE` | more certificates to trust, as PEM |
//!
//! `ROADSTEAD_X_FILE` names a file that holds `X`, such as a mounted secret. It is read on every run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use url::Url;
use zeroize::Zeroizing;

/// Looks up a variable of the environment, or of a test.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The settings of this program.
pub struct Settings {
    /// The source of the credentials.
    pub source: Source,
    /// The longest time that kubelet may keep the credentials.
    pub cache: Option<Duration>,
    /// Hosts that may get the credentials.
    registries: Vec<String>,
}

/// The source of the credentials.
pub enum Source {
    /// A login from the settings.
    Fixed {
        /// The login name.
        username: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// The cloud API issues a login.
    Cloud(Access),
}

/// The access to the cloud API.
pub struct Access {
    /// Scheme, host and port of the cloud API.
    pub endpoint: Url,
    /// The proof of the caller's identity.
    pub proof: Proof,
    /// An enterprise instance; without it, the personal edition.
    pub instance: Option<String>,
    /// The login name, if it is not the account of the key.
    pub username: Option<String>,
    /// More certificates to trust.
    pub ca_file: Option<PathBuf>,
}

/// A proof of the caller's identity.
pub enum Proof {
    /// An access key.
    Key {
        /// Its public half.
        secret_id: String,
        /// Its secret half.
        secret_key: Zeroizing<String>,
    },
    /// The token of a service account.
    ServiceAccount {
        /// The identity provider that issued the token.
        provider: String,
        /// The role to take, if the service account does not name one.
        role_arn: Option<String>,
        /// A token from a file, used if kubelet sends none.
        token: Option<Zeroizing<String>>,
    },
}

impl Settings {
    /// Reads the environment and the files that it names.
    pub fn load(env: Lookup<'_>) -> Result<Self> {
        let cache = match env("ROADSTEAD_CACHE_SECONDS") {
            Some(text) => Some(Duration::from_secs(
                text.trim().parse().context("ROADSTEAD_CACHE_SECONDS is not a number of seconds")?,
            )),
            None => None,
        };
        let mut registries: Vec<String> = env("ROADSTEAD_REGISTRIES")
            .map(|list| {
                list.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect()
            })
            .unwrap_or_default();
        let source = match (value(env, "USERNAME")?, value(env, "PASSWORD")?, Proof::load(env)?) {
            (_, Some(_), Some(_)) => {
                bail!("give either a password or an access key or ROADSTEAD_PROVIDER_ID, not several")
            }
            (Some(username), Some(password), None) => {
                // A fixed login has no endpoint that names a host, and the password must not go to every host.
                ensure!(
                    !registries.is_empty(),
                    "a fixed login needs ROADSTEAD_REGISTRIES: name the hosts that may get it"
                );
                Source::Fixed { username: username.to_string(), password }
            }
            (None, Some(_), None) => bail!("ROADSTEAD_PASSWORD needs ROADSTEAD_USERNAME"),
            (username, None, Some(proof)) => {
                let access = Access::load(env, proof, username.map(|name| name.to_string()))?;
                if registries.is_empty() {
                    registries.push(authority(&access.endpoint));
                }
                Source::Cloud(access)
            }
            (_, None, None) => bail!(
                "give ROADSTEAD_SECRET_ID and ROADSTEAD_SECRET_KEY, or ROADSTEAD_USERNAME and ROADSTEAD_PASSWORD (or …_FILE), \
                 or ROADSTEAD_PROVIDER_ID"
            ),
        };
        Ok(Self { source, cache, registries })
    }

    /// Refuses a host that may not get the credentials.
    pub fn check_registry(&self, registry: &str) -> Result<()> {
        let known = self.registries.contains(&registry.to_ascii_lowercase());
        ensure!(known, "the image is of {registry}, these credentials are for {}", self.registries.join(", "));
        Ok(())
    }
}

impl Proof {
    fn load(env: Lookup<'_>) -> Result<Option<Self>> {
        let provider = env("ROADSTEAD_PROVIDER_ID").filter(|name| !name.is_empty());
        Ok(match (value(env, "SECRET_ID")?, provider) {
            (Some(_), Some(_)) => bail!("give either an access key or ROADSTEAD_PROVIDER_ID, not both"),
            (Some(secret_id), None) => {
                let is_id = secret_id.bytes().all(|b| b.is_ascii_graphic());
                ensure!(is_id, "ROADSTEAD_SECRET_ID has a character that an id cannot have");
                let secret_key = value(env, "SECRET_KEY")?;
                let secret_key =
                    secret_key.context("ROADSTEAD_SECRET_KEY is missing (or ROADSTEAD_SECRET_KEY_FILE)")?;
                Some(Self::Key { secret_id: secret_id.to_string(), secret_key })
            }
            (None, Some(provider)) => Some(Self::ServiceAccount {
                provider,
                role_arn: env("ROADSTEAD_ROLE_ARN").filter(|arn| !arn.is_empty()),
                token: value(env, "WEB_IDENTITY_TOKEN")?,
            }),
            (None, None) => None,
        })
    }
}

impl Access {
    fn load(env: Lookup<'_>, proof: Proof, username: Option<String>) -> Result<Self> {
        let endpoint =
            env("ROADSTEAD_ENDPOINT").context("ROADSTEAD_ENDPOINT is missing: give the address of the cloud API")?;
        let endpoint = Url::parse(&endpoint).context("ROADSTEAD_ENDPOINT is not a URL")?;
        let plain = endpoint.path() == "/"
            && endpoint.query().is_none()
            && endpoint.username().is_empty()
            && endpoint.password().is_none();
        ensure!(
            matches!(endpoint.scheme(), "http" | "https") && endpoint.host().is_some() && plain,
            "ROADSTEAD_ENDPOINT must be https://HOST[:PORT], without a path and without a user"
        );
        let instance = env("ROADSTEAD_INSTANCE").filter(|id| !id.is_empty());
        Ok(Self { endpoint, proof, instance, username, ca_file: env("ROADSTEAD_CA_FILE").map(PathBuf::from) })
    }
}

/// Host and port as in the address of an image: without the port if the scheme implies it.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The value of `ROADSTEAD_NAME`, or the only line of the file that `ROADSTEAD_NAME_FILE` names.
fn value(env: Lookup<'_>, name: &str) -> Result<Option<Zeroizing<String>>> {
    let (plain, file) = (format!("ROADSTEAD_{name}"), format!("ROADSTEAD_{name}_FILE"));
    match (env(&plain), env(&file)) {
        (Some(_), Some(_)) => bail!("both {plain} and {file} are set"),
        (Some(text), None) => one_line(&plain, Zeroizing::new(text)).map(Some),
        (None, Some(path)) => {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}, which {file} names"))?;
            one_line(&file, Zeroizing::new(text)).map(Some)
        }
        (None, None) => Ok(None),
    }
}

fn one_line(name: &str, text: Zeroizing<String>) -> Result<Zeroizing<String>> {
    let line = text.trim_end_matches(['\r', '\n']);
    ensure!(!line.is_empty(), "{name} is empty");
    ensure!(!line.contains(char::is_control), "{name} has more than one line");
    Ok(Zeroizing::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Settings> {
        Settings::load(&|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    const KEY: [(&str, &str); 3] = [
        ("ROADSTEAD_ENDPOINT", "https://r.example.com"),
        ("ROADSTEAD_SECRET_ID", "AKID1"),
        ("ROADSTEAD_SECRET_KEY", "key"),
    ];

    #[test]
    fn a_key_serves_the_host_of_its_endpoint_only() {
        let settings = load(&KEY).unwrap();
        assert!(
            matches!(&settings.source, Source::Cloud(Access { instance: None, proof: Proof::Key { secret_key, .. }, .. })
                if secret_key.as_str() == "key")
        );
        assert!(settings.check_registry("R.example.com").is_ok());
        assert!(settings.check_registry("r.example.com:5000").is_err());
        assert!(settings.check_registry("evil.example.org").is_err());
        let settings =
            load(&[&KEY[..], &[("ROADSTEAD_REGISTRIES", "a.example.com, b.example.com:5000")]].concat()).unwrap();
        assert!(settings.check_registry("b.example.com:5000").is_ok());
        assert!(settings.check_registry("r.example.com").is_err());
    }

    #[test]
    fn a_service_account_needs_a_provider_and_no_key() {
        let pairs = [KEY[0], ("ROADSTEAD_PROVIDER_ID", "k8s"), ("ROADSTEAD_ROLE_ARN", "arn")];
        let settings = load(&pairs).unwrap();
        let Source::Cloud(Access { proof: Proof::ServiceAccount { provider, role_arn, token }, .. }) = &settings.source
        else {
            panic!("no service account")
        };
        assert_eq!((provider.as_str(), role_arn.as_deref(), token.is_none()), ("k8s", Some("arn"), true));
        assert!(settings.check_registry("other.example.com").is_err());
        assert!(load(&[&KEY[..], &pairs[1..2]].concat()).is_err());
    }

    #[test]
    fn fixed_credentials_come_from_values_or_files() {
        let file = std::env::temp_dir().join(format!("roadstead-provider-{}", std::process::id()));
        std::fs::write(&file, "pass word\n").unwrap();
        let login = [("ROADSTEAD_USERNAME", "u"), ("ROADSTEAD_PASSWORD_FILE", file.to_str().unwrap())];
        let settings = load(&[&login[..], &[("ROADSTEAD_REGISTRIES", "r.example.com")]].concat()).unwrap();
        let everywhere = load(&login).err().unwrap().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(
            matches!(&settings.source, Source::Fixed { username, password } if username == "u" && password.as_str() == "pass word")
        );
        assert!(settings.check_registry("r.example.com").is_ok());
        assert!(settings.check_registry("any.example.com").is_err());
        assert!(everywhere.contains("needs ROADSTEAD_REGISTRIES"), "{everywhere}");
    }

    #[test]
    fn what_makes_no_sense_is_said_without_a_secret() {
        let both = [&KEY[..], &[("ROADSTEAD_PASSWORD", "hush"), ("ROADSTEAD_USERNAME", "u")]].concat();
        let twice = [&KEY[..], &[("ROADSTEAD_SECRET_KEY_FILE", "/x")]].concat();
        let lines = [&KEY[..2], &[("ROADSTEAD_SECRET_KEY", "hush\nhush")]].concat();
        let path = [("ROADSTEAD_ENDPOINT", "https://u:hush@r.example.com/x"), KEY[1], KEY[2]];
        let absent = [KEY[0], KEY[1], ("ROADSTEAD_SECRET_KEY_FILE", "/does/not/exist")];
        for pairs in
            [&[][..], &KEY[..2], &KEY[1..], &both, &twice, &lines, &path, &absent, &[("ROADSTEAD_PASSWORD", "hush")]]
        {
            let error = format!("{:#}", load(pairs).err().unwrap());
            assert!(!error.contains("hush") && !error.is_empty(), "{error}");
        }
    }
}
