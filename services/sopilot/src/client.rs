//! The catalog as this program calls it: every call with its deadline, its retries and its errors.

use futures::{Stream, TryStreamExt};
use sopilot_chassis::{
    ApiError, ClientConfig, PeerChannel, Reason, RetryConfig, RetryPolicy, retry_idempotent,
};
use sopilot_proto::{
    MAX_MESSAGE_BYTES,
    catalog::v1::{
        AbortUploadRequest, CancelJobRequest, CreateReviewRequest, CreateTaskRequest,
        CreateTaskVersionRequest, CreateTaskVersionResponse, DeleteVideoRequest,
        DeleteVideoResponse, DownloadVideoRequest, DownloadVideoResponse, GetJobRequest,
        GetScoreReportRequest, GetScoreReportResponse, GetTaskRequest, GetThumbnailsRequest,
        GetUploadRequest, GetVideoRequest, Job, ListClipsRequest, ListClipsResponse,
        ListJobsRequest, ListJobsResponse, ListReviewsRequest, ListReviewsResponse,
        ListScoresRequest, ListScoresResponse, ListTaskVersionsRequest, ListTaskVersionsResponse,
        ListTasksRequest, ListTasksResponse, ListUploadsRequest, ListUploadsResponse,
        ListVideosRequest, ListVideosResponse, Review, StartUploadRequest, SubmitPrepareRequest,
        SubmitScoreRequest, Task, Thumbnail, Upload, UploadVideoRequest, UploadVideoResponse,
        Video, WatchJobRequest, WatchJobResponse, get_task_request::Selector,
        job_service_client::JobServiceClient, score_service_client::ScoreServiceClient,
        task_service_client::TaskServiceClient, video_service_client::VideoServiceClient,
    },
    scoring::v1::Procedure,
};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    exit::Exit,
};

/// A connection to a catalog. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    channel: PeerChannel,
    policy: RetryPolicy,
}

/// Calls a unary method that may be repeated: it only reads, or carries a request_id.
macro_rules! repeatable {
    ($self:ident.$client:ident().$method:ident($request:expr)) => {{
        let request = $request;
        let answer = retry_idempotent(&$self.policy, || {
            let mut client = $self.$client();
            let request = request.clone();
            async move { client.$method(request).await }
        });
        answer
            .await
            .map(|answer| answer.into_inner())
            .map_err(|status| Error::from(ApiError::from_status(&status)))
    }};
}

/// Calls a method once: repeated, it would answer differently.
macro_rules! once {
    ($self:ident.$client:ident().$method:ident($request:expr)) => {
        $self
            .$client()
            .$method($request)
            .await
            .map(|answer| answer.into_inner())
            .map_err(|status| Error::from(ApiError::from_status(&status)))
    };
}

impl Catalog {
    /// A catalog at an address such as `http://127.0.0.1:7410`, which is called when it is first
    /// needed.
    pub(crate) fn connect(uri: &str) -> Result<Self> {
        let channel = sopilot_chassis::connect("catalog", uri, &ClientConfig::default())
            .map_err(|error| Error::usage(error.to_string()))?;
        let policy = RetryPolicy::new(channel.peer(), RetryConfig::default());
        Ok(Self { channel, policy })
    }

    pub(crate) async fn task(&self, task_id: &str) -> Result<Task> {
        let request = GetTaskRequest {
            selector: Some(Selector::Id(task_id.to_owned())),
        };
        expect(repeatable!(self.tasks().get_task(request))?.task, "task")
    }

    pub(crate) async fn list_task_versions(
        &self,
        request: ListTaskVersionsRequest,
    ) -> Result<ListTaskVersionsResponse> {
        repeatable!(self.tasks().list_task_versions(request))
    }

