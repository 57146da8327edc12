//! How long each version of a task keeps videos, and the indexes by which those
//! are found that have been kept long enough.

use sea_orm_migration::{prelude::*, schema};

use super::first_score::index;

pub(super) struct Retention;

impl MigrationName for Retention {
    fn name(&self) -> &'static str {
        "m20261207_000003_retention"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Retention {
    #[allow(elided_lifetimes_in_paths, reason = "as the trait declares it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of the version and not of the task: a version that the catalog before
        // this one makes has none and keeps everything, as its SOP says.
        let kept = Table::alter()
            .table("task_versions")
            .add_column(schema::big_integer_null("retention"))
            .to_owned();
        manager.alter_table(kept).await?;
        for index in [
            index("task_versions", &["retention"]),
            // Deleted videos leave their rows, so they must not be in the way.
            index("videos", &["task_id", "role", "deleted_at", "created_at"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    /// A crash in the middle leaves no half of a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
