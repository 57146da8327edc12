//! A catalog and real workers, over gRPC and a bus that may lose messages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sopilot_blob::{BlobStore, Key, ObjectName};
use sopilot_bus::{Bus, Faults, InProcessBus, JobQueue, Limits};
use sopilot_catalog::{Catalog, CatalogConfig};
use sopilot_chassis::{
    ClientConfig, Listener, PeerChannel, Reason, Server, ServerConfig, Shutdown, ShutdownConfig,
    connect,
};
use sopilot_proto::{
    catalog::v1::{
        CancelJobRequest, ClaimedJob, CreateTaskRequest, EmbedResult, EmbeddingReference,
        GetJobRequest, Job, JobState, MediaInfo, StartUploadRequest, UploadHeader,
        UploadVideoRequest, VideoRole, claimed_job::Work, job_completion::Outcome,
        job_service_client::JobServiceClient, task_service_client::TaskServiceClient,
        upload_video_request::Frame, video_service_client::VideoServiceClient,
    },
    embedding::v1::Embedder,
    id::VideoId,
};
use sopilot_worker::{AttemptError, Handler, JobContext, Worker, WorkerConfig};
use tempfile::TempDir;
use tokio::sync::Notify;

const PATIENCE: Duration = Duration::from_secs(30);

/// A catalog behind a port.
struct Served {
    channel: PeerChannel,
    bus: Arc<dyn Bus>,
    shutdown: Shutdown,
    _data: TempDir,
}

impl Served {
    async fn start(faults: Faults) -> Self {
        let data = TempDir::new().unwrap();
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::with_faults(Limits::default(), faults));
        let blobs = BlobStore::local(&data.path().join("objects")).unwrap();
        let config = CatalogConfig {
            lease: Duration::from_secs(1),
            retry_base: Duration::from_millis(10),
            sweep_interval: Duration::from_millis(50),
            ring_again: Duration::from_millis(100),
            ..CatalogConfig::default()
        };
        let database = data.path().join("catalog.sqlite");
        let catalog = Catalog::open_sqlite(database, config, blobs, Arc::clone(&bus))
            .await
            .unwrap();
        let shutdown = Shutdown::new(ShutdownConfig::embedded());
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let server = Server::builder(ServerConfig::default())
            .with_services(catalog.services(&shutdown))
            .build(listener)
            .unwrap();
        let address = format!("http://{}", server.local_addr());
        catalog.start(shutdown.tracker(), shutdown.draining());
        let serving = shutdown.clone();
        tokio::spawn(async move { server.serve(&serving).await.unwrap() });
        let channel = connect("catalog", &address, &ClientConfig::default()).unwrap();
        Self {
            channel,
            bus,
            shutdown,
            _data: data,
        }
    }

    fn work(&self, handler: Arc<dyn Handler>, shutdown: &Shutdown) {
        let config = WorkerConfig {
            name: "test".to_owned(),
            queue: JobQueue::Embed,
            slots: 2.try_into().unwrap(),
        };
        Worker::new(config, self.channel.clone(), Arc::clone(&self.bus), handler).start(shutdown);
    }

    /// Uploads something and answers the id of the job that embeds it.
    async fn ingest(&self, content: &'static [u8]) -> String {
        let mut tasks = TaskServiceClient::new(self.channel.clone());
        let name = format!("task {}", VideoId::new());
        let task = tasks
            .create_task(CreateTaskRequest {
                name,
                ..Default::default()
            })
            .await;
        let task_id = task.unwrap().into_inner().task.unwrap().id;
        let hash = Sha256::digest(content);
        let mut videos = VideoServiceClient::new(self.channel.clone());
        let upload = videos
            .start_upload(StartUploadRequest {
                task_id,
                role: VideoRole::Trainee.into(),
                size_bytes: content.len() as u64,
                sha256: hash
                    .iter()
                    .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
                ..Default::default()
            })
            .await;
        let upload_id = upload.unwrap().into_inner().upload.unwrap().id;
        let frames = [
            Frame::Header(UploadHeader {
                upload_id,
                offset: 0,
            }),
            Frame::Data(content.into()),
        ];
        let messages = frames.map(|frame| UploadVideoRequest { frame: Some(frame) });
        let uploaded = videos
            .upload_video(tokio_stream::iter(messages))
            .await
            .unwrap();
        uploaded.into_inner().video.unwrap().ingest_job_id
    }

    async fn job(&self, job_id: &str) -> Job {
        let mut jobs = JobServiceClient::new(self.channel.clone());
        let request = GetJobRequest {
            job_id: job_id.to_owned(),
        };
        jobs.get_job(request)
            .await
            .unwrap()
            .into_inner()
            .job
            .unwrap()
    }

    /// Waits until the job is in one of the states.
    async fn until(&self, job_id: &str, states: &[JobState]) -> Job {
        let waiting = async {
            loop {
                let job = self.job(job_id).await;
                if states.contains(&job.state()) {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the job gets there in time")
    }
}

const ENDED: &[JobState] = &[JobState::Succeeded, JobState::Failed, JobState::Cancelled];

fn done(job: &ClaimedJob, context: &JobContext) -> Outcome {
    let Some(Work::Embed(work)) = &job.work else {
        panic!("not a job to embed")
    };
    let video: VideoId = work.video_id.parse().unwrap();
    let key = |name| Key::derived(video.uuid(), context.attempt(), name).to_string();
    Outcome::Embed(EmbedResult {
        embeddings: Some(EmbeddingReference {
            object_key: key(ObjectName::from_static("embeddings.sopm")),
            rows: 1,
            embedder: Some(Embedder::default()),
        }),
        clips_key: key(ObjectName::from_static("clips.binpb")),
        thumbnails_key: key(ObjectName::from_static("thumbnails.binpb")),
        media: Some(MediaInfo::default()),
    })
}

/// Panics first, then fails in passing, then does it.
#[derive(Default)]
struct Stumbling {
    attempts: AtomicUsize,
}

#[async_trait]
impl Handler for Stumbling {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        match self.attempts.fetch_add(1, Ordering::SeqCst) {
            0 => panic!("on purpose"),
            1 => Err(AttemptError::transient(
                Reason::Unavailable,
                "a peer is down",
            )),
            _ => Ok(done(&job, &context)),
        }
    }
}

/// Works until it is told to go on or that the work is no longer wanted.
#[derive(Default)]
struct Waiting {
    begun: Notify,
    go_on: Notify,
    given_up: AtomicUsize,
}

#[async_trait]
impl Handler for Waiting {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        self.begun.notify_one();
        tokio::select! {
            () = self.go_on.notified() => Ok(done(&job, &context)),
            () = context.cancellation().cancelled() => {
                self.given_up.fetch_add(1, Ordering::SeqCst);
                Err(AttemptError::transient(Reason::Cancelled, "no longer wanted"))
            }
        }
    }
}

