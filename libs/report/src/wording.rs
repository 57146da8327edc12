//! How a report says things: numbers, times, verdicts, deviations.

use fluent_bundle::{FluentArgs, FluentValue};
use sopilot_procedure::research::Interval;
use sopilot_procedure::{Deviation, DeviationType, StepResult, StepStatus, TimeRange, Verdict};
use time::OffsetDateTime;

use crate::foreign::Foreign;
use crate::locale::Locale;
use crate::model::{DeviationReview, Report};

/// What stands where there is nothing to say.
pub(crate) const NOTHING: &str = "–";

/// Variables of a text.
pub(crate) fn args<'a, const N: usize>(pairs: [(&'a str, FluentValue<'a>); N]) -> FluentArgs<'a> {
    let mut args = FluentArgs::with_capacity(N);
    for (name, value) in pairs {
        args.set(name, value);
    }
    args
}

impl Locale {
    /// A text with variables.
    pub(crate) fn say<const N: usize>(
        &self,
        id: &str,
        pairs: [(&str, FluentValue<'_>); N],
    ) -> String {
        self.text_with(id, &args(pairs))
    }

    /// A number with so many decimals; a dash if it is none.
    pub(crate) fn number(&self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return NOTHING.to_owned();
        }
        // No −0.0.
        let value = if value == 0.0 { 0.0 } else { value };
        let plain = format!("{value:.decimals$}");
        let plain = match plain.strip_prefix('-') {
            Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
            Some(digits) => format!("−{digits}"),
            None => plain,
        };
        let mark = self.text("decimal-mark");
        plain.replace('.', &mark)
    }

    /// A share as a percentage.
    pub(crate) fn percent(&self, share: f64) -> String {
        self.say("percent", [("value", self.number(share * 100.0, 0).into())])
    }

    /// A time within a video: minutes and seconds, to a tenth.
    pub(crate) fn clock(&self, seconds: f64) -> String {
        if !seconds.is_finite() {
            return NOTHING.to_owned();
        }
        let tenths = (seconds.max(0.0) * 10.0).round() as u64;
        let mark = self.text("decimal-mark");
        let shown = format!("{:02}{mark}{}", tenths / 10 % 60, tenths % 10);
        self.say(
            "minutes-and-seconds",
            [
                ("minutes", (tenths / 600).to_string().into()),
                ("seconds", shown.into()),
            ],
        )
    }

    /// A time within a video for axes: minutes and whole seconds.
    pub(crate) fn short_clock(&self, seconds: f64) -> String {
        let seconds = seconds.max(0.0).round() as u64;
        self.say(
            "minutes-and-seconds",
            [
                ("minutes", (seconds / 60).to_string().into()),
                ("seconds", format!("{:02}", seconds % 60).into()),
            ],
        )
    }

    pub(crate) fn range(&self, time: &TimeRange) -> String {
        self.say(
            "time-range",
            [
                ("start", self.clock(time.start_s).into()),
                ("end", self.clock(time.end_s).into()),
            ],
        )
    }

    pub(crate) fn interval(&self, low: f64, high: f64) -> String {
        self.say(
            "interval",
            [
                ("low", self.number(low, 1).into()),
                ("high", self.number(high, 1).into()),
            ],
        )
    }

    /// A date with its time, in UTC.
    pub(crate) fn moment(&self, at: OffsetDateTime) -> String {
        let at = at.to_offset(time::UtcOffset::UTC);
        self.say(
            "date-and-time",
            [
                ("day", at.day().to_string().into()),
                ("month", u8::from(at.month()).into()),
                ("year", at.year().to_string().into()),
                (
                    "time",
                    format!("{:02}:{:02}", at.hour(), at.minute()).into(),
                ),
            ],
        )
    }

    /// A date alone, short, in UTC.
    pub(crate) fn day(&self, at: OffsetDateTime) -> String {
        let at = at.to_offset(time::UtcOffset::UTC);
        self.say(
            "day",
            [
                ("year", at.year().to_string().into()),
                ("month2", format!("{:02}", u8::from(at.month())).into()),
                ("day2", format!("{:02}", at.day()).into()),
            ],
        )
    }

    pub(crate) fn verdict(&self, verdict: Verdict) -> String {
        self.text(match verdict {
            Verdict::Pass => "verdict-pass",
            Verdict::Fail => "verdict-fail",
            Verdict::NeedsReview => "verdict-needs-review",
            Verdict::NotComparable => "verdict-not-comparable",
        })
    }

    /// What the verdict that counts means. That a person should confirm it is
    /// said until one has.
    pub(crate) fn verdict_means(&self, report: &Report) -> String {
        self.text(match report.effective_verdict() {
            Verdict::Pass => "verdict-pass-means",
            Verdict::Fail if report.review.is_some() => "verdict-fail-confirmed-means",
            Verdict::Fail => "verdict-fail-means",
            Verdict::NeedsReview => "verdict-needs-review-means",
            Verdict::NotComparable => "verdict-not-comparable-means",
        })
    }

    /// Why the verdict was made, in the locale's own words.
    pub(crate) fn why(&self, report: &Report) -> String {
        let failed = report.steps.iter().find(|step| {
            step.critical && matches!(step.result.status, StepStatus::Missing | StepStatus::Wrong)
        });
        match (report.verdict, failed) {
            (Verdict::Fail, Some(step)) => {
                let id = if step.result.status == StepStatus::Wrong {
                    "why-critical-wrong"
                } else {
                    "why-critical-missing"
                };
                let name = Foreign::name(&step.result.name).isolated();
                self.say(id, [("step", name.into())])
            }
            (Verdict::Fail, None) => self.text("why-fail"),
            (Verdict::NeedsReview, _) => self.text("why-needs-review"),
            (Verdict::Pass, _) => self.text("why-pass"),
            (Verdict::NotComparable, _) => self.text("why-not-comparable"),
        }
    }

    /// Where the score lies, in a sentence. An interval narrower than what is
    /// shown of a score says nothing.
    pub(crate) fn score_interval(&self, interval: Option<Interval>) -> Option<String> {
        let ends = interval.filter(|ends| ends.high - ends.low >= 0.1)?;
        let shown = self.interval(ends.low, ends.high);
        Some(self.say("score-interval", [("interval", shown.into())]))
    }

    /// What the time of a deviation in the trainee's video is.
    pub(crate) fn when_trainee(&self, found: &Deviation) -> String {
        self.text(if found.kind == DeviationType::MissingStep {
            "when-should-have-been"
        } else {
            "when-trainee"
        })
    }

    /// What the verdict would be without a deviation.
    pub(crate) fn without_it(&self, report: &Report, found: &Deviation) -> String {
        if found.verdict_without == report.verdict {
            self.text("without-it-same")
        } else {
            self.verdict(found.verdict_without)
        }
    }

    /// When the trainee did a step; a dash where that was not asked.
    pub(crate) fn trainee_time(&self, step: &StepResult) -> String {
        match (&step.trainee_time, step.status) {
            (Some(time), _) => self.range(time),
            (None, StepStatus::Unresolved) => NOTHING.to_owned(),
            (None, _) => self.text("not-seen"),
        }
    }

    /// How long a step took, relative to the gold.
    pub(crate) fn duration(&self, step: &StepResult) -> String {
        let ratio = step.duration_ratio.map(|ratio| self.percent(ratio));
        ratio.unwrap_or_else(|| NOTHING.to_owned())
    }

    /// What happened, in a few words.
    pub(crate) fn kind(&self, kind: DeviationType) -> String {
        self.text(&format!("kind-{}", kind_id(kind)))
    }

    /// What was seen, in the locale's own words.
    pub(crate) fn seen(&self, report: &Report, deviation: &Deviation) -> String {
        let step = Foreign::name(&deviation.step_name).isolated();
        let id = format!("seen-{}", kind_id(deviation.kind));
        let about_time = matches!(
            deviation.kind,
            DeviationType::OverTime | DeviationType::UnderTime
        );
        let of_step = deviation.gold_step.and_then(|index| {
            let mut steps = report.steps.iter();
            steps.find(|step| step.result.index == index)
        });
        // Where the procedure has limits, the gold's duration was not asked.
        let judged_by_gold = of_step.filter(|step| !step.has_limits);
        match judged_by_gold.and_then(|step| step.result.duration_ratio) {
            Some(ratio) if about_time => self.say(
                &format!("{id}-ratio"),
                [("step", step.into()), ("ratio", self.percent(ratio).into())],
            ),
            _ => {
                let seconds = self.number(deviation.trainee_time.duration_s(), 1);
                let duration = self.say("seconds", [("value", seconds.into())]);
                self.say(&id, [("step", step.into()), ("duration", duration.into())])
            }
        }
    }

    /// What a person said about a deviation.
    pub(crate) fn review_status(&self, review: Option<&DeviationReview>) -> String {
        let Some(review) = review else {
            return self.text("review-none");
        };
        let id = if review.confirmed {
            "review-real"
        } else {
            "review-false-alarm"
        };
        let reviewer = Foreign::name(&review.reviewer).isolated();
        self.say(id, [("reviewer", reviewer.into())])
    }

    pub(crate) fn status(&self, status: StepStatus) -> String {
        self.text(match status {
            StepStatus::Done => "status-done",
            StepStatus::Deviated => "status-deviated",
            StepStatus::Wrong => "status-wrong",
            StepStatus::Missing => "status-missing",
            StepStatus::Skipped => "status-skipped",
            StepStatus::Unresolved => "status-unresolved",
        })
    }

    /// Points lost, with a sign.
    pub(crate) fn points_lost(&self, points: f64) -> String {
        if points < 0.05 {
            return self.text("no-points");
        }
        self.say("points-lost", [("points", self.number(points, 1).into())])
    }
}

/// As the names of texts and of classes spell a kind.
pub(crate) fn kind_id(kind: DeviationType) -> &'static str {
    match kind {
        DeviationType::MissingStep => "missing-step",
        DeviationType::OutOfOrder => "out-of-order",
        DeviationType::RepeatedStep => "repeated-step",
        DeviationType::ExtraActivity => "extra-activity",
        DeviationType::WrongExecution => "wrong-execution",
        DeviationType::OverTime => "over-time",
        DeviationType::UnderTime => "under-time",
    }
}

/// As the names of texts and of classes spell a verdict.
pub(crate) fn verdict_id(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::NeedsReview => "needs-review",
        Verdict::NotComparable => "not-comparable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let en = Locale::negotiate("en").unwrap();
        assert_eq!(en.number(-0.04, 1), "0.0");
        assert_eq!(en.number(-1.25, 2), "−1.25");
        assert_eq!(en.number(f64::NAN, 1), "–");
        assert_eq!(en.clock(59.96), "1:00.0");
        assert_eq!(en.clock(3725.0), "62:05.0");
        assert_eq!(en.clock(f64::INFINITY), "–");
        assert_eq!(en.percent(0.914), "91 %");
        assert_eq!(
            en.moment(time::macros::datetime!(2026-03-01 23:05 -02:00)),
            "2 March 2026, 01:05 UTC"
        );
    }
}
