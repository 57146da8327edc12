//! Other ways to find deviations, to be measured beside ours.
//!
//! Every [`Method`] sees the same [`Pair`]: a gold with its steps and a trainee,
//! as embeddings of their clips. None is tuned: each constant is either its
//! authors', scoring's own, or explained where it stands.
//!
//! | method | finds | cannot find |
//! |---|---|---|
//! | [`LengthOnly`], [`PooledCosine`], [`DtwCost`] | that something is wrong | what |
//! | [`EarlierRules`] | missing steps, wrong execution | anything out of order (its path is monotone), repeated or extra |
//! | [`Argmax`] | missing, moved and repeated steps, durations | wrong execution, extra activity: every clip is some step's |
//! | [`LeftToRight`] | missing steps, durations | anything out of order or repeated, extra activity, wrong execution |
//! | [`DropDtw`] | missing steps, extra activity, durations | anything out of order or repeated |
//! | [`DurationHmm`] | all kinds | a step done again at once, told from a slow one; wrong execution that still looks like its step |
//! | [`OracleBoundaries`] | as [`DurationHmm`], with the true boundaries given | |
//! | [`Sopilot`] | all | |
//!
//! The ablations of the last two are methods of their own. A [`ControlGold`] is
//! one against which there is nothing to be found: the gold with its clips out
//! of order, or another task's.

mod argmax;
mod control;
mod decoded;
mod drop_dtw;
mod duration_hmm;
mod earlier_rules;
mod edit;
mod left_to_right;
mod likelihood;
mod oracle;
mod pair;
mod sopilot;
mod whole_video;

use sopilot_dtw::DtwError;
use sopilot_judge::Prediction;
use sopilot_procedure::{PrepareError, ScoreError};

pub use argmax::Argmax;
pub use control::{Control, ControlGold, another_task};
pub use drop_dtw::DropDtw;
pub use duration_hmm::DurationHmm;
pub use earlier_rules::EarlierRules;
pub use left_to_right::LeftToRight;
pub use oracle::OracleBoundaries;
pub use pair::{Gold, Pair, Recording};
pub use sopilot::Sopilot;
pub use whole_video::{DtwCost, LengthOnly, PooledCosine};

/// A way to find deviations.
pub trait Method: Send + Sync {
    /// Short, stable and unique among [`all`]; ablations are named after what
    /// they are ablations of, `method/what-is-left-out`.
    fn name(&self) -> &'static str;

    /// What it does, in one line.
    fn about(&self) -> &'static str;

    /// What it makes of one pair.
    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError>;
}

/// Why a method has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BaselineError {
    /// The gold cannot be prepared.
    #[error("the gold cannot be prepared: {0}")]
    Prepare(#[from] PrepareError),
    /// The sequences cannot be aligned.
    #[error("the videos cannot be aligned: {0}")]
    Align(#[from] DtwError),
    /// The alignment cannot be scored.
    #[error("the alignment cannot be scored: {0}")]
    Score(#[from] ScoreError),
    /// A matrix has another number of rows than there are clips.
    #[error("there are {clips} clips but {rows} embeddings: give one embedding for every clip")]
    ClipCount {
        /// Clips.
        clips: usize,
        /// Embeddings.
        rows: usize,
    },
    /// The oracle was asked about a pair without truth.
    #[error("the method \"{method}\" needs the truth about the trainee: give it to Pair::new")]
    NoTruth {
        /// The method.
        method: &'static str,
    },
}

/// Every method, the plainest first, ablations after what they are ablations
/// of.
pub fn all() -> Vec<Box<dyn Method>> {
    let mut all: Vec<Box<dyn Method>> = vec![
        Box::new(LengthOnly),
        Box::new(PooledCosine),
        Box::new(DtwCost),
        Box::new(EarlierRules),
        Box::new(Argmax),
        Box::new(LeftToRight),
        Box::new(DropDtw),
        Box::new(OracleBoundaries),
    ];
    for method in DurationHmm::ALL {
        all.push(Box::new(method));
    }
    for method in Sopilot::ALL {
        all.push(Box::new(method));
    }
    all
}

#[cfg(test)]
mod tests;
