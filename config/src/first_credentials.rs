//! Credentials of the owner account that the operator chooses for the first start.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{Error, Origin, Secret, secret};

/// Credentials of the owner account, chosen by the operator for the first start. The server makes up the others,
/// shows them once, and writes them to `bootstrap.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstCredentials {
    /// Password for `docker login`, from `ROADSTEAD_BOOTSTRAP_PASSWORD` or the file in `..._PASSWORD_FILE`.
    pub password: Option<Secret>,
    /// Id of the cloud API key, from `ROADSTEAD_BOOTSTRAP_SECRET_ID` or the file in `..._SECRET_ID_FILE`.
    pub secret_id: Option<Secret>,
    /// The cloud API key, from `ROADSTEAD_BOOTSTRAP_SECRET_KEY` or the file in `..._SECRET_KEY_FILE`.
    pub secret_key: Option<Secret>,
}

impl FirstCredentials {
    /// Takes the credentials from the environment (see [`environment`](crate::environment)). They are not settings:
    /// the settings file cannot contain them, and only the first start reads them.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if a variable and its `_FILE` twin are both set; [`Error::SecretFile`] if the file cannot
    /// be used; [`Error::BadValue`] if only one half of the cloud API key is chosen.
    pub fn from_environment(environment: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        let variables: BTreeMap<String, String> =
            environment.filter(|(name, value)| name.starts_with("ROADSTEAD_BOOTSTRAP_") && !value.is_empty()).collect();
        let chosen = Self {
            password: choose(&variables, "ROADSTEAD_BOOTSTRAP_PASSWORD")?,
            secret_id: choose(&variables, "ROADSTEAD_BOOTSTRAP_SECRET_ID")?,
            secret_key: choose(&variables, "ROADSTEAD_BOOTSTRAP_SECRET_KEY")?,
        };
        if chosen.secret_id.is_some() != chosen.secret_key.is_some() {
            return Err(Error::BadValue {
                key: "bootstrap.secret_key".to_owned(),
                origin: Origin::Variable("ROADSTEAD_BOOTSTRAP_SECRET_KEY".to_owned()),
                problem: "choose ROADSTEAD_BOOTSTRAP_SECRET_ID and ROADSTEAD_BOOTSTRAP_SECRET_KEY together".to_owned(),
            });
        }
        Ok(chosen)
    }
}

fn choose(variables: &BTreeMap<String, String>, name: &str) -> Result<Option<Secret>, Error> {
    let key = || name.trim_start_matches("ROADSTEAD_").to_lowercase().replacen('_', ".", 1);
    let twin = format!("{name}_FILE");
    match (variables.get(name), variables.get(&twin)) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(Secret::new(text.as_str()))),
        (Some(_), Some(_)) => Err(Error::Ambiguous { key: key(), first: name.to_owned(), second: twin }),
        (None, Some(path)) => {
            let path = PathBuf::from(path);
            let read = secret::read_text_file(&path);
            read.map(Some).map_err(|problem| Error::SecretFile {
                key: key(),
                origin: Origin::Variable(twin),
                path,
                problem,
            })
        }
    }
}
