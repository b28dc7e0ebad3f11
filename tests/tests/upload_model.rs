//! Compares uploads with a model: for any requests in any order, the server must do what the model of the specification
//! says (distribution-spec, "Pushing a blob in chunks").

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use roadstead_tests::{Answer, Client, TestRegistry, digest};

const REPOSITORY: &str = "library/model";

/// The next request of a client. Lengths and distances are in bytes.
#[derive(Clone, Debug)]
enum Step {
    /// PATCH without a range.
    Stream { length: usize },
    /// PATCH with a range that begins `distance` after the end of the upload, or before it.
    Chunk { distance: i64, length: usize },
    /// PATCH whose range is longer than its body.
    Lie { length: usize },
    /// PATCH with an invalid range.
    Nonsense,
    /// GET.
    Status,
    /// PUT with the last bytes and the digest of the whole content.
    Finish { length: usize },
    /// The same with a range.
    FinishChunk { distance: i64, length: usize },
    /// PUT with the digest of other content.
    FinishWrong { length: usize },
    /// PUT without a digest, or with an invalid one.
    FinishMalformed { query: &'static str },
    /// DELETE.
    Cancel,
    /// The client starts another upload, and cancels this one.
    Start,
    /// The server restarts.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![4 => 1_usize..200, 1 => Just(70_000_usize)];
    let distance = prop_oneof![6 => Just(0_i64), 2 => -100_i64..0, 1 => 1_i64..50];
    prop_oneof![
        3 => length.clone().prop_map(|length| Step::Stream { length }),
        6 => (distance.clone(), length.clone()).prop_map(|(distance, length)| Step::Chunk { distance, length }),
        1 => (1_usize..50).prop_map(|length| Step::Lie { length }),
        1 => Just(Step::Nonsense),
        2 => Just(Step::Status),
        2 => (0_usize..200).prop_map(|length| Step::Finish { length }),
        2 => (distance, length).prop_map(|(distance, length)| Step::FinishChunk { distance, length }),
        1 => (0_usize..200).prop_map(|length| Step::FinishWrong { length }),
        1 => prop_oneof![Just(""), Just("?digest="), Just("?digest=sha256:0"), Just("?digest=md5:00")]
            .prop_map(|query| Step::FinishMalformed { query }),
        1 => Just(Step::Cancel),
        2 => Just(Step::Start),
        1 => Just(Step::Restart),
    ]
}

/// The expected state.
struct Model {
    /// How many bytes the upload has; `None` when it is over.
    offset: Option<usize>,
    /// The content of the upload. Each byte depends on its position.
    content: Bytes,
}

impl Model {
    fn new(seed: u8) -> Self {
        Self { offset: Some(0), content: (0..2_u32 << 20).map(|at| byte(at, seed)).collect() }
    }

    /// `length` bytes from `first`.
    fn slice(&self, first: usize, length: usize) -> Bytes {
        self.content.slice(first..first + length)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
fn byte(at: u32, seed: u8) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed
}

/// The expected result of a chunk of `length` bytes at `distance` from the end of an upload of `offset` bytes: its
/// first byte, and the new end if the chunk is accepted. `None` if the chunk would begin before byte 0.
fn chunk(offset: usize, distance: i64, length: usize) -> Option<(usize, Option<usize>)> {
    let first = usize::try_from(i64::try_from(offset).ok()? + distance).ok()?;
    let end = first + length;
    // A chunk that overlaps the end is a retry after a lost answer. A chunk without new bytes, or with a gap, is
    // refused.
    let taken = first <= offset && end > offset;
    Some((first, taken.then_some(end)))
}

type Outcome = Result<(), TestCaseError>;

/// Checks that the answer is this error of the specification.
fn refused(answer: &Answer, status: u16, code: &str) -> Outcome {
    prop_assert!(answer.status == status && answer.code() == code, "{} answered {}", answer.request, answer);
    Ok(())
}

struct Run {
    registry: TestRegistry,
    client: Client,
    location: String,
    model: Model,
    count: u8,
}

impl Run {
    async fn start(&mut self) {
        self.location = self.client.start_upload(REPOSITORY).await;
        self.count = self.count.wrapping_add(1);
        self.model = Model::new(self.count);
    }

    async fn patch(&self, range: &str, body: Bytes) -> Answer {
        self.client.request("PATCH", &self.location).header("content-range", range).body(body).send().await
    }

    /// After every step, checks that the server and the model agree about the upload.
    async fn check(&self) -> Outcome {
        let status = self.client.get(&self.location).await;
        match self.model.offset {
            Some(offset) => {
                prop_assert_eq!(status.status, 204);
                prop_assert_eq!(status.header("range"), format!("0-{}", offset.saturating_sub(1)));
                prop_assert_eq!(status.header("location"), &self.location);
            }
            None => refused(&status, 404, "BLOB_UPLOAD_UNKNOWN")?,
        }
        Ok(())
    }

    /// The upload has ended: checks that every further request to it is refused.
    async fn step_on_nothing(&mut self, step: &Step) -> Outcome {
        let answer = match step {
            Step::Stream { length } | Step::Chunk { length, .. } | Step::Lie { length } => {
                self.client.patch(&self.location, self.model.slice(0, *length)).await
            }
            Step::Nonsense | Step::Status => self.client.get(&self.location).await,
            Step::Finish { length } | Step::FinishChunk { length, .. } | Step::FinishWrong { length } => {
                let content = self.model.slice(0, *length);
                self.client.put(&format!("{}?digest={}", self.location, digest(&content)), content).await
            }
            Step::FinishMalformed { .. } | Step::Cancel => self.client.delete(&self.location).await,
            Step::Restart => return self.restart().await,
            Step::Start => {
                self.start().await;
                return Ok(());
            }
        };
        refused(&answer, 404, "BLOB_UPLOAD_UNKNOWN")?;
        Ok(())
    }

