//! What is to be done: the steps of a procedure.

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use sopilot_judge::TimeRange;

use crate::{
    bench::BenchTask,
    seed::{Purpose, rng},
    style::{Style, Task, TaskSpec},
};

/// A standard operating procedure that can be performed and rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    name: String,
    style: Style,
    seed: u64,
    steps: Vec<StepSpec>,
    order: Order,
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSpec {
    /// What to do, for people.
    pub name: String,
    /// What the hands do.
    pub task: Task,
    /// How long the gold takes, in seconds.
    pub duration_s: f64,
    /// Whether the product is unsafe or useless without the step.
    pub critical: bool,
}

/// Which orders of the steps a procedure allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// As they are listed.
    Sequential,
    /// Any in which the first of each pair comes before the second.
    Partial(Vec<(usize, usize)>),
}

/// One step of the gold as an SOP lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldStep {
    /// What to do.
    pub name: String,
    /// When the gold shows it.
    pub time: TimeRange,
    /// Whether the product is unsafe or useless without the step.
    pub critical: bool,
}

impl Procedure {
    /// Fewest and most steps of a [generated](Self::generate) procedure.
    pub const GENERATED_STEPS: std::ops::RangeInclusive<usize> = 6..=15;

    /// The assembly of a sensor unit, in eight steps of 2.5 to 5 seconds. The
    /// seed varies durations, places and colours; steps and their order stay.
    pub fn demo(seed: u64) -> Self {
        use BenchTask::{
            ApplyLabel, DriveScrews, FitCover, PlaceBoard, PlugCable, ScanCode, SwitchOn,
            WipeHousing,
        };
        let mut rng = rng(seed, Purpose::Procedure);
        let tasks = [
            WipeHousing,
            PlaceBoard,
            DriveScrews,
            PlugCable,
            FitCover,
            ApplyLabel,
            SwitchOn,
            ScanCode,
        ];
        let spec = |task| {
            let mut catalogue = Style::Bench.catalogue().iter();
            catalogue
                .find(|spec| spec.task == Task::Bench(task))
                .expect("the catalogue lists every task of the bench")
        };
        let steps = tasks.map(|task| StepSpec::new(spec(task), rng.random_range(0.93..1.07)));
        Self {
            name: Style::Bench.product().to_owned(),
            style: Style::Bench,
            seed,
            steps: steps.to_vec(),
            order: Order::Sequential,
        }
    }

    /// A procedure of 6 to 15 steps, chosen and ordered by the seed so that
    /// every step finds done what it requires. Half of the procedures demand
    /// their order, the others only what the work itself demands.
    pub fn generate(style: Style, seed: u64) -> Self {
        let mut rng = rng(seed, Purpose::Steps);
        let catalogue = style.catalogue();
        let most = catalogue.len().min(*Self::GENERATED_STEPS.end());
        let count = rng.random_range(*Self::GENERATED_STEPS.start()..=most);
        let chosen = choose(catalogue, count, &mut rng);
        let arranged = arrange(&chosen, &mut rng);
        let steps: Vec<StepSpec> = arranged
            .iter()
            .map(|spec| StepSpec::new(spec, rng.random_range(0.8..1.25)))
            .collect();
        let order = if rng.random_bool(0.5) {
            Order::Sequential
        } else {
            Order::Partial(precedences(&arranged))
        };
        Self {
            name: format!("{} {seed}", style.product()),
            style,
            seed,
            steps,
            order,
        }
    }

    /// What the procedure makes, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is drawn.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Where the places of things and their colours come from; also the seed
    /// of the gold.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The steps in the order in which the gold does them.
    pub fn steps(&self) -> &[StepSpec] {
        &self.steps
    }

    /// Which orders are allowed.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Only the first `count` steps.
    #[must_use]
    pub fn first_steps(mut self, count: usize) -> Self {
        self.steps.truncate(count);
        if let Order::Partial(pairs) = &mut self.order {
            pairs.retain(|&(before, after)| before.max(after) < count);
        }
        self
    }

    /// Whether `before` must be done before `after`.
    pub fn precedes(&self, before: usize, after: usize) -> bool {
        match &self.order {
            Order::Sequential => before < after,
            Order::Partial(pairs) => pairs.contains(&(before, after)),
        }
    }
}

impl StepSpec {
    fn new(spec: &TaskSpec, pace: f64) -> Self {
        Self {
            name: spec.name.to_owned(),
            task: spec.task,
            duration_s: f64::clamp(spec.seconds * pace, 2.5, 8.0),
            critical: spec.critical,
        }
    }
}

