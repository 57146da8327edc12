//! Where SQLite and PostgreSQL differ: how a transaction that writes keeps
//! others out, what only one replica may do, and what an error means.
//!
//! SQLite has one writer: a transaction takes the write lock when it begins
//! and is alone from then on. PostgreSQL runs transactions of many replicas
//! side by side at READ COMMITTED, where every statement sees what was
//! committed before it. So a transaction first locks the rows that it decides
//! by, and reads them afterwards: what it reads then stays true until it
//! commits. Everybody locks in one order, uploads, tasks, videos, jobs, each
//! by their identifiers; what deadlocks in spite of it is run again, and so is
//! what another replica has just written first
//! ([decision 14](../../../../docs/decisions/0014-catalog-on-postgresql.md)).

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, RuntimeErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
    sea_query::{LockBehavior, LockType},
    sqlx,
};
use uuid::Uuid;

use crate::error::Result;

/// What one replica does at a time. The numbers are PostgreSQL's advisory
/// locks, which must not be another program's in the same database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    /// Brings the schema up to date.
    Migrate = 0x5350_0001,
    /// Takes back lost leases and rings again.
    SweepJobs = 0x5350_0002,
    /// Searches object storage for orphans.
    SweepObjects = 0x5350_0003,
    /// Takes events, so that they leave in order.
    TakeEvents = 0x5350_0004,
}

/// Begins a transaction that will write.
pub(super) async fn begin(
    db: &DatabaseConnection,
) -> std::result::Result<DatabaseTransaction, DbErr> {
    // PostgreSQL's connections are opened at READ COMMITTED. SQLite takes the
    // write lock now: a transaction that reads first and writes later could
    // not be repeated when another has written in between.
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}

/// Whether several transactions write at once, so that rows must be locked.
pub(super) fn locks_rows(connection: &impl ConnectionTrait) -> bool {
    connection.get_database_backend() != DbBackend::Sqlite
}

/// Waits until nobody works on these rows and keeps them until the
/// transaction ends: [`LockType::Share`] what must stay as it is,
/// [`LockType::Update`] what will be changed.
pub(super) async fn lock<E: EntityTrait>(
    txn: &impl ConnectionTrait,
    id: E::Column,
    ids: impl IntoIterator<Item = Uuid>,
    how: LockType,
) -> Result<()> {
    if locks_rows(txn) {
        E::find()
            .select_only()
            .column(id)
            .filter(id.is_in(ids))
            .order_by_asc(id)
            .lock(how)
            .into_tuple::<Uuid>()
            .all(txn)
            .await?;
    }
    Ok(())
}

/// Takes rows that nobody else works on; what another replica has locked is
/// passed over.
pub(super) fn skip_locked<Q: QuerySelect>(query: Q) -> Q {
    // SQLite, where it means nothing, does not get to see it.
    query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
}

/// Whether this transaction is the only one that does `what`; if so, until it
/// ends.
pub(super) async fn is_alone(txn: &impl ConnectionTrait, what: Alone) -> Result<bool> {
    if !locks_rows(txn) {
        return Ok(true);
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({})", what as i64);
    let answer = txn
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    Ok(match answer {
        Some(row) => row.try_get_by_index(0)?,
        None => false,
    })
}

/// Waits until no other transaction has this number, and keeps it until the
/// transaction ends. Those that two share by chance only wait for each other.
pub(super) async fn take_turn(txn: &impl ConnectionTrait, number: i32) -> Result<()> {
    if locks_rows(txn) {
        // Apart from those of `Alone`, which are one number and not two.
        let sql = format!("SELECT pg_advisory_xact_lock({}, {number})", 0x5350);
        txn.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// As [`is_alone`], but waits for its turn, and may stay long. For PostgreSQL.
pub(super) async fn wait_until_alone(
    db: &DatabaseConnection,
    what: Alone,
) -> std::result::Result<DatabaseTransaction, DbErr> {
    let txn = begin(db).await?;
    stay(&txn).await?;
    txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({})", what as i64))
        .await?;
    Ok(txn)
}

/// Lets a transaction that only guards others be idle for as long as it takes.
pub(super) async fn stay(txn: &impl ConnectionTrait) -> std::result::Result<(), DbErr> {
    if locks_rows(txn) {
        txn.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
            .await?;
    }
    Ok(())
}

/// Whether a transaction failed only because of another that ran beside it,
/// so that it can be run again from its beginning: it deadlocked, or the other
/// was first to write what must be unique, which this one will see next time.
pub(crate) fn lost_race(error: &DbErr) -> bool {
    matches!(
        sqlstate(error).as_deref(),
        Some("40001" | "40P01" | "23505")
    )
}

/// Whether the database may well answer the same call a moment later.
pub(crate) fn is_passing(error: &DbErr) -> bool {
    if let Some(code) = sqlstate(error) {
        return match code.as_str() {
            // Deadlock or serialisation, as often as it was tried again; locks
            // that were not to be had; a statement or an idle transaction that
            // took too long; a standby that was the primary before.
            "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006" => true,
            // Connections that broke; resources that are short; a server that
            // stops or starts.
            _ => ["08", "53", "57P"]
                .iter()
                .any(|class| code.starts_with(class)),
        } || sqlite_is_busy(error);
    }
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            matches!(
                **error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            )
        }
        _ => false,
    }
}

/// Whether the disk of the database has no room.
pub(crate) fn is_full(error: &DbErr) -> bool {
    sqlstate(error).as_deref() == Some("53100")
}

/// Whether a text holds a character that PostgreSQL cannot store: NUL.
pub(crate) fn refuses_text(error: &DbErr) -> bool {
    sqlstate(error).as_deref() == Some("22021")
}

/// The code of an error that the database itself answered with.
fn sqlstate(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error)) = error else {
        return None;
    };
    match error {
        RuntimeErr::SqlxError(error) => {
            let error = error.as_database_error()?;
            error.code().map(std::borrow::Cow::into_owned)
        }
        RuntimeErr::Internal(_) => None,
    }
}

/// SQLite's SQLITE_BUSY, whose extended codes are many.
fn sqlite_is_busy(error: &DbErr) -> bool {
    error.to_string().contains("database is locked")
}
