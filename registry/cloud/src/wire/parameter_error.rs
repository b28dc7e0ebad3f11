//! Errors in the parameters of a request.

use std::borrow::Cow;
use std::fmt;

use serde::de;

use super::language::Phrase;

/// An error in the parameters of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ParameterError {
    /// A required parameter is missing.
    Missing(String),
    /// The action does not know this parameter.
    Unknown(String),
    /// A parameter has the wrong form. An empty name stands for all parameters.
    Wrong {
        /// The name of the parameter.
        name: String,
        /// A description of the problem.
        problem: Phrase,
    },
}

impl ParameterError {
    pub(crate) fn wrong(problem: impl Into<Phrase>) -> Self {
        Self::Wrong { name: String::new(), problem: problem.into() }
    }

    /// Creates [`Self::wrong`] in both languages.
    pub(crate) fn said(english: impl Into<Cow<'static, str>>, chinese: impl Into<Cow<'static, str>>) -> Self {
        Self::wrong(Phrase::both(english, chinese))
    }

    /// Moves the error to a member of `parent`.
    pub(crate) fn within(mut self, parent: &str) -> Self {
        let (Self::Missing(name) | Self::Unknown(name) | Self::Wrong { name, .. }) = &mut self;
        *name = if name.is_empty() { parent.to_owned() } else { format!("{parent}.{name}") };
        self
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Unknown(name) => write!(f, "{name} is unknown"),
            Self::Wrong { name, problem } => write!(f, "{name}: {}", problem.english()),
        }
    }
}

impl std::error::Error for ParameterError {}

impl de::Error for ParameterError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::wrong(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field.to_owned())
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(field.chars().take(100).collect())
    }
}
