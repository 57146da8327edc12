//! Steps and their parts: a forest, written as a list in which every step is
//! followed by its parts.

use std::ops::Range;

use crate::order::StepOrder;
use crate::procedure::{Order, Procedure, Step};

/// The shape of a list of steps. Means something only for a list without a
/// [mistake](Hierarchy::mistake).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    parents: Vec<Option<usize>>,
    /// Per step: itself and all its parts, in all levels.
    spans: Vec<Range<usize>>,
}

impl Hierarchy {
    pub(crate) fn of(steps: &[Step]) -> Self {
        let sound = |(step, wanted): (usize, &Step)| wanted.parent.filter(|&parent| parent < step);
        let parents: Vec<Option<usize>> = steps.iter().enumerate().map(sound).collect();
        let mut spans: Vec<Range<usize>> = (0..steps.len()).map(|step| step..step + 1).collect();
        // From the last to the first: parts are complete before their step.
        for step in (0..steps.len()).rev() {
            if let Some(parent) = parents[step] {
                spans[parent].end = spans[parent].end.max(spans[step].end);
            }
        }
        Self { parents, spans }
    }

    /// Of so many steps without parts, as they are found in a gold.
    pub(crate) fn flat(steps: usize) -> Self {
        Self {
            parents: vec![None; steps],
            spans: (0..steps).map(|step| step..step + 1).collect(),
        }
    }

