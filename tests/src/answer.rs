//! The answer of the registry to a request.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, for messages.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    pub(crate) async fn of(request: String, response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|e| panic!("{request}: the answer is incomplete: {e:?}"));
        Self { request, status, headers, body }
    }

    /// Returns the answer if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {self}", self.request);
        self
    }

    /// Returns the answer if it is an error of the specification with this status and code.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.code(), code, "{} answered {answer}", answer.request);
        answer
    }

    /// A header, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Whether there is such a header.
    pub fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{} is not JSON: {e}: {self}", self.request))
    }

    /// The code of the first error in the body, or "".
    pub fn code(&self) -> String {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        value["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The first error's `detail`.
    #[track_caller]
    pub fn detail(&self) -> Value {
        self.json()["errors"][0]["detail"].clone()
    }

    /// The strings of a member of the body that is a list.
    #[track_caller]
    pub fn list(&self, member: &str) -> Vec<String> {
        let value = self.json();
        let list = value[member].as_array().unwrap_or_else(|| panic!("{member:?} is not a list in {self}"));
        list.iter().map(|entry| entry.as_str().unwrap().to_owned()).collect()
    }

    /// The target of the `Link` to the next page.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        let target = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
        Some(target.to_owned())
    }

    /// The parts that equal answers share: status, headers and body, without the date and the id of the request.
    pub fn essence(&self) -> String {
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        format!("{}\n{}\n{}", self.status, headers.concat(), self.text())
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        let shown: String = text.chars().take(2000).collect();
        write!(f, "{} {:?}\n{shown}", self.status, self.headers)
    }
}
