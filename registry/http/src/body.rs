//! Request bodies in the form that services read, and response bodies that are watched until their end.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::sync::SemaphorePermit;

use crate::budget::SMALL_BODY;
use crate::call::Call;
use crate::error::{ApiError, Code};
use roadstead_service::{Body, BodyError};

/// Converts the body of a request for a service.
pub fn incoming(payload: web::Payload) -> Body<'static> {
    payload
        .map(|chunk| {
            chunk.map_err(|error| match error {
                PayloadError::Incomplete(_) | PayloadError::Io(_) => BodyError::Incomplete,
                _ => BodyError::Malformed,
            })
        })
        .boxed_local()
}

/// A request body that is fully in memory. It holds a share of the memory budget, so keep it as long as its bytes are
/// used.
pub struct Collected<'a> {
    bytes: Bytes,
    _share: SemaphorePermit<'a>,
}

impl Deref for Collected<'_> {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// Reads a whole body of at most `limit` bytes. A larger one is refused with `too_large`. The body must arrive within
/// twice the body timeout.
pub async fn collect<'a>(
    call: &Call<'a>,
    payload: web::Payload,
    limit: usize,
    too_large: impl Fn() -> ApiError,
) -> Result<Collected<'a>, ApiError> {
    let announced = call.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let timeout = call.services().manifest_limits().body_timeout;
    let expected = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
    let units = u32::try_from(expected.saturating_sub(SMALL_BODY).div_ceil(SMALL_BODY)).unwrap_or(u32::MAX);
    let turn = tokio::time::timeout(timeout, call.state.collect_budget.0.acquire_many(units)).await;
    let share = turn.map_err(|_| Code::Unavailable)?.map_err(ApiError::internal)?;
    let mut body = incoming(payload);
    let collecting = async {
        let mut collected = BytesMut::new();
        loop {
            match body.next().await {
                None => return Ok(collected.freeze()),
                Some(Err(_)) => {
                    return Err(ApiError::new(Code::BadRequest, "the body ended before its announced length"));
                }
                Some(Ok(chunk)) if collected.len() + chunk.len() > limit => return Err(too_large()),
                Some(Ok(chunk)) => collected.extend_from_slice(&chunk),
            }
        }
    };
    let collected = tokio::time::timeout(2 * timeout, collecting).await;
    let bytes = collected.map_err(|_| ApiError::from(Code::RequestTimeout))??;
    Ok(Collected { bytes, _share: share })
}

/// An empty body with the length that a GET would have: the answer to HEAD.
pub struct HeadBody(pub u64);

impl MessageBody for HeadBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Removes the body of an answer to HEAD, and keeps the headers about it. actix removes such a body only if it has not
/// yet read the next request of the connection. A client that sends requests without waiting would read the body as the
/// next answer.
pub fn without_body(mut response: HttpResponse) -> HttpResponse {
    if let BodySize::Sized(length) = response.body().size() {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response.head_mut().no_chunking(true);
    response.set_body(NoBody.boxed())
}

/// An empty body for an answer whose length header must not be set by actix.
struct NoBody;

impl MessageBody for NoBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// A streamed body of known length.
pub struct SizedBody<S> {
    size: u64,
    stream: S,
}

impl<S> SizedBody<S> {
    pub fn new(size: u64, stream: S) -> Self {
        Self { size, stream }
    }
}

impl<S, E> MessageBody for SizedBody<S>
where
    S: futures::Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    type Error = E;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, E>>> {
        self.stream.poll_next_unpin(cx)
    }
}

/// A body that reports the number of sent bytes when it is finished or dropped.
pub struct Observed<B, F: FnOnce(StatusCode, u64)> {
    body: B,
    status: StatusCode,
    sent: u64,
    report: Option<F>,
}

impl<B, F: FnOnce(StatusCode, u64)> Observed<B, F> {
    pub fn new(body: B, status: StatusCode, report: F) -> Self {
        Self { body, status, sent: 0, report: Some(report) }
    }
}

impl<B, F: FnOnce(StatusCode, u64)> Drop for Observed<B, F> {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            report(self.status, self.sent);
        }
    }
}

impl<B: MessageBody + Unpin, F: FnOnce(StatusCode, u64) + Unpin> MessageBody for Observed<B, F> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = ready!(Pin::new(&mut self.body).poll_next(cx));
        if let Some(Ok(bytes)) = &next {
            self.sent += bytes.len() as u64;
        }
        Poll::Ready(next)
    }
}
