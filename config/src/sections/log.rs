//! `[log]`: the level and the form of log lines.

use serde::Deserialize;

use super::Invalid;
use crate::section::{Kind, section, value};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

value! {
    LogFormat, Kind::Choice(&["auto", "text", "json"]), |format| match format {
        LogFormat::Auto => "auto".to_owned(),
        LogFormat::Text => "text".to_owned(),
        LogFormat::Json => "json".to_owned(),
    };
}

section! {
    /// The log, on standard error.
    pub struct Log {
        /// `text` is for people, `json` is one object a line, `auto` is text on a terminal and JSON otherwise.
        pub format: LogFormat = LogFormat::Auto,
        /// The lowest level that is written (`error`, `warn`, `info`, `debug`, `trace`), or filter directives such as
        /// `info,roadstead=debug`.
        pub level: String = "info".to_owned(),
    }
}

impl Log {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.level.trim().is_empty() {
            return Err(("level", "must not be empty".to_owned()));
        }
        Ok(())
    }
}