    /// What is wrong with a step's parent, worded to follow "step …".
    pub(crate) fn mistake(steps: &[Step], step: usize) -> Option<String> {
        let parent = steps[step].parent?;
        if parent >= step {
            return Some(format!(
                "is a part of step {parent}, which does not come before it: list every step before its parts, counted from 0"
            ));
        }
        // The line of ancestors of the step before is all that can go on.
        let mut line = Vec::new();
        let mut next = Some(step - 1);
        while let Some(at) = next {
            line.push(at);
            next = steps[at].parent.filter(|&above| above < at);
        }
        if !line.contains(&parent) {
            return Some(format!(
                "is a part of step {parent}, but another step stands between them: list the parts of a step right after it"
            ));
        }
        let level = line.len() - line.iter().position(|&at| at == parent).unwrap_or(0);
        (level >= Procedure::MAX_LEVELS).then(|| {
            format!(
                "is on level {}, at most {} are allowed: make it a part of a higher step",
                level + 1,
                Procedure::MAX_LEVELS
            )
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(crate) fn parent(&self, step: usize) -> Option<usize> {
        self.parents[step]
    }

    pub(crate) fn has_parts(&self, step: usize) -> bool {
        self.spans[step].len() > 1
    }

    /// The direct parts of a step.
    pub(crate) fn parts(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.spans[step]
            .clone()
            .filter(move |&part| self.parents[part] == Some(step))
    }

    /// Whether `step` is `of` or one of its parts, in any level.
    pub(crate) fn is_in(&self, step: usize, of: usize) -> bool {
        self.spans[of].contains(&step)
    }

    /// The step and what it is a part of, upwards.
    pub(crate) fn line(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(step), |&at| self.parents[at])
    }

    /// Whether a step or one of its parts is critical.
    pub(crate) fn is_critical_within(&self, steps: &[Step], step: usize) -> bool {
        steps[self.spans[step].clone()]
            .iter()
            .any(|step| step.critical)
    }

    /// The steps without parts, in order.
    pub(crate) fn leaves(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|&step| !self.has_parts(step))
            .collect()
    }

    /// A step's finest parts, or itself, counted among the steps without parts.
    pub(crate) fn leaves_of(&self, step: usize) -> Range<usize> {
        let count = |steps: Range<usize>| steps.filter(|&step| !self.has_parts(step)).count();
        let start = count(0..step);
        start..start + count(self.spans[step].clone())
    }

    /// The finest steps that can be judged, in order: where one part of a step
    /// cannot be told from the rest, the step is judged as a whole.
    pub(crate) fn judged(&self, is_resolved: impl Fn(usize) -> bool) -> Vec<usize> {
        let is_whole = |step: usize| {
            !self.has_parts(step)
                || self
                    .parts(step)
                    .any(|part| !self.has_parts(part) && !is_resolved(part))
        };
        (0..self.len())
            .filter(|&step| is_whole(step) && self.line(step).skip(1).all(|above| !is_whole(above)))
            .collect()
    }

    /// What must come before what among some steps of which none is a part of
    /// another.
    pub(crate) fn order(&self, order: &Order, among: &[usize]) -> StepOrder {
        let Order::Partial(precedences) = order else {
            return StepOrder::new(&Order::Sequential, among.len());
        };
        let of = |step: usize| {
            let related = move |&index: &usize| {
                self.is_in(among[index], step) || self.is_in(step, among[index])
            };
            (0..among.len()).filter(related)
        };
        let pairs = precedences
            .iter()
            .flat_map(|&(before, after)| {
                of(before).flat_map(move |before| of(after).map(move |after| (before, after)))
            })
            // Within a step that is judged as a whole there is no order to judge.
            .filter(|(before, after)| before != after)
            .collect();
        StepOrder::new(&Order::Partial(pairs), among.len())
    }

    /// What share of its procedure a step's weight is, in the unit of the
    /// weights of steps that are no part of any: a step's weight is divided
    /// among its parts.
    pub(crate) fn weight(&self, steps: &[Step], step: usize) -> f64 {
        let Some(parent) = self.parents[step] else {
            return steps[step].weight;
        };
        let all: f64 = self.parts(parent).map(|part| steps[part].weight).sum();
        self.weight(steps, parent) * steps[step].weight / all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 (1, 2 (3, 4)), 5, 6 (7).
    fn steps() -> Vec<Step> {
        let parents = [
            None,
            Some(0),
            Some(0),
            Some(2),
            Some(2),
            None,
            None,
            Some(6),
        ];
        let step = |(index, &parent): (usize, &Option<usize>)| Step {
            parent,
            ..Step::named(format!("step {index}"))
        };
        parents.iter().enumerate().map(step).collect()
    }

    #[test]
    fn parts_follow_their_step() {
        let tree = Hierarchy::of(&steps());
        assert_eq!(tree.leaves(), [1, 3, 4, 5, 7]);
        assert_eq!([tree.leaves_of(0), tree.leaves_of(4)], [0..3, 2..3]);
        assert_eq!(tree.parts(0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(tree.line(4).collect::<Vec<_>>(), [4, 2, 0]);
        assert!(tree.is_in(4, 0) && !tree.is_in(5, 0));
        assert!((0..8).all(|step| Hierarchy::mistake(&steps(), step).is_none()));
        assert_eq!(Hierarchy::flat(1), Hierarchy::of(&steps()[5..6]));
    }

    #[test]
    fn a_part_at_the_wrong_place_is_a_mistake() {
        let mistake = |step: usize, parent: usize| {
            let mut steps = steps();
            steps[step].parent = Some(parent);
            Hierarchy::mistake(&steps, step).unwrap()
        };
        assert!(mistake(1, 1).contains("does not come before it"));
        assert!(mistake(1, 6).contains("does not come before it"));
        assert!(mistake(7, 2).contains("another step stands between"));
        let mut deep: Vec<Step> = (0..6).map(|index| Step::named(index.to_string())).collect();
        for (above, step) in deep.iter_mut().skip(1).enumerate() {
            step.parent = Some(above);
        }
        assert!(Hierarchy::mistake(&deep, Procedure::MAX_LEVELS - 1).is_none());
        let mistake = Hierarchy::mistake(&deep, Procedure::MAX_LEVELS).unwrap();
        assert!(mistake.contains("is on level 5, at most 4"), "{mistake}");
    }

    #[test]
    fn a_step_with_a_part_that_cannot_be_told_apart_is_judged_as_a_whole() {
        let tree = Hierarchy::of(&steps());
        assert_eq!(tree.judged(|_| true), [1, 3, 4, 5, 7]);
        assert_eq!(tree.judged(|part| part != 4), [1, 2, 5, 7]);
        assert_eq!(tree.judged(|part| part != 1), [0, 5, 7]);
        assert_eq!(tree.judged(|_| false), [0, 5, 6]);
    }

    #[test]
    fn an_order_of_steps_orders_all_their_parts() {
        let tree = Hierarchy::of(&steps());
        let order = Order::Partial(vec![(0, 5), (3, 4)]);
        let fine = tree.order(&order, &[1, 3, 4, 5, 7]);
        assert!((0..3).all(|part| fine.precedes(part, 3)));
        assert!(fine.precedes(1, 2) && !fine.precedes(0, 1) && !fine.precedes(0, 4));
        let coarse = tree.order(&order, &[1, 2, 5, 7]);
        assert!(coarse.precedes(1, 2) && !coarse.precedes(1, 1));
        assert!(tree.order(&Order::Sequential, &[0, 5, 6]).precedes(0, 2));
    }

    #[test]
    fn parts_share_the_weight_of_their_step() {
        let mut steps = steps();
        steps[0].weight = 3.0;
        steps[3].weight = 2.0;
        let tree = Hierarchy::of(&steps);
        let weight = |step| tree.weight(&steps, step);
        assert_eq!([weight(1), weight(2), weight(7)], [1.5, 1.5, 1.0]);
        assert!((weight(3) - 1.0).abs() < 1e-12 && (weight(4) - 0.5).abs() < 1e-12);
    }
}
