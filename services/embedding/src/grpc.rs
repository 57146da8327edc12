//! `EmbeddingService`, and between wire and domain types.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use sopilot_chassis::{ApiError, Reason};
use sopilot_embed::{ClipFrames, EmbedError, Embedder, EmbedderInfo};
use sopilot_proto::{
    catalog::v1 as catalog,
    embedding::v1::{
        self as wire, ClipFlag, EmbedClipsHeader, EmbedClipsRequest, EmbedClipsResponse,
        GetModelInfoRequest, GetModelInfoResponse, embed_clips_request::Frame,
        embedding_service_server::EmbeddingService,
    },
};
use sopilot_video::{Clip, MaskRegion, MaskStyle};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Clips that are embedded together at most.
const BATCH: usize = 16;

/// Smallest side of a frame in pixels.
const MIN_SIDE: u32 = 16;

/// Answers callers that bring their own frames.
#[derive(Clone)]
pub(crate) struct Embeddings {
    pub(crate) embedder: Arc<dyn Embedder>,
}

#[tonic::async_trait]
impl EmbeddingService for Embeddings {
    type EmbedClipsStream =
        Pin<Box<dyn Stream<Item = Result<EmbedClipsResponse, Status>> + Send + 'static>>;

    async fn embed_clips(
        &self,
        request: Request<Streaming<EmbedClipsRequest>>,
    ) -> Result<Response<Self::EmbedClipsStream>, Status> {
        let mut stream = request.into_inner();
        let header = match stream.message().await?.and_then(|message| message.frame) {
            Some(Frame::Header(header)) => header,
            Some(Frame::Clip(_)) | None => {
                return Err(
                    ApiError::invalid("frame", "the first message must be the header").into(),
                );
            }
        };
        let clip_bytes = clip_bytes(&header)?;
        let (sender, receiver) = mpsc::channel(2);
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(status) = this
                .embed_stream(stream, &header, clip_bytes, &sender)
                .await
            {
                let _ = sender.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_model_info(
        &self,
        _request: Request<GetModelInfoRequest>,
    ) -> Result<Response<GetModelInfoResponse>, Status> {
        let sampling = self.embedder.sampling();
        Ok(Response::new(GetModelInfoResponse {
            embedder: Some(wire_embedder(self.embedder.info())),
            sampling: Some(wire::Sampling {
                sample_rate_hz: sampling.sample_rate_hz,
                frames_per_clip: sampling.frames_per_clip as u32,
                stride_frames: sampling.stride_frames as u32,
                frame_width: sampling.frame_width as u32,
                frame_height: sampling.frame_height as u32,
            }),
        }))
    }
}

impl Embeddings {
    async fn embed_stream(
        &self,
        stream: Streaming<EmbedClipsRequest>,
        header: &EmbedClipsHeader,
        clip_bytes: usize,
        sender: &mpsc::Sender<Result<EmbedClipsResponse, Status>>,
    ) -> Result<(), Status> {
        let mut first_clip = 0;
        // Whatever has arrived is embedded at once, together if it is more
        // than one clip.
        let mut arrived = stream.ready_chunks(BATCH);
        while let Some(messages) = arrived.next().await {
            let mut batch = Vec::with_capacity(messages.len());
            for (message, number) in messages.into_iter().zip(first_clip..) {
                batch.push(read_clip(message?, number, clip_bytes)?);
            }
            let clips = batch.len() as u32;
            let response = self.embed(batch, header, first_clip).await?;
            first_clip += clips;
            if sender.send(Ok(response)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn embed(
        &self,
        batch: Vec<Bytes>,
        header: &EmbedClipsHeader,
        first_clip: u32,
    ) -> Result<EmbedClipsResponse, Status> {
        let embedder = Arc::clone(&self.embedder);
        let (frames, height, width) = (header.frames, header.height, header.width);
        let clips = batch.len() as u32;
        let rows = tokio::task::spawn_blocking(move || {
            let clips = batch
                .iter()
                .map(|rgb| ClipFrames::new(frames as usize, height as usize, width as usize, rgb))
                .collect::<Result<Vec<_>, _>>()?;
            embedder.embed(&clips)
        })
        .await
        .map_err(ApiError::internal)?
        .map_err(|error| api_error(&error))?;
        let little_endian: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok(EmbedClipsResponse {
            first_clip,
            clips,
            dim: self.embedder.info().dim as u32,
            embeddings: little_endian.into(),
        })
    }
}

fn clip_bytes(header: &EmbedClipsHeader) -> Result<usize, ApiError> {
    if header.height < MIN_SIDE || header.width < MIN_SIDE {
        return Err(ApiError::invalid(
            "header",
            format!(
                "frames of {}×{} are too small: at least {MIN_SIDE} pixels a side",
                header.width, header.height
            ),
        ));
    }
    let sides = [header.height, header.width, 3];
    sides
        .iter()
        .try_fold(header.frames as usize, |bytes, side| {
            bytes.checked_mul(*side as usize)
        })
        .filter(|bytes| (1..=sopilot_proto::MAX_MESSAGE_BYTES).contains(bytes))
        .ok_or_else(|| {
            ApiError::invalid(
                "header",
                format!(
                    "a clip of {} frames of {}×{} must have 1 to {} bytes",
                    header.frames,
                    header.width,
                    header.height,
                    sopilot_proto::MAX_MESSAGE_BYTES
                ),
            )
        })
}

fn read_clip(
    message: EmbedClipsRequest,
    number: u32,
    clip_bytes: usize,
) -> Result<Bytes, ApiError> {
    let Some(Frame::Clip(clip)) = message.frame else {
        return Err(ApiError::invalid(
            "frame",
            "every message after the header must be a clip",
        ));
    };
    if clip.rgb.len() != clip_bytes {
        return Err(ApiError::invalid(
            "clip.rgb",
            format!(
                "clip {number} has {} bytes; the header announced {clip_bytes}",
                clip.rgb.len()
            ),
        ));
    }
    Ok(clip.rgb)
}

fn api_error(error: &EmbedError) -> ApiError {
    let reason = match error {
        EmbedError::ClipLength { .. } | EmbedError::ClipShape { .. } => Reason::InvalidArgument,
        EmbedError::Model { .. } => Reason::Unavailable,
    };
    ApiError::new(reason, error.to_string())
}

pub(crate) fn wire_embedder(info: &EmbedderInfo) -> wire::Embedder {
    wire::Embedder {
        name: info.name.clone(),
        version: info.version.clone(),
        checksum: info.checksum.clone(),
        dim: info.dim as u32,
    }
}

pub(crate) fn wire_clip(clip: &Clip) -> wire::Clip {
    let quality = &clip.quality;
    let flags = [
        (quality.low_light, ClipFlag::LowLight),
        (quality.over_exposed, ClipFlag::OverExposed),
        (quality.blurry, ClipFlag::Blurry),
        (quality.frozen, ClipFlag::Frozen),
    ];
    wire::Clip {
        index: clip.index,
        start_seconds: clip.start_seconds,
        end_seconds: clip.end_seconds,
        flags: flags
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, flag)| flag.into())
            .collect(),
        motion: Some(quality.motion),
    }
}

pub(crate) fn mask_region(region: &catalog::MaskRegion) -> MaskRegion {
    MaskRegion {
        x: region.x as f32,
        y: region.y as f32,
        width: region.width as f32,
        height: region.height as f32,
        style: match region.style() {
            catalog::MaskStyle::Unspecified | catalog::MaskStyle::Black => MaskStyle::Black,
            catalog::MaskStyle::Blur => MaskStyle::Blur,
            catalog::MaskStyle::Pixelate => MaskStyle::Pixelate,
        },
    }
}