/// About `count` tasks with all that they require, in the catalogue's order.
fn choose<'a>(catalogue: &'a [TaskSpec], count: usize, rng: &mut ChaCha8Rng) -> Vec<&'a TaskSpec> {
    let mut chosen: Vec<&TaskSpec> = Vec::new();
    let mut rest: Vec<&TaskSpec> = catalogue.iter().collect();
    while chosen.len() < count
        && let Some(&next) = rest.choose(rng)
    {
        let mut wanted = vec![next];
        let mut with_required: Vec<&TaskSpec> = Vec::new();
        while let Some(spec) = wanted.pop() {
            with_required.push(spec);
            wanted.extend(
                rest.iter()
                    .filter(|other| spec.requires.contains(&other.task)),
            );
        }
        rest.retain(|spec| !with_required.iter().any(|other| other.task == spec.task));
        if chosen.len() + with_required.len() <= *Procedure::GENERATED_STEPS.end() {
            chosen.extend(with_required);
        }
    }
    catalogue
        .iter()
        .filter(|spec| chosen.iter().any(|other| other.task == spec.task))
        .collect()
}

/// A random order in which everything finds done what must be done before it.
fn arrange<'a>(chosen: &[&'a TaskSpec], rng: &mut ChaCha8Rng) -> Vec<&'a TaskSpec> {
    let mut waiting = chosen.to_vec();
    let mut arranged = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready: Vec<usize> = (0..waiting.len())
            .filter(|&index| {
                !waiting
                    .iter()
                    .any(|other| waiting[index].follows(other.task))
            })
            .collect();
        let next = *ready
            .choose(rng)
            .expect("a catalogue has no circle of requirements");
        arranged.push(waiting.remove(next));
    }
    arranged
}

/// Every pair, by place, of which the work demands the order; transitive.
fn precedences(arranged: &[&TaskSpec]) -> Vec<(usize, usize)> {
    let steps = arranged.len();
    let mut before = vec![vec![false; steps]; steps];
    for after in 0..steps {
        for earlier in 0..after {
            if arranged[after].follows(arranged[earlier].task) {
                before[earlier][after] = true;
                for row in &mut before[..earlier] {
                    row[after] |= row[earlier];
                }
            }
        }
    }
    let pairs = (0..steps).flat_map(|first| (first + 1..steps).map(move |then| (first, then)));
    pairs.filter(|&(first, then)| before[first][then]).collect()
}

impl TaskSpec {
    /// Whether it must come after `task` where both are done.
    fn follows(&self, task: Task) -> bool {
        self.requires.contains(&task) || self.after.contains(&task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogues_list_each_task_once_and_after_what_it_needs() {
        for style in Style::ALL {
            let catalogue = style.catalogue();
            for (index, spec) in catalogue.iter().enumerate() {
                let earlier = |task: &Task| catalogue[..index].iter().any(|s| s.task == *task);
                assert!(!earlier(&spec.task), "{} twice", spec.name);
                assert!(spec.requires.iter().all(earlier), "{}", spec.name);
                assert!(spec.after.iter().all(earlier), "{}", spec.name);
                assert!((2.5..=8.0).contains(&spec.seconds), "{}", spec.name);
            }
        }
    }

    #[test]
    fn generated_procedures_find_done_what_they_require() {
        for style in Style::ALL {
            for seed in 0..200 {
                let procedure = Procedure::generate(style, seed);
                assert_eq!(procedure, Procedure::generate(style, seed));
                let steps = procedure.steps();
                assert!(steps.len() >= 6.min(style.catalogue().len()) && steps.len() <= 15);
                for (index, step) in steps.iter().enumerate() {
                    let spec = style.catalogue().iter().find(|s| s.task == step.task);
                    for required in spec.unwrap().requires {
                        let place = steps.iter().position(|other| other.task == *required);
                        assert!(place.is_some_and(|place| place < index), "{}", step.name);
                    }
                    let same = steps.iter().filter(|other| other.name == step.name);
                    assert_eq!(same.count(), 1, "{}", step.name);
                }
                if let Order::Partial(pairs) = procedure.order() {
                    assert!(pairs.iter().all(|(before, after)| before < after));
                    for (a, b) in pairs {
                        for (_, c) in pairs.iter().filter(|(first, _)| first == b) {
                            assert!(procedure.precedes(*a, *c), "transitive");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn seeds_give_different_procedures() {
        for style in Style::ALL {
            let lists: std::collections::BTreeSet<Vec<String>> = (0..50)
                .map(|seed| {
                    let procedure = Procedure::generate(style, seed);
                    procedure.steps().iter().map(|s| s.name.clone()).collect()
                })
                .collect();
            assert!(lists.len() > 25, "{}: {}", style.name(), lists.len());
        }
    }
}
