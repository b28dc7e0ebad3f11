//! The languages of messages.

use std::borrow::Cow;

/// The language of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// `en-US`, and every language that is not supported.
    #[default]
    English,
    /// `zh-CN`.
    Chinese,
}

impl Language {
    /// Parses an `X-TC-Language` header or a `Language` parameter.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some(name) if name.eq_ignore_ascii_case("zh-CN") => Self::Chinese,
            _ => Self::English,
        }
    }
}

/// A text in English, and in Chinese if it has been translated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Phrase {
    english: Cow<'static, str>,
    chinese: Option<Cow<'static, str>>,
}

impl Phrase {
    /// Creates a text in both languages.
    pub(crate) fn both(english: impl Into<Cow<'static, str>>, chinese: impl Into<Cow<'static, str>>) -> Self {
        Self { english: english.into(), chinese: Some(chinese.into()) }
    }

    /// Returns the English text.
    pub(crate) fn english(&self) -> &str {
        &self.english
    }

    /// Returns the Chinese text, if there is one.
    pub(crate) fn chinese(&self) -> Option<&str> {
        self.chinese.as_deref()
    }
}

impl From<&'static str> for Phrase {
    fn from(english: &'static str) -> Self {
        Cow::Borrowed(english).into()
    }
}

impl From<String> for Phrase {
    fn from(english: String) -> Self {
        Cow::<'static, str>::Owned(english).into()
    }
}

impl From<Cow<'static, str>> for Phrase {
    fn from(english: Cow<'static, str>) -> Self {
        Self { english, chinese: None }
    }
}
