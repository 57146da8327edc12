//! What was changed: one row for everything that was changed on
//! request, or because a task says so.

use sea_orm::ColumnTrait;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Page, PageRequest, Store, entity::audit_event};
use crate::error::Result;

pub(crate) use audit_event::Model as AuditRow;

/// Records an action in the transaction that performs it.
pub(super) async fn record(
    txn: &impl ConnectionTrait,
    now: i64,
    action: &str,
    subject: Uuid,
    detail: impl Into<String>,
) -> Result<()> {
    let event = audit_event::ActiveModel {
        at: Set(now),
        action: Set(action.to_owned()),
        subject_id: Set(subject),
        detail: Set(detail.into()),
        ..Default::default()
    };
    audit_event::Entity::insert(event).exec(txn).await?;
    Ok(())
}

impl Store {
    pub(crate) async fn list_audit_events(
        &self,
        subject: Option<Uuid>,
        page: PageRequest<i64>,
        filter: &str,
    ) -> Result<Page<AuditRow>> {
        let mut query = audit_event::Entity::find();
        if let Some(subject) = subject {
            query = query.filter(audit_event::Column::SubjectId.eq(subject));
        }
        if let Some(after) = page.after {
            query = query.filter(audit_event::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(audit_event::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        Ok(page.page(rows, filter, |row| row.id))
    }
}
