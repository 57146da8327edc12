//! `Compare`: what a score job does, on the spot and without a trace.

use futures::StreamExt;
use sopilot_chassis::{ApiError, PeerChannel, Reason};
use sopilot_procedure::{
    Clip, GoldInput, PreparedGold, Procedure, ScoreInput, StepSource, place_steps, score,
};
use sopilot_proto::{
    MAX_MESSAGE_BYTES,
    alignment::v1::{
        AlignHeader, AlignOptions, AlignRequest, Alignment, Centring, ClipRange, Cost,
        align_request, alignment_service_client::AlignmentServiceClient,
    },
    scoring::v1::{
        CompareHeader, CompareRequest, CompareResponse, ComparedVideo, ScoreReport,
        compare_request::Frame, scoring_service_server::ScoringService,
    },
};
use sopilot_wire::{alignment, clips, procedure};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{provenance, wire_report};

/// Answers callers that want a score now.
#[derive(Clone)]
pub(crate) struct Comparisons {
    alignment: AlignmentServiceClient<PeerChannel>,
}

impl Comparisons {
    pub(crate) fn new(alignment: &PeerChannel) -> Self {
        // A stream lasts as long as the caller takes to send it; the caller's
        // own deadline still holds.
        let client = AlignmentServiceClient::new(alignment.with_timeout(None))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Self { alignment: client }
    }
}

#[tonic::async_trait]
impl ScoringService for Comparisons {
    async fn compare(
        &self,
        request: Request<Streaming<CompareRequest>>,
    ) -> Result<Response<CompareResponse>, Status> {
        let mut stream = request.into_inner();
        let header = match stream.message().await?.and_then(|message| message.frame) {
            Some(Frame::Header(header)) => header,
            Some(Frame::Chunk(_)) | None => {
                return Err(
                    ApiError::invalid("frame", "the first message must be the header").into(),
                );
            }
        };
        let comparison = Comparison::new(header)?;
        let alignment = self.align(&comparison, stream).await?;
        let report = tokio::task::spawn_blocking(move || comparison.report(alignment))
            .await
            .map_err(ApiError::internal)??;
        Ok(Response::new(CompareResponse {
            report: Some(report),
        }))
    }
}

impl Comparisons {
    /// Passes the caller's chunks on to the alignment service as they come.
    async fn align(
        &self,
        comparison: &Comparison,
        mut stream: Streaming<CompareRequest>,
    ) -> Result<Alignment, Status> {
        let (sender, receiver) = mpsc::channel(2);
        let header = align_request::Frame::Header(comparison.header.clone());
        let forward = async move {
            let first = AlignRequest {
                frame: Some(header),
            };
            if sender.send(first).await.is_err() {
                return Ok(());
            }
            while let Some(message) = stream.next().await {
                let Some(Frame::Chunk(chunk)) = message?.frame else {
                    return Err(Status::from(ApiError::invalid(
                        "frame",
                        "every message after the header must be a chunk",
                    )));
                };
                let chunk = AlignRequest {
                    frame: Some(align_request::Frame::Chunk(chunk)),
                };
                if sender.send(chunk).await.is_err() {
                    // Alignment has refused; its answer says why.
                    return Ok(());
                }
            }
            Ok(())
        };
        let mut client = self.alignment.clone();
        let answer = client.align(ReceiverStream::new(receiver));
        tokio::pin!(forward, answer);
        // A refusal is passed on at once, however much the caller has yet to
        // send.
        let answer = tokio::select! {
            answer = &mut answer => answer,
            forwarded = &mut forward => {
                forwarded?;
                answer.await
            }
        };
        answer?
            .into_inner()
            .alignment
            .ok_or_else(|| ApiError::new(Reason::Internal, "alignment answered nothing").into())
    }
}

/// A comparison whose header has been checked.
struct Comparison {
    procedure: Procedure,
    prepared: PreparedGold,
    trainee: Vec<Clip>,
    gold_video: ComparedVideo,
    header: AlignHeader,
}

impl Comparison {
    fn new(header: CompareHeader) -> Result<Self, ApiError> {
        let wire = header.procedure.unwrap_or_default();
        let procedure = match procedure(&wire) {
            Ok(procedure) => procedure,
            Err(violations) => return Err(invalid_steps(violations)),
        };
        let violations = procedure.validate();
        if !violations.is_empty() {
            return Err(invalid_steps(violations));
        }
        let side = |name, video: Option<ComparedVideo>| {
            video
                .filter(|video| !video.clips.is_empty())
                .ok_or_else(|| ApiError::invalid(name, "must be set, with its clips"))
        };
        let gold = side("gold", header.gold)?;
        let trainee = side("trainee", header.trainee)?;
        if gold.embedder != trainee.embedder {
            return Err(ApiError::new(
                Reason::EmbedderMismatch,
                "gold and trainee were embedded differently: embed both with the same embedder",
            ));
        }
        let (steps, non_overlapping_lag) = place_steps(&clips(&gold.clips), &procedure)
            .map_err(|error| ApiError::new(Reason::StepListInvalid, error.to_string()))?;
        let header = AlignHeader {
            gold: gold.embeddings.clone(),
            trainee: trainee.embeddings.clone(),
            steps: steps
                .iter()
                .map(|step| ClipRange {
                    first: step.clips.start,
                    end: step.clips.end,
                })
                .collect(),
            options: Some(AlignOptions {
                cost: Cost::Cosine.into(),
                centring: Centring::OnEach.into(),
                non_overlapping_lag,
            }),
        };
        let prepared = PreparedGold {
            steps,
            step_source: StepSource::Given,
            lint: Vec::new(),
            // Known once the pair is aligned.
            self_similarity_quantiles: [0.0; 5],
            non_overlapping_lag,
        };
        Ok(Self {
            procedure,
            prepared,
            trainee: clips(&trainee.clips),
            gold_video: gold,
            header,
        })
    }

    fn report(mut self, aligned: Alignment) -> Result<ScoreReport, ApiError> {
        let engine = aligned.engine.clone();
        let (alignment, evidence) = alignment(aligned).map_err(ApiError::internal)?;
        for (side, clips, rows) in [
            ("gold", self.gold_video.clips.len(), alignment.gold_clips),
            ("trainee", self.trainee.len(), alignment.trainee_clips),
        ] {
            if clips != rows as usize {
                return Err(ApiError::invalid(
                    format!("{side}.clips"),
                    format!("{clips} clips are listed, but the matrix has {rows} rows"),
                ));
            }
        }
        self.prepared.self_similarity_quantiles = evidence.gold_self_similarity_quantiles;
        let golds = [GoldInput {
            prepared: &self.prepared,
            alignment: &alignment,
            evidence: &evidence,
        }];
        let input = ScoreInput {
            procedure: &self.procedure,
            golds: &golds,
            trainee: &self.trainee,
        };
        let outcome = score(&input)
            .map_err(|error| ApiError::new(Reason::InvalidArgument, error.to_string()))?;
        Ok(wire_report(
            outcome,
            &evidence.picture,
            "",
            provenance(self.gold_video.embedder, &engine),
        ))
    }
}

fn invalid_steps(violations: Vec<sopilot_procedure::Violation>) -> ApiError {
    let error = ApiError::new(
        Reason::StepListInvalid,
        "the procedure contradicts itself; each mistake is listed",
    );
    violations.into_iter().fold(error, |error, violation| {
        error.with_violation(format!("procedure.{}", violation.field), violation.message)
    })
}
