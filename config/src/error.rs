//! Errors in the settings.

use std::{fmt, io, path::PathBuf};

/// The place of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// None: it is the built-in default.
    Default,
    /// A settings file.
    File(PathBuf),
    /// An environment variable, by its name.
    Variable(String),
    /// A command line flag, by its name with the dashes.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Why the settings cannot be used. Every variant is a mistake of the operator, and names the place to correct.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The settings file is not TOML.
    #[error("{}: not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The fault, with line and column.
        message: String,
    },
    /// The setting does not exist.
    #[error("{origin}: unknown setting `{key}`{}", hint(.nearest.as_deref()))]
    UnknownKey {
        /// The key, as `section.key`.
        key: String,
        /// Its place.
        origin: Origin,
        /// An existing key that resembles it, if there is one.
        nearest: Option<String>,
    },
    /// The setting exists, but its value is invalid.
    #[error("{origin}: `{key}`: {problem}")]
    BadValue {
        /// The key, as `section.key`.
        key: String,
        /// Its place.
        origin: Origin,
        /// The fault. It never contains the text of a secret.
        problem: String,
    },
    /// A setting was written twice, in two forms of equal rank.
    #[error("`{key}` is set twice, by {first} and by {second}: keep one")]
    Ambiguous {
        /// The key, as `section.key`.
        key: String,
        /// One place.
        first: String,
        /// The other place.
        second: String,
    },
    /// The file of a secret cannot be used.
    #[error("secret file {} (from `{key}`, {origin}): {problem}", path.display())]
    SecretFile {
        /// The key that names the file.
        key: String,
        /// The place of that key.
        origin: Origin,
        /// The file.
        path: PathBuf,
        /// The fault, and how to correct it.
        problem: String,
    },
    /// The file of a key cannot be used.
    #[error("key file {}: {problem}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The fault, and how to correct it.
        problem: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|key| format!(" (did you mean `{key}`?)")).unwrap_or_default()
}
