//! The constants that turn evidence into deviations, and why they are what
//! they are. They were reasoned out, and where several values are as reasonable,
//! chosen by the tuning half of drawn data sets; none is fitted more finely than
//! that. Change [`CALIBRATION`] with any of them.

/// Version of the rules and constants of this crate. Reports name it: two
/// scores compare only if theirs are equal.
pub const CALIBRATION: &str = "decode-4";

// ---- Likeness: 0 is unrelated, 1 is as alike as the gold to itself. ----

/// A look-alike that is already explained by another step speaks for a missing
/// one by this much less: as far as from what speaks for nothing to clearly
/// alike.
pub(crate) const EXPLAINED: f64 = CLEARLY_ALIKE - BACKGROUND;

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

/// Half-way from what speaks neither for nor against ([`BACKGROUND`]) to alike.
pub(crate) const CLEARLY_ALIKE: f64 = 0.8;

// ---- Decoding, in nats. ----

/// The likeness at which a clip speaks neither for a place in the gold nor for
/// work that belongs to none. Above half, for of all places the best one is
/// taken, and by chance the best reaches more than each.
pub(crate) const BACKGROUND: f64 = 0.6;

/// Evidence of one independent clip per unit of likeness: a clip as alike as
/// it can be expected to be is worth 2.4 nats.
pub(crate) const NATS_PER_LIKENESS: f64 = 6.0;

/// Beyond this, one clip's evidence grows ten times more slowly: no single
/// clip decides.
pub(crate) const SOFT_LIMIT: f64 = 3.0;

/// What a clip that cannot be seen well is worth relative to others.
pub(crate) const POOR_VIEW: f64 = 0.3;

/// A jump to a step that does not follow: less than one independent clip that
/// is alike. It need not be dearer, for a step's rows must be followed in their
/// order, and chance does not do that.
pub(crate) const JUMP: f64 = 1.5;

/// Starting the same step again at once. Half again a jump, for within a step
/// parts of a movement repeat.
pub(crate) const AGAIN: f64 = 2.2;

/// Leaving the steps for something else. Cheaper than a jump, for pauses
/// between steps are common.
pub(crate) const PAUSE: f64 = 1.0;

/// Another step than the gold's next one where the order is free: slightly
/// dear, so that look-alike steps keep the gold's order.
pub(crate) const FREE_ORDER: f64 = 0.5;

/// Staying at a place of the gold for another clip, and each place of the gold
/// that is passed by: cheap, for durations are judged by themselves, but not
/// free, so that the tempo is even where nothing speaks against it.
pub(crate) const WAIT: f64 = 0.2;
/// See [`WAIT`].
pub(crate) const HASTE: f64 = 0.05;

/// Each place left out at the beginning or the end of a step, …
pub(crate) const LEFT_OUT: f64 = 0.35;
/// … and at most this for all at one end: as much as two jumps.
pub(crate) const MAX_LEFT_OUT: f64 = 3.0;

/// Of fewer rows of a step it cannot be said how long they usually take.
pub(crate) const MIN_ROWS_FOR_PACE: usize = 3;

/// Less evidence than half a nat is not an occurrence of a step.
pub(crate) const MIN_OCCURRENCE: f64 = 0.5;

/// Nor is a stretch that goes through less than this share of the step.
pub(crate) const MIN_FRAGMENT: f64 = 0.3;

/// A step that was found nowhere was done where nothing else was, if that is
/// only half-way as alike as it is unlike: somewhere it must have been done, and
/// at another place other parts are mounted, so that it looks different. …
pub(crate) const RECLAIMED: f64 = 0.4;
/// … Its stretch lasts between half and twice as long as in the gold.
pub(crate) const RECLAIMED_LENGTH: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Two golds may be at parts of a step this far apart when they show the same.
pub(crate) const OUT_OF_STEP: f64 = 0.25;

/// Of several ways to name the steps that were out of order, the one counts
/// whose steps moved furthest: a place further is worth this part of a sure
/// occurrence.
pub(crate) const MOVED: f64 = 0.1;
/// However far it moved, an occurrence counts for something.
pub(crate) const LEAST_WEIGHT: f64 = 0.05;

// ---- Deviations. ----

/// Something unlike in a step's place is that step done wrongly if it takes
/// at least this share of the step's time; else the step is missing.
pub(crate) const SLOT_FILLED: f64 = 0.5;

/// A step of which at least this share is missing at its end was broken off, …
pub(crate) const BROKEN_OFF: f64 = 0.2;
/// … if it also took no longer than this share of the usual time: what was not
/// done took no time.
pub(crate) const BROKEN_OFF_TIME: f64 = 0.9;
/// A step done so fast that its time alone is a deviation misses a little of
/// its end by chance: then this much must be missing.
pub(crate) const BROKEN_OFF_FAST: f64 = 0.28;

/// What stirs less than this share of what steps do, is a pause, …
pub(crate) const IDLE_MOTION: f64 = 0.2;
/// … over what stirs in the calmest clips, by this quantile.
pub(crate) const CALM_QUANTILE: f64 = 0.05;
/// Those are calm only if they stir less than this share of what steps do.
pub(crate) const CALM_SHARE: f64 = 0.5;

/// A pause lasts longer than so many clips that share no frames; slow work is
/// held up for as long as that.
pub(crate) const LEAST_PAUSE: usize = 2;

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

/// Other work at the same place resembles a gold here and there, and levels are
/// set by the trainee. But then clips are less alike than the gold is to itself
/// (below this share of its contrast), …
pub(crate) const WEAK_CONTRAST: f64 = 0.9;
/// … and many of them show no step: less than this share do. Each by itself also
/// happens to somebody who does the right work: under another light, or with
/// long pauses.
pub(crate) const LITTLE_EXPLAINED: f64 = 0.75;

/// From this share of flagged clips a person must look.
pub(crate) const REVIEW_FLAGGED: f64 = 0.3;
/// From this share too little can be seen to compare anything.
pub(crate) const BLIND_FLAGGED: f64 = 0.8;
