//! What scoring does without a part of itself.

/// Parts that scoring leaves out, to measure what each is worth. By default
/// none: [`score_without`](crate::score_without) is then [`score`](crate::score()).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ablation {
    /// One pause for all steps, instead of one after each: while the trainee
    /// pauses it is forgotten how far the work was, and every step may follow.
    pub shared_pause: bool,
    /// A step's course is not looked at: neither does a stretch that follows it
    /// speak for the step, nor does a course that starts again tell a
    /// repetition.
    pub no_course: bool,
}
