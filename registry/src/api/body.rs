//! Bodies: of requests, as the services take them, and of answers, watched to their end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use super::error::{ApiError, Code};
use crate::service::{Body, BodyError};

/// The body of a request, for a service.
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

/// A whole body of at most `limit` bytes; `too_large` is the answer to more.
pub async fn collect(
    payload: web::Payload,
    announced: Option<u64>,
    limit: usize,
    timeout: std::time::Duration,
    too_large: impl Fn() -> ApiError,
) -> Result<Bytes, ApiError> {
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = incoming(payload);
    let mut collected = BytesMut::new();
    loop {
        let next = tokio::time::timeout(timeout, body.next()).await;
        match next.map_err(|_| ApiError::from(Code::RequestTimeout))? {
            None => return Ok(collected.freeze()),
            Some(Err(_)) => return Err(ApiError::new(Code::BadRequest, "the body ended before its announced length")),
            Some(Ok(chunk)) if collected.len() + chunk.len() > limit => return Err(too_large()),
            Some(Ok(chunk)) => collected.extend_from_slice(&chunk),
        }
    }
}

/// No body, but the length that a GET would have: the answer to HEAD.
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

/// A body of known length that is streamed.
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

/// A body that reports how many bytes were sent when it is done, or given up.
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
