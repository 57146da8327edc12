//! How many `GetJob` a second the catalog answers on PostgreSQL, beside a bare
//! tonic service that looks the row up with sqlx and does nothing else.
//!
//! ```text
//! scripts/servers run postgresql -- \
//!     cargo run --release -p sopilot-catalog --example get_job [SECONDS] [CALLERS]
//! ```
//!
//! Both stand in this process and answer the same callers in turn, five rounds
//! of `SECONDS` each, with the same number of database connections. The jobs are
//! scores, which name their golds: the catalog looks those up too.
//!
//! `load-tests/get-job` starts a FastAPI service on SQLite too and names it in
//! `SOPILOT_FASTAPI_URL`: it then stands third in each round, asked over HTTP/1.1
//! by as many callers, each on a connection of its own that is kept.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::stream::BoxStream;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use sea_orm::sqlx::{PgPool, Row, postgres::PgPoolOptions};
use sopilot_bus::InProcessBus;
use sopilot_chassis::PeerChannel;
use sopilot_proto::catalog::v1::{
    CancelJobRequest, CancelJobResponse, GetJobRequest, GetJobResponse, Job, JobKind, JobStage,
    JobState, ListJobsRequest, ListJobsResponse, SubmitPrepareRequest, SubmitPrepareResponse,
    SubmitScoreRequest, SubmitScoreResponse, VideoRole, WatchJobRequest, WatchJobResponse,
    job_service_client::JobServiceClient,
    job_service_server::{JobService, JobServiceServer},
};
use sopilot_proto::{id::VideoId, timestamp::from_millis};
use support::Result;
use tokio::net::{TcpListener, TcpStream};
use tonic::{Request, Response, Status};
use uuid::Uuid;

const JOBS: usize = 200;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let seconds: u64 = words.next().map_or(Ok(3), |word| word.parse())?;
    let callers: usize = words.next().map_or(Ok(32), |word| word.parse())?;
    let database = support::database().await?;
    let folder = tempfile::tempdir()?;
    let shutdown = support::shutdown();
    let bus = Arc::new(InProcessBus::default());
    let services = support::catalog(&database, bus, folder.path(), &shutdown).await?;
    let ours = support::serve("catalog", services, &shutdown).await?;

    let pool = PgPoolOptions::new()
        .max_connections(database.max_connections)
        // A round trip less for each lookup, as the catalog has it.
        .test_before_acquire(false)
        .connect(database.url.expose())
        .await?;
    // Without our chassis: nothing but tonic and sqlx.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(JobServiceServer::new(Bare { pool }))
            .serve_with_incoming(incoming),
    );
    let bare =
        sopilot_chassis::connect("bare", &address, &sopilot_chassis::ClientConfig::default())?;

    let task = support::task(&ours).await?;
    let mut jobs = Vec::new();
    let gold = support::upload(&ours, &task, VideoRole::Gold).await?;
    let mut client = JobServiceClient::new(ours.clone());
    for _ in 0..JOBS {
        let trainee = support::upload(&ours, &task, VideoRole::Trainee).await?;
        let request = SubmitScoreRequest {
            gold_video_ids: vec![gold.id.clone()],
            trainee_video_id: trainee.id,
            request_id: VideoId::new().to_string(),
        };
        let submitted = client.submit_score(request).await?.into_inner();
        jobs.push(submitted.job.ok_or("no job")?.id);
    }
    let jobs: Arc<[String]> = jobs.into();
    let fastapi = match std::env::var("SOPILOT_FASTAPI_URL") {
        Ok(url) => Some(Service::FastApi(url.parse()?)),
        Err(_) => None,
    };
    // Those that load-tests/fastapi/app.py makes.
    let numbers = 0..JOBS as u128;
    let fastapi_jobs = numbers.map(|number| Uuid::from_u128(number).to_string());
    let fastapi_jobs: Arc<[String]> = fastapi_jobs.collect();
    let (ours, bare) = (Service::Grpc(ours), Service::Grpc(bare));
    let (mut of_ours, mut of_bare, mut of_fastapi) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_ours.push(throughput(&ours, &jobs, callers, seconds).await?);
        of_bare.push(throughput(&bare, &jobs, callers, seconds).await?);
        if let Some(fastapi) = &fastapi {
            of_fastapi.push(throughput(fastapi, &fastapi_jobs, callers, seconds).await?);
        }
    }
    let (ours, _) = support::middle_and_high(&mut of_ours);
    let (bare, _) = support::middle_and_high(&mut of_bare);
    println!("{callers} callers, {ROUNDS} rounds of {seconds} s, medians");
    println!("catalog             {ours:8.0} calls/s");
    println!("bare tonic + sqlx   {bare:8.0} calls/s");
    println!("ratio               {:8.2}", ours / bare);
    if fastapi.is_some() {
        let (fastapi, _) = support::middle_and_high(&mut of_fastapi);
        println!("FastAPI + SQLite    {fastapi:8.0} calls/s");
    }
    shutdown.trigger();
    shutdown.complete().await;
    Ok(())
}

