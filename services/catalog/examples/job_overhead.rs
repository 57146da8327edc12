//! What the mesh adds to a score: from the call that submits it until it is seen to have
//! succeeded, both stages, with workers that do nothing.
//!
//! ```text
//! scripts/servers run postgresql rabbitmq -- \
//!     cargo run --release -p sopilot-catalog --example job_overhead [JOBS]
//! ```
//!
//! One job after the other, over PostgreSQL and RabbitMQ; beside it what one
//! commit of the database and one confirm of the broker take in the same run,
//! which bound it from below: a score takes at least five commits and two confirms in a
//! row.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::sqlx::{self, postgres::PgPoolOptions};
use sopilot_blob::{Key, ObjectName};
use sopilot_bus::{Bus, JobQueue, Message, Queue, RabbitMqBus, RabbitMqConfig};
use sopilot_chassis::PeerChannel;
use sopilot_proto::catalog::v1::{
    AlignResult, ClaimedJob, EmbedResult, EmbeddingReference, GetJobRequest, JobState, MediaInfo,
    PrepareResult, ScoreResult, SubmitScoreRequest, VideoRole, claimed_job::Work,
    job_completion::Outcome, job_service_client::JobServiceClient,
};
use sopilot_proto::embedding::v1::Embedder;
use sopilot_proto::id::VideoId;
use sopilot_proto::scoring::v1::Verdict;
use sopilot_worker::{AttemptError, Handler, JobContext, Worker, WorkerConfig};
use support::Result;

#[tokio::main]
async fn main() -> Result<()> {
    let jobs: usize = std::env::args()
        .nth(1)
        .map_or(Ok(200), |word| word.parse())?;
    let database = support::database().await?;
    let folder = tempfile::tempdir()?;
    let shutdown = support::shutdown();
    let bus: Arc<dyn Bus> = Arc::new(RabbitMqBus::new(RabbitMqConfig::new(support::variable(
        "SOPILOT_TEST_AMQP_URL",
    )?))?);
    let services = support::catalog(&database, Arc::clone(&bus), folder.path(), &shutdown).await?;
    let channel = support::serve("catalog", services, &shutdown).await?;
    for queue in JobQueue::ALL {
        let config = WorkerConfig {
            name: "idle".to_owned(),
            queue,
            slots: 4.try_into()?,
        };
        let handler = Arc::new(DoesNothing);
        Worker::new(config, channel.clone(), Arc::clone(&bus), handler).start(&shutdown);
    }
    let task = support::task(&channel).await?;
    let gold = support::upload(&channel, &task, VideoRole::Gold).await?;
    let trainee = support::upload(&channel, &task, VideoRole::Trainee).await?;
    for video in [&gold, &trainee] {
        until_succeeded(&channel, &video.ingest_job_id).await?;
    }

    let mut client = JobServiceClient::new(channel.clone());
    let mut waits = Vec::new();
    for _ in 0..jobs {
        let request = SubmitScoreRequest {
            gold_video_ids: vec![gold.id.clone()],
            trainee_video_id: trainee.id.clone(),
            request_id: VideoId::new().to_string(),
        };
        let begin = Instant::now();
        let job = client.submit_score(request).await?.into_inner().job;
        until_succeeded(&channel, &job.ok_or("no job")?.id).await?;
        waits.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let mut commits = commits(database.url.expose(), jobs).await?;
    let mut confirms = confirms(bus.as_ref(), jobs).await?;
    println!("{jobs} times            median    90 %");
    for (name, numbers) in [
        ("score, both stages", &mut waits),
        ("database commit", &mut commits),
        ("broker confirm", &mut confirms),
    ] {
        let (middle, high) = support::middle_and_high(numbers);
        println!("{name:20} {middle:6.1} ms {high:6.1} ms");
    }
    shutdown.trigger();
    shutdown.complete().await;
    bus.close().await;
    Ok(())
}

/// Looks every two milliseconds.
async fn until_succeeded(channel: &PeerChannel, job_id: &str) -> Result<()> {
    let mut client = JobServiceClient::new(channel.clone());
    loop {
        let request = GetJobRequest {
            job_id: job_id.to_owned(),
        };
        let job = client.get_job(request).await?.into_inner().job;
        let job = job.ok_or("no job")?;
        match job.state() {
            JobState::Succeeded => return Ok(()),
            JobState::Queued | JobState::Running => {}
            state => return Err(format!("the job ended as {state:?}: {:?}", job.failure).into()),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What one commit of a row takes.
async fn commits(url: &str, times: usize) -> Result<Vec<f64>> {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await?;
    sqlx::query("CREATE TABLE measured (id bigserial PRIMARY KEY, at bigint)")
        .execute(&pool)
        .await?;
    let mut found = Vec::new();
    for _ in 0..times {
        let begin = Instant::now();
        sqlx::query("INSERT INTO measured (at) VALUES (1)")
            .execute(&pool)
            .await?;
        found.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    sqlx::query("DROP TABLE measured").execute(&pool).await?;
    Ok(found)
}

/// What one confirm of a message takes.
async fn confirms(bus: &dyn Bus, times: usize) -> Result<Vec<f64>> {
    let queue = Queue::with_prefix(JobQueue::Score, "measured")?;
    let mut found = Vec::new();
    for number in 0..times {
        let message = Message::new(number.to_string(), "m");
        let begin = Instant::now();
        bus.publish(&queue, message).await?;
        found.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(found)
}

/// Answers at once what each stage would.
struct DoesNothing;

#[async_trait]
impl Handler for DoesNothing {
    async fn run(
        &self,
        job: ClaimedJob,
        context: JobContext,
    ) -> std::result::Result<Outcome, AttemptError> {
        let key = |video: &str, name| {
            let video: VideoId = video.parse().expect("the catalog names videos by id");
            Key::derived(
                video.uuid(),
                context.attempt(),
                ObjectName::from_static(name),
            )
            .to_string()
        };
        let result =
            |name| Key::result(context.attempt(), ObjectName::from_static(name)).to_string();
        Ok(match job.work {
            Some(Work::Embed(work)) => Outcome::Embed(EmbedResult {
                embeddings: Some(EmbeddingReference {
                    object_key: key(&work.video_id, "embeddings.sopm"),
                    rows: 1,
                    embedder: Some(Embedder::default()),
                }),
                clips_key: key(&work.video_id, "clips.binpb"),
                thumbnails_key: key(&work.video_id, "thumbnails.binpb"),
                media: Some(MediaInfo::default()),
            }),
            Some(Work::Prepare(work)) => Outcome::Prepare(PrepareResult {
                prepared_key: key(&work.video_id, "prepared.binpb"),
            }),
            Some(Work::Align(work)) => Outcome::Align(AlignResult {
                alignment_keys: vec![result("alignment-0.binpb"); work.golds.len()],
            }),
            Some(Work::Score(_)) | None => Outcome::Score(ScoreResult {
                report_key: result("report.binpb"),
                score: 100.0,
                verdict: Verdict::Pass.into(),
                deviation_count: 0,
            }),
        })
    }
}
