//! The life of jobs against a model, under random interleavings of everything
//! that can happen to them: claims, heartbeats, results good and bad, late and
//! doubled; cancellation, deletion; leases that run out, a process that dies,
//! bells that are lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use proptest::{prelude::*, sample::Index};
use sea_orm::{EntityTrait, PaginatorTrait};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::{EmbeddingReference, MediaInfo, VideoMetadata},
    embedding::v1::Embedder,
    id::FencingToken,
    scoring::v1::Procedure,
};
use uuid::Uuid;

use super::{
    Claim, Clock, Completion, CompletionVerdict, Failed, FailedKind, Finished, JobFilter, NewScore,
    NewUpload, PageRequest, Request, Role, Stage, Store, TestDatabase,
    claim::Lease,
    entity::{JobKind, JobState, job, outbox, score},
};
use crate::config::CatalogConfig;

const MAX_ATTEMPTS: i32 = 3;
const LEASE: i64 = 1_000;
const LONGEST_RETRY: i64 = 400;
const RING_AGAIN: i64 = 500;
pub(super) const STAGES: [Stage; 4] = [Stage::Embed, Stage::Prepare, Stage::Align, Stage::Score];

#[derive(Debug, Clone)]
enum Event {
    Ingest { gold: bool },
    Score { gold: Index, trainee: Index },
    Claim { stage: Index, max: u8 },
    Heartbeat { lease: Index },
    Complete { lease: Index, how: How },
    Cancel { job: Index },
    Delete { video: Index },
    NewVersion,
    Pass { millis: i64 },
    Sweep,
    LoseBells,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Well,
    Permanent,
    Transient,
    Released,
}

fn event() -> impl Strategy<Value = Event> {
    let how = prop_oneof![6 => Just(How::Well), 1 => Just(How::Permanent), 2 => Just(How::Transient), 1 => Just(How::Released)];
    prop_oneof![
        4 => any::<bool>().prop_map(|gold| Event::Ingest { gold }),
        3 => any::<[Index; 2]>().prop_map(|[gold, trainee]| Event::Score { gold, trainee }),
        8 => (any::<Index>(), 1..5_u8).prop_map(|(stage, max)| Event::Claim { stage, max }),
        3 => any::<Index>().prop_map(|lease| Event::Heartbeat { lease }),
        10 => (any::<Index>(), how).prop_map(|(lease, how)| Event::Complete { lease, how }),
        1 => any::<Index>().prop_map(|job| Event::Cancel { job }),
        1 => any::<Index>().prop_map(|video| Event::Delete { video }),
        1 => Just(Event::NewVersion),
        4 => (1..1_500_i64).prop_map(|millis| Event::Pass { millis }),
        3 => Just(Event::Sweep),
        1 => Just(Event::LoseBells),
        1 => Just(Event::Restart),
    ]
}

/// What the model knows of a job; everything else is read from the store.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Modelled {
    stage: Stage,
    state: JobState,
    attempt: i32,
    token: Option<FencingToken>,
    lease_ends: i64,
    /// The latest moment by which it may be claimed again.
    due_by: i64,
}

/// A lease that was handed out, and whether its result was accepted.
struct HandedOut {
    claim: Claim,
    accepted: bool,
}

struct World {
    store: Store,
    clock: Arc<AtomicI64>,
    task: Uuid,
    videos: Vec<(Uuid, bool)>,
    leases: Vec<HandedOut>,
    model: BTreeMap<Uuid, Modelled>,
    last_token: u64,
    /// When the newest bell for a stage was put into the outbox.
    bells: BTreeMap<&'static str, i64>,
    /// Stages of jobs that have ended well, each of which may once.
    done: BTreeSet<(Uuid, &'static str)>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_once_whatever_happens(events in events()) {
        block_on(async {
            let clock = Arc::new(AtomicI64::new(1_000_000));
            let manual = Clock::Manual(Arc::clone(&clock));
            let store = Store::in_memory(Arc::new(config()), manual).await;
            World::new(store, clock).await.live(events).await;
        });
    }
}

