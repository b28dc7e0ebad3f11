/// The language of messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// `en-US`, and whatever we do not speak.
    #[default]
    English,
    /// `zh-CN`.
    Chinese,
}

impl Language {
    /// The language of an `X-TC-Language` header or a `Language` parameter.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some(name) if name.eq_ignore_ascii_case("zh-CN") => Self::Chinese,
            _ => Self::English,
        }
    }
}
