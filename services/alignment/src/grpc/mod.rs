//! `AlignmentService`.

mod batch;
mod pair;

use std::{pin::Pin, sync::LazyLock};

use futures::Stream;
use sopilot_chassis::{ApiError, Reason};
use sopilot_dtw::engine_name;
use sopilot_proto::alignment::v1::{
    AlignBatchRequest, AlignBatchResponse, AlignRequest, AlignResponse, Alignment,
    GetDeviceInfoRequest, GetDeviceInfoResponse, align_request::Frame,
    alignment_service_server::AlignmentService,
};
use tonic::{Request, Response, Status, Streaming};

use crate::engine::{Engine, LoadError};
use pair::Pair;

/// Answers callers that want an alignment now.
#[derive(Clone)]
pub(crate) struct Alignments {
    pub(crate) engine: Engine,
}

#[tonic::async_trait]
impl AlignmentService for Alignments {
    async fn align(
        &self,
        request: Request<Streaming<AlignRequest>>,
    ) -> Result<Response<AlignResponse>, Status> {
        let mut stream = request.into_inner();
        let header = match stream.message().await?.and_then(|message| message.frame) {
            Some(Frame::Header(header)) => header,
            Some(Frame::Chunk(_)) | None => {
                return Err(
                    ApiError::invalid("frame", "the first message must be the header").into(),
                );
            }
        };
        let mut pair = Pair::new(header, self.engine.config.max_matrix_bytes)?;
        while let Some(message) = stream.message().await? {
            match message.frame {
                Some(Frame::Chunk(chunk)) => pair.push(&chunk, &self.engine)?,
                Some(Frame::Header(_)) | None => {
                    return Err(ApiError::invalid(
                        "frame",
                        "every message after the header must be a chunk",
                    )
                    .into());
                }
            }
        }
        let alignment = self.compute(pair).await?;
        Ok(Response::new(AlignResponse {
            alignment: Some(alignment),
        }))
    }

    type AlignBatchStream =
        Pin<Box<dyn Stream<Item = Result<AlignBatchResponse, Status>> + Send + 'static>>;

    async fn align_batch(
        &self,
        request: Request<Streaming<AlignBatchRequest>>,
    ) -> Result<Response<Self::AlignBatchStream>, Status> {
        Ok(Response::new(batch::answer(
            self.clone(),
            request.into_inner(),
        )))
    }

    async fn get_device_info(
        &self,
        _request: Request<GetDeviceInfoRequest>,
    ) -> Result<Response<GetDeviceInfoResponse>, Status> {
        Ok(Response::new(GetDeviceInfoResponse {
            engine: engine_name().to_owned(),
            device: PROCESSOR.clone(),
            threads: self.engine.config.threads.into(),
        }))
    }
}

impl Alignments {
    /// Aligns a pair whose chunks have all arrived.
    async fn compute(&self, pair: Pair) -> Result<Alignment, ApiError> {
        let (gold, trainee, plan) = pair.resolve(&self.engine).await?;
        self.engine.align(gold, trainee, plan).await
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        use sopilot_blob::BlobError;
        match error {
            LoadError::Key(message) => Self::invalid("object_key", message),
            LoadError::Blob(error @ BlobError::NotFound { .. }) => {
                Self::new(Reason::ObjectNotFound, error.to_string())
            }
            LoadError::Blob(error @ BlobError::TooLarge { .. }) => {
                Self::new(Reason::MatrixInvalid, error.to_string())
            }
            LoadError::Blob(error @ BlobError::Corrupt { .. }) => {
                Self::new(Reason::ObjectCorrupt, error.to_string())
            }
            LoadError::Blob(error) if error.is_transient() => {
                Self::new(Reason::Unavailable, error.to_string())
            }
            LoadError::Blob(error) => Self::internal(error),
        }
    }
}

/// The processor's name as the kernel tells it.
static PROCESSOR: LazyLock<String> = LazyLock::new(|| {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    told.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
});
