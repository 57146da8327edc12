//! What scoring does without a part of itself.

/// Parts that scoring leaves out, to measure what each is worth. By default
/// none: [`score_without`](crate::score_without) is then [`score`](crate::score()).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ablation {
    /// One pause for all steps, instead of one after each: while the trainee
    /// pauses it is forgotten how far the work was, and every step may follow.
    pub shared_pause: bool,
    /// The order within a step does not matter: any of its clips may follow any
    /// other, so nothing tells a repetition, or a part that was left out.
    pub no_course: bool,
}
