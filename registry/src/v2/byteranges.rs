//! Several ranges of a blob in one answer: `multipart/byteranges` (RFC 9110, section 14.6).

use bytes::Bytes;
use futures::stream::{self, LocalBoxStream, StreamExt as _, TryStreamExt as _};
use roadstead_service::records::BlobStream;
use roadstead_service::{Error, Result};

/// The boundary and headers around the parts.
pub struct Multipart {
    boundary: String,
    /// The delimiter and headers before each part.
    heads: Vec<Bytes>,
    end: Bytes,
}

impl Multipart {
    /// Creates the parts with these header lines.
    pub fn new(headers: impl Iterator<Item = String>) -> Self {
        // The boundary is random and is drawn after the blob was pushed, so the blob cannot contain it on purpose.
        let boundary = format!("{:032x}", rand::random::<u128>());
        let head = |(number, headers)| {
            let line_break = if number == 0 { "" } else { "\r\n" };
            Bytes::from(format!("{line_break}--{boundary}\r\n{headers}\r\n\r\n"))
        };
        let heads = headers.enumerate().map(head).collect();
        let end = Bytes::from(format!("\r\n--{boundary}--\r\n"));
        Self { boundary, heads, end }
    }

    /// Returns the media type of the answer.
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// Returns the length of the answer whose parts have `content` bytes together.
    pub fn size(&self, content: u64) -> u64 {
        content + (self.heads.iter().map(Bytes::len).sum::<usize>() + self.end.len()) as u64
    }

    /// Builds the body from the contents of the parts, which must be in the same order.
    pub fn body(self, contents: LocalBoxStream<'static, Result<BlobStream>>) -> LocalBoxStream<'static, Result<Bytes>> {
        let part = |(head, content): (Bytes, Result<BlobStream>)| {
            content.map(|content| stream::once(async { Ok(head) }).chain(content.map_err(Error::from)).boxed_local())
        };
        let parts = stream::iter(self.heads).zip(contents).map(part).try_flatten();
        parts.chain(stream::once(async { Ok(self.end) })).boxed_local()
    }
}
