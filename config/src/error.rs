//! What can be wrong with the settings.

use std::{fmt, io, path::PathBuf};

/// The place a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody chose it: the built-in default.
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

/// Why the settings cannot be used. Every variant is a mistake of whoever wrote them, and says where to mend it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings file is not TOML.
    #[error("{}: not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// There is no such setting.
    #[error("{origin}: unknown setting `{key}`{}", hint(.nearest.as_deref()))]
    UnknownKey {
        /// The key, as `section.key`.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The existing key that it resembles, if one does.
        nearest: Option<String>,
    },
    /// The setting exists, its value does not do.
    #[error("{origin}: `{key}`: {problem}")]
    BadValue {
        /// The key, as `section.key`.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// What is wrong with it; never the text of a secret.
        problem: String,
    },
    /// One setting was written twice, in two forms of which neither is stronger.
    #[error("`{key}` is set twice, by {first} and by {second}: keep one")]
    Ambiguous {
        /// The key, as `section.key`.
        key: String,
        /// One place.
        first: String,
        /// The other place.
        second: String,
    },
    /// A file that should hold a secret cannot be used.
    #[error("secret file {} (from `{key}`, {origin}): {problem}", path.display())]
    SecretFile {
        /// The key that names the file.
        key: String,
        /// Where that key was written.
        origin: Origin,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A file that should hold a key cannot be used.
    #[error("key file {}: {problem}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|key| format!(" (did you mean `{key}`?)")).unwrap_or_default()
}
