//! Finds the route of a request.
//!
//! Repository names contain slashes, so patterns are matched from both ends, and the rest in the middle is the name.
//! The path is not decoded before: `a%2Fb` and `../a` reach the parser of names, which refuses them.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::LazyLock;

use actix_web::http::Method;
use percent_encoding::percent_decode_str;

use crate::route::Route;

/// The variable parts of a path, not decoded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Params<'a> {
    /// The text at the place of `{name}`.
    pub name: Option<&'a str>,
    /// The text at the place of the last variable segment.
    pub last: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// Decodes the last variable segment once and parses it. Some clients escape the colon of a digest.
    pub fn last<T: FromStr>(&self) -> Option<Result<T, T::Err>> {
        let text: Cow<'a, str> = percent_decode_str(self.last?).decode_utf8().ok()?;
        Some(text.parse())
    }
}

/// The result of matching a method and a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Match<'a> {
    /// A route matches.
    Found(Route, Params<'a>),
    /// The path exists, but only with these methods.
    MethodNotAllowed(Vec<&'static Method>),
    /// The path does not exist.
    NotFound,
}

struct Pattern {
    route: Route,
    prefix: Vec<&'static str>,
    has_name: bool,
    suffix: Vec<&'static str>,
}

static PATTERNS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| Route::ALL.iter().map(|&route| Pattern::of(route)).collect());

impl Pattern {
    fn of(route: Route) -> Self {
        let text = route.pattern().trim_end_matches('/');
        match text.split_once("{name}/") {
            Some((prefix, suffix)) => Self {
                route,
                prefix: prefix.trim_matches('/').split('/').collect(),
                has_name: true,
                suffix: suffix.split('/').collect(),
            },
            None => {
                let prefix = text.trim_start_matches('/').split('/').collect();
                Self { route, prefix, has_name: false, suffix: Vec::new() }
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

/// Finds the route of a request. `path` is the undecoded path.
pub fn find<'a>(method: &Method, path: &'a str) -> Match<'a> {
    // `/v2/` and `/v2` are the same resource, and so are `.../blobs/uploads/` and `.../blobs/uploads`.
    let path = match path.strip_suffix('/') {
        Some(rest) if rest == "/v2" || rest.ends_with("/blobs/uploads") => rest,
        _ => path,
    };
    let Some(relative) = path.strip_prefix('/') else { return Match::NotFound };
    let segments: Vec<&str> = relative.split('/').collect();
    let mut allowed = Vec::new();
    for pattern in PATTERNS.iter() {
        let Some(params) = pattern.matches(path, &segments) else { continue };
        let methods = pattern.route.methods();
        if methods.contains(method) {
            return Match::Found(pattern.route, params);
        }
        allowed.extend(methods);
    }
    if allowed.is_empty() { Match::NotFound } else { Match::MethodNotAllowed(allowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Option<(Route, Option<&str>, Option<&str>)> {
        match find(&method, path) {
            Match::Found(route, params) => Some((route, params.name, params.last)),
            _ => None,
        }
    }

    #[test]
    fn names_may_hold_the_words_of_the_patterns() {
        let path = "/v2/blobs/manifests/tags/list/manifests/v1";
        assert_eq!(found(Method::GET, path), Some((Route::ManifestGet, Some("blobs/manifests/tags/list"), Some("v1"))));
        let path = "/v2/a/blobs/uploads/b/tags/list";
        assert_eq!(found(Method::GET, path), Some((Route::TagList, Some("a/blobs/uploads/b"), None)));
    }

    #[test]
    fn uploads_start_with_and_without_the_trailing_slash() {
        let expected = Some((Route::UploadStart, Some("a/b"), None));
        assert_eq!(found(Method::POST, "/v2/a/b/blobs/uploads/"), expected);
        assert_eq!(found(Method::POST, "/v2/a/b/blobs/uploads"), expected);
        assert_eq!(found(Method::GET, "/v2"), Some((Route::Base, None, None)));
        assert_eq!(found(Method::GET, "/v2/"), Some((Route::Base, None, None)));
    }

    #[test]
    fn a_known_path_with_another_method_names_the_methods() {
        let Match::MethodNotAllowed(methods) = find(&Method::PATCH, "/v2/a/b/manifests/x") else { panic!() };
        assert_eq!(methods.len(), 4);
        assert_eq!(find(&Method::GET, "/v2/a/b"), Match::NotFound);
        assert_eq!(
            find(&Method::GET, "/v2//manifests/x"),
            Match::Found(Route::ManifestGet, Params { name: Some(""), last: Some("x") })
        );
    }

    #[test]
    fn every_route_is_reachable_by_its_own_pattern() {
        for &route in Route::ALL {
            let path = route.pattern().replace("{name}", "ns/name").replace(['{', '}'], "");
            for method in route.methods() {
                assert_eq!(found(method.clone(), &path).map(|f| f.0), Some(route), "{method} {path}");
            }
        }
    }
}
