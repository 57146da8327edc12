//! What the steps done so far have made of the table.

use super::{
    LabTask,
    gesture::loop_stand,
    item::{Item, ItemKind, Placing, Wear},
    layout::{Layout, Station},
    space::{AWAY, Vec3, at},
};

/// How much of a task was done, and with how wrong a thing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Done {
    /// 0..1; more if it was done again and adds up.
    pub(super) amount: f32,
    pub(super) wrong: f32,
}

/// The state of the table: drawn as it is, so that a step that was left out is
/// missing in every later frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    done: [Done; LabTask::COUNT],
    /// What the working hand holds and is thus not in its place.
    pub(super) held: Option<Item>,
    /// How wrong the thing in use is, for each kind.
    wrong: [f32; ItemKind::ALL.len()],
}

/// Part of a placing task after which the thing is let go.
pub(super) const LET_GO: f32 = 0.7;
/// And of loading the centrifuge, after which the hood is closed.
pub(super) const LOADED: f32 = 0.45;

impl Work {
    /// Before anything was done. `wrong` lists the kinds of things with which
    /// this performance goes wrong, and how far.
    pub(super) fn new(wrong: &[(ItemKind, f32)]) -> Self {
        let mut by_kind = [0.0; ItemKind::ALL.len()];
        for (kind, difference) in wrong {
            by_kind[*kind as usize] = *difference;
        }
        Self {
            done: [Done::default(); LabTask::COUNT],
            held: None,
            wrong: by_kind,
        }
    }

    pub(super) fn done(&self, task: LabTask) -> Done {
        self.done[task as usize]
    }

    pub(super) fn set(&mut self, task: LabTask, done: Done) {
        self.done[task as usize] = done;
    }

    /// The thing in use. Whoever goes wrong with it finds a wrong one in its
    /// place; of the vials, they take the spare one.
    pub(super) fn main(&self, kind: ItemKind) -> Item {
        let swapped = kind != ItemKind::Vial;
        let wrong = self.wrong[kind as usize];
        Item::new(kind, if swapped { wrong } else { 0.0 })
    }

    /// The other one beside it.
    pub(super) fn spare(&self, kind: ItemKind) -> Item {
        let wrong = match kind {
            ItemKind::Vial if self.wrong[kind as usize] > 0.0 => self.wrong[kind as usize],
            _ => 1.0,
        };
        let spare = true;
        Item { kind, wrong, spare }
    }

    /// Which of both is used by someone who goes wrong by `wrong`.
    pub(super) fn taken(&self, kind: ItemKind, wrong: f32) -> Item {
        if kind == ItemKind::Vial && wrong > 0.0 {
            self.spare(kind)
        } else {
            self.main(kind)
        }
    }

    /// The thing that a task has put to its new place.
    pub(super) fn placed(&self, kind: ItemKind) -> Option<Item> {
        let (task, let_go) = placing_task(kind)?;
        let done = self.done(task);
        (done.amount >= let_go - 1e-3).then(|| self.taken(kind, done.wrong))
    }

    /// Where `item` is if nobody holds it: where a task put it, or at home.
    pub(super) fn place_of(&self, item: Item, layout: &Layout) -> Placing {
        let moved = self
            .placed(item.kind)
            .is_some_and(|placed| placed.spare == item.spare)
            && !item.kind.is_stock();
        match self.target(item.kind, layout) {
            Some(target) if moved => target,
            _ => self.home(item, layout),
        }
    }

    /// Where `item` is taken from at first.
    pub(super) fn home(&self, item: Item, layout: &Layout) -> Placing {
        let place = |station, x, y, z| layout.place(station) + at(x, y, z);
        let tools = |x: f32| place(Station::Tools, x, 3.5, 1.0);
        let mut placing = Placing::upright(match item.kind {
            ItemKind::Sponge => place(Station::Spill, 2.0, 6.5, 0.0),
            ItemKind::Flask => place(Station::Mat, -1.0, 8.5, 0.0),
            ItemKind::Dish => place(Station::Balance, -4.0, -9.5, 0.0),
            ItemKind::Bottle => place(Station::Bottles, -4.0, 0.0, 0.0),
            ItemKind::Rod => tools(-6.0),
            ItemKind::Spoon => tools(-1.2),
            ItemKind::Pipette => tools(3.6),
            ItemKind::Loop => place(Station::Burner, -1.2, 0.3, 1.0) + loop_stand(layout),
            ItemKind::Lid => place(Station::Rack, -3.4, -5.5, 0.0),
            ItemKind::Vial => place(Station::Rack, -2.3, 0.0, 1.0),
            ItemKind::Filter => self.filters(layout),
            ItemKind::Label => place(Station::Timer, -6.5, 4.5, 0.6),
            ItemKind::Stopper => place(Station::Mat, 5.5, 6.5, 0.0),
            ItemKind::Waste => place(Station::Bin, -7.0, 3.5, 0.0),
            ItemKind::Pen => place(Station::LogBook, 6.2, -3.0, 0.6),
            ItemKind::Phone => at(44.0, 13.0, 0.6),
            ItemKind::Mug => at(-44.0, 15.0, 0.0),
            ItemKind::Box => at(-47.0, 28.0, 0.0),
        });
        match item.kind {
            ItemKind::Pen => placing.axis = at(0.12, 0.95, 0.06).unit(),
            ItemKind::Phone => placing.axis = at(-0.15, 1.0, 0.0).unit(),
            ItemKind::Rod | ItemKind::Spoon | ItemKind::Pipette | ItemKind::Loop => {
                placing.axis = at(0.1, 0.15, 1.0).unit();
            }
            _ => {}
        }
        if item.spare {
            // The more wrong a vial, the farther it stands from the right one.
            let far = if item.kind == ItemKind::Vial {
                1.0 + 0.6 * item.wrong
            } else {
                1.0
            };
            placing.base = placing.base + item.kind.beside() * far;
        }
        placing
    }

