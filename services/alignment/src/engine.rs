//! Alignments on threads that may block.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sopilot_blob::{BlobError, BlobStore, Key, Matrix};
use sopilot_chassis::{ApiError, Reason, STAGE};
use sopilot_dtw::{
    Centring, Cost, DtwError, MatrixView, Options, Side, align_with_evidence, engine_name,
};
use sopilot_proto::alignment::v1 as wire;
use sopilot_wire::wire_alignment;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::info_span;

use crate::{AlignmentConfig, cache::MatrixCache};

/// Computes alignments.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) blobs: BlobStore,
    pub(crate) config: AlignmentConfig,
    matrices: MatrixCache,
    /// Alignments that are computed at the same time, by jobs and callers.
    slots: Arc<Semaphore>,
    /// Kibibytes of inline matrices that may be arriving at the same time.
    arriving: Arc<Semaphore>,
}

/// How to align one pair.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<std::ops::Range<u32>>,
    pub(crate) cost: Cost,
    pub(crate) centring: Centring,
    pub(crate) non_overlapping_lag: u32,
}

/// Stops a computation when it is dropped: the caller has gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Engine {
    pub(crate) fn new(config: AlignmentConfig, blobs: BlobStore) -> Self {
        let kibibytes = (config.max_arriving_bytes / 1024) as usize;
        Self {
            slots: Arc::new(Semaphore::new(config.slots.get().into())),
            arriving: Arc::new(Semaphore::new(kibibytes.min(Semaphore::MAX_PERMITS))),
            matrices: MatrixCache::new(blobs.clone(), config.cache_bytes),
            blobs,
            config,
        }
    }

    /// Takes room for `bytes` of a matrix that arrives from a caller; it is
    /// given back when the permit is dropped.
    pub(crate) fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Arc::clone(&self.arriving)
            .try_acquire_many_owned(kibibytes)
            .map_err(|_| {
                ApiError::new(
                    Reason::Overloaded,
                    "too many matrices are arriving at once: try again a little later",
                )
                .with_retry_after(Duration::from_secs(1))
            })
    }

    /// Aligns a pair. Dropping the future stops the computation.
    pub(crate) async fn align(
        &self,
        gold: Arc<Matrix>,
        trainee: Arc<Matrix>,
        plan: Plan,
    ) -> Result<wire::Alignment, ApiError> {
        let cells = gold.rows() as u64 * trainee.rows() as u64;
        if cells > self.config.max_cells {
            return Err(ApiError::new(
                Reason::MatrixInvalid,
                format!(
                    "{} gold clips with {} trainee clips are more than {} pairs: cut the videos into parts",
                    gold.rows(),
                    trainee.rows(),
                    self.config.max_cells
                ),
            ));
        }
        let _slot = self.slots.acquire().await.map_err(ApiError::internal)?;
        let cancel = Arc::new(AtomicBool::new(false));
        let _stop = StopOnDrop(Arc::clone(&cancel));
        let threads = self.config.threads.into();
        let computed = tokio::task::spawn_blocking(move || {
            let options = Options {
                cost: plan.cost,
                centring: plan.centring,
                non_overlapping_lag: plan.non_overlapping_lag.max(1),
                threads,
                cancel: Some(&cancel),
                ..Options::default()
            };
            let gold = MatrixView::new(Side::Gold, gold.rows(), gold.dim(), gold.data())?;
            let trainee =
                MatrixView::new(Side::Trainee, trainee.rows(), trainee.dim(), trainee.data())?;
            let align = || align_with_evidence(&gold, &trainee, &plan.steps, &options);
            let (path, evidence) = info_span!(target: STAGE, "align").in_scope(align)?;
            Ok(wire_alignment(path, evidence, engine_name()))
        });
        let result = computed.await.map_err(ApiError::internal)?;
        result.map_err(|error| api_error(&error))
    }

    /// Reads stored embeddings.
    pub(crate) async fn load(&self, key: &str) -> Result<Arc<Matrix>, LoadError> {
        let key = Key::parse(key).map_err(|error| LoadError::Key(error.to_string()))?;
        Ok(self
            .matrices
            .get(&key, self.config.max_matrix_bytes)
            .await?)
    }
}

/// Why stored embeddings cannot be read.
#[derive(Debug)]
pub(crate) enum LoadError {
    Key(String),
    Blob(BlobError),
}

impl From<BlobError> for LoadError {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

/// What a failed alignment is to a caller.
pub(crate) fn api_error(error: &DtwError) -> ApiError {
    let reason = match error {
        DtwError::Empty { .. }
        | DtwError::TooManyRows { .. }
        | DtwError::WrongLength { .. }
        | DtwError::NotFinite { .. }
        | DtwError::ZeroRow { .. }
        | DtwError::RowTooLong { .. }
        | DtwError::DimensionMismatch { .. } => Reason::MatrixInvalid,
        DtwError::BadStep { .. }
        | DtwError::BadGamma { .. }
        | DtwError::BadDropCost { .. }
        | DtwError::WrongCosts { .. }
        | DtwError::ImpossibleCost { .. } => Reason::InvalidArgument,
        DtwError::OutOfMemory { .. } => Reason::Overloaded,
        DtwError::Cancelled => Reason::Cancelled,
    };
    ApiError::new(reason, error.to_string())
}
