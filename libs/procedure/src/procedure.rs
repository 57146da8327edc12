//! A standard operating procedure as scoring sees it.

/// A standard operating procedure. Nothing is checked on the way in: see
/// [`Procedure::validate`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Procedure {
    /// The steps in the order in which the gold shows them, each followed by
    /// its parts; at most [`Procedure::MAX_STEPS`]. Empty: steps are found in
    /// the gold.
    pub steps: Vec<Step>,
    /// Which orders are allowed.
    pub order: Order,
    /// From measurements to a verdict.
    pub thresholds: Thresholds,
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the procedure, 1 to [`Procedure::MAX_NAME_CHARS`] characters.
    pub name: String,
    /// What is done, for people.
    pub description: String,
    /// The step that it is a part of, as an index of the procedure's steps.
    pub parent: Option<usize>,
    /// When the gold shows it. Given for all steps without parts or for none;
    /// a step with parts takes its time from them.
    pub gold_time: Option<TimeRange>,
    /// A critical step that is missing or wrong, as a whole or in a part, can
    /// never pass.
    pub critical: bool,
    /// An optional step may be left out as a whole at no cost.
    pub optional: bool,
    /// Share of the score relative to other parts of the same step, or to other
    /// steps that are no part of any; greater than 0.
    pub weight: f64,
    /// Shortest and longest allowed duration. `None`: judged against the gold.
    pub duration: Option<DurationRange>,
}

/// A stretch of a video, in seconds after its first presented frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeRange {
    /// Start.
    pub start_s: f64,
    /// End, greater than the start.
    pub end_s: f64,
}

/// The shortest and longest allowed duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DurationRange {
    /// Shortest, in seconds; not negative.
    pub min_s: f64,
    /// Longest, in seconds; not less than the shortest, greater than 0.
    pub max_s: f64,
}

/// Which orders of steps are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Order {
    /// Each step after the one listed before it.
    #[default]
    Sequential,
    /// Any order in which the first step of every pair, with all its parts,
    /// comes before the second; indices from 0, without cycles.
    Partial(Vec<(usize, usize)>),
}

/// From measurements to a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Scores from here pass. From 0 to 100.
    pub pass_score: f64,
    /// Scores below this fail. From 0 to `pass_score`.
    pub fail_score: f64,
    /// A step longer than this multiple of the tempo-corrected gold is over
    /// time. Greater than 1.
    pub over_time_ratio: f64,
    /// A step shorter than this fraction of the tempo-corrected gold is under
    /// time. Between 0 and 1.
    pub under_time_ratio: f64,
    /// Deviations of less confidence are not reported. From 0 to 1.
    pub min_confidence: f64,
}

impl Procedure {
    /// Most steps of a procedure.
    pub const MAX_STEPS: usize = 200;
    /// Longest name of a step.
    pub const MAX_NAME_CHARS: usize = 200;
    /// Most levels of steps: a step, its parts, their parts, and so on.
    pub const MAX_LEVELS: usize = 4;
}

impl Step {
    /// A step that is neither critical nor optional, of weight 1, without
    /// times.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            parent: None,
            gold_time: None,
            critical: false,
            optional: false,
            weight: 1.0,
            duration: None,
        }
    }
}

impl TimeRange {
    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            pass_score: 80.0,
            fail_score: 60.0,
            over_time_ratio: 1.6,
            under_time_ratio: 0.6,
            min_confidence: 0.5,
        }
    }
}
