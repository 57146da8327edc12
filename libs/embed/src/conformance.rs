//! What every [`Embedder`] must do, as one check to run in its tests.

use crate::{ClipFrames, EmbedError, Embedder, Sampling};

/// How far a value of a row may be from the same row computed in another
/// batch. Models choose their kernels by batch size and round differently.
pub const BATCH_TOLERANCE: f32 = 1e-3;

/// How far the squared norm of a row may be from 1.
pub const NORM_TOLERANCE: f64 = 1e-4;

/// Two clips that have nothing in common must have a cosine below this.
const TOLD_APART: f64 = 0.9999;

/// A promise of [`Embedder`] that an implementation breaks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{embedder} breaks the promise of every embedder that {promise}: {seen}")]
pub struct Violation {
    /// Name of the embedder.
    pub embedder: String,
    /// The promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
}

/// Checks all promises of [`Embedder`] on clips made up for the purpose,
/// among them a black, a white and a static one.
///
/// # Errors
/// The first promise that is broken.
pub fn check(embedder: &dyn Embedder) -> Result<(), Violation> {
    let suite = Suite {
        embedder,
        sampling: embedder.sampling(),
        clips: probe_clips(embedder.sampling()),
    };
    suite.describes_itself()?;
    suite.empty_batch_is_empty()?;
    let rows = suite.rows_are_unit_and_finite()?;
    suite.is_deterministic(&rows)?;
    suite.ignores_the_batch_around_a_clip(&rows)?;
    suite.tells_clips_apart(&rows)?;
    suite.refuses_wrong_shapes()
}

struct Suite<'a> {
    embedder: &'a dyn Embedder,
    sampling: Sampling,
    clips: Vec<Vec<u8>>,
}

