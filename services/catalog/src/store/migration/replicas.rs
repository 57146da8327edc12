//! What several replicas need on one database: who has taken which bell, when
//! the sweep last rang, the events to be announced; and indexes for lists that
//! have grown long.

use sea_orm_migration::{prelude::*, schema};

use super::first_score::{index, sequence, table};

pub(super) struct Replicas;

impl MigrationName for Replicas {
    fn name(&self) -> &'static str {
        "m20261130_000002_replicas"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Replicas {
    #[allow(elided_lifetimes_in_paths, reason = "as the trait declares it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let taken = schema::big_integer("taken_until").default(0).to_owned();
        let outbox = Table::alter().table("outbox").add_column(taken).to_owned();
        manager.alter_table(outbox).await?;
        for table in tables() {
            manager.create_table(table).await?;
        }
        for stage in ["EMBED", "PREPARE", "ALIGN", "SCORE"] {
            let row = Query::insert()
                .into_table("stage_bells")
                .columns(["stage", "rung_at"])
                .values_panic([stage.into(), 0_i64.into()])
                .to_owned();
            manager.execute(row).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        // A longer one begins with the same column.
        let covered = Index::drop()
            .name("ix_job_golds_video_id")
            .table("job_golds")
            .to_owned();
        manager.drop_index(covered).await
    }

    /// A crash in the middle leaves no half of a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "stage_bells",
            vec![
                schema::string("stage").primary_key().to_owned(),
                schema::big_integer("rung_at"),
            ],
        ),
        table(
            "event_outbox",
            vec![
                sequence("id"),
                schema::uuid("event_id"),
                schema::string("routing_key"),
                schema::blob("body"),
                schema::string("traceparent"),
                schema::big_integer("created_at"),
                schema::big_integer("taken_until"),
            ],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        // Claims: the oldest first. `run_after` stands at the end so that what
        // is not due yet is passed over without looking at its row.
        index("jobs", &["state", "stage", "waiting", "id", "run_after"]),
        // Lists.
        index("jobs", &["state", "id"]),
        index("jobs", &["kind", "id"]),
        index("videos", &["state", "id"]),
        index("videos", &["role", "id"]),
        index("videos", &["task_id", "role", "id"]),
        // Deleting a task asks whether it has uploads.
        index("uploads", &["task_id"]),
        // Searching for orphans asks who was scored with a preparation.
        index("job_golds", &["video_id", "prepared_key"]),
        // Taking back what a relay has taken.
        index("event_outbox", &["taken_until"]),
    ]
}
