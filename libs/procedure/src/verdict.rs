//! From a score to a verdict.

use crate::calibration::{
    BLIND_FLAGGED, LITTLE_EXPLAINED, MIN_CONTRAST, REVIEW_FLAGGED, WEAK_CONTRAST,
};
use crate::plan::Plan;
use crate::report::{StepResult, StepStatus, Verdict};

/// What a verdict rests on.
pub(crate) struct Grounds<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) score: f64,
    pub(crate) steps: &'a [StepResult],
    /// Steps that seem missing or wrong, but too unsurely to be reported.
    pub(crate) doubtful: &'a [usize],
    /// See [`crate::likeness::Likeness::contrast`].
    pub(crate) contrast: f64,
    /// See [`crate::likeness::Likeness::clip_contrast`].
    pub(crate) clip_contrast: f64,
    /// Share of the trainee's clips that show a step.
    pub(crate) explained: f64,
    /// Share of the trainee's clips that cannot be seen well.
    pub(crate) flagged: f64,
}

/// The verdict, and why. Asked in this order: can the videos be compared, can
/// the trainee be seen, was a critical step done, is anything in doubt, what
/// does the score say.
pub(crate) fn verdict(grounds: &Grounds<'_>) -> (Verdict, String) {
    let percent = 100.0 * grounds.flagged;
    if grounds.flagged >= BLIND_FLAGGED {
        return (
            Verdict::NotComparable,
            format!(
                "{percent:.0} % of the trainee's video is dark, burnt out, blurry or frozen, so the work cannot be seen."
            ),
        );
    }
    if grounds.contrast < MIN_CONTRAST {
        return (
            Verdict::NotComparable,
            "The two videos are no more alike than videos of different work, so the score means nothing.".to_owned(),
        );
    }
    if grounds.clip_contrast < WEAK_CONTRAST && grounds.explained < LITTLE_EXPLAINED {
        return (
            Verdict::NotComparable,
            format!(
                "Only {:.0} % of the trainee's video resembles steps of the gold, and those weakly: it seems to show different work, so the score means nothing.",
                100.0 * grounds.explained
            ),
        );
    }
    if grounds.flagged >= REVIEW_FLAGGED {
        return (
            Verdict::NeedsReview,
            format!(
                "{percent:.0} % of the trainee's video is dark, burnt out, blurry or frozen, so a person must look."
            ),
        );
    }
    if let Some(step) = grounds
        .steps
        .iter()
        .find(|step| is_failed_critical(grounds.plan, step))
    {
        let what = if step.status == StepStatus::Wrong {
            "done wrongly"
        } else {
            "left out"
        };
        let name = &step.name;
        let reason = match &grounds.plan.steps[step.index as usize].part_of_critical {
            None => format!("The critical step \"{name}\" was {what}."),
            Some(whole) => {
                format!("\"{name}\", a part of the critical step \"{whole}\", was {what}.")
            }
        };
        return (Verdict::Fail, reason);
    }
    by_score(grounds)
}

fn is_failed_critical(plan: &Plan, step: &StepResult) -> bool {
    plan.steps[step.index as usize].step.critical
        && matches!(step.status, StepStatus::Missing | StepStatus::Wrong)
}

fn by_score(grounds: &Grounds<'_>) -> (Verdict, String) {
    let (score, thresholds) = (grounds.score, &grounds.plan.thresholds);
    if score < thresholds.fail_score {
        return (
            Verdict::Fail,
            format!(
                "The score of {score:.1} is below {}, from which a person decides.",
                thresholds.fail_score
            ),
        );
    }
    if let Some(&step) = grounds.doubtful.first() {
        return (
            Verdict::NeedsReview,
            format!(
                "It is in doubt whether \"{}\" was done, so a person must look.",
                grounds.plan.name(step)
            ),
        );
    }
    if score < thresholds.pass_score {
        return (
            Verdict::NeedsReview,
            format!(
                "The score of {score:.1} is between {} and {}, where a person decides.",
                thresholds.fail_score, thresholds.pass_score
            ),
        );
    }
    (
        Verdict::Pass,
        format!(
            "The score of {score:.1} reaches {}, and no critical step is missing or wrong.",
            thresholds.pass_score
        ),
    )
}
