//! The schema. Each migration is frozen once released; a later one changes
//! what an earlier one made.
//!
//! Versions N and N − 1 of the catalog run side by side while replicas are
//! replaced, so a migration only adds what N − 1 does not notice; what it no
//! longer needs goes with the version after
//! ([decision 14](../../../../docs/decisions/0014-catalog-on-postgresql.md)).

mod replicas;
mod retention;

use sea_orm_migration::{prelude::*, schema};

/// All migrations, oldest first.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(FirstScore),
            Box::new(replicas::Replicas),
            Box::new(retention::Retention),
        ]
    }
}

struct FirstScore;

impl MigrationName for FirstScore {
    fn name(&self) -> &'static str {
        "m20261123_000001_first_score"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstScore {
    #[allow(elided_lifetimes_in_paths, reason = "as the trait declares it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in first_score::tables() {
            manager.create_table(table).await?;
        }
        for index in first_score::indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    /// A crash in the middle leaves no half of a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

mod first_score {
    use super::{
        Alias, ColumnDef, Index, IndexCreateStatement, IntoIden, Table, TableCreateStatement,
        schema,
    };

    pub(super) fn tables() -> Vec<TableCreateStatement> {
        let mut tables = task_tables();
        tables.extend(video_tables());
        tables.extend(job_tables());
        tables.extend(result_tables());
        tables
    }

    fn task_tables() -> Vec<TableCreateStatement> {
        vec![
            table(
                "tasks",
                vec![
                    id("id"),
                    schema::string_uniq("name"),
                    schema::integer("current_version"),
                    schema::big_integer("created_at"),
                ],
            ),
            table(
                "task_versions",
                vec![
                    schema::uuid("task_id"),
                    schema::integer("version"),
                    schema::blob("procedure"),
                    schema::big_integer("created_at"),
                ],
            )
            .primary_key(Index::create().col("task_id").col("version"))
            .to_owned(),
        ]
    }

    fn video_tables() -> Vec<TableCreateStatement> {
        vec![
            table(
                "uploads",
                vec![
                    id("id"),
                    schema::uuid("task_id"),
                    schema::string("role"),
                    schema::big_integer("size_bytes"),
                    schema::string("sha256"),
                    schema::blob("metadata"),
                    schema::big_integer("committed_bytes"),
                    schema::big_integer("stream"),
                    schema::big_integer("created_at"),
                    schema::big_integer("expires_at"),
                ],
            ),
            table(
                "upload_parts",
                vec![
                    schema::uuid("upload_id"),
                    schema::big_integer("offset"),
                    schema::big_integer("stream"),
                ],
            )
            .primary_key(Index::create().col("upload_id").col("offset"))
            .to_owned(),
            table(
                "videos",
                vec![
                    id("id"),
                    schema::uuid("task_id"),
                    schema::string("role"),
                    schema::string("state"),
                    schema::blob("metadata"),
                    schema::big_integer("size_bytes"),
                    schema::string("sha256"),
                    schema::string("source_key"),
                    schema::uuid("ingest_job_id"),
                    schema::integer("gold_version"),
                    schema::integer("task_version"),
                    schema::blob_null("media"),
                    schema::blob_null("embedder"),
                    schema::integer_null("embedding_rows"),
                    schema::string_null("embeddings_key"),
                    schema::string_null("clips_key"),
                    schema::string_null("thumbnails_key"),
                    schema::string_null("prepared_key"),
                    schema::string_null("failure_reason"),
                    schema::text_null("failure_message"),
                    schema::big_integer("created_at"),
                    schema::big_integer_null("deleted_at"),
                ],
            ),
        ]
    }

