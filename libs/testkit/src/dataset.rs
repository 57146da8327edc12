//! Data sets: which procedures, who does them how, and how that is recorded.

mod trainees;

use rand::Rng;
use std::collections::BTreeMap;

use crate::{
    Conditions, Performance, Procedure, RenderOptions, Style, USUAL_CRF,
    seed::{Purpose, rng},
};

/// What a data set is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatasetOptions {
    /// Everything follows from it.
    pub seed: u64,
    /// Procedures of each style in each half.
    pub tasks: usize,
    /// How often each kind of mistake, and each kind of harmless difference,
    /// is shown in a procedure.
    pub rounds: usize,
    /// Which half, or both.
    pub split: Option<Split>,
}

/// A half of a data set. No procedure is in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// To choose constants by.
    Tuning,
    /// To report how well that went.
    Reporting,
}

/// One procedure with its gold and its trainees.
#[derive(Debug, Clone)]
pub struct TaskPlan {
    /// Its folder.
    pub name: String,
    /// Which half it belongs to.
    pub split: Split,
    /// What is done.
    pub procedure: Procedure,
    /// Done right.
    pub gold: Recording,
    /// Done by others.
    pub trainees: Vec<Recording>,
}

/// One video.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Name of its file, without extension.
    pub name: String,
    /// Who does what.
    pub performance: Performance,
    /// Size and rate.
    pub options: RenderOptions,
    /// How strongly it is compressed; see [`write_video`](crate::write_video).
    pub crf: u8,
    /// By what results can be grouped; see [`plan_dataset`].
    pub strata: BTreeMap<String, String>,
}

/// Plans a data set: in each half and style so many procedures, each with a
/// gold and, in each round, one trainee for each kind of mistake (see
/// [`Edit`](crate::Edit)), one with several mistakes, and trainees who make
/// none but differ from the gold in performer, camera, light, pace, idle pauses
/// or allowed changes of the order.
///
/// The strata of a trainee are `style`, `split`, `edit` (the mistake, `several`
/// or `none`), `size` (of the mistake: small, medium, large), `case` (the
/// harmless difference), and `camera`, `light`, `performer`, `scene`: same,
/// mild or strong, how far each is from the gold's.
pub fn plan_dataset(options: &DatasetOptions) -> Vec<TaskPlan> {
    let mut plans = Vec::new();
    for split in [Split::Tuning, Split::Reporting] {
        for style in Style::ALL {
            if options.split.is_none_or(|wanted| wanted == split) {
                plans.extend((0..options.tasks).map(|task| plan_task(options, split, style, task)));
            }
        }
    }
    plans
}

impl Split {
    /// As it is written in data sets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tuning => "tuning",
            Self::Reporting => "reporting",
        }
    }
}

fn plan_task(options: &DatasetOptions, split: Split, style: Style, task: usize) -> TaskPlan {
    let place = Place {
        seed: options.seed,
        split,
        style,
        task,
    };
    // Half of the bits: such a seed is short enough to be told to others.
    let seed = place.rng(0).next_u64() >> 32;
    let procedure = Procedure::generate(style, seed);
    let gold = Recording {
        name: "gold".to_owned(),
        performance: Performance::gold(&procedure),
        options: RenderOptions {
            width: 480,
            height: 270,
            fps: 15,
        },
        crf: USUAL_CRF,
        strata: BTreeMap::new(),
    };
    let mut trainees = Vec::new();
    for round in 0..options.rounds {
        let mut rng = place.rng(1 + round);
        // A data set of one round has mistakes of all sizes, too.
        let turn = task + round;
        trainees.extend(trainees::round(&procedure, turn, &mut rng));
    }
    for (number, trainee) in trainees.iter_mut().enumerate() {
        trainee.name = format!("{:03}-{}", number + 1, trainee.name);
        let strata = [("style", style.name()), ("split", split.name())];
        let strata = strata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        trainee.strata.extend(strata);
        trainee
            .strata
            .extend(recorded(trainee.performance.conditions()));
    }
    TaskPlan {
        name: format!("{}-{}-{:02}", split.name(), style.name(), task + 1),
        split,
        procedure,
        gold,
        trainees,
    }
}

/// The strata that say how a video was recorded.
fn recorded(conditions: Conditions) -> impl Iterator<Item = (String, String)> {
    let aspects = [
        ("camera", conditions.camera),
        ("light", conditions.light),
        ("performer", conditions.performer),
        ("scene", conditions.scene),
    ];
    aspects
        .into_iter()
        .map(|(aspect, change)| (aspect.to_owned(), change.name().to_owned()))
}

