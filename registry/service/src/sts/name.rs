//! Names of sessions.

use crate::{Error, Input, Result};

/// A text that may be the name of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionName(String);

impl SessionName {
    /// Checks a name of `least` characters or more. `parameter` is what the request calls it.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn parse(parameter: &str, text: &str, least: usize) -> Result<Self> {
        let fits = (least..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        let problem = format!("{parameter} must be {least} to 128 letters, digits or characters of _+=,.@-");
        Err(Error::invalid(Input::Parameter, problem))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