/// Calls a second.
async fn throughput(
    service: &Service,
    jobs: &Arc<[String]>,
    callers: usize,
    seconds: u64,
) -> Result<f64> {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for _ in 0..callers {
        clients.push(service.connect().await?);
    }
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let calling = clients.into_iter().enumerate().map(|(caller, mut client)| {
        let (answered, jobs) = (Arc::clone(&answered), Arc::clone(jobs));
        tokio::spawn(async move {
            let mut next = caller;
            while Instant::now() < end {
                client.get_job(&jobs[next % jobs.len()]).await?;
                next += 7;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Result::Ok(())
        })
    });
    for caller in calling.collect::<Vec<_>>() {
        caller.await??;
    }
    Ok(answered.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64())
}

/// What is measured.
enum Service {
    Grpc(PeerChannel),
    FastApi(Uri),
}

impl Service {
    /// For one caller.
    async fn connect(&self) -> Result<Client> {
        let url = match self {
            Self::Grpc(channel) => {
                return Ok(Client::Grpc(JobServiceClient::new(channel.clone())));
            }
            Self::FastApi(url) => url,
        };
        let host = url.authority().ok_or("SOPILOT_FASTAPI_URL has no host")?;
        let stream = TcpStream::connect(host.as_str()).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // What breaks it also fails the request that waits for an answer.
        tokio::spawn(connection);
        Ok(Client::FastApi(sender, host.to_string()))
    }
}

/// A caller's end.
enum Client {
    Grpc(JobServiceClient<PeerChannel>),
    /// With the host that requests name.
    FastApi(SendRequest<Empty<Bytes>>, String),
}

impl Client {
    /// Reads the whole answer; anything but a job is an error.
    async fn get_job(&mut self, id: &str) -> Result<()> {
        let (sender, host) = match self {
            Self::Grpc(client) => {
                let job_id = id.to_owned();
                client.get_job(GetJobRequest { job_id }).await?;
                return Ok(());
            }
            Self::FastApi(sender, host) => (sender, host),
        };
        let path = format!("/api/v1/jobs/{id}");
        let request = hyper::Request::get(&path).header(header::HOST, host.as_str());
        sender.ready().await?;
        let answer = sender.send_request(request.body(Empty::new())?).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status != StatusCode::OK {
            return Err(format!("GET {path}: {status}").into());
        }
        Ok(())
    }
}

struct Bare {
    pool: PgPool,
}

#[tonic::async_trait]
impl JobService for Bare {
    async fn get_job(
        &self,
        request: Request<GetJobRequest>,
    ) -> std::result::Result<Response<GetJobResponse>, Status> {
        let id: Uuid = request
            .into_inner()
            .job_id
            .parse()
            .map_err(|_| Status::invalid_argument("job_id"))?;
        let row = sea_orm::sqlx::query(
            "SELECT id, attempt, progress, task_id, video_id, waiting, created_at, updated_at \
             FROM jobs WHERE id = $1",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .map_err(|error| Status::internal(error.to_string()))?;
        let job = Job {
            id: row.get::<Uuid, _>(0).to_string(),
            kind: JobKind::Ingest.into(),
            state: JobState::Queued.into(),
            stage: JobStage::Embed.into(),
            attempt: row.get::<i32, _>(1) as u32,
            progress: row.get(2),
            task_id: row.get::<Uuid, _>(3).to_string(),
            video_id: row.get::<Uuid, _>(4).to_string(),
            waiting_for_videos: row.get(5),
            created_at: Some(from_millis(row.get(6))),
            updated_at: Some(from_millis(row.get(7))),
            ..Job::default()
        };
        Ok(Response::new(GetJobResponse { job: Some(job) }))
    }

    async fn submit_score(
        &self,
        _: Request<SubmitScoreRequest>,
    ) -> std::result::Result<Response<SubmitScoreResponse>, Status> {
        Err(Status::unimplemented("only GetJob"))
    }

    async fn submit_prepare(
        &self,
        _: Request<SubmitPrepareRequest>,
    ) -> std::result::Result<Response<SubmitPrepareResponse>, Status> {
        Err(Status::unimplemented("only GetJob"))
    }

    async fn list_jobs(
        &self,
        _: Request<ListJobsRequest>,
    ) -> std::result::Result<Response<ListJobsResponse>, Status> {
        Err(Status::unimplemented("only GetJob"))
    }

    async fn cancel_job(
        &self,
        _: Request<CancelJobRequest>,
    ) -> std::result::Result<Response<CancelJobResponse>, Status> {
        Err(Status::unimplemented("only GetJob"))
    }

    type WatchJobStream = BoxStream<'static, std::result::Result<WatchJobResponse, Status>>;

    async fn watch_job(
        &self,
        _: Request<WatchJobRequest>,
    ) -> std::result::Result<Response<Self::WatchJobStream>, Status> {
        Err(Status::unimplemented("only GetJob"))
    }
}