    async fn restart(&mut self) -> Outcome {
        self.registry.restart().await;
        self.client = self.registry.owner();
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Outcome {
        let Some(offset) = self.model.offset else { return self.step_on_nothing(step).await };
        match *step {
            Step::Stream { length } => {
                let answer = self.client.patch(&self.location, self.model.slice(offset, length)).await;
                self.accepted(&answer, offset + length)?;
            }
            Step::Chunk { distance, length } => {
                let Some((first, end)) = chunk(offset, distance, length) else { return Ok(()) };
                let range = format!("{first}-{}", first + length - 1);
                let answer = self.patch(&range, self.model.slice(first, length)).await;
                match end {
                    Some(end) => self.accepted(&answer, end)?,
                    None => self.out_of_order(&answer, offset)?,
                }
            }
            Step::Lie { length } => {
                let range = format!("{offset}-{}", offset + length);
                let answer = self.patch(&range, self.model.slice(offset, length)).await;
                refused(&answer, 400, "SIZE_INVALID")?;
            }
            Step::Nonsense => {
                for range in ["bytes=0-1", "9-1", "-", "0-18446744073709551615", "x"] {
                    let answer = self.patch(range, self.model.slice(offset, 2)).await;
                    prop_assert_eq!(answer.status, 400, "{}", range);
                }
            }
            Step::Status => {}
            Step::Finish { length } => {
                let all = self.model.slice(0, offset + length);
                let target = format!("{}?digest={}", self.location, digest(&all));
                let answer = self.client.put(&target, all.slice(offset..)).await;
                self.finished(&answer, &all).await?;
            }
            Step::FinishChunk { distance, length } => return self.finish_chunk(offset, distance, length).await,
            Step::FinishWrong { length } => {
                let target = format!("{}?digest={}", self.location, digest("something else"));
                let answer = self.client.put(&target, self.model.slice(offset, length)).await;
                refused(&answer, 400, "DIGEST_INVALID")?;
                self.model.offset = None;
            }
            Step::FinishMalformed { query } => {
                let answer = self.client.put(&format!("{}{query}", self.location), Bytes::new()).await;
                refused(&answer, 400, "DIGEST_INVALID")?;
            }
            Step::Cancel => {
                prop_assert_eq!(self.client.delete(&self.location).await.status, 204);
                self.model.offset = None;
            }
            Step::Start => {
                // Until it is cancelled, the old upload is unchanged.
                self.check().await?;
                prop_assert_eq!(self.client.delete(&self.location).await.status, 204);
                self.start().await;
            }
            Step::Restart => self.restart().await?,
        }
        Ok(())
    }

    async fn finish_chunk(&mut self, offset: usize, distance: i64, length: usize) -> Outcome {
        let Some((first, end)) = chunk(offset, distance, length) else { return Ok(()) };
        let all = self.model.slice(0, end.unwrap_or(offset));
        let target = format!("{}?digest={}", self.location, digest(&all));
        let range = format!("{first}-{}", first + length - 1);
        let request = self.client.request("PUT", &target).header("content-range", &range);
        let answer = request.body(self.model.slice(first, length)).send().await;
        match end {
            Some(_) => self.finished(&answer, &all).await,
            None => self.out_of_order(&answer, offset),
        }
    }

    fn accepted(&mut self, answer: &Answer, end: usize) -> Outcome {
        prop_assert_eq!(answer.status, 202, "{}", answer);
        prop_assert_eq!(answer.header("range"), format!("0-{}", end - 1));
        prop_assert_eq!(answer.header("location"), &self.location);
        self.model.offset = Some(end);
        Ok(())
    }

    /// Checks that the upload keeps its offset, and that the answer gives the offset.
    fn out_of_order(&self, answer: &Answer, offset: usize) -> Outcome {
        refused(answer, 416, "RANGE_INVALID")?;
        prop_assert_eq!(answer.header("range"), format!("0-{}", offset.saturating_sub(1)));
        Ok(())
    }

    async fn finished(&mut self, answer: &Answer, content: &Bytes) -> Outcome {
        prop_assert_eq!(answer.status, 201, "{}", answer);
        let target = format!("/v2/{REPOSITORY}/blobs/{}", digest(content));
        prop_assert_eq!(answer.header("location"), &target);
        let pulled = self.client.get(&target).await;
        prop_assert_eq!(pulled.status, 200);
        prop_assert!(pulled.body == *content);
        self.model.offset = None;
        Ok(())
    }
}

#[test]
fn an_upload_is_what_its_model_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let registry = runtime.block_on(TestRegistry::new());
    let client = registry.owner();
    let run = Run { registry, client, location: String::new(), model: Model::new(0), count: 0 };
    let run = std::cell::RefCell::new(run);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(step(), 1..25), |steps| {
        let mut run = run.borrow_mut();
        runtime.block_on(async {
            run.start().await;
            for step in &steps {
                run.step(step).await?;
                run.check().await?;
            }
            Ok(())
        })
    });
    let _guard = runtime.enter();
    drop(run);
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
