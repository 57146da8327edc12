//! What the hands do in each task.

use super::{
    LabTask,
    item::{Item, ItemKind, Placing},
    layout::{Layout, Station},
    space::{UP, Vec3, at},
    track::HandPose,
    work::{LET_GO, Work},
};

/// A moment of a gesture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    /// Part of the action's time, 0..1.
    pub(super) when: f32,
    pub(super) pose: HandPose,
    /// Whether the hand stops there; then it also hits the place exactly.
    pub(super) dwells: bool,
    /// Whether it goes there straight, along the surface.
    pub(super) slides: bool,
}

/// What both hands do in a task, or in something unrelated.
#[derive(Debug)]
pub(super) struct Gesture {
    /// Whether the left hand works and the right one helps.
    pub(super) left_handed: bool,
    /// What the working hand takes before it acts.
    pub(super) takes: Option<Item>,
    /// Where it starts to act, or takes what it needs.
    pub(super) source: HandPose,
    /// Part of the action after which it lets go; if none, it brings back what
    /// it took.
    pub(super) lets_go: Option<f32>,
    pub(super) strokes: Vec<Stroke>,
    /// What the other hand does; it rests if there is nothing.
    pub(super) helper: Vec<Stroke>,
}

/// The table on which a gesture is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) layout: &'a Layout,
    pub(super) work: &'a Work,
}

/// The gesture of `task` done with something, or to something, that differs
/// from the right one by `wrong`, 0..1.
pub(super) fn of_task(task: LabTask, wrong: f32, setting: Setting<'_>) -> Gesture {
    use ItemKind as I;
    match task {
        LabTask::WipeTable => setting.wipe(wrong),
        LabTask::SetFlask => setting.place(I::Flask, wrong),
        LabTask::WeighDish => setting.place(I::Dish, wrong),
        LabTask::PourSolution => setting.pour(wrong),
        LabTask::AddPowder => setting.spoon(wrong),
        LabTask::StirBeaker => setting.stir(wrong),
        LabTask::AddDrops => setting.drip(wrong),
        LabTask::LightBurner => setting.turn_knob(wrong),
        LabTask::HeatLoop => setting.heat(wrong),
        LabTask::CapVial => setting.place(I::Lid, wrong),
        LabTask::ScrewLid => setting.screw(wrong),
        LabTask::ShakeVial => setting.shake(wrong),
        LabTask::LoadCentrifuge => setting.load(wrong),
        LabTask::SetTimer => setting.press(wrong),
        LabTask::OpenDrawer => setting.pull(wrong),
        LabTask::LayFilter => setting.place(I::Filter, wrong).pressing(2, 1.6),
        LabTask::LabelFlask => setting.label(wrong),
        LabTask::StopperFlask => setting.place(I::Stopper, wrong).pressing(1, 1.2),
        LabTask::DiscardWaste => setting.throw_away(wrong),
        LabTask::WriteLog => setting.write(wrong),
    }
}

/// The kind of thing with which `task` goes wrong; none if it is done to the
/// wrong place instead.
pub(super) fn taken_by(task: LabTask) -> Option<ItemKind> {
    use ItemKind as I;
    Some(match task {
        LabTask::WipeTable => I::Sponge,
        LabTask::SetFlask => I::Flask,
        LabTask::WeighDish => I::Dish,
        LabTask::PourSolution => I::Bottle,
        LabTask::AddPowder => I::Spoon,
        LabTask::StirBeaker => I::Rod,
        LabTask::AddDrops => I::Pipette,
        LabTask::HeatLoop => I::Loop,
        LabTask::CapVial => I::Lid,
        LabTask::ShakeVial | LabTask::LoadCentrifuge => I::Vial,
        LabTask::LayFilter => I::Filter,
        LabTask::LabelFlask => I::Label,
        LabTask::StopperFlask => I::Stopper,
        LabTask::DiscardWaste => I::Waste,
        LabTask::WriteLog => I::Pen,
        LabTask::LightBurner | LabTask::ScrewLid | LabTask::SetTimer | LabTask::OpenDrawer => {
            return None;
        }
    })
}

