//! When the clips of a video are and how well they can be seen.

use std::ops::Range;

use crate::procedure::TimeRange;

/// One clip of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Start, in seconds after the first presented frame.
    pub start_s: f64,
    /// End, in seconds after the first presented frame; greater than the start.
    pub end_s: f64,
    /// What disturbs the view; empty for a good clip.
    pub flags: Vec<ClipFlag>,
    /// How much stirs: mean absolute change of luma from frame to frame, in any
    /// unit that is the same throughout a video. `None` where it was not
    /// measured.
    pub motion: Option<f64>,
}

/// Something that makes a clip hard to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClipFlag {
    /// Too dark to see what is done.
    LowLight,
    /// Bright areas are burnt out.
    OverExposed,
    /// Out of focus or smeared by camera motion.
    Blurry,
    /// The picture does not change at all.
    Frozen,
}

impl Clip {
    /// A clip that can be seen well.
    pub fn new(start_s: f64, end_s: f64) -> Self {
        Self {
            start_s,
            end_s,
            flags: Vec::new(),
            motion: None,
        }
    }

    pub(crate) fn middle_s(&self) -> f64 {
        0.5 * (self.start_s + self.end_s)
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.flags.contains(&ClipFlag::Frozen)
    }
}

/// The first thing that is wrong with the times of a video's clips, which must
/// be finite, of positive length, and in order.
pub(crate) fn find_bad_clip(clips: &[Clip]) -> Option<usize> {
    let mut before = f64::NEG_INFINITY;
    clips.iter().position(|clip| {
        let fine = clip.start_s.is_finite()
            && clip.end_s.is_finite()
            && clip.start_s < clip.end_s
            && clip.middle_s() > before;
        before = clip.middle_s();
        !fine
    })
}

/// Clips of a video that follow each other evenly.
pub(crate) struct Timeline<'a> {
    pub(crate) clips: &'a [Clip],
    /// Median time from one clip to the next.
    pub(crate) stride_s: f64,
    /// Median length of a clip.
    pub(crate) clip_s: f64,
}

impl<'a> Timeline<'a> {
    /// Of at least one clip; see [`find_bad_clip`].
    pub(crate) fn new(clips: &'a [Clip]) -> Self {
        let clip_s = median(clips.iter().map(|clip| clip.end_s - clip.start_s).collect());
        let strides: Vec<f64> = clips
            .windows(2)
            .map(|pair| pair[1].middle_s() - pair[0].middle_s())
            .collect();
        let stride_s = if strides.is_empty() {
            clip_s
        } else {
            median(strides)
        };
        Self {
            clips,
            stride_s,
            clip_s,
        }
    }

    /// How many clips lie between two that share no frame.
    pub(crate) fn non_overlapping_lag(&self) -> u32 {
        // A clip that ends within a hundredth of the next one's start does
        // not overlap it: frame times are rounded.
        (self.clip_s / self.stride_s - 0.01).ceil().max(1.0) as u32
    }

    /// The time that a stretch of clips stands for: up to half-way to its
    /// neighbours, and to the ends of the video.
    pub(crate) fn time_of(&self, clips: &Range<usize>) -> TimeRange {
        let half_way =
            |later: usize| 0.5 * (self.clips[later - 1].middle_s() + self.clips[later].middle_s());
        let start_s = if clips.start == 0 {
            self.clips[0].start_s
        } else {
            half_way(clips.start)
        };
        let end_s = if clips.end == self.clips.len() {
            self.end_s()
        } else {
            half_way(clips.end)
        };
        TimeRange { start_s, end_s }
    }

    pub(crate) fn end_s(&self) -> f64 {
        self.clips.iter().map(|clip| clip.end_s).fold(0.0, f64::max)
    }
}

/// Ascending indices as runs without a gap.
pub(crate) fn consecutive(indices: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for index in indices {
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// Of at least one value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}

/// Linear between the two nearest ranks; of at least one value.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = q * (values.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(values.len() - 1);
    values[below] + (values[above] - values[below]) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_counts_clips_without_common_frames() {
        let clips = |stride: f64| {
            (0..5)
                .map(|i| Clip::new(f64::from(i) * stride, f64::from(i) * stride + 2.0))
                .collect::<Vec<_>>()
        };
        for (stride, lag) in [(2.0, 1), (1.999, 1), (1.0, 2), (0.5, 4), (0.7, 3), (3.0, 1)] {
            assert_eq!(
                Timeline::new(&clips(stride)).non_overlapping_lag(),
                lag,
                "stride {stride}"
            );
        }
    }

    #[test]
    fn stretches_of_clips_tile_the_video() {
        let clips: Vec<Clip> = (0..4)
            .map(|i| Clip::new(f64::from(i), f64::from(i) + 2.0))
            .collect();
        let timeline = Timeline::new(&clips);
        assert_eq!(
            timeline.time_of(&(0..2)),
            TimeRange {
                start_s: 0.0,
                end_s: 2.5
            }
        );
        assert_eq!(
            timeline.time_of(&(2..4)),
            TimeRange {
                start_s: 2.5,
                end_s: 5.0
            }
        );
    }

    #[test]
    fn bad_clips_are_found() {
        assert_eq!(
            find_bad_clip(&[Clip::new(0.0, 1.0), Clip::new(1.0, 2.0)]),
            None
        );
        assert_eq!(
            find_bad_clip(&[Clip::new(0.0, 1.0), Clip::new(0.0, 1.0)]),
            Some(1)
        );
        assert_eq!(find_bad_clip(&[Clip::new(0.0, f64::NAN)]), Some(0));
        assert_eq!(find_bad_clip(&[Clip::new(1.0, 1.0)]), Some(0));
    }
}
