//! `VideoService`.

use std::pin::Pin;

use futures::{Stream, StreamExt, TryStreamExt};
use prost::Message;
use sopilot_blob::Key;
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{
    CHUNK_BYTES,
    catalog::v1::{
        AbortUploadRequest, AbortUploadResponse, DeleteVideoRequest, DeleteVideoResponse,
        DownloadHeader, DownloadVideoRequest, DownloadVideoResponse, GetThumbnailsRequest,
        GetThumbnailsResponse, GetUploadRequest, GetUploadResponse, GetVideoRequest,
        GetVideoResponse, ListClipsRequest, ListClipsResponse, ListUploadsRequest,
        ListUploadsResponse, ListVideosRequest, ListVideosResponse, MaskRegion, StartUploadRequest,
        StartUploadResponse, Thumbnail, UploadVideoRequest, UploadVideoResponse, VideoMetadata,
        download_video_response, upload_video_request::Frame, video_service_server::VideoService,
    },
    embedding::v1::{ClipIndex, ThumbnailSet},
    id::{TaskId, VideoId},
    scoring::v1::TimeRange,
};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Handlers,
    convert::{check_text, id, optional_id, role, video_state, wire_enum, wire_upload, wire_video},
    traceparent,
};
use crate::{
    error::Error,
    removal::remove_objects,
    store::{self, NewUpload, PageRequest, Role, VideoFilter},
};

/// Largest clip index or set of thumbnails that is read, in bytes.
const MAX_DERIVED_BYTES: u64 = 256 << 20;

/// Steps that a procedure may have.
const MAX_STEP_TIMES: usize = 200;

/// Regions that one mask may have.
const MAX_MASK_REGIONS: usize = 64;

#[tonic::async_trait]
impl VideoService for Handlers {
    async fn start_upload(
        &self,
        request: Request<StartUploadRequest>,
    ) -> Result<Response<StartUploadResponse>, Status> {
        let message = request.into_inner();
        let encoded = message.encode_to_vec();
        let repeatable = store::Request::new("StartUpload", &message.request_id, &encoded)?;
        let new = self.new_upload(message)?;
        let upload = self.store.start_upload(new, &repeatable).await?;
        Ok(Response::new(StartUploadResponse {
            upload: Some(wire_upload(&upload)?),
        }))
    }

    async fn upload_video(
        &self,
        request: Request<Streaming<UploadVideoRequest>>,
    ) -> Result<Response<UploadVideoResponse>, Status> {
        let traceparent = traceparent(&request);
        let mut stream = request.into_inner();
        let header = match stream.message().await?.and_then(|message| message.frame) {
            Some(Frame::Header(header)) => header,
            Some(Frame::Data(_)) | None => {
                return Err(ApiError::invalid(
                    "frame",
                    "the first message of an upload must be its header",
                )
                .into());
            }
        };
        let upload_id = id::<VideoId>("header.upload_id", &header.upload_id)?.uuid();
        let data = stream.map(|message| match message {
            Err(status) => Err(ApiError::from_status(&status)),
            Ok(UploadVideoRequest {
                frame: Some(Frame::Data(data)),
            }) => Ok(data),
            Ok(UploadVideoRequest {
                frame: Some(Frame::Header(_)) | None,
            }) => Err(ApiError::invalid(
                "frame",
                "every message after the header must carry data",
            )),
        });
        let data = data.boxed();
        let receiver = self.receiver.clone();
        // On its own: what has arrived is stored even if the caller goes away,
        // and putting the parts together ends however short its deadline is.
        let received = self.tasks.spawn(async move {
            receiver
                .receive(upload_id, header.offset, data, &traceparent)
                .await
        });
        let (upload, video) = received.await.map_err(ApiError::internal)??;
        Ok(Response::new(UploadVideoResponse {
            upload: Some(wire_upload(&upload)?),
            video: video.map(wire_video).transpose()?,
        }))
    }

