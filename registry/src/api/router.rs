//! Finds the operation that a request asks for.
//!
//! Repository names have slashes, so patterns are matched from both ends and what remains in the middle is the name. The
//! raw path is matched: `a%2Fb` and `../a` reach the name's own type, which refuses them.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::LazyLock;

use actix_web::http::Method;
use percent_encoding::percent_decode_str;

use super::operation::Operation;

/// The variable parts of a path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Params<'a> {
    /// What stood for `{name}`, undecoded.
    pub name: Option<&'a str>,
    /// What stood for the last variable segment, undecoded.
    pub last: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// The last variable segment, decoded once and parsed. Some clients escape the colon of a digest.
    pub fn last<T: FromStr>(&self) -> Option<Result<T, T::Err>> {
        let text: Cow<'a, str> = percent_decode_str(self.last?).decode_utf8().ok()?;
        Some(text.parse())
    }
}

/// What the router makes of a method and a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// An operation.
    Found(Operation, Params<'a>),
    /// The path exists, with other methods.
    MethodNotAllowed(Vec<&'static Method>),
    /// There is no such path.
    NotFound,
}

struct Pattern {
    operation: Operation,
    prefix: Vec<&'static str>,
    has_name: bool,
    suffix: Vec<&'static str>,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| Operation::ALL.iter().map(|&o| Pattern::of(o)).collect());

impl Pattern {
    fn of(operation: Operation) -> Self {
        let text = operation.pattern().trim_end_matches('/');
        match text.split_once("{name}/") {
            Some((prefix, suffix)) => Self {
                operation,
                prefix: prefix.trim_matches('/').split('/').collect(),
                has_name: true,
                suffix: suffix.split('/').collect(),
            },
            None => {
                let prefix = text.trim_start_matches('/').split('/').collect();
                Self { operation, prefix, has_name: false, suffix: Vec::new() }
            }
        }
    }

    fn matches<'a>(&self, path: &'a str, segments: &[&'a str]) -> Option<Params<'a>> {
        if !self.has_name {
            return (segments == self.prefix.as_slice()).then(Params::default);
        }
        let middle = segments.len().checked_sub(self.prefix.len() + self.suffix.len()).filter(|&n| n > 0)?;
        let (prefix, rest) = segments.split_at(self.prefix.len());
        let suffix = &rest[middle..];
        if prefix != self.prefix.as_slice() {
            return None;
        }
        let mut last = None;
        for (&expected, &found) in self.suffix.iter().zip(suffix) {
            match expected.starts_with('{') {
                true if found.is_empty() => return None,
                true => last = Some(found),
                false if expected != found => return None,
                false => {}
            }
        }
        let start = 1 + prefix.iter().map(|s| s.len() + 1).sum::<usize>();
        let end = path.len() - suffix.iter().map(|s| s.len() + 1).sum::<usize>();
        Some(Params { name: Some(&path[start..end]), last })
    }
}

/// The route of a request. `path` is the raw path of its target.
pub fn route<'a>(method: &Method, path: &'a str) -> Route<'a> {
    // `/v2/` and `/v2` are one place, as are `.../blobs/uploads/` and `.../blobs/uploads`.
    let path = match path.strip_suffix('/') {
        Some(rest) if rest == "/v2" || rest.ends_with("/blobs/uploads") => rest,
        _ => path,
    };
    let Some(relative) = path.strip_prefix('/') else { return Route::NotFound };
    let segments: Vec<&str> = relative.split('/').collect();
    let mut allowed = Vec::new();
    for pattern in PATTERNS.iter() {
        let Some(params) = pattern.matches(path, &segments) else { continue };
        let methods = pattern.operation.methods();
        if methods.contains(method) {
            return Route::Found(pattern.operation, params);
        }
        allowed.extend(methods);
    }
    if allowed.is_empty() { Route::NotFound } else { Route::MethodNotAllowed(allowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Option<(Operation, Option<&str>, Option<&str>)> {
        match route(&method, path) {
            Route::Found(operation, params) => Some((operation, params.name, params.last)),
            _ => None,
        }
    }

    #[test]
    fn names_may_hold_the_words_of_the_patterns() {
        let path = "/v2/blobs/manifests/tags/list/manifests/v1";
        assert_eq!(
            found(Method::GET, path),
            Some((Operation::ManifestGet, Some("blobs/manifests/tags/list"), Some("v1")))
        );
        let path = "/v2/a/blobs/uploads/b/tags/list";
        assert_eq!(found(Method::GET, path), Some((Operation::TagList, Some("a/blobs/uploads/b"), None)));
    }

    #[test]
    fn uploads_start_with_and_without_the_trailing_slash() {
        let expected = Some((Operation::UploadStart, Some("a/b"), None));
        assert_eq!(found(Method::POST, "/v2/a/b/blobs/uploads/"), expected);
        assert_eq!(found(Method::POST, "/v2/a/b/blobs/uploads"), expected);
        assert_eq!(found(Method::GET, "/v2"), Some((Operation::Base, None, None)));
        assert_eq!(found(Method::GET, "/v2/"), Some((Operation::Base, None, None)));
    }

    #[test]
    fn a_known_path_with_another_method_names_the_methods() {
        let Route::MethodNotAllowed(methods) = route(&Method::PATCH, "/v2/a/b/manifests/x") else { panic!() };
        assert_eq!(methods.len(), 4);
        assert_eq!(route(&Method::GET, "/v2/a/b"), Route::NotFound);
        assert_eq!(
            route(&Method::GET, "/v2//manifests/x"),
            Route::Found(Operation::ManifestGet, Params { name: Some(""), last: Some("x") })
        );
    }

    #[test]
    fn every_operation_is_reachable_by_its_own_pattern() {
        for &operation in Operation::ALL {
            let path = operation.pattern().replace("{name}", "ns/name").replace(['{', '}'], "");
            for method in operation.methods() {
                assert_eq!(found(method.clone(), &path).map(|f| f.0), Some(operation), "{method} {path}");
            }
        }
    }
}