    /// The filter papers lie in the right drawer.
    fn filters(&self, layout: &Layout) -> Vec3 {
        let done = self.done(LabTask::OpenDrawer);
        let open = done.amount * (1.0 - done.wrong);
        layout.place(Station::Cabinet) + at(2.5, -1.5 - 9.0 * open, 4.2)
    }

    /// Where a task puts a thing of this kind.
    pub(super) fn target(&self, kind: ItemKind, layout: &Layout) -> Option<Placing> {
        let place = |station, x, y, z| Placing::upright(layout.place(station) + at(x, y, z));
        Some(match kind {
            ItemKind::Flask => place(Station::Mat, 0.0, 0.0, 0.3),
            ItemKind::Dish => place(Station::Balance, 0.0, 0.5, 4.6),
            ItemKind::Lid => {
                let vial = self.vial(layout);
                Placing::upright(vial.base + vial.axis * 7.4)
            }
            ItemKind::Vial => place(Station::Centrifuge, 0.0, 0.0, 2.4),
            ItemKind::Filter => place(Station::Funnel, 0.0, 0.0, 7.2),
            ItemKind::Label => Placing {
                base: self.flask(layout).base + at(0.0, -3.6, 3.4),
                axis: -AWAY,
            },
            ItemKind::Stopper => {
                let flask = self.flask(layout);
                Placing::upright(flask.base + flask.axis * 13.2)
            }
            ItemKind::Waste => place(Station::Bin, 0.0, 0.0, 1.5),
            _ => return None,
        })
    }

    /// Where the flask in use is.
    pub(super) fn flask(&self, layout: &Layout) -> Placing {
        self.place_of(self.main(ItemKind::Flask), layout)
    }

    /// Where the vial in use is.
    pub(super) fn vial(&self, layout: &Layout) -> Placing {
        self.place_of(self.main(ItemKind::Vial), layout)
    }

    /// What has become of `item`.
    pub(super) fn wear(&self, item: Item) -> Wear {
        // Shaking and heating change the thing that was taken.
        let used = |task: LabTask| {
            let done = self.done(task);
            let same = self.taken(item.kind, done.wrong).spare == item.spare;
            if same { done.amount.min(1.0) } else { 0.0 }
        };
        let mut wear = Wear::default();
        match item.kind {
            ItemKind::Flask if !item.spare => {
                wear.label = self.placed(ItemKind::Label).map(|label| label.wrong);
                wear.closed = self.placed(ItemKind::Stopper).map(|stopper| {
                    let pressed = (self.done(LabTask::StopperFlask).amount - LET_GO) / 0.2;
                    (stopper.wrong, pressed.clamp(0.0, 1.0))
                });
            }
            ItemKind::Vial => {
                wear.used = used(LabTask::ShakeVial);
                if !item.spare {
                    wear.closed = self.placed(ItemKind::Lid).map(|lid| {
                        let screwed = self.done(LabTask::ScrewLid);
                        // The wrong way round it comes off again.
                        (lid.wrong, screwed.amount * (1.0 - 1.6 * screwed.wrong))
                    });
                }
            }
            ItemKind::Bottle => wear.full = used(LabTask::PourSolution),
            ItemKind::Loop => wear.used = used(LabTask::HeatLoop),
            _ => {}
        }
        wear
    }
}

/// The task that puts a thing of this kind to its place, and the part of it
/// after which it is there.
fn placing_task(kind: ItemKind) -> Option<(LabTask, f32)> {
    Some(match kind {
        ItemKind::Flask => (LabTask::SetFlask, LET_GO),
        ItemKind::Dish => (LabTask::WeighDish, LET_GO),
        ItemKind::Lid => (LabTask::CapVial, LET_GO),
        ItemKind::Vial => (LabTask::LoadCentrifuge, LOADED),
        ItemKind::Filter => (LabTask::LayFilter, LET_GO),
        ItemKind::Label => (LabTask::LabelFlask, LET_GO),
        ItemKind::Stopper => (LabTask::StopperFlask, LET_GO),
        ItemKind::Waste => (LabTask::DiscardWaste, LET_GO),
        _ => return None,
    })
}
