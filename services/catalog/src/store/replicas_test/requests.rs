//! Requests that meet on two replicas.

use std::collections::BTreeSet;

use sea_orm::{EntityTrait, PaginatorTrait};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::ReviewDecision,
    scoring::v1::{Procedure, Verdict},
};

use super::{Replicas, reason};
use crate::{
    error::Result,
    store::{
        NewReview, NewScore, NewUpload, Request, Role,
        entity::{idempotency_key, upload},
        model_test::once,
    },
};

fn keyed(method: &'static str, key: &str, message: &str) -> Request {
    Request::new(method, key, message.as_bytes()).unwrap()
}

/// All of them, which must be well and the same.
fn same<T: Ord + std::fmt::Debug>(outcomes: Vec<Result<T>>) -> T {
    let all: BTreeSet<T> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_repeated_request_on_two_replicas_is_done_once() {
    let replicas = Replicas::new().await;
    let gold = replicas.ready(Role::Gold).await;
    let trainee = replicas.ready(Role::Trainee).await;
    let new = NewScore {
        golds: vec![gold],
        trainee,
    };
    let before = replicas.jobs().await.len();
    let key = keyed("SubmitScore", "score-1", "a");
    let job = same(
        replicas
            .at_once(8, async |store, _| {
                Ok(store.submit_score(&new, &key, "").await?.job.id)
            })
            .await,
    );
    assert_eq!(replicas.jobs().await.len(), before + 1);

    let key = keyed("SubmitPrepare", "prepare-1", "a");
    same(
        replicas
            .at_once(8, async |store, _| {
                Ok(store.submit_prepare(gold, &key, "").await?.job.id)
            })
            .await,
    );
    assert_eq!(replicas.jobs().await.len(), before + 2);

    let key = keyed("CreateTask", "task-1", "a");
    same(
        replicas
            .at_once(8, async |store, _| {
                Ok(store
                    .create_task("other", &Procedure::default(), &key)
                    .await?
                    .id)
            })
            .await,
    );

    let key = keyed("CreateTaskVersion", "version-1", "a");
    let (version, prepares) = same(
        replicas
            .at_once(8, async |store, _| {
                let (task, jobs) = store
                    .create_task_version(replicas.task, &Procedure::default(), &key, "")
                    .await?;
                Ok((task.current.version, jobs))
            })
            .await,
    );
    assert_eq!((version, prepares.len()), (2, 1));
    assert_eq!(replicas.jobs().await.len(), before + 3);

    let key = keyed("StartUpload", "upload-1", "a");
    same(
        replicas
            .at_once(8, async |store, _| {
                Ok(store
                    .start_upload(replicas.upload(Role::Trainee), &key)
                    .await?
                    .id)
            })
            .await,
    );
    assert_eq!(
        upload::Entity::find()
            .count(&replicas.one().db)
            .await
            .unwrap(),
        1
    );

    replicas.work_until_idle().await;
    let key = keyed("CreateReview", "review-1", "a");
    same(
        replicas
            .at_once(8, async |store, _| {
                let review = NewReview {
                    job_id: job,
                    deviation: None,
                    verdict: Some(Verdict::NeedsReview),
                    decision: ReviewDecision::Overruled,
                    reviewer: "Trainer 7".to_owned(),
                    reason: "off camera".to_owned(),
                };
                Ok(store.create_review(review, &key).await?.id)
            })
            .await,
    );
    assert_eq!(
        idempotency_key::Entity::find()
            .count(&replicas.one().db)
            .await
            .unwrap(),
        6
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn of_two_requests_with_one_key_one_is_refused() {
    let replicas = Replicas::new().await;
    for round in 0..10 {
        let outcomes = replicas
            .at_once(2, async |store, index| {
                let name = format!("task {round}-{index}");
                let request = keyed("CreateTask", &format!("key-{round}"), &name);
                store
                    .create_task(&name, &Procedure::default(), &request)
                    .await
            })
            .await;
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1);
        for outcome in refused {
            assert_eq!(reason(outcome.unwrap_err()), Reason::IdempotencyConflict);
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn one_name_makes_one_task() {
    let replicas = Replicas::new().await;
    let outcomes = replicas
        .at_once(6, async |store, _| {
            store
                .create_task("taken", &Procedure::default(), &once("CreateTask"))
                .await
        })
        .await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 5));
    for outcome in refused {
        assert_eq!(reason(outcome.unwrap_err()), Reason::TaskAlreadyExists);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn of_two_streams_of_an_upload_one_commits_a_part() {
    let replicas = Replicas::new().await;
    for _ in 0..20 {
        let new = replicas.upload(Role::Trainee);
        let id = replicas
            .one()
            .start_upload(new, &once("StartUpload"))
            .await
            .unwrap()
            .id;
        let opened = replicas
            .at_once(2, async |store, _| store.open_stream(id, 0).await)
            .await;
        let opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
        assert_ne!(opened[0].stream, opened[1].stream);
        let committed = replicas
            .at_once(4, async |store, index| {
                store.commit_part(&opened[index / 2], 5).await
            })
            .await;
        let (well, refused): (Vec<_>, Vec<_>) = committed.into_iter().partition(Result::is_ok);
        assert_eq!(well.len(), 1);
        for outcome in refused {
            assert_eq!(reason(outcome.unwrap_err()), Reason::UploadOffsetMismatch);
        }
        let finished = replicas
            .at_once(2, async |store, _| {
                store.finish_upload(id, "source", "").await
            })
            .await;
        assert_eq!(finished.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_task_is_not_deleted_under_an_upload() {
    let replicas = Replicas::new().await;
    for round in 0..20 {
        let name = format!("short-lived {round}");
        let (procedure, request) = (Procedure::default(), once("CreateTask"));
        let task = replicas
            .one()
            .create_task(&name, &procedure, &request)
            .await;
        let task = task.unwrap().id;
        let outcomes = replicas
            .at_once(2, async |store, index| {
                if index == round % 2 {
                    return store.delete_task(task).await;
                }
                let new = NewUpload {
                    task_id: task,
                    ..replicas.upload(Role::Trainee)
                };
                store
                    .start_upload(new, &once("StartUpload"))
                    .await
                    .map(drop)
            })
            .await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn reviews_of_two_leave_the_verdict_of_the_last() {
    let replicas = Replicas::new().await;
    let gold = replicas.ready(Role::Gold).await;
    let trainee = replicas.ready(Role::Trainee).await;
    let new = NewScore {
        golds: vec![gold],
        trainee,
    };
    let job_id = replicas
        .one()
        .submit_score(&new, &once("SubmitScore"), "")
        .await
        .unwrap()
        .job
        .id;
    replicas.work_until_idle().await;
    let verdicts = [Verdict::Fail, Verdict::NeedsReview];
    let reviews = replicas
        .at_once(8, async |store, index| {
            let review = NewReview {
                job_id,
                deviation: None,
                verdict: Some(verdicts[index % 2]),
                decision: ReviewDecision::Overruled,
                reviewer: "Trainer 7".to_owned(),
                reason: "off camera".to_owned(),
            };
            store.create_review(review, &once("CreateReview")).await
        })
        .await;
    assert!(reviews.iter().all(Result::is_ok), "{reviews:?}");
    let score = replicas.one().score(job_id).await.unwrap();
    assert!(verdicts.map(i32::from).contains(&score.effective_verdict));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_text_that_cannot_be_stored_is_the_callers_mistake() {
    let replicas = Replicas::new().await;
    let refused = replicas.one().task_by_name("nul \0").await.unwrap_err();
    assert_eq!(reason(refused), Reason::InvalidArgument);
}