/// From the burner's place to the stand of the wire loop: towards the middle of
/// the table, where hands are seen.
pub(super) fn loop_stand(layout: &Layout) -> Vec3 {
    let burner = layout.place(Station::Burner);
    at(-5.0 * burner.x.signum(), 1.0, 0.0)
}

/// The burner's knob, from the burner's place, or another beside it.
pub(super) fn knob_at(wrong: f32) -> Vec3 {
    at(-6.0 + 6.0 * wrong, -5.6, 1.8)
}

/// The button of the timer, or another beside it.
pub(super) fn button_at(wrong: f32) -> Vec3 {
    at(-2.2 + 4.4 * wrong, -1.0, 3.6)
}

/// The knob of the right drawer, `open` 0..1, or of the other.
pub(super) fn drawer_knob(wrong: f32, open: f32) -> Vec3 {
    at(2.5 * (1.0 - 2.0 * wrong) + 1.0, -6.6 - 9.0 * open, 4.6)
}

/// The front edge of the centrifuge's hood, which turns about its back edge.
pub(super) fn hood_edge(closed: f32) -> Vec3 {
    let (sin, cos) = (1.1 * (1.0 - closed)).sin_cos();
    hood_hinge() + at(0.0, -11.0 * cos, 11.0 * sin)
}

/// The middle of the hood's back edge, from the centrifuge's place.
pub(super) fn hood_hinge() -> Vec3 {
    at(0.0, 5.5, 6.2)
}

/// A place on a line of the log book, `part` of its length from its start.
pub(super) fn line_at(line: usize, part: f32) -> Vec3 {
    at(-4.6 + 7.6 * part, 2.6 - 2.2 * line as f32, 0.8)
}

/// How a hand holds a thing that is somewhere.
pub(super) fn held_at(kind: ItemKind, placing: Placing) -> HandPose {
    let axis = placing.axis.unit();
    HandPose {
        tip: placing.base + axis * kind.grip(),
        axis,
        roll: 0.0,
        open: 0.35,
    }
}

impl Gesture {
    pub(super) fn add(&mut self, when: f32, pose: HandPose) {
        self.strokes.push(Stroke::at(when, pose));
    }

    pub(super) fn dwell(&mut self, when: f32, pose: HandPose) {
        let stroke = Stroke::at(when, pose);
        let dwells = true;
        self.strokes.push(Stroke { dwells, ..stroke });
    }

    pub(super) fn slide(&mut self, when: f32, pose: HandPose) {
        let stroke = Stroke::at(when, pose);
        let slides = true;
        self.strokes.push(Stroke { slides, ..stroke });
    }

    /// The other hand holds on to something all the while.
    pub(super) fn hold_with_helper(&mut self, place: Vec3) {
        let pose = HandPose::new(place).opened(0.3);
        self.helper = vec![Stroke::at(0.0, pose), Stroke::at(1.0, pose)];
    }

    /// Presses what was placed, so often and so deep.
    fn pressing(mut self, times: usize, depth: f32) -> Self {
        let placed = self.strokes.iter().rev().find(|stroke| stroke.dwells);
        let Some(pose) = placed.map(|stroke| stroke.pose) else {
            return self;
        };
        self.strokes.retain(|stroke| stroke.when <= LET_GO);
        for i in 0..times {
            let start = LET_GO + 0.28 * i as f32 / times as f32;
            let step = 0.1 / times as f32;
            self.dwell(start + step, pose.raised(0.8).opened(0.1));
            self.dwell(start + 2.0 * step, pose.raised(-0.5 * depth).opened(0.1));
        }
        self.add(1.0, pose.raised(4.0));
        self
    }
}

impl Stroke {
    pub(super) fn at(when: f32, pose: HandPose) -> Self {
        Self {
            when,
            pose,
            dwells: false,
            slides: false,
        }
    }
}

impl HandPose {
    pub(super) fn raised(self, by: f32) -> Self {
        self + UP * by
    }

    pub(super) fn opened(self, open: f32) -> Self {
        Self { open, ..self }
    }

    pub(super) fn rolled(self, roll: f32) -> Self {
        Self { roll, ..self }
    }
}

impl std::ops::Add<Vec3> for HandPose {
    type Output = Self;

    fn add(self, way: Vec3) -> Self {
        Self {
            tip: self.tip + way,
            ..self
        }
    }
}