    async fn get_upload(
        &self,
        request: Request<GetUploadRequest>,
    ) -> Result<Response<GetUploadResponse>, Status> {
        let upload_id = id::<VideoId>("upload_id", &request.into_inner().upload_id)?;
        let upload = self.store.upload_or_finished(upload_id.uuid()).await?;
        Ok(Response::new(GetUploadResponse {
            upload: Some(wire_upload(&upload)?),
        }))
    }

    async fn list_uploads(
        &self,
        request: Request<ListUploadsRequest>,
    ) -> Result<Response<ListUploadsResponse>, Status> {
        let message = request.into_inner();
        let task_id = optional_id::<TaskId>("task_id", &message.task_id)?.map(TaskId::uuid);
        let text = format!("uploads {task_id:?}");
        let page = PageRequest::new(message.page_size, &message.page_token, &text)?;
        let page = self.store.list_uploads(task_id, page, &text).await?;
        let uploads = page.rows.iter().map(wire_upload);
        Ok(Response::new(ListUploadsResponse {
            uploads: uploads.collect::<Result<_, Error>>()?,
            next_page_token: page.next_token,
        }))
    }

    async fn abort_upload(
        &self,
        request: Request<AbortUploadRequest>,
    ) -> Result<Response<AbortUploadResponse>, Status> {
        let upload_id = id::<VideoId>("upload_id", &request.into_inner().upload_id)?;
        self.receiver.abort(upload_id.uuid()).await?;
        Ok(Response::new(AbortUploadResponse {}))
    }

    async fn get_video(
        &self,
        request: Request<GetVideoRequest>,
    ) -> Result<Response<GetVideoResponse>, Status> {
        let video_id = id::<VideoId>("video_id", &request.into_inner().video_id)?;
        let video = self.store.video(video_id.uuid()).await?;
        Ok(Response::new(GetVideoResponse {
            video: Some(wire_video(video)?),
        }))
    }

