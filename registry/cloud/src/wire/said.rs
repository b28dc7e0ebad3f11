//! The error answer of an action: a code and a message.

use std::borrow::Cow;

use super::code::Code;
use super::language::{Language, Phrase};
use roadstead_http::error::{ApiError, Code as RegistryCode};

/// An error answer.
#[derive(Debug)]
pub(crate) struct Said {
    code: Code,
    /// The code of the product document, if it differs for this error of the action.
    document: Option<Code>,
    message: Option<Phrase>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<Code> for Said {
    fn from(code: Code) -> Self {
        Self { code, document: None, message: None, source: None }
    }
}

impl Said {
    /// Creates an error with a specific message. The client sees the message, so it must not contain anything that the
    /// caller may not know.
    pub(super) fn new(code: Code, message: impl Into<Phrase>) -> Self {
        Self { message: Some(message.into()), ..code.into() }
    }

    /// Creates an error for an internal failure. The client sees a fixed text, and the log shows the source.
    pub(super) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::fault(Code::InternalError, source)
    }

    /// Creates an error for an internal failure with its own code.
    pub(super) fn fault(code: Code, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..code.into() }
    }

    /// Reports a missing parameter.
    pub(super) fn missing(code: Code, name: &str) -> Self {
        Self::new(code, Phrase::both(format!("the parameter {name} is missing"), format!("缺少参数 {name}")))
    }

    /// Returns the code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Returns the cause of an internal failure, for the log.
    pub(crate) fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }

    /// Returns the code of the product document.
    pub(crate) fn document_code(&self) -> Code {
        self.document.unwrap_or(self.code)
    }

    /// Sets a different code for the product document.
    pub(super) fn in_document(self, code: Code) -> Self {
        Self { document: Some(code), ..self }
    }

    /// Returns the message.
    pub(crate) fn text(&self, language: Language) -> Cow<'_, str> {
        let general = self.code.message(language);
        match (&self.message, language) {
            (None, _) => Cow::Borrowed(general),
            (Some(message), Language::English) => Cow::Borrowed(message.english()),
            (Some(message), Language::Chinese) => Cow::Owned(match message.chinese() {
                Some(chinese) => format!("{general}（{chinese}）"),
                None => format!("{general} ({})", message.english()),
            }),
        }
    }
}

/// Translates the errors that a request can meet before it reaches the cloud API.
impl From<&ApiError> for Said {
    fn from(error: &ApiError) -> Self {
        match error.code() {
            RegistryCode::TooManyRequests => Code::RequestLimitExceeded.into(),
            RegistryCode::Unavailable => Code::ResourceUnavailable.into(),
            RegistryCode::BodyTooLarge => Code::RequestSizeLimitExceeded.into(),
            RegistryCode::Unsupported => Code::UnsupportedProtocol.into(),
            RegistryCode::BadRequest | RegistryCode::RequestTimeout => {
                Self::new(Code::InvalidParameter, error.to_string())
            }
            _ => Code::InternalError.into(),
        }
    }
}
