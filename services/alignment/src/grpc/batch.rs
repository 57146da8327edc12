//! `AlignBatch`: many pairs in one stream, each answered when it is done.

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    sync::Arc,
};

use futures::Stream;
use sopilot_chassis::ApiError;
use sopilot_proto::alignment::v1::{
    AlignBatchRequest, AlignBatchResponse, Alignment, PairError, align_batch_request::Frame,
    align_batch_response::Result as PairResult,
};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Alignments, pair::Pair};

/// Pairs of one stream that may be arriving at the same time.
const MAX_OPEN_PAIRS: usize = 256;

/// Pairs of one stream.
const MAX_PAIRS: usize = 100_000;

type Answers = mpsc::Sender<Result<AlignBatchResponse, Status>>;

/// Reads pairs and answers them.
pub(super) fn answer(
    alignments: Alignments,
    stream: Streaming<AlignBatchRequest>,
) -> Pin<Box<dyn Stream<Item = Result<AlignBatchResponse, Status>> + Send + 'static>> {
    let (sender, receiver) = mpsc::channel(4);
    let slots = Arc::new(Semaphore::new(alignments.engine.config.slots.get().into()));
    tokio::spawn(async move {
        let mut batch = Batch {
            alignments,
            slots,
            open: HashMap::new(),
            seen: HashSet::new(),
        };
        if let Err(status) = batch.read(stream, &sender).await {
            let _ = sender.send(Err(status)).await;
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

struct Batch {
    alignments: Alignments,
    /// Bounds what is computed at the same time.
    slots: Arc<Semaphore>,
    /// Pairs that are arriving.
    open: HashMap<String, Pair>,
    seen: HashSet<String>,
}

impl Batch {
    /// An error here ends the whole stream: the caller broke the protocol, or
    /// has gone. What is wrong with one pair is answered for that pair.
    async fn read(
        &mut self,
        mut stream: Streaming<AlignBatchRequest>,
        answers: &Answers,
    ) -> Result<(), Status> {
        while let Some(message) = stream.message().await? {
            let pair_id = message.pair_id;
            let taken = match message.frame {
                Some(Frame::Header(header)) => self.open_pair(&pair_id, header)?,
                Some(Frame::Chunk(chunk)) => match self.open.get_mut(&pair_id) {
                    Some(pair) => pair.push(&chunk, &self.alignments.engine),
                    // Its pair has failed already, or never had a header.
                    None if self.seen.contains(&pair_id) => Ok(()),
                    None => return Err(wrong_order(&pair_id).into()),
                },
                None => return Err(ApiError::invalid("frame", "must be set").into()),
            };
            if let Err(error) = taken {
                self.open.remove(&pair_id);
                send(answers, pair_id, Err(error)).await?;
            } else if self.open.get(&pair_id).is_some_and(Pair::is_complete) {
                self.compute(pair_id, answers).await;
            }
        }
        // What has not arrived whole says so when it is resolved.
        let rest: Vec<String> = self.open.keys().cloned().collect();
        for pair_id in rest {
            self.compute(pair_id, answers).await;
        }
        Ok(())
    }

    fn open_pair(
        &mut self,
        pair_id: &str,
        header: sopilot_proto::alignment::v1::AlignHeader,
    ) -> Result<Result<(), ApiError>, ApiError> {
        if !self.seen.insert(pair_id.to_owned()) {
            return Err(ApiError::invalid(
                "pair_id",
                format!("{pair_id:?} names two pairs of this stream"),
            ));
        }
        if self.seen.len() > MAX_PAIRS {
            return Err(ApiError::invalid(
                "frame",
                format!("the stream has more than {MAX_PAIRS} pairs: begin another"),
            ));
        }
        if self.open.len() >= MAX_OPEN_PAIRS {
            return Err(ApiError::invalid(
                "frame",
                format!(
                    "more than {MAX_OPEN_PAIRS} pairs are arriving at once: send pairs one after the other"
                ),
            ));
        }
        Ok(
            Pair::new(header, self.alignments.engine.config.max_matrix_bytes).map(|pair| {
                self.open.insert(pair_id.to_owned(), pair);
            }),
        )
    }

    /// Starts to compute a pair; waits while too many are being computed, so
    /// that a fast sender is slowed down.
    async fn compute(&mut self, pair_id: String, answers: &Answers) {
        let Some(pair) = self.open.remove(&pair_id) else {
            return;
        };
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let (alignments, answers) = (self.alignments.clone(), answers.clone());
        tokio::spawn(async move {
            let result = tokio::select! {
                result = alignments.compute(pair) => result,
                () = answers.closed() => return,
            };
            // Before the answer is read: a caller may send all its pairs first.
            drop(slot);
            let _ = send(&answers, pair_id, result).await;
        });
    }
}

async fn send(
    answers: &Answers,
    pair_id: String,
    result: Result<Alignment, ApiError>,
) -> Result<(), Status> {
    let result = match result {
        Ok(alignment) => PairResult::Alignment(alignment),
        Err(error) => PairResult::Error(PairError {
            reason: error.reason.as_str().to_owned(),
            message: error.message,
        }),
    };
    answers
        .send(Ok(AlignBatchResponse {
            pair_id,
            result: Some(result),
        }))
        .await
        .map_err(|_| Status::cancelled("the caller has gone"))
}

fn wrong_order(pair_id: &str) -> ApiError {
    ApiError::invalid(
        "frame",
        format!("pair {pair_id:?} begins with a chunk instead of its header"),
    )
}
