//! One pair as it arrives: a header, then chunks of its inline matrices.

use std::sync::Arc;

use sopilot_blob::Matrix;
use sopilot_chassis::{ApiError, Reason};
use sopilot_dtw::{Centring, Cost};
use sopilot_proto::alignment::v1::{
    self as wire, AlignHeader, InlineMatrix, MatrixChunk, MatrixSide, matrix_source::Source,
};
use sopilot_wire::step_ranges;
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::{Engine, Plan};

/// A pair that is arriving.
pub(super) struct Pair {
    gold: Arriving,
    trainee: Arriving,
    plan: Plan,
}

/// One matrix of a pair.
enum Arriving {
    Stored(String),
    Inline {
        shape: InlineMatrix,
        /// The bytes that arrived, where they will be read as numbers.
        values: Vec<f32>,
        arrived: usize,
        expected: usize,
        room: Option<OwnedSemaphorePermit>,
    },
}

impl Pair {
    /// Checks the header; memory is taken as chunks arrive, not as announced.
    pub(super) fn new(header: AlignHeader, max_matrix_bytes: u64) -> Result<Self, ApiError> {
        let options = header.options.unwrap_or_default();
        let cost = match wire::Cost::try_from(options.cost) {
            Ok(wire::Cost::Unspecified | wire::Cost::Cosine) => Cost::Cosine,
            Ok(wire::Cost::SquaredEuclidean) => Cost::SquaredEuclidean,
            Err(_) => {
                return Err(ApiError::invalid(
                    "options.cost",
                    "is not one of the values of the contract",
                ));
            }
        };
        let centring = match wire::Centring::try_from(options.centring) {
            Ok(wire::Centring::Unspecified | wire::Centring::None) => Centring::None,
            Ok(wire::Centring::OnGold) => Centring::OnGold,
            Ok(wire::Centring::OnEach) => Centring::OnEach,
            Err(_) => {
                return Err(ApiError::invalid(
                    "options.centring",
                    "is not one of the values of the contract",
                ));
            }
        };
        Ok(Self {
            gold: Arriving::new("gold", header.gold, max_matrix_bytes)?,
            trainee: Arriving::new("trainee", header.trainee, max_matrix_bytes)?,
            plan: Plan {
                steps: step_ranges(&header.steps),
                cost,
                centring,
                non_overlapping_lag: options.non_overlapping_lag,
            },
        })
    }

    /// Takes the next bytes of one of the matrices.
    pub(super) fn push(&mut self, chunk: &MatrixChunk, engine: &Engine) -> Result<(), ApiError> {
        match chunk.side() {
            MatrixSide::Gold => self.gold.push("gold", &chunk.data, engine),
            MatrixSide::Trainee => self.trainee.push("trainee", &chunk.data, engine),
            MatrixSide::Unspecified => Err(ApiError::invalid(
                "chunk.side",
                "say which matrix the chunk belongs to",
            )),
        }
    }

    /// Whether all bytes that were announced have arrived.
    pub(super) fn is_complete(&self) -> bool {
        self.gold.is_complete() && self.trainee.is_complete()
    }

    /// The two matrices, once all chunks have arrived.
    pub(super) async fn resolve(
        self,
        engine: &Engine,
    ) -> Result<(Arc<Matrix>, Arc<Matrix>, Plan), ApiError> {
        let gold = self.gold.resolve("gold", engine).await?;
        let trainee = self.trainee.resolve("trainee", engine).await?;
        Ok((gold, trainee, self.plan))
    }
}

impl Arriving {
    fn new(
        side: &str,
        source: Option<wire::MatrixSource>,
        max_bytes: u64,
    ) -> Result<Self, ApiError> {
        match source.and_then(|source| source.source) {
            Some(Source::ObjectKey(key)) => Ok(Self::Stored(key)),
            Some(Source::Inline(shape)) => {
                let expected = u64::from(shape.rows)
                    .saturating_mul(shape.dim.into())
                    .saturating_mul(4);
                if expected == 0 || expected > max_bytes {
                    return Err(ApiError::new(
                        Reason::MatrixInvalid,
                        format!(
                            "the {side} matrix is announced as {} × {}, {expected} bytes: it must have 1 to {max_bytes} bytes",
                            shape.rows, shape.dim
                        ),
                    ));
                }
                Ok(Self::Inline {
                    shape,
                    values: Vec::new(),
                    arrived: 0,
                    expected: expected as usize,
                    room: None,
                })
            }
            None => Err(ApiError::invalid(side, "say where the matrix comes from")),
        }
    }

