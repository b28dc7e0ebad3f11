//! Keyset pages: the parameters `n` and `last`, and the Link to the next page (distribution-spec, "Listing Tags").

use std::borrow::Cow;

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};

use roadstead_http::Call;
use roadstead_http::error::{ApiError, Code};

/// The requested part of a list.
pub struct Page<'a> {
    /// The most entries.
    pub size: u32,
    /// The entry before the first one of the page.
    pub after: Option<Cow<'a, str>>,
}

impl<'a> Page<'a> {
    /// Reads the page from the query. An `n` above the limit returns the largest page and a Link.
    pub fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        let limits = &call.state.limits;
        let size = match call.query_value("n") {
            None => limits.page_size_max,
            Some(text) => {
                let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                if !digits {
                    return Err(ApiError::new(Code::PageInvalid, "n must be a whole number, 0 or greater"));
                }
                text.parse::<u64>()
                    .ok()
                    .and_then(|n| u32::try_from(n).ok())
                    .unwrap_or(u32::MAX)
                    .min(limits.page_size_max)
            }
        };
        let after = call.query_value("last").filter(|last| !last.is_empty());
        if after.as_ref().is_some_and(|last| last.len() > 512) {
            return Err(ApiError::new(Code::PageInvalid, "last is not the name of an entry"));
        }
        Ok(Self { size, after })
    }

    /// Returns the number of rows to query: one more than the page holds, to know whether there is a next page.
    pub fn probe(&self) -> u32 {
        self.size.saturating_add(1)
    }

    /// Removes the extra row. Returns whether there was one.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> bool {
        let size = self.size as usize;
        let more = rows.len() > size;
        rows.truncate(size);
        more
    }

    /// Builds an answer with the Link to the page after `last`. `extra` are further pairs for the query of the Link.
    pub fn answer(&self, call: &Call<'_>, last: Option<&str>, extra: &[(&str, &str)]) -> HttpResponseBuilder {
        let mut response = HttpResponse::Ok();
        if let Some(last) = last {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(extra)
                .append_pair("n", &self.size.to_string())
                .append_pair("last", last)
                .finish();
            let link = format!("<{}?{query}>; rel=\"next\"", call.request.uri().path());
            response.insert_header((header::LINK, link));
        }
        response
    }
}
