//! What a score is made from.

use std::ops::Range;

use sopilot_dtw::{Alignment, Evidence};

use crate::clip::Clip;
use crate::prepare::PreparedGold;
use crate::procedure::Procedure;

/// What a score is made from.
#[derive(Debug, Clone, Copy)]
pub struct ScoreInput<'a> {
    /// The procedure; without [violations](Procedure::validate).
    pub procedure: &'a Procedure,
    /// At least one gold; the first is the one whose times are shown. What any
    /// of them shows is never a deviation.
    pub golds: &'a [GoldInput<'a>],
    /// The trainee's clips.
    pub trainee: &'a [Clip],
}

/// One gold, and the trainee aligned with it.
#[derive(Debug, Clone, Copy)]
pub struct GoldInput<'a> {
    /// The gold.
    pub prepared: &'a PreparedGold,
    /// The alignment of gold and trainee, each centred on its own mean.
    pub alignment: &'a Alignment,
    /// The evidence for the steps of `prepared`.
    pub evidence: &'a Evidence,
}

impl GoldInput<'_> {
    /// The trainee's clips that were averaged into a column of the picture.
    pub(crate) fn clips_shown(&self, column: usize) -> Range<usize> {
        let clips = self.alignment.trainee_clips as usize;
        let first =
            |column: usize| (column * clips).div_ceil(self.evidence.picture.columns as usize);
        first(column)..first(column + 1)
    }

    /// The rows of the picture that show a step; never empty.
    pub(crate) fn picture_rows(&self, step: usize) -> Range<usize> {
        let clips = &self.prepared.steps[step].clips;
        let row = |clip: u32| {
            let rows = u64::from(self.evidence.picture.rows);
            (u64::from(clip) * rows / u64::from(self.alignment.gold_clips)) as usize
        };
        row(clips.start)..row(clips.end - 1) + 1
    }
}