    async fn list_videos(
        &self,
        request: Request<ListVideosRequest>,
    ) -> Result<Response<ListVideosResponse>, Status> {
        let message = request.into_inner();
        let filter = VideoFilter {
            task_id: optional_id::<TaskId>("task_id", &message.task_id)?.map(TaskId::uuid),
            role: wire_enum("role", message.role)?.and_then(role),
            state: wire_enum("state", message.state)?.and_then(video_state),
        };
        let text = format!("{filter:?}");
        let page = PageRequest::new(message.page_size, &message.page_token, &text)?;
        let page = self.store.list_videos(&filter, page, &text).await?;
        let videos = page
            .rows
            .into_iter()
            .map(wire_video)
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Response::new(ListVideosResponse {
            videos,
            next_page_token: page.next_token,
        }))
    }

    async fn list_clips(
        &self,
        request: Request<ListClipsRequest>,
    ) -> Result<Response<ListClipsResponse>, Status> {
        let message = request.into_inner();
        let video_id = id::<VideoId>("video_id", &message.video_id)?;
        let filter = format!("clips {video_id}");
        let page = PageRequest::<i64>::new(message.page_size, &message.page_token, &filter)?;
        let video = self.store.ready_video(video_id.uuid()).await?;
        let index: ClipIndex = self.derived(video.clips_key.as_deref()).await?;
        let first = page.after.map_or(0, |after| after as usize + 1);
        let found = index
            .clips
            .into_iter()
            .skip(first)
            .take(page.limit() as usize)
            .collect();
        let page = page.page(
            found,
            &filter,
            |clip: &sopilot_proto::embedding::v1::Clip| i64::from(clip.index),
        );
        Ok(Response::new(ListClipsResponse {
            clips: page.rows,
            next_page_token: page.next_token,
        }))
    }

    async fn get_thumbnails(
        &self,
        request: Request<GetThumbnailsRequest>,
    ) -> Result<Response<GetThumbnailsResponse>, Status> {
        let message = request.into_inner();
        let video_id = id::<VideoId>("video_id", &message.video_id)?;
        if message.clips.len() > 100 {
            return Err(ApiError::invalid("clips", "ask for at most 100 clips at once").into());
        }
        let video = self.store.ready_video(video_id.uuid()).await?;
        let set: ThumbnailSet = self.derived(video.thumbnails_key.as_deref()).await?;
        let mut thumbnails = Vec::with_capacity(message.clips.len());
        for clip in message.clips {
            let jpeg = (set.jpegs.get(clip as usize).cloned())
                .ok_or_else(|| no_such_clip(clip, set.jpegs.len()))?;
            thumbnails.push(Thumbnail { clip, jpeg });
        }
        Ok(Response::new(GetThumbnailsResponse { thumbnails }))
    }

    type DownloadVideoStream =
        Pin<Box<dyn Stream<Item = Result<DownloadVideoResponse, Status>> + Send + 'static>>;

    async fn download_video(
        &self,
        request: Request<DownloadVideoRequest>,
    ) -> Result<Response<Self::DownloadVideoStream>, Status> {
        let message = request.into_inner();
        let video_id = id::<VideoId>("video_id", &message.video_id)?;
        let video = self.store.video(video_id.uuid()).await?;
        let size = video.size_bytes as u64;
        if message.offset > size {
            let wrong = format!(
                "the video has {size} bytes; nothing begins at {}",
                message.offset
            );
            return Err(ApiError::invalid("offset", wrong).into());
        }
        let rest = size - message.offset;
        let length = if message.length == 0 {
            rest
        } else {
            message.length.min(rest)
        };
        let header = DownloadHeader {
            size_bytes: size,
            sha256: video.sha256,
            offset: message.offset,
            length,
        };
        let frame = download_video_response::Frame::Header(header);
        let first = futures::stream::iter([Ok(DownloadVideoResponse { frame: Some(frame) })]);
        if length == 0 {
            return Ok(Response::new(Box::pin(first)));
        }
        let range = message.offset..message.offset + length;
        let data = self
            .blobs
            .get_range(&Key::parse(&video.source_key).map_err(Error::from)?, range)
            .await
            .map_err(Error::from)?
            .map_ok(|bytes| {
                let chunks = bytes.len().div_ceil(CHUNK_BYTES);
                futures::stream::iter((0..chunks).map(move |chunk| {
                    let end = bytes.len().min((chunk + 1) * CHUNK_BYTES);
                    let data = bytes.slice(chunk * CHUNK_BYTES..end);
                    let frame = download_video_response::Frame::Data(data);
                    Ok(DownloadVideoResponse { frame: Some(frame) })
                }))
            })
            .map_err(|error| Status::from(Error::from(error)))
            .try_flatten();
        Ok(Response::new(Box::pin(first.chain(data))))
    }

    async fn delete_video(
        &self,
        request: Request<DeleteVideoRequest>,
    ) -> Result<Response<DeleteVideoResponse>, Status> {
        let message = request.into_inner();
        let video_id = id::<VideoId>("video_id", &message.video_id)?.uuid();
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        // On its own: once the rows are gone the bytes must go too, whether or
        // not the caller waits for it.
        let removal = self.tasks.spawn(async move {
            let deleted = store.delete_video(video_id, message.force).await?;
            let removed = remove_objects(&blobs, video_id, &deleted).await?;
            Ok::<_, Error>((deleted, removed))
        });
        let (deleted, removed) = removal.await.map_err(ApiError::internal)??;
        Ok(Response::new(DeleteVideoResponse {
            cancelled_job_ids: deleted
                .cancelled_jobs
                .iter()
                .map(ToString::to_string)
                .collect(),
            removed_report_job_ids: deleted
                .removed_reports
                .iter()
                .map(ToString::to_string)
                .collect(),
            removed_objects: removed as u32,
        }))
    }
}