/// A result of another attempt.
struct Forging;

#[async_trait]
impl Handler for Forging {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        let mut forged = done(&job, &context);
        if let Outcome::Embed(result) = &mut forged {
            result.clips_key = result.clips_key.replace("/derived/", "/derived/0");
        }
        Ok(forged)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_and_a_passing_failure_cost_an_attempt_each_and_no_job() {
    let served = Served::start(Faults::default()).await;
    let handler = Arc::new(Stumbling::default());
    served.work(handler.clone(), &served.shutdown);
    let job = served.ingest(b"one").await;
    let ended = served.until(&job, ENDED).await;
    assert_eq!(
        (ended.state(), ended.attempt),
        (JobState::Succeeded, 3),
        "{ended:?}"
    );
    assert_eq!(handler.attempts.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_done_though_most_messages_are_lost_and_the_rest_doubled() {
    let faults = Faults {
        lose_one_in: Some(2.try_into().unwrap()),
        double_one_in: Some(1.try_into().unwrap()),
        refuse_one_in: Some(3.try_into().unwrap()),
        seed: 7,
    };
    let served = Served::start(faults).await;
    let handler = Arc::new(Stumbling {
        attempts: AtomicUsize::new(2),
    });
    served.work(handler.clone(), &served.shutdown);
    let mut jobs = Vec::new();
    for _ in 0..12 {
        jobs.push(served.ingest(b"the same video many times").await);
    }
    for job in &jobs {
        assert_eq!(served.until(job, ENDED).await.state(), JobState::Succeeded);
    }
    assert_eq!(
        handler.attempts.load(Ordering::SeqCst),
        2 + jobs.len(),
        "each was done once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_stops_its_worker() {
    let served = Served::start(Faults::default()).await;
    let handler = Arc::new(Waiting::default());
    served.work(handler.clone(), &served.shutdown);
    let job = served.ingest(b"one").await;
    tokio::time::timeout(PATIENCE, handler.begun.notified())
        .await
        .unwrap();
    let mut jobs = JobServiceClient::new(served.channel.clone());
    jobs.cancel_job(CancelJobRequest {
        job_id: job.clone(),
    })
    .await
    .unwrap();
    let stopped = async {
        while handler.given_up.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stopped)
        .await
        .expect("the worker hears of it");
    assert_eq!(served.job(&job).await.state(), JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_in_flight_is_finished_before_a_worker_stops() {
    let served = Served::start(Faults::default()).await;
    let handler = Arc::new(Waiting::default());
    let stop = Shutdown::new(ShutdownConfig::embedded());
    served.work(handler.clone(), &stop);
    let job = served.ingest(b"one").await;
    tokio::time::timeout(PATIENCE, handler.begun.notified())
        .await
        .unwrap();
    stop.trigger();
    stop.draining().cancelled().await;
    handler.go_on.notify_one();
    stop.complete().await;
    let ended = served.job(&job).await;
    assert_eq!((ended.state(), ended.attempt), (JobState::Succeeded, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stop_cuts_off_is_given_back_and_costs_no_attempt() {
    let served = Served::start(Faults::default()).await;
    let handler = Arc::new(Waiting::default());
    let grace = Duration::from_millis(50);
    let stop = Shutdown::new(ShutdownConfig {
        grace,
        ..ShutdownConfig::embedded()
    });
    served.work(handler.clone(), &stop);
    let job = served.ingest(b"one").await;
    tokio::time::timeout(PATIENCE, handler.begun.notified())
        .await
        .unwrap();
    stop.trigger();
    stop.complete().await;
    assert_eq!(handler.given_up.load(Ordering::SeqCst), 1);
    let back = served.job(&job).await;
    assert_eq!(
        (back.state(), back.attempt),
        (JobState::Queued, 0),
        "{back:?}"
    );

    let next = Arc::new(Stumbling {
        attempts: AtomicUsize::new(2),
    });
    served.work(next, &served.shutdown);
    let ended = served.until(&job, ENDED).await;
    assert_eq!((ended.state(), ended.attempt), (JobState::Succeeded, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_the_catalog_refuses_ends_the_job_with_what_was_wrong() {
    let served = Served::start(Faults::default()).await;
    served.work(Arc::new(Forging), &served.shutdown);
    let job = served.ingest(b"one").await;
    let ended = served.until(&job, ENDED).await;
    assert_eq!(ended.state(), JobState::Failed);
    let failure = ended.failure.unwrap();
    assert_eq!(failure.reason, "INTERNAL");
    assert!(
        failure.message.contains("refused the result"),
        "{}",
        failure.message
    );
}
