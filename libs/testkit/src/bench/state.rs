//! What the steps done so far have made of the work.

use super::{
    BenchTask,
    geometry::Vec2,
    item::{Item, ItemKind},
    layout::Layout,
};

/// The work as it is, so that a step that was left out is missing in every
/// later frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BenchState {
    /// Parts and traces in the order in which they came: later ones lie on top.
    pub(super) layers: Vec<Layer>,
    /// The plug that lies in the right one's place, the one beside it, and where
    /// they are now.
    pub(super) plugs: [(Item, Vec2); 2],
    /// How much is written on the notepad, 0..1.
    pub(super) written: f32,
    /// What a hand holds and is thus not in its place.
    pub(super) held: Option<Item>,
}

/// One thing that was left on the work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Layer {
    /// A part with its middle at a place, turned by an angle.
    Part(Item, Vec2, f32),
    /// What a task that needs no part leaves.
    Trace {
        task: BenchTask,
        /// How wrong the thing was that it was done with or to, 0..1.
        wrong: f32,
        /// How much of it is done, 0..1.
        progress: f32,
    },
}

impl BenchState {
    /// Nothing is done yet, and everything is `lying` in its place.
    pub(super) fn new(layout: &Layout, lying: &[Item]) -> Self {
        let plug = |wrong| {
            let kind = ItemKind::Plug;
            let usual = Item { kind, wrong };
            let there = |item: &&Item| item.kind == kind && item.beside() == usual.beside();
            let plug = *lying.iter().find(there).unwrap_or(&usual);
            (plug, layout.home(plug))
        };
        Self {
            layers: Vec::new(),
            plugs: [plug(0.0), plug(1.0)],
            written: 0.0,
            held: None,
        }
    }

    /// How wrong and how far the task was done, if it was, the last time.
    pub(super) fn last(&self, wanted: BenchTask) -> Option<(f32, f32)> {
        self.traces(wanted).last()
    }

    /// How much of what was to be cleaned is clean, and how much is soiled
    /// instead; the wrong tool does less of the one and more of the other.
    pub(super) fn cleaned(&self, task: BenchTask) -> (f32, f32) {
        self.traces(task)
            .fold((0.0_f32, 0.0_f32), |(clean, soiled), (wrong, progress)| {
                let good = progress * (1.0 - wrong);
                (
                    clean.max(good),
                    soiled.min(1.0 - good).max(progress * wrong),
                )
            })
    }

    fn traces(&self, wanted: BenchTask) -> impl Iterator<Item = (f32, f32)> {
        self.layers.iter().filter_map(move |layer| match *layer {
            Layer::Trace {
                task,
                wrong,
                progress,
            } if task == wanted => Some((wrong, progress)),
            _ => None,
        })
    }
}