impl Suite<'_> {
    fn describes_itself(&self) -> Result<(), Violation> {
        let promise = "info and sampling describe it";
        let info = self.embedder.info();
        let s = self.sampling;
        let sampled = s.sample_rate_hz.is_finite()
            && s.sample_rate_hz > 0.0
            && s.frames_per_clip > 0
            && (1..=s.frames_per_clip).contains(&s.stride_frames)
            && s.frame_width >= 16
            && s.frame_height >= 16;
        self.require(sampled, promise, || format!("{s:?}"))?;
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let named = !info.name.is_empty()
            && !info.version.is_empty()
            && info.dim > 0
            && info.checksum.len() == 64
            && info.checksum.chars().all(hex);
        self.require(named, promise, || format!("{info:?}"))
    }

    fn empty_batch_is_empty(&self) -> Result<(), Violation> {
        let promise = "an empty batch gives an empty vector";
        let rows = self.embed(promise, &[])?;
        self.require(rows.is_empty(), promise, || {
            format!("{} values", rows.len())
        })
    }

    fn rows_are_unit_and_finite(&self) -> Result<Vec<f32>, Violation> {
        let promise = "every row is finite and has unit norm";
        let rows = self.embed(promise, &self.all())?;
        let dim = self.embedder.info().dim;
        self.require(rows.len() == self.clips.len() * dim, promise, || {
            format!(
                "{} values for {} clips of dim {dim}",
                rows.len(),
                self.clips.len()
            )
        })?;
        for (clip, row) in rows.chunks_exact(dim).enumerate() {
            let squared = dot(row, row);
            // A NaN or an infinity in the row fails this comparison too.
            let unit = (squared - 1.0).abs() <= NORM_TOLERANCE;
            self.require(unit, promise, || {
                format!("row {clip} has squared norm {squared}")
            })?;
        }
        Ok(rows)
    }

    fn is_deterministic(&self, rows: &[f32]) -> Result<(), Violation> {
        let promise = "the same batch gives the same bits";
        let again = self.embed(promise, &self.all())?;
        let same = again.len() == rows.len()
            && again
                .iter()
                .zip(rows)
                .all(|(a, b)| a.to_bits() == b.to_bits());
        self.require(same, promise, || "a second run differs".to_owned())
    }

    fn ignores_the_batch_around_a_clip(&self, rows: &[f32]) -> Result<(), Violation> {
        let promise = "row i belongs to clip i, whatever batch is around it";
        let dim = self.embedder.info().dim;
        for (clip, row) in rows.chunks_exact(dim).enumerate() {
            let alone = self.embed(promise, &[clip])?;
            self.require(close(&alone, row), promise, || {
                format!("clip {clip} alone differs from clip {clip} in a batch")
            })?;
        }
        Ok(())
    }

    fn tells_clips_apart(&self, rows: &[f32]) -> Result<(), Violation> {
        let promise = "clips with nothing in common differ";
        let dim = self.embedder.info().dim;
        let cosine = dot(&rows[..dim], &rows[dim..2 * dim]);
        self.require(cosine < TOLD_APART, promise, || {
            format!("moving bars and moving noise have cosine {cosine}")
        })
    }

    fn refuses_wrong_shapes(&self) -> Result<(), Violation> {
        let promise = "a clip of a shape it cannot take is refused by its place in the batch";
        let tiny = vec![0_u8; self.sampling.frames_per_clip * 4 * 4 * 3];
        let batch = [
            self.clip(promise, 0)?,
            self.shaped(promise, 4, 4, &tiny)?,
            self.clip(promise, 1)?,
        ];
        let seen = self.embedder.embed(&batch);
        let refused = matches!(seen, Err(EmbedError::ClipShape { clip: 1, .. }));
        self.require(refused, promise, || match seen {
            Ok(rows) => format!("{} values for frames of 4×4", rows.len()),
            Err(error) => format!("{error:?}"),
        })
    }

    fn all(&self) -> Vec<usize> {
        (0..self.clips.len()).collect()
    }

    fn embed(&self, promise: &'static str, clips: &[usize]) -> Result<Vec<f32>, Violation> {
        let batch = clips
            .iter()
            .map(|clip| self.clip(promise, *clip))
            .collect::<Result<Vec<_>, _>>()?;
        self.embedder
            .embed(&batch)
            .map_err(|error| self.violation(promise, error.to_string()))
    }

    fn clip(&self, promise: &'static str, clip: usize) -> Result<ClipFrames<'_>, Violation> {
        let s = self.sampling;
        self.shaped(promise, s.frame_height, s.frame_width, &self.clips[clip])
    }

    fn shaped<'b>(
        &self,
        promise: &'static str,
        height: usize,
        width: usize,
        rgb: &'b [u8],
    ) -> Result<ClipFrames<'b>, Violation> {
        ClipFrames::new(self.sampling.frames_per_clip, height, width, rgb)
            .map_err(|error| self.violation(promise, error.to_string()))
    }

    fn require(
        &self,
        kept: bool,
        promise: &'static str,
        seen: impl FnOnce() -> String,
    ) -> Result<(), Violation> {
        if kept {
            Ok(())
        } else {
            Err(self.violation(promise, seen()))
        }
    }

    fn violation(&self, promise: &'static str, seen: String) -> Violation {
        Violation {
            embedder: self.embedder.info().name.clone(),
            promise,
            seen,
        }
    }
}

/// Clips of the shape that `sampling` asks for: moving bars, moving noise, a
/// static picture, black, white.
fn probe_clips(sampling: Sampling) -> Vec<Vec<u8>> {
    let paint = |pixel: &dyn Fn(usize, usize, usize) -> [u8; 3]| {
        let mut rgb = Vec::new();
        for t in 0..sampling.frames_per_clip {
            for y in 0..sampling.frame_height {
                for x in 0..sampling.frame_width {
                    rgb.extend(pixel(t, y, x));
                }
            }
        }
        rgb
    };
    let bars = |t: usize, _: usize, x: usize| match (x + 2 * t) / 12 % 2 {
        0 => [200, 120, 60],
        _ => [40, 60, 90],
    };
    vec![
        paint(&bars),
        paint(&|t, y, x| [scramble(t, y, x), scramble(y, x, t), scramble(x, t, y)]),
        paint(&|_, y, x| bars(y / 9, y, x)),
        paint(&|_, _, _| [0; 3]),
        paint(&|_, _, _| [255; 3]),
    ]
}

