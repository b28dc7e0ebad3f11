//! `multipart/form-data` (RFC 7578) in the form that the official SDKs send: one part per parameter, with lists and
//! objects as JSON.

use serde_json::Value;

use super::parameter_error::ParameterError;

/// The most parts of a form.
const MAX_PARTS: usize = 1000;

fn malformed(problem: &str) -> ParameterError {
    ParameterError::said(format!("the multipart form is malformed: {problem}"), "multipart 表单格式错误")
}

/// Returns a parameter of a header, such as the `boundary` of a `Content-Type`.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').skip(1).find_map(|member| {
        let (key, value) = member.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Returns the parts of `body` with their names.
pub(crate) fn parse(content_type: &str, body: &[u8]) -> Result<Vec<(String, Value)>, ParameterError> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()));
    let boundary = boundary.ok_or_else(|| malformed("there is no boundary"))?;
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest =
        body.strip_prefix(first.as_bytes()).ok_or_else(|| malformed("it does not begin with its boundary"))?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let content = rest.strip_prefix(b"\r\n").ok_or_else(|| malformed("a boundary does not end its line"))?;
        let end = find(content, next.as_bytes()).ok_or_else(|| malformed("it does not end with its boundary"))?;
        parts.push(part(&content[..end])?);
        rest = &content[end + next.len()..];
        if parts.len() > MAX_PARTS {
            return Err(malformed("there are too many parts"));
        }
    }
    Ok(parts)
}

fn part(text: &[u8]) -> Result<(String, Value), ParameterError> {
    let end = find(text, b"\r\n\r\n").ok_or_else(|| malformed("a part has no head"))?;
    let head = std::str::from_utf8(&text[..end]).map_err(|_| malformed("the head of a part is no text"))?;
    let content = std::str::from_utf8(&text[end + 4..]).map_err(|_| malformed("a part is no text"))?;
    let header = |name: &str| {
        head.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let disposition = header("content-disposition").ok_or_else(|| malformed("a part has no name"))?;
    let name = parameter(disposition, "name").ok_or_else(|| malformed("a part has no name"))?;
    let is_json = header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    let value = if is_json {
        let wrong = |error| ParameterError::said(format!("it is not JSON: {error}"), "不是 JSON").within(name);
        serde_json::from_str(content).map_err(wrong)?
    } else {
        Value::from(content)
    };
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=xyz";

    #[test]
    fn parts_are_texts_or_json() {
        let body = "--xyz\r\nContent-Disposition: form-data; name=\"RepoName\"\r\n\r\nproj/app\r\n--xyz\r\n\
             Content-Disposition: form-data; name=\"Tags\"\r\nContent-Type: application/json\r\n\r\n[\"v1\"]\r\n--xyz--\r\n";
        let parts = parse(TYPE, body.as_bytes()).unwrap();
        assert_eq!(parts, [("RepoName".to_owned(), json!("proj/app")), ("Tags".to_owned(), json!(["v1"]))]);
        assert_eq!(parse(TYPE, b"--xyz--").unwrap(), []);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in ["", "--xyz", "--xyz\r\n", "--xyz\r\n\r\n--xyz--", "--xyz\r\na: b\r\n\r\nc\r\n--xyz--", "--abc--"] {
            assert!(parse(TYPE, body.as_bytes()).is_err(), "{body:?}");
        }
        assert!(parse("multipart/form-data", b"--xyz--").is_err());
        assert!(parse("multipart/form-data; boundary=", b"----").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_much_for_it(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = parse(TYPE, &[b"--xyz\r\n", body.as_slice(), b"\r\n--xyz--"].concat());
        }
    }
}