proptest! {
    // Each makes a database, and every step crosses to a server and back.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
    fn every_job_ends_once_whatever_happens_on_postgresql(events in events()) {
        block_on(async {
            let clock = Arc::new(AtomicI64::new(1_000_000));
            let manual = Clock::Manual(Arc::clone(&clock));
            let database = TestDatabase::create().await;
            let store = database.store_with(config(), manual).await;
            World::new(store, clock).await.live(events).await;
        });
    }
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

fn config() -> CatalogConfig {
    CatalogConfig {
        lease: Duration::from_millis(LEASE as u64),
        max_attempts: MAX_ATTEMPTS as u32,
        retry_base: Duration::from_millis(100),
        retry_max: Duration::from_millis(LONGEST_RETRY as u64),
        ring_again: Duration::from_millis(RING_AGAIN as u64),
        ..CatalogConfig::default()
    }
}

impl World {
    async fn new(store: Store, clock: Arc<AtomicI64>) -> Self {
        let task = store
            .create_task("task", &Procedure::default(), &once("CreateTask"))
            .await;
        Self {
            store,
            clock,
            task: task.unwrap().id,
            videos: Vec::new(),
            leases: Vec::new(),
            model: BTreeMap::new(),
            last_token: 0,
            bells: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    async fn live(mut self, events: Vec<Event>) {
        for event in events {
            self.happen(event).await;
            self.compare().await;
        }
        self.run_to_the_end().await;
    }

    fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Ingest { gold } => self.ingest(gold).await,
            Event::Score { gold, trainee } => self.score(gold, trainee).await,
            Event::Claim { stage, max } => self.claim(*stage.get(&STAGES), max.into()).await,
            Event::Heartbeat { lease } if !self.leases.is_empty() => {
                self.heartbeat(lease.index(self.leases.len())).await;
            }
            Event::Complete { lease, how } if !self.leases.is_empty() => {
                self.complete(lease.index(self.leases.len()), how).await;
            }
            Event::Cancel { job } if !self.model.is_empty() => {
                let id = *self.model.keys().nth(job.index(self.model.len())).unwrap();
                let ended = self.model[&id].state.ended();
                assert_eq!(self.store.cancel_job(id).await.is_err(), ended);
                self.adopt_ends().await;
            }
            Event::Delete { video } if !self.videos.is_empty() => {
                let (id, _) = self.videos[video.index(self.videos.len())];
                // Refused for one that is gone already.
                let _ = self.store.delete_video(id, true).await;
                self.adopt_ends().await;
            }
            Event::NewVersion => {
                let procedure = Procedure::default();
                let request = once("CreateTaskVersion");
                self.store
                    .create_task_version(self.task, &procedure, &request, "")
                    .await
                    .unwrap();
                self.adopt_new().await;
            }
            Event::Pass { millis } => {
                self.clock.fetch_add(millis, Ordering::SeqCst);
            }
            Event::Sweep => self.sweep().await,
            Event::LoseBells => {
                self.hear().await;
                let bells = self.store.bells().await.unwrap();
                self.store
                    .forget_bells(bells.iter().map(|bell| bell.id).collect())
                    .await
                    .unwrap();
            }
            Event::Restart => {
                self.store.take_back_leases().await.unwrap();
                let now = self.now();
                for job in self.model.values_mut() {
                    if job.state == JobState::Running {
                        job.state = JobState::Queued;
                        job.attempt -= 1;
                        job.due_by = now;
                    }
                }
            }
            Event::Heartbeat { .. }
            | Event::Complete { .. }
            | Event::Cancel { .. }
            | Event::Delete { .. } => {}
        }
    }

    async fn ingest(&mut self, gold: bool) {
        let new = NewUpload {
            task_id: self.task,
            role: if gold { Role::Gold } else { Role::Trainee },
            size_bytes: 1,
            sha256: "00".repeat(32),
            metadata: VideoMetadata::default(),
        };
        let upload = self
            .store
            .start_upload(new, &once("StartUpload"))
            .await
            .unwrap();
        self.store
            .finish_upload(upload.id, "source", "")
            .await
            .unwrap();
        self.videos.push((upload.id, gold));
        self.adopt_new().await;
    }

    async fn score(&mut self, gold: Index, trainee: Index) {
        let of = |wanted| self.videos.iter().filter(move |(_, gold)| *gold == wanted);
        let (golds, trainees): (Vec<_>, Vec<_>) = (of(true).collect(), of(false).collect());
        if golds.is_empty() || trainees.is_empty() {
            return;
        }
        let new = NewScore {
            golds: vec![gold.get(&golds).0],
            trainee: trainee.get(&trainees).0,
        };
        let before = job::Entity::find().count(&self.store.db).await.unwrap();
        if self
            .store
            .submit_score(&new, &once("SubmitScore"), "")
            .await
            .is_err()
        {
            // Refused because of its videos: no job is left behind.
            assert_eq!(
                job::Entity::find().count(&self.store.db).await.unwrap(),
                before
            );
        }
        self.adopt_new().await;
    }

    async fn claim(&mut self, stage: Stage, max: u64) {
        let now = self.now();
        let claims = self.store.claim(stage, max, "worker").await.unwrap();
        let room_left = (claims.len() as u64) < max;
        for claim in claims {
            let modelled = self.model.get_mut(&claim.job_id).expect("a known job");
            assert_eq!(
                modelled.state,
                JobState::Queued,
                "claimed a job that does not wait"
            );
            assert_eq!(modelled.stage, stage);
            assert!(claim.token.0 > self.last_token, "fencing tokens count up");
            self.last_token = claim.token.0;
            modelled.state = JobState::Running;
            modelled.attempt += 1;
            modelled.token = Some(claim.token);
            modelled.lease_ends = now + LEASE;
            assert_eq!(claim.attempt, modelled.attempt);
            self.leases.push(HandedOut {
                claim,
                accepted: false,
            });
        }
        if room_left {
            let rows = self.rows().await;
            for (id, modelled) in &self.model {
                let due = modelled.state == JobState::Queued && modelled.due_by <= now;
                let waiting = rows[id].waiting;
                assert!(
                    !(due && modelled.stage == stage && !waiting),
                    "job {id} waits at {stage:?} and was not handed out"
                );
            }
        }
    }

    async fn heartbeat(&mut self, lease: usize) {
        let claim = &self.leases[lease].claim;
        let (job_id, token) = (claim.job_id, claim.token);
        let status = self.store.heartbeat(&[(job_id, token, 0.5)]).await.unwrap()[0];
        let now = self.now();
        let modelled = self.model.get_mut(&job_id).unwrap();
        let expected = match modelled.state {
            JobState::Cancelled => Lease::Cancelled,
            JobState::Running if modelled.token == Some(token) => {
                modelled.lease_ends = now + LEASE;
                Lease::Held
            }
            _ => Lease::Lost,
        };
        assert_eq!(status, expected);
    }

    async fn complete(&mut self, lease: usize, how: How) {
        let HandedOut { claim, accepted } = &self.leases[lease];
        let (job_id, token, accepted) = (claim.job_id, claim.token, *accepted);
        let modelled = self.model[&job_id];
        let current = modelled.state == JobState::Running && modelled.token == Some(token);
        let stage = stage_of(claim);
        let video = self.rows().await[&job_id].video_id;
        let completion = Completion {
            job_id,
            token,
            outcome: match how {
                How::Well => Ok(finished(stage, video)),
                How::Permanent => Err(Failed::permanent(Reason::NotAVideo, "not a video")),
                How::Transient | How::Released => Err(Failed {
                    kind: match how {
                        How::Released => FailedKind::Released,
                        _ => FailedKind::Transient,
                    },
                    reason: Reason::Unavailable.as_str().to_owned(),
                    message: "a peer is down".to_owned(),
                }),
            },
        };
        let verdict = self.store.complete(vec![completion]).await.unwrap()[0];
        let expected = if current || accepted {
            CompletionVerdict::Accepted
        } else {
            CompletionVerdict::Stale
        };
        assert_eq!(
            verdict, expected,
            "{stage:?} with {token}, job is {modelled:?}"
        );
        if current {
            self.leases[lease].accepted = true;
            self.advance_model(job_id, stage, how).await;
        }
        self.adopt_ends().await;
        self.adopt_new().await;
    }

    /// What an accepted result does to its job.
    async fn advance_model(&mut self, job_id: Uuid, stage: Stage, how: How) {
        let row = self.rows().await.remove(&job_id).unwrap();
        let gold = self
            .videos
            .iter()
            .any(|(id, gold)| *id == row.video_id && *gold);
        let now = self.now();
        let modelled = self.model.get_mut(&job_id).unwrap();
        match how {
            How::Well => {
                assert!(
                    self.done.insert((job_id, name(stage))),
                    "{stage:?} ended well twice"
                );
                modelled.attempt = 0;
                modelled.due_by = now;
                modelled.state = JobState::Queued;
                match stage {
                    Stage::Embed if gold => modelled.stage = Stage::Prepare,
                    Stage::Align => modelled.stage = Stage::Score,
                    Stage::Embed | Stage::Prepare | Stage::Score => {
                        modelled.state = JobState::Succeeded;
                    }
                }
            }
            How::Transient if modelled.attempt < MAX_ATTEMPTS => {
                modelled.state = JobState::Queued;
                modelled.due_by = now + LONGEST_RETRY;
            }
            How::Released => {
                modelled.state = JobState::Queued;
                modelled.attempt -= 1;
                modelled.due_by = now;
            }
            How::Permanent | How::Transient => modelled.state = JobState::Failed,
        }
    }

    async fn sweep(&mut self) {
        let now = self.now();
        self.store.sweep_jobs().await.unwrap();
        for modelled in self.model.values_mut() {
            if modelled.state == JobState::Running && modelled.lease_ends < now {
                let last = modelled.attempt >= MAX_ATTEMPTS;
                modelled.state = if last {
                    JobState::Failed
                } else {
                    JobState::Queued
                };
                modelled.due_by = now;
            }
        }
        self.adopt_ends().await;
        // A stage at which a job is due was rung for since, and lately.
        self.hear().await;
        for row in self.rows().await.into_values() {
            let due = row.state == JobState::Queued && !row.waiting && row.run_after <= now;
            let wanted = row.run_after.max(now - RING_AGAIN);
            let rung = self
                .bells
                .get(name(row.stage))
                .is_some_and(|at| *at >= wanted);
            assert!(!due || rung, "nobody rings for {row:?}");
        }
    }

    /// Notes the bells in the outbox.
    async fn hear(&mut self) {
        for bell in self.store.bells().await.unwrap() {
            let newest = self.bells.entry(name(bell.stage)).or_default();
            *newest = bell.created_at.max(*newest);
        }
    }

    /// Takes over jobs that the store has made.
    async fn adopt_new(&mut self) {
        let now = self.now();
        for row in self.rows().await.into_values() {
            self.model.entry(row.id).or_insert(Modelled {
                stage: row.stage,
                state: row.state,
                attempt: 0,
                token: None,
                lease_ends: 0,
                due_by: now,
            });
        }
    }

    /// Takes over ends that follow from something else: cancelled with its
    /// video, failed because an input did.
    async fn adopt_ends(&mut self) {
        for row in self.rows().await.into_values() {
            let Some(modelled) = self.model.get_mut(&row.id) else {
                continue;
            };
            if row.state.ended() && !modelled.state.ended() {
                let follows = row.state == JobState::Cancelled
                    || (row.state == JobState::Failed && row.waiting);
                assert!(follows, "{row:?} ended by itself");
                modelled.state = row.state;
            }
        }
    }

    async fn rows(&self) -> BTreeMap<Uuid, job::Model> {
        let rows = job::Entity::find().all(&self.store.db).await.unwrap();
        rows.into_iter().map(|row| (row.id, row)).collect()
    }

    /// The store is as the model says.
    async fn compare(&self) {
        for row in self.rows().await.into_values() {
            let modelled = &self.model[&row.id];
            assert_eq!(row.state, modelled.state, "{row:?}");
            assert_eq!(row.state.ended(), row.ended_at.is_some());
            assert_eq!(
                row.state == JobState::Running,
                row.lease_expires_at.is_some()
            );
            if !row.state.ended() {
                assert_eq!(
                    (row.stage, row.attempt),
                    (modelled.stage, modelled.attempt),
                    "{row:?}"
                );
            }
            if row.state == JobState::Failed {
                assert!(
                    row.failure_reason.is_some(),
                    "a failure without a reason: {row:?}"
                );
            }
        }
    }

    /// Nothing hinders any more: every job ends, and every score that
    /// succeeded is there once.
    async fn run_to_the_end(&mut self) {
        for _round in 0..100 {
            if self.rows().await.values().all(|row| row.state.ended()) {
                break;
            }
            self.clock.fetch_add(LEASE + 1, Ordering::SeqCst);
            self.sweep().await;
            for stage in STAGES {
                let first = self.leases.len();
                self.claim(stage, 100).await;
                for lease in first..self.leases.len() {
                    self.complete(lease, How::Well).await;
                }
            }
        }
        self.compare().await;
        let page = PageRequest::new(500, "", "").unwrap();
        let jobs = self
            .store
            .list_jobs(&JobFilter::default(), page, "")
            .await
            .unwrap()
            .rows;
        for row in &jobs {
            assert!(row.job.state.ended(), "never ended: {:?}", row.job);
        }
        let scores: BTreeSet<Uuid> = score::Entity::find()
            .all(&self.store.db)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.job_id)
            .collect();
        for row in &jobs {
            let scored = row.job.kind == JobKind::Score && row.job.state == JobState::Succeeded;
            assert!(
                scored || !scores.contains(&row.job.id),
                "a score of nothing"
            );
        }
        let bells = self.store.bells().await.unwrap();
        self.store
            .forget_bells(bells.into_iter().map(|bell| bell.id).collect())
            .await
            .unwrap();
        assert_eq!(
            outbox::Entity::find().count(&self.store.db).await.unwrap(),
            0
        );
    }
}