    fn push(&mut self, side: &str, data: &[u8], engine: &Engine) -> Result<(), ApiError> {
        match self {
            Self::Stored(key) => Err(ApiError::new(
                Reason::MatrixInvalid,
                format!("the {side} matrix is the stored object {key}: send no chunks for it"),
            )),
            Self::Inline {
                values,
                arrived,
                expected,
                room,
                ..
            } => {
                let end = *arrived + data.len();
                if end > *expected {
                    return Err(ApiError::new(
                        Reason::MatrixInvalid,
                        format!(
                            "more than the announced {expected} bytes of the {side} matrix arrived"
                        ),
                    ));
                }
                let more = engine.room(data.len())?;
                match room {
                    Some(room) => room.merge(more),
                    None => *room = Some(more),
                }
                let mut rest = data;
                if arrived.is_multiple_of(4) {
                    let (whole, bytes) = data.as_chunks();
                    values.extend(whole.iter().copied().map(f32::from_ne_bytes));
                    rest = bytes;
                }
                // A number may come in two pieces.
                if !rest.is_empty() {
                    values.resize(end.div_ceil(4), 0.0);
                    bytemuck::cast_slice_mut(values)[end - rest.len()..end].copy_from_slice(rest);
                }
                *arrived = end;
                Ok(())
            }
        }
    }

    fn is_complete(&self) -> bool {
        match self {
            Self::Stored(_) => true,
            Self::Inline {
                arrived, expected, ..
            } => arrived == expected,
        }
    }

    async fn resolve(self, side: &str, engine: &Engine) -> Result<Arc<Matrix>, ApiError> {
        match self {
            Self::Stored(key) => Ok(engine.load(&key).await?),
            Self::Inline {
                arrived, expected, ..
            } if arrived < expected => Err(ApiError::new(
                Reason::MatrixInvalid,
                format!("{arrived} of {expected} bytes of the {side} matrix arrived"),
            )),
            Self::Inline {
                shape, mut values, ..
            } => {
                // They came little-endian.
                for value in &mut values {
                    *value = f32::from_bits(u32::from_le(value.to_bits()));
                }
                let matrix = Matrix::new(shape.dim as usize, values).map_err(|error| {
                    ApiError::new(Reason::MatrixInvalid, format!("the {side} matrix: {error}"))
                })?;
                Ok(Arc::new(matrix))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sopilot_blob::BlobStore;

    use super::*;
    use crate::AlignmentConfig;

    #[test]
    fn numbers_may_be_cut_anywhere() {
        let engine = Engine::new(AlignmentConfig::default(), BlobStore::in_memory());
        let numbers = [1.5_f32, -2.0, 3.25, 0.125, 5.0, -6.75];
        let bytes = numbers.map(f32::to_le_bytes).concat();
        for (first, others) in (0..=9).flat_map(|first| (1..=9).map(move |others| (first, others)))
        {
            let source = wire::MatrixSource {
                source: Some(Source::Inline(InlineMatrix { rows: 2, dim: 3 })),
            };
            let mut arriving = Arriving::new("gold", Some(source), 100).unwrap();
            let (start, rest) = bytes.split_at(first);
            for piece in std::iter::once(start).chain(rest.chunks(others)) {
                assert!(!arriving.is_complete());
                arriving.push("gold", piece, &engine).unwrap();
            }
            assert!(arriving.is_complete());
            let Arriving::Inline { values, .. } = arriving else {
                panic!("it is sent");
            };
            assert_eq!(values, numbers, "{first} bytes, then {others} at a time");
        }
    }
}
