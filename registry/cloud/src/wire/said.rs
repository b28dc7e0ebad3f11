//! What is said when an action did not do what was asked: a code and a message.

use std::borrow::Cow;

use super::code::Code;
use super::language::{Language, Phrase};
use roadstead_http::error::{ApiError, Code as RegistryCode};

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct Said {
    code: Code,
    /// The code of the product document, where the action has another one for this alone.
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
    /// The code with a more exact message. The message goes to the client: it must not tell what the caller may not know.
    pub(super) fn new(code: Code, message: impl Into<Phrase>) -> Self {
        Self { message: Some(message.into()), ..code.into() }
    }

    /// An inner failure: the client sees a fixed text, the log sees the source.
    pub(super) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::fault(Code::InternalError, source)
    }

    /// An inner failure that has a code of its own.
    pub(super) fn fault(code: Code, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..code.into() }
    }

    /// A parameter that the action needs is not there.
    pub(super) fn missing(code: Code, name: &str) -> Self {
        Self::new(code, Phrase::both(format!("the parameter {name} is missing"), format!("缺少参数 {name}")))
    }

    /// The code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// What the log should know of an inner failure.
    pub(crate) fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }

    /// The code of the product document for this answer.
    pub(crate) fn document_code(&self) -> Code {
        self.document.unwrap_or(self.code)
    }

    /// The same answer, for which the product document has another code.
    pub(super) fn in_document(self, code: Code) -> Self {
        Self { document: Some(code), ..self }
    }

    /// What it says.
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

/// What the way of every request answers, for those that came here.
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
