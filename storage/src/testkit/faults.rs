//! A blob store that fails on purpose.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};

use crate::blob::{BlobKey, BlobStore, BlobStream, BlobWriter, Listed, PieceSize, StagingKey};
use crate::{Error, Result};
use roadstead_types::{Digest, Hasher};

/// The operations that can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "named after the methods of the store and of its writers")]
pub enum Operation {
    Stage,
    Write,
    Sync,
    ReadStaged,
    Commit,
    Discard,
    Open,
    /// The stream of an open object.
    Read,
    Size,
    Delete,
    List,
    ListStaged,
    Identity,
    Claim,
    Ping,
}

/// The ways in which an operation can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// With an unspecific error.
    Error,
    /// Because the store is full.
    Full,
    /// Because the store cannot be reached.
    Unavailable,
}

impl Failure {
    fn error(self) -> Error {
        let source = || Box::from("failed on purpose");
        match self {
            Self::Error => Error::Backend { op: "fail on purpose", source: source() },
            Self::Full => Error::Full(source()),
            Self::Unavailable => Error::Unavailable { op: "fail on purpose", source: source() },
        }
    }
}

/// A planned failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The operation that fails.
    pub operation: Operation,
    /// The way in which it fails.
    pub failure: Failure,
    /// How many calls succeed before.
    pub after_calls: u32,
    /// For `Write` and `Read`: how many bytes pass before. The call that exceeds them is cut short there.
    pub after_bytes: u64,
    /// How many calls fail.
    pub times: u32,
}

impl Fault {
    /// Makes the next call fail, once.
    pub fn once(operation: Operation, failure: Failure) -> Self {
        Self { operation, failure, after_calls: 0, after_bytes: 0, times: 1 }
    }

    /// Makes every call fail from now on.
    pub fn always(operation: Operation, failure: Failure) -> Self {
        Self { times: u32::MAX, ..Self::once(operation, failure) }
    }
}

#[derive(Debug, Default)]
struct Plan(Mutex<Vec<Fault>>);

/// The outcome of a call.
enum Verdict {
    Pass,
    /// So many bytes pass, and then the call fails.
    Cut(u64, Error),
}

impl Plan {
    fn judge(&self, operation: Operation, bytes: u64) -> Verdict {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = faults.iter_mut().find(|fault| fault.operation == operation && fault.times > 0) else {
            return Verdict::Pass;
        };
        if fault.after_calls > 0 {
            fault.after_calls -= 1;
            return Verdict::Pass;
        }
        if bytes <= fault.after_bytes && bytes > 0 {
            fault.after_bytes -= bytes;
            return Verdict::Pass;
        }
        fault.times -= 1;
        Verdict::Cut(std::mem::take(&mut fault.after_bytes), fault.failure.error())
    }

    fn check(&self, operation: Operation) -> Result<()> {
        match self.judge(operation, 0) {
            Verdict::Pass => Ok(()),
            Verdict::Cut(_, error) => Err(error),
        }
    }
}

/// A blob store that forwards all calls to another one, except those that are planned to fail. Cheap to clone; all
/// clones share the plan.
#[derive(Clone)]
pub struct FaultyBlobStore {
    inner: Arc<dyn BlobStore>,
    plan: Arc<Plan>,
}

impl FaultyBlobStore {
    /// Wraps a store without any planned failure.
    pub fn new(inner: Arc<dyn BlobStore>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// Plans a failure.
    pub fn inject(&self, fault: Fault) {
        self.plan.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Forgets every planned failure.
    pub fn heal(&self) {
        self.plan.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl BlobStore for FaultyBlobStore {
    async fn stage(&self, key: &StagingKey, hasher: Hasher) -> Result<Box<dyn BlobWriter>> {
        self.plan.check(Operation::Stage)?;
        let inner = self.inner.stage(key, hasher).await?;
        Ok(Box::new(FaultyWriter { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn read_staged(&self, key: &StagingKey, len: u64) -> Result<BlobStream> {
        self.plan.check(Operation::ReadStaged)?;
        self.inner.read_staged(key, len).await
    }

    async fn commit(&self, key: &StagingKey, digest: &Digest, size: u64) -> Result<BlobKey> {
        self.plan.check(Operation::Commit)?;
        self.inner.commit(key, digest, size).await
    }

    async fn discard(&self, key: &StagingKey) -> Result<()> {
        self.plan.check(Operation::Discard)?;
        self.inner.discard(key).await
    }

    async fn open(&self, key: &BlobKey, range: Range<u64>, piece: PieceSize) -> Result<Option<BlobStream>> {
        self.plan.check(Operation::Open)?;
        let plan = Arc::clone(&self.plan);
        Ok(self.inner.open(key, range, piece).await?.map(|stream| faulty_stream(stream, plan)))
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        self.plan.check(Operation::Size)?;
        self.inner.size(key).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.plan.check(Operation::Delete)?;
        self.inner.delete(key).await
    }

    fn list(&self) -> BoxStream<'_, Result<Listed<BlobKey>>> {
        match self.plan.check(Operation::List) {
            Ok(()) => self.inner.list(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn list_staged(&self) -> BoxStream<'_, Result<Listed<StagingKey>>> {
        match self.plan.check(Operation::ListStaged) {
            Ok(()) => self.inner.list_staged(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn identity(&self) -> Result<Option<String>> {
        self.plan.check(Operation::Identity)?;
        self.inner.identity().await
    }

    async fn claim(&self, identity: &str) -> Result<()> {
        self.plan.check(Operation::Claim)?;
        self.inner.claim(identity).await
    }

    fn is_lasting(&self) -> bool {
        self.inner.is_lasting()
    }

    async fn ping(&self) -> Result<()> {
        self.plan.check(Operation::Ping)?;
        self.inner.ping().await
    }
}

fn cut(bytes: &Bytes, length: u64) -> Bytes {
    bytes.slice(..usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()))
}

fn faulty_stream(stream: BlobStream, plan: Arc<Plan>) -> BlobStream {
    let pieces = stream.flat_map(move |piece| {
        let Ok(bytes) = piece else { return stream::iter(vec![piece]) };
        stream::iter(match plan.judge(Operation::Read, bytes.len() as u64) {
            Verdict::Pass => vec![Ok(bytes)],
            Verdict::Cut(0, error) => vec![Err(error)],
            Verdict::Cut(length, error) => vec![Ok(cut(&bytes, length)), Err(error)],
        })
    });
    // The stream ends after an error.
    let until_error = pieces.scan(false, |failed, piece| {
        let ended = std::mem::replace(failed, piece.is_err());
        std::future::ready((!ended).then_some(piece))
    });
    until_error.boxed()
}

struct FaultyWriter {
    inner: Box<dyn BlobWriter>,
    plan: Arc<Plan>,
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self.plan.judge(Operation::Write, bytes.len() as u64) {
            Verdict::Pass => self.inner.write(bytes).await,
            Verdict::Cut(length, error) => {
                self.inner.write(cut(&bytes, length)).await?;
                Err(error)
            }
        }
    }

    async fn sync(&mut self) -> Result<()> {
        self.plan.check(Operation::Sync)?;
        self.inner.sync().await
    }

    async fn close(&mut self) -> Result<()> {
        self.plan.check(Operation::Sync)?;
        self.inner.close().await
    }

    fn hasher(&self) -> &Hasher {
        self.inner.hasher()
    }
}
