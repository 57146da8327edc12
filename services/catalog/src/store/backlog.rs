//! How much waits, for whoever watches.

use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, Iterable, PaginatorTrait, QueryFilter, QuerySelect,
};

use super::{
    Store,
    entity::{JobState, Stage, event_outbox, job, outbox},
};
use crate::error::Result;

/// What waits.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Stage, state and number, of jobs that have not ended; where there are
    /// none, too.
    pub(crate) jobs: Vec<(String, String, u64)>,
    /// Bells in the outbox.
    pub(crate) bells: u64,
    /// Events that were not announced yet.
    pub(crate) events: u64,
}

impl Store {
    /// Counts what waits.
    pub(crate) async fn backlog(&self) -> Result<Backlog> {
        let states = [JobState::Queued, JobState::Running];
        let counted: Vec<(Stage, JobState, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::Stage)
            .column(job::Column::State)
            .column_as(job::Column::Id.count(), "number")
            .filter(job::Column::State.is_in(states))
            .group_by(job::Column::Stage)
            .group_by(job::Column::State)
            .into_tuple()
            .all(&self.db)
            .await?;
        let jobs = Stage::iter()
            .flat_map(|stage| states.map(|state| (stage, state)))
            .map(|(stage, state)| {
                let found = counted
                    .iter()
                    .find(|(of, is, _)| (*of, *is) == (stage, state));
                let number = found.map_or(0, |(_, _, number)| *number as u64);
                (stage.to_value(), state.to_value(), number)
            })
            .collect();
        Ok(Backlog {
            jobs,
            bells: outbox::Entity::find().count(&self.db).await?,
            events: event_outbox::Entity::find().count(&self.db).await?,
        })
    }
}