/// A byte without pattern for every place and time (Knuth's multiplicative hash).
fn scramble(a: usize, b: usize, c: usize) -> u8 {
    let mixed = (a as u32)
        .wrapping_mul(2_654_435_761)
        .wrapping_add((b as u32).wrapping_mul(40_503))
        .wrapping_add(c as u32)
        .wrapping_mul(2_246_822_519);
    (mixed >> 24) as u8
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a - b).abs() <= BATCH_TOLERANCE)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::EmbedderInfo;

    /// Mean colour, with one fault.
    struct Faulty {
        fault: &'static str,
        info: EmbedderInfo,
        calls: AtomicU32,
    }

    impl Faulty {
        fn new(fault: &'static str) -> Self {
            let info = EmbedderInfo {
                name: "mean-colour".to_owned(),
                version: "1".to_owned(),
                dim: 4,
                checksum: if fault == "info" { "?" } else { "0" }.repeat(64),
            };
            Self {
                fault,
                info,
                calls: AtomicU32::new(0),
            }
        }

        fn row(clip: &ClipFrames<'_>) -> Vec<f32> {
            let mut row = [0.0, 0.0, 0.0, 100.0];
            for (i, byte) in clip.rgb().iter().enumerate() {
                row[i % 3] += f32::from(*byte) / clip.rgb().len() as f32;
            }
            let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            row.iter().map(|v| v / norm).collect()
        }
    }

    impl Embedder for Faulty {
        fn info(&self) -> &EmbedderInfo {
            &self.info
        }

        fn sampling(&self) -> Sampling {
            Sampling {
                sample_rate_hz: 4.0,
                frames_per_clip: 3,
                stride_frames: 2,
                frame_width: 20,
                frame_height: 16,
            }
        }

        fn embed(&self, clips: &[ClipFrames<'_>]) -> Result<Vec<f32>, EmbedError> {
            let small = clips.iter().position(|c| c.height() < 16);
            if let (Some(clip), false) = (small, self.fault == "shape") {
                return Err(EmbedError::ClipShape {
                    clip,
                    frames: 3,
                    height: 4,
                    width: 4,
                    embedder: self.info.name.clone(),
                    needs: "frames of at least 16×16".to_owned(),
                });
            }
            let mut rows = clips.iter().map(Self::row).collect::<Vec<_>>();
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            match self.fault {
                "empty" if clips.is_empty() => rows.push(vec![0.5; 4]),
                "norm" => rows.iter_mut().flatten().for_each(|v| *v *= 1.1),
                "nan" => rows.iter_mut().for_each(|r| r[1] = f32::NAN),
                "random" => rows.iter_mut().for_each(|r| r[3] += 1e-6 * call as f32),
                "batch" => rows.iter_mut().skip(1).for_each(|r| r.swap(0, 3)),
                "order" => rows.sort_by(|a, b| a[0].total_cmp(&b[0])),
                "constant" => rows.fill(vec![0.5; 4]),
                _ => {}
            }
            Ok(rows.concat())
        }
    }

    #[test]
    fn a_sound_embedder_passes() {
        check(&Faulty::new("none")).unwrap();
    }

    #[test]
    fn every_fault_is_found() {
        let promise = |fault| check(&Faulty::new(fault)).unwrap_err().promise;
        assert!(promise("info").contains("describe"));
        assert!(promise("empty").contains("empty batch"));
        assert!(promise("norm").contains("unit norm"));
        assert!(promise("nan").contains("unit norm"));
        assert!(promise("random").contains("same bits"));
        assert!(promise("batch").contains("whatever batch"));
        assert!(promise("order").contains("whatever batch"));
        assert!(promise("constant").contains("differ"));
        assert!(promise("shape").contains("shape"));
    }
}