/// One task's place in a data set.
#[derive(Clone, Copy)]
struct Place {
    seed: u64,
    split: Split,
    style: Style,
    task: usize,
}

impl Place {
    fn rng(self, part: usize) -> rand_chacha::ChaCha8Rng {
        let half = Split::Reporting == self.split;
        let style = Style::ALL.iter().position(|style| *style == self.style);
        let style = style.expect("ALL lists every style");
        let task = (self.task * Style::ALL.len() + style) * 2 + usize::from(half);
        rng(self.seed, Purpose::Dataset(task, part))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sopilot_judge::DeviationKind;

    use super::*;

    const OPTIONS: DatasetOptions = DatasetOptions {
        seed: 3,
        tasks: 4,
        rounds: 2,
        split: None,
    };

    #[test]
    fn every_kind_of_mistake_and_many_good_videos_are_there() {
        let plans = plan_dataset(&OPTIONS);
        assert_eq!(plans.len(), 2 * Style::ALL.len() * 4);
        for split in [Split::Tuning, Split::Reporting] {
            let videos = plans.iter().filter(|plan| plan.split == split);
            let truths: Vec<_> = videos
                .flat_map(|plan| plan.trainees.iter().map(|video| video.performance.truth()))
                .collect();
            for kind in DeviationKind::ALL {
                let shown = truths.iter().flat_map(|truth| &truth.deviations);
                assert!(
                    shown.filter(|told| told.kind == kind).count() >= 8,
                    "{kind:?}"
                );
            }
            let good = truths.iter().filter(|truth| truth.deviations.is_empty());
            assert!(3 * good.count() > truths.len());
        }
    }

    #[test]
    fn one_round_has_mistakes_of_every_size() {
        let options = DatasetOptions {
            rounds: 1,
            ..OPTIONS
        };
        let plans = plan_dataset(&options);
        let strata = plans
            .iter()
            .flat_map(|plan| plan.trainees.iter().map(|video| &video.strata));
        let sized: BTreeSet<_> = strata
            .filter_map(|strata| Some((&strata["edit"], strata.get("size")?)))
            .collect();
        let kinds: BTreeSet<_> = sized.iter().map(|(kind, _)| kind).collect();
        assert_eq!((kinds.len(), sized.len()), (10, 30), "{sized:?}");
    }

    #[test]
    fn halves_share_no_procedure_and_nothing_is_there_twice() {
        let plans = plan_dataset(&OPTIONS);
        let seeds: BTreeSet<_> = plans.iter().map(|plan| plan.procedure.seed()).collect();
        assert_eq!(seeds.len(), plans.len());
        let names: BTreeSet<_> = plans.iter().map(|plan| &plan.name).collect();
        assert_eq!(names.len(), plans.len());
        for plan in &plans {
            let names: BTreeSet<_> = plan.trainees.iter().map(|video| &video.name).collect();
            assert_eq!(names.len(), plan.trainees.len());
            let seeds: BTreeSet<_> = (plan.trainees.iter())
                .map(|video| video.performance.seed())
                .collect();
            assert_eq!(seeds.len(), plan.trainees.len());
        }
    }

    #[test]
    fn a_half_is_the_same_alone_and_more_rounds_or_tasks_change_no_video() {
        let names = |options: &DatasetOptions| -> BTreeSet<String> {
            let plans = plan_dataset(options);
            let videos = plans.iter().flat_map(|plan| {
                plan.trainees
                    .iter()
                    .map(|video| format!("{} {video:?}", plan.name))
            });
            videos.collect()
        };
        let all = names(&OPTIONS);
        let fewer = names(&DatasetOptions {
            tasks: 2,
            rounds: 1,
            split: Some(Split::Reporting),
            ..OPTIONS
        });
        assert!(!fewer.is_empty() && fewer.is_subset(&all));
    }

    #[test]
    fn strata_say_what_a_video_shows() {
        for plan in plan_dataset(&OPTIONS) {
            for video in &plan.trainees {
                let good = video.performance.truth().deviations.is_empty();
                assert_eq!(video.strata["edit"] == "none", good, "{}", video.name);
                assert_eq!(video.strata.contains_key("case"), good, "{}", video.name);
            }
        }
    }
}