impl Handlers {
    fn new_upload(&self, message: StartUploadRequest) -> Result<NewUpload, ApiError> {
        let task_id = id::<TaskId>("task_id", &message.task_id)?.uuid();
        let role = wire_enum("role", message.role)?
            .and_then(role)
            .ok_or_else(|| {
                ApiError::invalid("role", "say whether it is a gold, a trainee or an audit")
            })?;
        if message.size_bytes == 0 {
            return Err(ApiError::new(
                Reason::VideoEmpty,
                "the file is empty: check that the recording was saved and choose another file",
            ));
        }
        if message.size_bytes > self.max_video_bytes {
            return Err(ApiError::new(
                Reason::VideoSize,
                format!(
                    "the file has {} bytes; at most {} are taken: cut it or compress it",
                    message.size_bytes, self.max_video_bytes
                ),
            ));
        }
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if message.sha256.len() != 64 || !message.sha256.bytes().all(is_hex) {
            return Err(ApiError::invalid(
                "sha256",
                "must be 64 lower-case hex digits",
            ));
        }
        let metadata = message.metadata.unwrap_or_default();
        check_metadata(&metadata)?;
        if role != Role::Gold && !metadata.step_times.is_empty() {
            return Err(ApiError::invalid(
                "metadata.step_times",
                "only a gold shows the steps at known times: leave them out",
            ));
        }
        Ok(NewUpload {
            task_id,
            role,
            size_bytes: message.size_bytes as i64,
            sha256: message.sha256,
            metadata,
        })
    }

    /// Reads a message that ingest has stored.
    async fn derived<M: Message + Default>(&self, key: Option<&str>) -> Result<M, Error> {
        let key = key.ok_or_else(|| {
            Error::new(
                Reason::ObjectNotFound,
                "the video has no such object: ingest it again",
            )
        })?;
        let bytes = self.blobs.get(&Key::parse(key)?, MAX_DERIVED_BYTES).await?;
        Ok(M::decode(bytes)?)
    }
}

fn no_such_clip(clip: u32, count: usize) -> ApiError {
    let wrong = match count.checked_sub(1) {
        Some(last) => format!("there is no clip {clip}: ask for clips 0 to {last}"),
        None => format!("there is no clip {clip}: the video has none"),
    };
    ApiError::invalid("clips", wrong)
}

fn check_metadata(metadata: &VideoMetadata) -> Result<(), ApiError> {
    for (field, text, longest) in [
        ("metadata.file_name", &metadata.file_name, 1024),
        ("metadata.site", &metadata.site, 200),
        ("metadata.camera", &metadata.camera, 200),
        (
            "metadata.operator_pseudonym",
            &metadata.operator_pseudonym,
            200,
        ),
    ] {
        check_text(field, text, longest)?;
    }
    if metadata.mask.len() > MAX_MASK_REGIONS {
        return Err(ApiError::invalid(
            "metadata.mask",
            format!(
                "has {} regions; at most {MAX_MASK_REGIONS} are taken",
                metadata.mask.len()
            ),
        ));
    }
    for (index, region) in metadata.mask.iter().enumerate() {
        if !is_inside(region) {
            return Err(ApiError::invalid(
                format!("metadata.mask[{index}]"),
                "must lie inside the picture: x, y from 0 to 1, width and height greater than 0, x + width and y + height at most 1",
            ));
        }
    }
    if metadata.step_times.len() > MAX_STEP_TIMES {
        return Err(ApiError::invalid(
            "metadata.step_times",
            format!(
                "has {} entries; at most {MAX_STEP_TIMES} are taken",
                metadata.step_times.len()
            ),
        ));
    }
    for (index, time) in metadata.step_times.iter().enumerate() {
        if !is_range(time) {
            return Err(ApiError::invalid(
                format!("metadata.step_times[{index}]"),
                "must begin at 0 or later and end after it begins",
            ));
        }
    }
    Ok(())
}

fn is_inside(region: &MaskRegion) -> bool {
    // A little more than 1 is forgiven to sums of decimal fractions.
    const ONE: f64 = 1.0 + 1e-6;
    let edge = 0.0..=1.0;
    edge.contains(&region.x)
        && edge.contains(&region.y)
        && region.width > 0.0
        && region.height > 0.0
        && region.x + region.width <= ONE
        && region.y + region.height <= ONE
}

fn is_range(time: &TimeRange) -> bool {
    time.start_seconds >= 0.0
        && time.end_seconds > time.start_seconds
        && time.end_seconds.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_that_is_not_there_is_told_with_those_that_are() {
        let told = no_such_clip(50, 42).to_string();
        assert!(
            told.ends_with("there is no clip 50: ask for clips 0 to 41"),
            "{told}"
        );
    }
}
