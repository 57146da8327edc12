//! Requests that may be repeated: what the first made is remembered, with a
//! hash of the request, in the transaction that made it.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use sopilot_chassis::Reason;
use uuid::Uuid;

use super::{Store, dialect, entity::idempotency_key, millis};
use crate::error::{Error, Result};

/// The identity of a request that may be repeated.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: &'static str,
    id: String,
    hash: Vec<u8>,
}

impl Request {
    /// `id` is the caller's request_id, empty if the call is not idempotent;
    /// `message` the encoded request.
    pub(crate) fn new(method: &'static str, id: &str, message: &[u8]) -> Result<Self> {
        if id.chars().count() > 64 {
            return Err(Error::Api(
                sopilot_chassis::ApiError::new(
                    Reason::InvalidArgument,
                    "request_id is longer than 64 characters: use a UUID",
                )
                .with_violation("request_id", "longer than 64 characters"),
            ));
        }
        Ok(Self {
            method,
            id: id.to_owned(),
            hash: Sha256::digest(message).to_vec(),
        })
    }

    /// What the first such request made, if there was one. Of two that come at
    /// once, the second waits here for the first: found further on, what the
    /// first has made would look like somebody else's.
    pub(super) async fn answered(&self, txn: &impl ConnectionTrait) -> Result<Option<Vec<Uuid>>> {
        if self.id.is_empty() {
            return Ok(None);
        }
        dialect::take_turn(txn, self.turn()).await?;
        let key = (self.method.to_owned(), self.id.clone());
        match idempotency_key::Entity::find_by_id(key).one(txn).await? {
            None => Ok(None),
            Some(row) if row.request_hash == self.hash => Ok(Some(
                row.response
                    .chunks_exact(16)
                    .filter_map(|id| Uuid::from_slice(id).ok())
                    .collect(),
            )),
            Some(_) => Err(Error::new(
                Reason::IdempotencyConflict,
                format!(
                    "request_id {:?} was used before for another {} request: use a new one for a new request",
                    self.id, self.method
                ),
            )),
        }
    }

    /// The same for all requests with this key, whatever else they say.
    fn turn(&self) -> i32 {
        let key = Sha256::new()
            .chain_update(self.method)
            .chain_update([0])
            .chain_update(&self.id)
            .finalize();
        i32::from_be_bytes([key[0], key[1], key[2], key[3]])
    }

    /// Remembers what was made, for requests to come.
    pub(super) async fn keep(
        &self,
        txn: &impl ConnectionTrait,
        now: i64,
        made: &[Uuid],
    ) -> Result<()> {
        if self.id.is_empty() {
            return Ok(());
        }
        let row = idempotency_key::ActiveModel {
            method: Set(self.method.to_owned()),
            request_id: Set(self.id.clone()),
            request_hash: Set(self.hash.clone()),
            response: Set(made.iter().flat_map(|id| *id.as_bytes()).collect()),
            created_at: Set(now),
        };
        idempotency_key::Entity::insert(row).exec(txn).await?;
        Ok(())
    }
}

impl Store {
    /// Forgets answers that are too old to be asked for again.
    pub(crate) async fn forget_answers(&self) -> Result<u64> {
        let before = self.now() - millis(self.config.idempotency_expiry);
        let result = idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::CreatedAt.lt(before))
            .exec(&self.db)
            .await?;
        Ok(result.rows_affected)
    }
}