    fn job_tables() -> Vec<TableCreateStatement> {
        vec![
            table(
                "jobs",
                vec![
                    id("id"),
                    schema::string("kind"),
                    schema::string("stage"),
                    schema::string("state"),
                    schema::integer("attempt"),
                    schema::double("progress"),
                    schema::uuid("task_id"),
                    schema::uuid("video_id"),
                    schema::integer("task_version"),
                    schema::boolean("waiting"),
                    schema::big_integer("run_after"),
                    schema::big_integer("rung_at"),
                    schema::big_integer_null("lease_expires_at"),
                    schema::big_integer_null("fencing_token"),
                    schema::text_null("alignment_keys"),
                    schema::string_null("failure_reason"),
                    schema::text_null("failure_message"),
                    schema::string("traceparent"),
                    schema::big_integer("created_at"),
                    schema::big_integer("updated_at"),
                    schema::big_integer_null("ended_at"),
                ],
            ),
            table(
                "job_golds",
                vec![
                    schema::uuid("job_id"),
                    schema::integer("position"),
                    schema::uuid("video_id"),
                    schema::integer("gold_version"),
                    schema::string_null("prepared_key"),
                ],
            )
            .primary_key(Index::create().col("job_id").col("position"))
            .to_owned(),
            table(
                "attempts",
                vec![
                    // The fencing token: counts up over all claims of the catalog.
                    ColumnDef::new("fencing_token")
                        .big_integer()
                        .not_null()
                        .auto_increment()
                        .primary_key()
                        .to_owned(),
                    schema::uuid("job_id"),
                    schema::string("stage"),
                    schema::integer("attempt"),
                    schema::string("worker"),
                    schema::big_integer("claimed_at"),
                    schema::big_integer_null("ended_at"),
                    schema::string_null("outcome"),
                    schema::string_null("failure_reason"),
                ],
            ),
            table(
                "outbox",
                vec![
                    sequence("id"),
                    schema::uuid("job_id"),
                    schema::string("stage"),
                    schema::integer("attempt"),
                    schema::string("traceparent"),
                    schema::big_integer("created_at"),
                ],
            ),
        ]
    }

    fn result_tables() -> Vec<TableCreateStatement> {
        vec![
            table(
                "scores",
                vec![
                    id("job_id"),
                    schema::uuid("task_id"),
                    schema::uuid("trainee_video_id"),
                    schema::double("score"),
                    schema::integer("verdict"),
                    schema::integer("effective_verdict"),
                    schema::integer("deviation_count"),
                    schema::string("report_key"),
                    schema::big_integer("created_at"),
                ],
            ),
            table(
                "reviews",
                vec![
                    id("id"),
                    schema::uuid("job_id"),
                    schema::integer_null("deviation"),
                    schema::integer_null("verdict"),
                    schema::integer("decision"),
                    schema::string("reviewer"),
                    schema::text("reason"),
                    schema::big_integer("created_at"),
                ],
            ),
            table(
                "audit_events",
                vec![
                    sequence("id"),
                    schema::big_integer("at"),
                    schema::string("action"),
                    schema::uuid("subject_id"),
                    schema::text("detail"),
                ],
            ),
            table(
                "idempotency_keys",
                vec![
                    schema::string("method"),
                    schema::string("request_id"),
                    schema::blob("request_hash"),
                    schema::blob("response"),
                    schema::big_integer("created_at"),
                ],
            )
            .primary_key(Index::create().col("method").col("request_id"))
            .to_owned(),
        ]
    }

    /// One index for every query that grows with use.
    pub(super) fn indexes() -> Vec<IndexCreateStatement> {
        vec![
            index("videos", &["task_id", "id"]),
            index("uploads", &["expires_at"]),
            index("jobs", &["state", "stage", "waiting", "run_after"]),
            index("jobs", &["state", "lease_expires_at"]),
            index("jobs", &["task_id", "id"]),
            index("jobs", &["video_id", "id"]),
            index("job_golds", &["video_id"]),
            index("outbox", &["stage", "id"]),
            index("attempts", &["job_id"]),
            index("scores", &["task_id", "job_id"]),
            index("scores", &["trainee_video_id", "job_id"]),
            index("reviews", &["job_id", "id"]),
            index("audit_events", &["subject_id", "id"]),
            index("idempotency_keys", &["created_at"]),
        ]
    }

    pub(super) fn table(name: &'static str, columns: Vec<ColumnDef>) -> TableCreateStatement {
        let mut statement = Table::create();
        statement.table(name);
        for column in columns {
            statement.col(column);
        }
        statement
    }

    fn id(name: &'static str) -> ColumnDef {
        ColumnDef::new(name)
            .uuid()
            .not_null()
            .primary_key()
            .to_owned()
    }

    pub(super) fn sequence(name: &'static str) -> ColumnDef {
        schema::pk_auto(name).big_integer().to_owned()
    }

    pub(super) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
        let mut statement = Index::create();
        let name = format!("ix_{table}_{}", columns.join("_"));
        statement.name(name).table(table);
        for column in columns {
            statement.col(Alias::new(*column).into_iden());
        }
        statement
    }
}