    /// The task of that name, if there is one.
    pub(crate) async fn task_named(&self, name: &str) -> Result<Option<Task>> {
        let request = GetTaskRequest {
            selector: Some(Selector::Name(name.to_owned())),
        };
        let answer = repeatable!(self.tasks().get_task(request));
        match answer {
            Ok(answer) => expect(answer.task, "task").map(Some),
            Err(error) if error.reason == Some(Reason::TaskNotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn create_task(&self, name: &str, procedure: Procedure) -> Result<Task> {
        let request = CreateTaskRequest {
            name: name.to_owned(),
            procedure: Some(procedure),
            request_id: new_request_id(),
        };
        expect(repeatable!(self.tasks().create_task(request))?.task, "task")
    }

    pub(crate) async fn create_task_version(
        &self,
        task_id: &str,
        procedure: Procedure,
    ) -> Result<CreateTaskVersionResponse> {
        let request = CreateTaskVersionRequest {
            task_id: task_id.to_owned(),
            procedure: Some(procedure),
            request_id: new_request_id(),
        };
        repeatable!(self.tasks().create_task_version(request))
    }

    pub(crate) async fn list_tasks(&self, request: ListTasksRequest) -> Result<ListTasksResponse> {
        repeatable!(self.tasks().list_tasks(request))
    }

    pub(crate) async fn start_upload(&self, request: StartUploadRequest) -> Result<Upload> {
        expect(
            repeatable!(self.videos().start_upload(request))?.upload,
            "upload",
        )
    }

    pub(crate) async fn upload(&self, upload_id: &str) -> Result<Upload> {
        let request = GetUploadRequest {
            upload_id: upload_id.to_owned(),
        };
        expect(
            repeatable!(self.videos().get_upload(request))?.upload,
            "upload",
        )
    }

    /// Sends bytes, for as long as it takes.
    pub(crate) async fn send(
        &self,
        messages: impl Stream<Item = UploadVideoRequest> + Send + 'static,
    ) -> Result<UploadVideoResponse> {
        once!(self.long_videos().upload_video(messages))
    }

    pub(crate) async fn video(&self, video_id: &str) -> Result<Video> {
        let request = GetVideoRequest {
            video_id: video_id.to_owned(),
        };
        expect(
            repeatable!(self.videos().get_video(request))?.video,
            "video",
        )
    }

    pub(crate) async fn list_videos(
        &self,
        request: ListVideosRequest,
    ) -> Result<ListVideosResponse> {
        repeatable!(self.videos().list_videos(request))
    }

    pub(crate) async fn list_uploads(
        &self,
        request: ListUploadsRequest,
    ) -> Result<ListUploadsResponse> {
        repeatable!(self.videos().list_uploads(request))
    }

    pub(crate) async fn abort_upload(&self, upload_id: &str) -> Result<()> {
        let request = AbortUploadRequest {
            upload_id: upload_id.to_owned(),
        };
        once!(self.videos().abort_upload(request))?;
        Ok(())
    }

    pub(crate) async fn delete_video(
        &self,
        video_id: &str,
        force: bool,
    ) -> Result<DeleteVideoResponse> {
        let request = DeleteVideoRequest {
            video_id: video_id.to_owned(),
            force,
        };
        once!(self.videos().delete_video(request))
    }

    /// Receives the bytes of a video from `offset` on, message by message.
    pub(crate) async fn download(
        &self,
        video_id: &str,
        offset: u64,
    ) -> Result<impl Stream<Item = Result<DownloadVideoResponse>> + Send + Unpin + use<>> {
        let request = DownloadVideoRequest {
            video_id: video_id.to_owned(),
            offset,
            length: 0,
        };
        let stream = once!(self.long_videos().download_video(request))?;
        Ok(stream.map_err(|status| Error::from(ApiError::from_status(&status))))
    }

    pub(crate) async fn submit_score(&self, golds: &[String], trainee: &str) -> Result<Job> {
        let request = SubmitScoreRequest {
            gold_video_ids: golds.to_vec(),
            trainee_video_id: trainee.to_owned(),
            request_id: new_request_id(),
        };
        expect(repeatable!(self.jobs().submit_score(request))?.job, "job")
    }

    pub(crate) async fn submit_prepare(&self, video_id: &str) -> Result<Job> {
        let request = SubmitPrepareRequest {
            video_id: video_id.to_owned(),
            request_id: new_request_id(),
        };
        expect(repeatable!(self.jobs().submit_prepare(request))?.job, "job")
    }

    pub(crate) async fn job(&self, job_id: &str) -> Result<Job> {
        let request = GetJobRequest {
            job_id: job_id.to_owned(),
        };
        expect(repeatable!(self.jobs().get_job(request))?.job, "job")
    }

    pub(crate) async fn list_jobs(&self, request: ListJobsRequest) -> Result<ListJobsResponse> {
        repeatable!(self.jobs().list_jobs(request))
    }

    pub(crate) async fn cancel_job(&self, job_id: &str) -> Result<Job> {
        let request = CancelJobRequest {
            job_id: job_id.to_owned(),
        };
        expect(once!(self.jobs().cancel_job(request))?.job, "job")
    }

    /// Receives a job now and whenever it changes, until it has ended.
    pub(crate) async fn watch(
        &self,
        job_id: &str,
    ) -> Result<impl Stream<Item = Result<WatchJobResponse>> + Send + Unpin + use<>> {
        let request = WatchJobRequest {
            job_id: job_id.to_owned(),
            poll_interval: None,
        };
        let stream = once!(self.long_jobs().watch_job(request))?;
        Ok(stream.map_err(|status| Error::from(ApiError::from_status(&status))))
    }

    /// `include_comparison`: also what only a drawing needs.
    pub(crate) async fn report(
        &self,
        job_id: &str,
        include_comparison: bool,
    ) -> Result<GetScoreReportResponse> {
        let request = GetScoreReportRequest {
            job_id: job_id.to_owned(),
            include_comparison,
        };
        repeatable!(self.scores().get_score_report(request))
    }

    pub(crate) async fn list_scores(
        &self,
        request: ListScoresRequest,
    ) -> Result<ListScoresResponse> {
        repeatable!(self.scores().list_scores(request))
    }

    pub(crate) async fn list_reviews(
        &self,
        request: ListReviewsRequest,
    ) -> Result<ListReviewsResponse> {
        repeatable!(self.scores().list_reviews(request))
    }

    pub(crate) async fn list_clips(&self, request: ListClipsRequest) -> Result<ListClipsResponse> {
        repeatable!(self.videos().list_clips(request))
    }

    /// Pictures of some clips, at most 100.
    pub(crate) async fn thumbnails(&self, video_id: &str, clips: &[u32]) -> Result<Vec<Thumbnail>> {
        let request = GetThumbnailsRequest {
            video_id: video_id.to_owned(),
            clips: clips.to_vec(),
        };
        Ok(repeatable!(self.videos().get_thumbnails(request))?.thumbnails)
    }

    pub(crate) async fn create_review(&self, review: Review) -> Result<Review> {
        let request = CreateReviewRequest {
            review: Some(review),
            request_id: new_request_id(),
        };
        expect(
            repeatable!(self.scores().create_review(request))?.review,
            "review",
        )
    }

    fn tasks(&self) -> TaskServiceClient<PeerChannel> {
        TaskServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    fn videos(&self) -> VideoServiceClient<PeerChannel> {
        VideoServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// For transfers, which take as long as they take; a dead peer is noticed by its pings.
    fn long_videos(&self) -> VideoServiceClient<PeerChannel> {
        VideoServiceClient::new(self.channel.with_timeout(None))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    fn jobs(&self) -> JobServiceClient<PeerChannel> {
        JobServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// For watching, which takes as long as the job.
    fn long_jobs(&self) -> JobServiceClient<PeerChannel> {
        JobServiceClient::new(self.channel.with_timeout(None))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    fn scores(&self) -> ScoreServiceClient<PeerChannel> {
        ScoreServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }
}

/// Largest page that a list answers with.
const PAGE_SIZE: u32 = 500;

/// Reads a list page by page until it ends or `limit` rows are there.
///
/// `read` takes the size and the token of a page and answers its rows and the next token.
pub(crate) async fn all_pages<T>(
    limit: usize,
    mut read: impl AsyncFnMut(u32, String) -> Result<(Vec<T>, String)>,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let mut token = String::new();
    while rows.len() < limit {
        let size = PAGE_SIZE.min(u32::try_from(limit - rows.len()).unwrap_or(PAGE_SIZE));
        let (page, next) = read(size, token).await?;
        rows.extend(page);
        if next.is_empty() {
            break;
        }
        token = next;
    }
    rows.truncate(limit);
    Ok(rows)
}

/// A request_id that no other request has.
fn new_request_id() -> String {
    Uuid::now_v7().to_string()
}

/// A message that the contract promises.
/// What an answer must hold.
pub(crate) fn expect<T>(message: Option<T>, what: &str) -> Result<T> {
    message.ok_or_else(|| {
        let text = format!("the server's answer holds no {what}: bring both to the same version");
        Error::new(Exit::PROTOCOL, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_read_until_the_end_or_the_limit() {
        let read = async |size: u32, token: String| {
            let from: u32 = token.parse().unwrap_or(0);
            let to = (from + size.min(3)).min(7);
            let next = if to < 7 {
                to.to_string()
            } else {
                String::new()
            };
            Ok(((from..to).collect::<Vec<_>>(), next))
        };
        assert_eq!(
            all_pages(usize::MAX, read).await.unwrap(),
            [0, 1, 2, 3, 4, 5, 6]
        );
        assert_eq!(all_pages(5, read).await.unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(all_pages(0, read).await.unwrap(), [0; 0]);
    }
}
