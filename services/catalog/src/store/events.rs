//! Facts that others may want to hear of: written with what they tell,
//! announced by the relay.

use prost::Message as _;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Store,
    dialect::{self, Alone},
    entity::event_outbox,
    outbox::{FREE, TAKEN},
};
use crate::{error::Result, event};

pub(crate) use event::Fact;

/// An event to be announced.
#[derive(Debug)]
pub(crate) struct TakenEvent {
    pub(crate) id: i64,
    pub(crate) event_id: Uuid,
    pub(crate) routing_key: String,
    /// An encoded `Event`.
    pub(crate) body: Vec<u8>,
    pub(crate) traceparent: String,
}

/// Records a fact in the transaction that makes it one.
pub(super) async fn record(
    txn: &impl ConnectionTrait,
    now: i64,
    traceparent: &str,
    fact: Fact<'_>,
) -> Result<()> {
    let event_id = Uuid::now_v7();
    let row = event_outbox::ActiveModel {
        event_id: Set(event_id),
        routing_key: Set(fact.routing_key().to_owned()),
        body: Set(event::wire_event(event_id, now, fact).encode_to_vec()),
        traceparent: Set(traceparent.to_owned()),
        created_at: Set(now),
        taken_until: Set(0),
        ..Default::default()
    };
    event_outbox::Entity::insert(row).exec(txn).await?;
    Ok(())
}

/// Gives back whatever relays have taken.
pub(super) async fn give_all_back(txn: &impl ConnectionTrait) -> Result<()> {
    event_outbox::Entity::update_many()
        .col_expr(event_outbox::Column::TakenUntil, Expr::value(FREE))
        .filter(event_outbox::Column::TakenUntil.gt(FREE))
        .exec(txn)
        .await?;
    Ok(())
}

impl Store {
    /// Takes the oldest events, at most `limit`, unless a relay has some
    /// already: facts about one thing are committed one after the other and so
    /// leave in order, as long as one relay at a time announces. What one has
    /// had for longer than a relay takes is free again.
    pub(crate) async fn take_events(&self, limit: u64) -> Result<Vec<TakenEvent>> {
        let first = event_outbox::Entity::find().order_by_asc(event_outbox::Column::Id);
        if first.one(&self.db).await?.is_none() {
            return Ok(Vec::new());
        }
        let now = self.now();
        self.write(|txn| async move {
            let txn = &*txn;
            if !dialect::is_alone(txn, Alone::TakeEvents).await? {
                return Ok(Vec::new());
            }
            let taken = event_outbox::Entity::find()
                .filter(event_outbox::Column::TakenUntil.gt(now))
                .one(txn)
                .await?;
            if taken.is_some() {
                return Ok(Vec::new());
            }
            let rows = event_outbox::Entity::find()
                .order_by_asc(event_outbox::Column::Id)
                .limit(limit);
            let rows = dialect::skip_locked(rows).all(txn).await?;
            event_outbox::Entity::update_many()
                .col_expr(event_outbox::Column::TakenUntil, Expr::value(now + TAKEN))
                .filter(event_outbox::Column::Id.is_in(rows.iter().map(|row| row.id)))
                .exec(txn)
                .await?;
            Ok(rows.into_iter().map(TakenEvent::from).collect())
        })
        .await
    }

    /// Forgets events that the broker has confirmed.
    pub(crate) async fn forget_events(&self, announced: Vec<i64>) -> Result<()> {
        event_outbox::Entity::delete_many()
            .filter(event_outbox::Column::Id.is_in(announced))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Gives back events that could not be announced.
    pub(crate) async fn give_back_events(&self, taken: Vec<i64>) -> Result<()> {
        event_outbox::Entity::update_many()
            .col_expr(event_outbox::Column::TakenUntil, Expr::value(FREE))
            .filter(event_outbox::Column::Id.is_in(taken))
            .exec(&self.db)
            .await?;
        Ok(())
    }
}

impl From<event_outbox::Model> for TakenEvent {
    fn from(row: event_outbox::Model) -> Self {
        Self {
            id: row.id,
            event_id: row.event_id,
            routing_key: row.routing_key,
            body: row.body,
            traceparent: row.traceparent,
        }
    }
}
