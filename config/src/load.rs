//! Merges the layers of settings: defaults, file, environment, flags.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Provider,
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
};

use crate::{Entry, Error, Key, Kind, Origin, Settings, env, secret, unknown::unknown};

/// Settings from the command line, which override all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--data-dir DIR`
    pub data_dir: Option<PathBuf>,
    /// `--listen ADDR`
    pub listen: Option<SocketAddr>,
}

impl Settings {
    /// Reads the settings: the defaults, then the TOML file at `path` if there is one, then the variables of
    /// `environment` (see [`environment`](crate::environment)), then the flags. Each overrides the ones before.
    ///
    /// Secrets are read from their files if the settings name any. The result has been validated.
    ///
    /// # Errors
    /// [`Error`] for the first mistake found. It names the key, and its file, variable or flag.
    pub fn load(
        path: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        overrides: Overrides,
    ) -> Result<Self, Error> {
        let mut layers = Layers::new();
        if let Some(path) = path {
            layers.add_file(path)?;
        }
        layers.add_environment(environment)?;
        layers.add_flags(overrides);
        layers.extract()
    }
}

/// The layers so far, and the place of the strongest value of each key.
struct Layers {
    known: Vec<Entry>,
    figment: Figment,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    fn new() -> Self {
        Self { known: Settings::default().entries(), figment: Figment::new(), origins: BTreeMap::new() }
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let syntax = |error: figment::Error| Error::Syntax { path: path.to_owned(), message: error.kind.to_string() };
        let dict = Toml::string(&text).data().map_err(syntax)?.into_values().next().unwrap_or_default();
        let origin = Origin::File(path.to_owned());
        self.note(&dict, "", &origin)?;
        self.merge(Serialized::defaults(dict));
        Ok(())
    }

    fn add_environment(&mut self, environment: impl Iterator<Item = (String, String)>) -> Result<(), Error> {
        for (key, found) in env::settings(environment, &self.known)? {
            self.add(&key, found.value, Origin::Variable(found.variable));
        }
        Ok(())
    }

    fn add_flags(&mut self, overrides: Overrides) {
        if let Some(data_dir) = overrides.data_dir {
            self.add("data_dir", Value::from(data_dir.to_string_lossy().as_ref()), Origin::Flag("--data-dir"));
        }
        if let Some(listen) = overrides.listen {
            self.add("server.listen", Value::from(listen.to_string()), Origin::Flag("--listen"));
        }
    }

    fn add(&mut self, key: &str, value: Value, origin: Origin) {
        self.merge((key, value));
        self.origins.insert(key.to_owned(), origin);
    }

    fn merge(&mut self, layer: impl Provider) {
        self.figment = std::mem::take(&mut self.figment).merge(layer);
    }

    /// Records that the keys of `dict` come from `origin`, and refuses unknown ones.
    fn note(&mut self, dict: &Dict, section: &str, origin: &Origin) -> Result<(), Error> {
        for (name, value) in dict {
            let key = crate::section::join_key(section, name);
            let below = format!("{key}.");
            if self.known.iter().any(|entry| entry.key == key) {
                self.origins.insert(key, origin.clone());
            } else if !self.known.iter().any(|entry| entry.key.starts_with(&below)) {
                return Err(unknown(key, origin.clone(), &self.known));
            } else if let Some(dict) = value.as_dict() {
                self.note(dict, &key, origin)?;
            } else {
                let problem = format!("is a section, not a value: write `[{key}]`");
                return Err(Error::BadValue { key, origin: origin.clone(), problem });
            }
        }
        Ok(())
    }

    fn extract(self) -> Result<Settings, Error> {
        let mut settings: Settings = self.figment.extract().map_err(|error| self.bad_value(error))?;
        self.read_secrets(&mut settings)?;
        settings.check().map_err(|(key, problem)| self.at_origin(key, problem))?;
        Ok(settings)
    }

    fn read_secrets(&self, settings: &mut Settings) -> Result<(), Error> {
        let (database, auth) = (&mut settings.database, &mut settings.auth);
        if let Some(path) = &database.url_file {
            let read = || secret::read_text_file(path);
            database.url = Some(self.read_secret("database.url", path, database.url.is_some(), read)?);
        }
        let given =
            [("auth.master_key", auth.master_key.is_some()), ("auth.master_key_file", auth.master_key_file.is_some())];
        if !auth.master_key_command.is_empty()
            && let Some((other, _)) = given.iter().find(|(_, set)| *set)
        {
            return Err(self.ambiguous("auth.master_key", other, "auth.master_key_command"));
        }
        if let Some(path) = &auth.master_key_file {
            let read = || Key::from_contents(&secret::read_file(path)?).map_err(str::to_owned);
            auth.master_key = Some(self.read_secret("auth.master_key", path, auth.master_key.is_some(), read)?);
        }
        Ok(())
    }

    /// Returns the secret of `key` from the file that `KEY_file` names, unless it was `given` already.
    fn read_secret<T>(
        &self,
        key: &str,
        path: &Path,
        given: bool,
        read: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, Error> {
        let twin = format!("{key}_file");
        if given {
            return Err(self.ambiguous(key, key, &twin));
        }
        let origin = self.origin(&twin);
        read().map_err(|problem| Error::SecretFile { key: twin, origin, path: path.to_owned(), problem })
    }

    /// Makes the error for a setting that was written in two forms.
    fn ambiguous(&self, key: &str, first: &str, second: &str) -> Error {
        let place = |key: &str| format!("`{key}` ({})", self.origin(key));
        Error::Ambiguous { key: key.to_owned(), first: place(first), second: place(second) }
    }

    /// Converts an error of figment, without the text of a secret.
    fn bad_value(&self, error: figment::Error) -> Error {
        let path = error.path.join(".");
        // The path of a bad element of a list continues below the key.
        let entry = self.known.iter().find(|entry| path == entry.key || path.starts_with(&format!("{}.", entry.key)));
        let key = entry.map_or(path, |entry| entry.key.clone());
        let problem = match entry.map(|entry| entry.kind) {
            Some(Kind::Secret) if !matches!(error.kind, figment::error::Kind::Message(_)) => "expected text".to_owned(),
            _ => error.kind.to_string(),
        };
        self.at_origin(key, problem)
    }

    fn at_origin(&self, key: String, problem: String) -> Error {
        Error::BadValue { origin: self.origin(&key), key, problem }
    }

    fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }
}
