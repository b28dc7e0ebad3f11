//! Settings from environment variables.

use std::collections::BTreeMap;

use figment::value::Value;

use crate::{Entry, Error, Kind, Origin, unknown::unknown};

/// The prefix of every variable of a setting.
const PREFIX: &str = "ROADSTEAD__";

/// Short names of the settings that the command line can set too.
const TWINS: [(&str, &str); 2] = [("ROADSTEAD_DATA_DIR", "data_dir"), ("ROADSTEAD_LISTEN", "server.listen")];

/// Returns the variables of this process. Those that are not Unicode are left out, because no setting is.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// A setting found in the environment.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) variable: String,
    pub(crate) value: Value,
}

/// Returns the settings in the environment by their keys. Other variables are ignored.
pub(crate) fn settings(
    environment: impl Iterator<Item = (String, String)>,
    known: &[Entry],
) -> Result<BTreeMap<String, Found>, Error> {
    let mut settings = BTreeMap::<String, Found>::new();
    for (variable, text) in environment {
        let Some(key) = key_of(&variable).filter(|_| !text.is_empty()) else { continue };
        let Some(entry) = known.iter().find(|entry| entry.key == key) else {
            return Err(unknown(key, Origin::Variable(variable), known));
        };
        if let Some(other) = settings.get(&key) {
            return Err(Error::Ambiguous { key, first: other.variable.clone(), second: variable });
        }
        settings.insert(key, Found { variable, value: value(entry.kind, text) });
    }
    Ok(settings)
}

fn key_of(variable: &str) -> Option<String> {
    let twin = TWINS.iter().find(|(name, _)| *name == variable).map(|(_, key)| (*key).to_owned());
    twin.or_else(|| Some(variable.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".")))
}

/// Returns the text of a variable in the form of its setting. If the text does not fit, it stays text, and the check
/// of types refuses it later.
fn value(kind: Kind, text: String) -> Value {
    let trimmed = text.trim();
    match kind {
        Kind::Integer => trimmed.parse::<u64>().map_or_else(|_| Value::from(trimmed), Value::from),
        Kind::Boolean => trimmed.parse::<bool>().map_or_else(|_| Value::from(trimmed), Value::from),
        Kind::Networks | Kind::Texts => {
            Value::from(trimmed.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>())
        }
        Kind::Text | Kind::Path | Kind::Secret => Value::from(text),
        Kind::Section | Kind::Address | Kind::Url | Kind::Duration | Kind::Size | Kind::Choice(_) => {
            Value::from(trimmed)
        }
    }
}
