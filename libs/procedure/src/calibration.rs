//! The constants that turn evidence into deviations, and why they are what
//! they are. They were reasoned out and checked on synthetic performances (see
//! the example `demo_accuracy`); none is fitted to a data set. Change
//! [`CALIBRATION`] with any of them.

/// Version of the rules and constants of this crate. Reports name it: two
/// scores compare only if theirs are equal.
pub const CALIBRATION: &str = "decode-1";

// ---- Likeness: 0 is unrelated, 1 is as alike as the gold to itself. ----

/// The quantile of a trainee's best similarities that says what "alike" is for
/// this trainee: high enough that a trainee who does half of the work wrong
/// does not lower the bar for it.
pub(crate) const ALIKE_QUANTILE: f64 = 0.75;

/// A trainee resembles the gold less than the gold itself does, by a shift
/// that is fitted per trainee but bounded: below this share of the gold's own
/// contrast the two videos do not show the same work.
pub(crate) const MIN_CONTRAST: f64 = 0.5;

/// The gold's contrast between alike and unlike is never taken to be less, so
/// that a gold without any structure does not make noise look alike.
pub(crate) const MIN_GOLD_CONTRAST: f64 = 0.1;

/// Half-way between unrelated and alike.
pub(crate) const HALF_ALIKE: f64 = 0.5;

/// Below this, the best stretch for a step is what any work offers by chance:
/// a little below half, for it is the best of all places.
pub(crate) const HALF_COURSE: f64 = 0.45;

// ---- Decoding, in nats. ----

/// Evidence of one independent clip per unit of likeness: a clip as alike as
/// it can be expected to be is worth 2 nats, as is one that is unrelated.
pub(crate) const NATS_PER_LIKENESS: f64 = 4.0;

/// Evidence of one independent clip per unit of likeness of the step's course:
/// as much as the clip's own, which looks at it without its neighbours.
pub(crate) const NATS_PER_COURSE: f64 = 4.0;

/// Beyond this, one clip's evidence grows ten times more slowly: no single
/// clip decides.
pub(crate) const SOFT_LIMIT: f64 = 3.0;

/// What a clip that cannot be seen well is worth relative to others.
pub(crate) const POOR_VIEW: f64 = 0.3;

/// A jump to a step that does not follow: two independent clips that are
/// alike instead of unrelated pay for it.
pub(crate) const JUMP: f64 = 3.0;

/// Starting the same step again at once. Half a jump, for it does not leave
/// the step; that each time must go through most of the step guards against
/// chance.
pub(crate) const AGAIN: f64 = 1.5;

/// Leaving the steps for something else. Cheaper than a jump, for pauses
/// between steps are common.
pub(crate) const PAUSE: f64 = 1.0;

/// Another step than the gold's next one where the order is free: slightly
/// dear, so that look-alike steps keep the gold's order.
pub(crate) const FREE_ORDER: f64 = 0.5;

/// Less evidence than one alike clip is not an occurrence of a step.
pub(crate) const MIN_OCCURRENCE: f64 = 1.0;

/// Nor is a stretch shorter than this share of the step in the gold: nobody
/// works four times as fast.
pub(crate) const MIN_FRAGMENT: f64 = 0.25;

/// An unexplained stretch is a step's if that is ahead of all others by this
/// much likeness on average, …
pub(crate) const CLAIM_MARGIN: f64 = 0.2;

/// … and in this share of the clips.
pub(crate) const CLAIM_SHARE: f64 = 0.6;

// ---- Deviations. ----

/// Something unlike in a step's place is that step done wrongly if it takes
/// at least this share of the step's time; else the step is missing.
pub(crate) const SLOT_FILLED: f64 = 0.5;

/// A step of which less than this share is seen was done only in part.
pub(crate) const MIN_COVERAGE: f64 = 0.5;

/// Extra activity is worth reporting from this share of a usual step's
/// duration.
pub(crate) const EXTRA_SHARE: f64 = 0.5;

/// With fewer steps done than this, a slow step cannot be told from a slow
/// trainee, and the tempo is taken to be the gold's.
pub(crate) const MIN_STEPS_FOR_TEMPO: usize = 3;

/// Uncertainty of a duration's logarithm beside that of its two ends.
pub(crate) const DURATION_NOISE: f64 = 0.1;

// ---- Points, as shares of a step's weight. ----

/// A step left out earns nothing.
pub(crate) const COST_MISSING: f64 = 1.0;
/// So does a step done wrongly: its purpose was not reached.
pub(crate) const COST_WRONG: f64 = 1.0;
/// A step at the wrong place was done, but what it was to prepare or to
/// conclude was not.
pub(crate) const COST_OUT_OF_ORDER: f64 = 0.5;
/// Doing a step again costs time and material, but the work is done.
pub(crate) const COST_REPEATED: f64 = 0.25;
/// As for a repetition, of the mean step.
pub(crate) const COST_EXTRA: f64 = 0.25;
/// Slow or hasty work is the mildest deviation.
pub(crate) const COST_TIME: f64 = 0.2;

// ---- Verdict. ----

/// From this share of flagged clips a person must look.
pub(crate) const REVIEW_FLAGGED: f64 = 0.3;
/// From this share too little can be seen to compare anything.
pub(crate) const BLIND_FLAGGED: f64 = 0.8;