pub(super) fn once(method: &'static str) -> Request {
    Request::new(method, "", &[]).unwrap()
}

pub(super) fn stage_of(claim: &Claim) -> Stage {
    match claim.work {
        super::Work::Embed { .. } => Stage::Embed,
        super::Work::Prepare { .. } => Stage::Prepare,
        super::Work::Align { .. } => Stage::Align,
        super::Work::Score { .. } => Stage::Score,
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Embed => "embed",
        Stage::Prepare => "prepare",
        Stage::Align => "align",
        Stage::Score => "score",
    }
}

pub(super) fn finished(stage: Stage, video: Uuid) -> Finished {
    let derived = |name| format!("videos/{video}/derived/{name}");
    match stage {
        Stage::Embed => Finished::Embed {
            embeddings: EmbeddingReference {
                object_key: derived("embeddings"),
                rows: 4,
                embedder: Some(Embedder::default()),
            },
            clips_key: derived("clips"),
            thumbnails_key: derived("thumbnails"),
            media: MediaInfo::default(),
        },
        Stage::Prepare => Finished::Prepare {
            prepared_key: derived("prepared"),
        },
        Stage::Align => Finished::Align {
            alignment_keys: vec!["alignment".to_owned()],
        },
        Stage::Score => Finished::Score {
            report_key: "report".to_owned(),
            score: 87.5,
            verdict: 1,
            deviation_count: 2,
        },
    }
}
