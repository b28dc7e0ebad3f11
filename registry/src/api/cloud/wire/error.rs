//! Errors of the cloud API: the one place where what happened becomes what is said.

use std::borrow::Cow;
use std::fmt;

use roadstead_auth::{Denied, SignatureError};
use roadstead_policy::Row;
use roadstead_storage::Error as StorageError;
use roadstead_types::Counted;

use super::code::Code;
use super::document;
use super::language::{Language, Phrase};
use super::parameter_error::ParameterError;
use crate::api::error::{ApiError, Code as RegistryCode};
use roadstead_service as service;

/// What an action gives.
pub(crate) type CloudResult<T> = Result<T, CloudError>;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct CloudError {
    code: Code,
    /// The code of the product document, where the action has another one for this alone.
    document: Option<Code>,
    message: Option<Phrase>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<Code> for CloudError {
    fn from(code: Code) -> Self {
        Self { code, document: None, message: None, source: None }
    }
}

impl CloudError {
    /// The code with a more exact message. The message goes to the client: it must not tell what the caller may not know.
    pub(crate) fn new(code: Code, message: impl Into<Phrase>) -> Self {
        Self { message: Some(message.into()), ..code.into() }
    }

    /// An inner failure: the client sees a fixed text, the log sees the source.
    pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::fault(Code::InternalError, source)
    }

    /// An inner failure that has a code of its own.
    pub(crate) fn fault(code: Code, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..code.into() }
    }

    /// The same error, which the table of the action in the product document has another code for.
    pub(crate) fn in_document(self, code: Code) -> Self {
        Self { document: Some(code), ..self }
    }

    /// There are as many as there may be.
    pub(crate) fn limit(what: Counted, limit: u64) -> Self {
        let (code, chinese) = match what {
            Counted::Namespaces => (Code::LimitExceededErrNamespaceMaxLimit, "命名空间"),
            Counted::Repositories => (Code::LimitExceededErrRepoMaxLimit, "仓库"),
            Counted::Triggers => (Code::LimitExceededErrTriggerMaxLimit, "触发器"),
            _ => (Code::LimitExceeded, "资源"),
        };
        let english = format!("no more than {limit} {what} are allowed");
        Self::new(code, Phrase::both(english, format!("{chinese}最多 {limit} 个")))
    }

    /// A parameter that the action needs is not there.
    pub(crate) fn missing(code: Code, name: &str) -> Self {
        Self::new(code, Phrase::both(format!("the parameter {name} is missing"), format!("缺少参数 {name}")))
    }

    /// Refuses an empty list where one is needed: flattened parameters cannot tell it from none.
    pub(crate) fn if_empty<T>(list: &[T], name: &str) -> Result<(), Self> {
        if list.is_empty() { Err(Self::missing(Code::MissingParameter, name)) } else { Ok(()) }
    }

    /// The code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// What the log should know of an inner failure.
    pub(crate) fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.source.as_deref()
    }

    /// The code of the product document, in the answer of an action.
    pub(crate) fn document_wire(&self, row: &'static Row) -> &'static str {
        document::wire(row, self.document.unwrap_or(self.code))
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

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.wire(), self.text(Language::English))
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
            E::Throttled { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let english = format!("too many requests whose signature was not good; try again in {seconds} s");
                let chinese = format!("签名错误的请求过多，请在 {seconds} 秒后重试");
                Self::new(Code::RequestLimitExceeded, Phrase::both(english, chinese))
            }
            E::Unavailable(source) => source.into(),
        }
    }
}

impl From<Denied> for CloudError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unauthenticated | Denied::InsufficientScope | Denied::Forbidden => {
                Code::AuthFailureUnauthorizedOperation.into()
            }
            Denied::Unavailable(source) => source.into(),
        }
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

/// What an action has not given a code of its own.
impl From<StorageError> for CloudError {
    fn from(error: StorageError) -> Self {
        use StorageError as E;
        match error {
            E::Unavailable { .. } | E::Full(_) => Self::fault(Code::InternalErrorDbError, error),
            E::LimitReached { what, limit } => Self::limit(what, limit),
            E::InUse(what) | E::Protected(what) => {
                Self::new(Code::ResourceInUse, Phrase::both(format!("the {what} is in use"), "正在使用中"))
            }
            E::Conflict(what) => {
                let message = Phrase::both(format!("there is such a {what} already"), "已经存在");
                Self::new(Code::InternalErrorErrConflict, message)
            }
            E::Stale(what) => {
                let message = Phrase::both(format!("the {what} is not there any more"), "已经不存在");
                Self::new(Code::ResourceNotFound, message)
            }
            E::DryRun => Code::DryRunOperation.into(),
            other => Self::internal(other),
        }
    }
}

impl From<service::Error> for CloudError {
    fn from(error: service::Error) -> Self {
        use service::Error as S;
        match error {
            S::RepositoryUnknown => Code::ResourceNotFoundErrNoRepo.into(),
            S::ManifestUnknown => Code::ResourceNotFoundErrNoTag.into(),
            S::NamespaceGone => Code::ResourceNotFoundErrNoNamespace.into(),
            S::Quota { what, limit } => Self::limit(what, limit),
            S::Overloaded => Code::ResourceUnavailable.into(),
            S::Unavailable(source) | S::StoreFull(source) | S::Storage(source) => source.into(),
            other => Self::internal(other),
        }
    }
}

/// What the way of every request answers, for those that came here.
impl From<&ApiError> for CloudError {
    fn from(error: &ApiError) -> Self {
        match error.code() {
            RegistryCode::TooManyRequests => Code::RequestLimitExceeded.into(),
            RegistryCode::Unavailable => Code::ResourceUnavailable.into(),
            RegistryCode::ManifestTooLarge => Code::RequestSizeLimitExceeded.into(),
            RegistryCode::Unsupported => Code::UnsupportedProtocol.into(),
            RegistryCode::BadRequest | RegistryCode::RequestTimeout => {
                Self::new(Code::InvalidParameter, error.to_string())
            }
            _ => Code::InternalError.into(),
        }
    }
}
