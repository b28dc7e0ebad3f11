//! The format of requests and answers: parameters, codes, errors, languages, times, pages.

pub mod code;
pub(crate) mod dialect;
pub mod document;
pub(crate) mod error;
pub mod language;
mod lenient;
mod multipart;
pub(crate) mod page;
pub(crate) mod parameter_error;
pub(crate) mod params;
pub(crate) mod request;
pub(crate) mod said;
