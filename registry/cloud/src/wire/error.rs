//! Errors of actions of the cloud API, and of the steps before an action.

use roadstead_auth::{Denied, SignatureError};

use super::code::Code;
use super::dialect::{self, Dialect};
use super::language::Phrase;
use super::parameter_error::ParameterError;
use super::said::Said;
use roadstead_service as service;

/// The result of an action.
pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// The reason why an action failed.
#[derive(Debug)]
pub(crate) enum CloudError {
    /// The answer is known.
    Said(Said),
    /// A service refused or failed. The answer depends on the group of the action: see [`Dialect`].
    Service(Box<service::Error>),
}

impl From<Said> for CloudError {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

impl From<Code> for CloudError {
    fn from(code: Code) -> Self {
        Self::Said(code.into())
    }
}

impl From<service::Error> for CloudError {
    fn from(error: service::Error) -> Self {
        Self::Service(Box::new(error))
    }
}

impl CloudError {
    /// Creates an error with a specific message. The client sees the message, so it must not contain anything that the
    /// caller may not know.
    pub(crate) fn new(code: Code, message: impl Into<Phrase>) -> Self {
        Self::Said(Said::new(code, message))
    }

    /// Creates an error for an internal failure. The client sees a fixed text, and the log shows the source.
    pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Said(Said::internal(source))
    }

    /// Creates an error for an internal failure with its own code.
    pub(crate) fn fault(code: Code, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Said(Said::fault(code, source))
    }

    /// Sets a different code for the product document, where the table of the action has one.
    pub(crate) fn in_document(self, code: Code) -> Self {
        match self {
            Self::Said(said) => Self::Said(said.in_document(code)),
            Self::Service(error) => Self::Service(error),
        }
    }

    /// Reports a missing parameter.
    pub(crate) fn missing(code: Code, name: &str) -> Self {
        Self::Said(Said::missing(code, name))
    }

    /// Refuses an empty list where one is required. With flattened parameters, an empty list and a missing one look the
    /// same.
    pub(crate) fn if_empty<T>(list: &[T], name: &str) -> Result<(), Self> {
        if list.is_empty() { Err(Self::missing(Code::MissingParameter, name)) } else { Ok(()) }
    }

    /// Returns the answer, with the codes of a group of actions.
    pub(crate) fn said(self, dialect: Dialect) -> Said {
        match self {
            Self::Said(said) => said,
            Self::Service(error) => dialect.said(*error),
        }
    }

    /// Returns the code of an error that does not come from a service.
    #[cfg(test)]
    pub(crate) fn code(self) -> Code {
        self.said(Dialect::Cam).code()
    }
}

impl From<SignatureError> for CloudError {
    fn from(error: SignatureError) -> Self {
        use SignatureError as E;
        match error {
            E::Missing(name @ ("Authorization" | "Signature")) => {
                let english = format!("the request is not signed: {name} is missing");
                let message = Phrase::both(english, format!("请求没有签名：缺少 {name}"));
                Self::new(Code::AuthFailureSignatureFailure, message)
            }
            E::Missing(name) => Self::missing(Code::MissingParameter, name),
            E::Malformed("Authorization") => {
                let message = Phrase::both("the Authorization header is malformed", "Authorization 头格式错误");
                Self::new(Code::AuthFailureSignatureFailure, message)
            }
            E::Malformed(name) => {
                let english = format!("the parameter {name} is malformed");
                Self::new(Code::InvalidParameter, Phrase::both(english, format!("参数 {name} 格式错误")))
            }
            E::InvalidSecretId => Code::AuthFailureInvalidSecretId.into(),
            E::SecretIdNotFound => Code::AuthFailureSecretIdNotFound.into(),
            E::Mismatch => Code::AuthFailureSignatureFailure.into(),
            E::Expired => Code::AuthFailureSignatureExpire.into(),
            E::Token => Code::AuthFailureTokenFailure.into(),
            E::Throttled { retry_after } => dialect::throttled(retry_after).into(),
            E::Unavailable(source) => service::Error::from(source).into(),
        }
    }
}

impl From<Denied> for CloudError {
    fn from(denied: Denied) -> Self {
        service::Error::from(denied).into()
    }
}

impl From<ParameterError> for CloudError {
    fn from(error: ParameterError) -> Self {
        match error {
            ParameterError::Missing(name) => Self::missing(Code::MissingParameter, &name),
            ParameterError::Unknown(name) => {
                let message = Phrase::both(format!("the parameter {name} is unknown"), format!("未知参数 {name}"));
                Self::new(Code::UnknownParameter, message)
            }
            ParameterError::Wrong { name, problem } if name.is_empty() => Self::new(Code::InvalidParameter, problem),
            ParameterError::Wrong { name, problem } => {
                let english = format!("the parameter {name} is wrong: {}", problem.english());
                let chinese = format!("参数 {name} 错误：{}", problem.chinese().unwrap_or(problem.english()));
                Self::new(Code::InvalidParameter, Phrase::both(english, chinese))
            }
        }
    }
}
