//! The table's apparatus, in the state of the work.

use super::{
    LabTask,
    gesture::{button_at, drawer_knob, hood_edge, hood_hinge, knob_at, line_at, loop_stand},
    item::{Item, ItemKind},
    layout::{Layout, Station},
    raster::{Paint, Rgb, hue, mix},
    space::{RIGHT, UP, Vec3, at},
    stage::Stage,
    work::Work,
};

/// What stands on one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Props<'a> {
    pub(super) layout: &'a Layout,
    pub(super) work: &'a Work,
}

const DARK: Paint = Paint::opaque([48.0, 52.0, 58.0]);
const STEEL: Paint = Paint::opaque([168.0, 174.0, 180.0]);
const LAMP_OFF: Rgb = [96.0, 84.0, 80.0];
const GREEN: Rgb = [70.0, 225.0, 96.0];
const RED: Rgb = [240.0, 66.0, 52.0];

/// Radius and height of the beaker.
const BEAKER: (f32, f32) = (4.4, 9.5);

impl Props<'_> {
    /// Draws all that hides what is behind.
    pub(super) fn draw(self, stage: &mut Stage<'_>) {
        self.draw_flat(stage);
        self.shade(stage);
        self.balance(stage);
        self.centrifuge(stage);
        self.cabinet(stage);
        self.burner(stage);
        self.rack_and_tools(stage);
        self.funnel(stage);
        self.log_book(stage);
        self.timer(stage);
        self.bin(stage);
        self.beaker(stage);
        for (item, placing) in self.things() {
            let wear = self.work.wear(item);
            item.draw(stage, placing, wear, &self.layout.colours);
        }
    }

    /// Draws the glass and the flame, which show what is behind.
    pub(super) fn draw_clear(self, stage: &mut Stage<'_>) {
        for (item, placing) in self.things() {
            item.draw_glass(stage, placing);
        }
        let glass = Paint::clear([222.0, 238.0, 242.0], 0.24);
        let (radius, height) = BEAKER;
        let wall = [
            (0.0, radius),
            (height, radius),
            (height + 0.4, radius + 0.5),
        ];
        stage.turned(self.layout.beaker, UP, &wall, glass);
        let funnel = self.layout.place(Station::Funnel);
        let cone = [(5.0, 0.6), (7.0, 0.8), (11.0, 4.6)];
        stage.turned(funnel, UP, &cone, glass);
        self.flame(stage);
    }

    /// Everything loose that lies or stands about, and where.
    fn things(self) -> impl Iterator<Item = (Item, super::item::Placing)> {
        ItemKind::ALL.into_iter().flat_map(move |kind| {
            let main = self.work.main(kind);
            let unrelated = matches!(kind, ItemKind::Phone | ItemKind::Mug | ItemKind::Box);
            let spare = (!unrelated).then(|| self.work.spare(kind));
            let free = move |item: &Item| kind.is_stock() || self.work.held != Some(*item);
            let loose = [Some(main), spare].into_iter().flatten().filter(free);
            let placed = self.work.placed(kind).filter(|_| kind == ItemKind::Filter);
            let target = placed.zip(self.work.target(kind, self.layout));
            loose
                .map(move |item| (item, self.work.place_of(item, self.layout)))
                .chain(target)
        })
    }

    /// What lies on the table without height.
    fn draw_flat(self, stage: &mut Stage<'_>) {
        let colours = &self.layout.colours;
        let mat = self.layout.place(Station::Mat);
        stage.flat(mat, (14.0, 10.0), 0.0, colours.mat);
        stage.flat(mat, (12.5, 8.5), 0.0, mix(colours.mat, [255.0; 3], 0.25));
        let spill = self.layout.place(Station::Spill);
        let done = self.work.done(LabTask::WipeTable);
        let left = 1.0 - done.amount.min(1.0);
        let blots = [
            (0.0, 0.0, 8.5, 5.4),
            (-3.2, 1.6, 4.4, 3.4),
            (3.4, -1.4, 5.0, 3.0),
        ];
        for (i, (x, y, width, depth)) in blots.into_iter().enumerate() {
            let size = (width * left.sqrt(), depth * left.sqrt());
            let angle = 0.7 * i as f32;
            if left > 0.02 {
                stage.flat(spill + at(x, y, 0.0), size, angle, colours.spill());
            }
        }
        if done.wrong > 0.0 {
            // The wrong sponge leaves stripes of its own.
            for i in 0..4 {
                let stripe = spill + at(0.0, 2.7 - 1.8 * i as f32, 0.0);
                let size = (12.0 * done.amount, 1.3 * done.wrong);
                stage.flat(stripe, size, 0.0, [70.0, 58.0, 50.0]);
            }
        }
    }

    /// The shadows of what stands on the table.
    fn shade(self, stage: &mut Stage<'_>) {
        use Station as S;
        let standing = [
            (S::Balance, 5.5, 4.0, 4.0),
            (S::Centrifuge, 5.0, 6.5, 7.0),
            (S::Cabinet, 5.5, 5.0, 8.0),
            (S::Burner, 3.0, 3.0, 5.0),
            (S::Rack, 4.5, 2.6, 2.0),
            (S::Tools, 6.0, 3.0, 2.0),
            (S::Funnel, 1.0, 4.0, 8.0),
            (S::LogBook, 5.0, 5.0, 0.6),
            (S::Timer, 4.0, 3.0, 2.0),
            (S::Bin, 1.0, 5.0, 6.0),
        ];
        for (station, half, radius, height) in standing {
            let place = self.layout.place(station).raised(0.5 * height);
            stage.shadow(place - RIGHT * half, place + RIGHT * half, radius);
        }
        stage.shadow(self.layout.beaker, self.layout.beaker.raised(8.0), 4.6);
        for (item, placing) in self.things() {
            let top = placing.base + placing.axis * item.kind.height();
            stage.shadow(placing.base, top, item.girth());
        }
    }

    fn balance(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Balance);
        let body = Paint::opaque(self.layout.colours.apparatus);
        stage.block(place, at(16.0, 12.0, 3.4), 0.0, body);
        stage.cylinder(place + at(0.0, 0.5, 3.4), UP, 1.2, 4.6, STEEL);
        // The display leans on the front edge.
        stage.block(place + at(0.0, -5.2, 3.4), at(9.0, 1.6, 1.0), 0.0, DARK);
        if let Some(dish) = self.work.placed(ItemKind::Dish)
            && self.work.held != Some(dish)
        {
            let lit = Paint::opaque(mix(GREEN, RED, dish.wrong));
            for i in 0..4 {
                let bar = place + at(-3.3 + 2.2 * i as f32, -5.3, 4.4);
                stage.block(bar, at(1.5, 1.4, 0.35), 0.0, lit);
            }
        }
    }

    fn centrifuge(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Centrifuge);
        let body = Paint::opaque(mix(
            self.layout.colours.apparatus,
            [150.0, 172.0, 190.0],
            0.5,
        ));
        stage.block(place, at(15.0, 12.0, 5.4), 0.0, body);
        stage.cylinder(place.raised(5.4), UP, 0.2, 5.0, STEEL);
        stage.cylinder(place.raised(5.6), UP, 0.1, 2.4, DARK);
        let done = self.work.done(LabTask::LoadCentrifuge);
        let closed = ((done.amount - 0.6) / 0.3).clamp(0.0, 1.0);
        let hinge = place + hood_hinge();
        let edge = place + hood_edge(closed);
        let along = (edge - hinge) * 0.5;
        let thick = RIGHT.cross(along).unit() * 0.5;
        let hood = Paint::opaque(mix(body.rgb, [70.0, 84.0, 100.0], 0.5));
        let half = [RIGHT * 6.8, along, thick];
        stage.slab(hinge.towards(edge, 0.5), half, hood);
        let lamp = if done.amount > 0.9 {
            mix(GREEN, RED, done.wrong)
        } else {
            LAMP_OFF
        };
        stage.block(
            place + at(5.0, -6.1, 2.2),
            at(2.6, 0.6, 1.6),
            0.0,
            Paint::opaque(lamp),
        );
    }

    fn cabinet(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Cabinet);
        let wood = self.layout.colours.apparatus.map(|channel| channel * 0.72);
        stage.block(
            place.raised(7.0),
            at(15.0, 12.0, 1.6),
            0.0,
            Paint::opaque(wood),
        );
        for x in [-7.2, 0.0, 7.2] {
            let side = Paint::opaque(wood);
            stage.block(place + at(x, 0.0, 0.0), at(0.7, 12.0, 7.0), 0.0, side);
        }
        let done = self.work.done(LabTask::OpenDrawer);
        // The more wrong, the more of the pull goes to the other drawer.
        let pulls = [(3.6, 1.0 - done.wrong), (-3.6, done.wrong)];
        for (i, (x, share)) in pulls.into_iter().enumerate() {
            let out = 9.0 * done.amount.min(1.0) * share;
            let middle = place + at(x, -out, 1.0);
            let floor = Paint::opaque(mix(wood, [255.0; 3], 0.3));
            stage.block(middle.raised(1.0), at(6.0, 11.0, 0.6), 0.0, floor);
            let front = Paint::opaque(mix(wood, self.layout.colours.accent, 0.55));
            stage.block(middle + at(0.0, -5.7, 0.0), at(6.4, 0.8, 5.6), 0.0, front);
            let knob = drawer_knob(i as f32, out / 9.0);
            stage.ball(place + at(x, knob.y + 0.3, knob.z), 0.9, STEEL);
            if i == 1 {
                // What is in the other drawer.
                let box_in_it = Paint::opaque([190.0, 70.0, 60.0]);
                stage.block(
                    middle + at(0.0, -2.0, 1.6),
                    at(4.0, 5.0, 2.0),
                    0.0,
                    box_in_it,
                );
            }
        }
    }

    fn burner(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Burner);
        stage.cylinder(place, UP, 1.6, 4.2, DARK);
        stage.cylinder(place.raised(1.6), UP, 6.0, 1.2, STEEL);
        let stand = place + loop_stand(self.layout);
        stage.block(stand, at(4.4, 3.6, 1.0), 0.0, STEEL);
        let done = self.work.done(LabTask::LightBurner);
        for other in [0.0, 1.0] {
            let knob = place + knob_at(other);
            let paint = Paint::opaque(if other > 0.0 {
                RED
            } else {
                [60.0, 110.0, 200.0]
            });
            stage.cylinder(knob - UP * 1.8, UP, 1.8, 1.5, paint);
            let turned = done.amount.min(1.0) * if other > 0.0 { done.wrong } else { 1.0 };
            let mark = at(1.3, 0.5, 0.4);
            let angle = 1.57 * turned;
            stage.block(knob, mark, angle, Paint::opaque([240.0; 3]));
        }
    }

    fn flame(self, stage: &mut Stage<'_>) {
        let done = self.work.done(LabTask::LightBurner);
        let burning = ((done.amount.min(1.0) - 0.55) / 0.3).clamp(0.0, 1.0);
        if burning <= 0.0 {
            return;
        }
        let foot = self.layout.place(Station::Burner).raised(7.6);
        let colour = mix([90.0, 140.0, 255.0], [255.0, 170.0, 40.0], done.wrong);
        let size = burning * (1.0 + 0.5 * done.wrong);
        for (wide, tall, cover) in [(1.7, 7.0, 0.45), (1.1, 5.0, 0.6)] {
            let (wide, tall) = (wide * size, tall * size);
            let profile = [(0.0, 0.6 * wide), (0.3 * tall, wide), (tall, 0.0)];
            let bright = mix(colour, [255.0; 3], 1.7 - wide.min(1.7));
            stage.turned(
                foot,
                UP,
                &profile,
                Paint::clear(bright.map(|c| c * 1.3), cover),
            );
        }
    }

    fn rack_and_tools(self, stage: &mut Stage<'_>) {
        let rack = self.layout.place(Station::Rack);
        let wood = Paint::opaque([198.0, 160.0, 112.0]);
        stage.block(rack, at(13.0, 6.0, 1.0), 0.0, wood);
        for y in [-2.8, 2.8] {
            stage.block(rack + at(0.0, y, 1.0), at(13.0, 0.5, 2.4), 0.0, wood);
        }
        let tools = self.layout.place(Station::Tools);
        stage.block(tools + at(-0.5, 3.3, 0.0), at(16.0, 3.6, 1.0), 0.0, DARK);
        let powder = self.work.main(ItemKind::Spoon).colour(&self.layout.colours);
        let jar = tools + at(0.0, -4.0, 0.0);
        stage.cylinder(jar, UP, 3.6, 3.2, Paint::opaque([232.0, 232.0, 226.0]));
        stage.cylinder(jar.raised(3.6), UP, 0.1, 2.7, Paint::opaque(powder));
        let reagent = Paint::opaque(
            self.work
                .main(ItemKind::Pipette)
                .colour(&self.layout.colours),
        );
        stage.cylinder(tools + at(5.5, -3.5, 0.0), UP, 3.4, 1.6, reagent);
        stage.cylinder(tools + at(5.5, -3.5, 3.4), UP, 0.2, 1.1, DARK);
    }

    fn funnel(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Funnel);
        stage.block(place, at(8.0, 7.0, 0.8), 0.0, DARK);
        stage.cylinder(place + at(0.0, 5.0, 0.0), UP, 11.0, 0.5, STEEL);
        let ring = [(9.6, 4.2), (9.6, 4.7), (10.2, 4.7), (10.2, 4.2), (9.6, 4.2)];
        stage.turned(place, UP, &ring, STEEL);
        stage.cylinder(place.raised(1.0), UP, 4.0, 0.6, STEEL);
    }

    fn log_book(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::LogBook);
        let cover = Paint::opaque(self.layout.colours.accent);
        stage.block(place, at(14.0, 10.5, 0.4), 0.0, cover);
        let paper = Paint::opaque([240.0, 238.0, 228.0]);
        stage.block(place.raised(0.4), at(12.6, 9.4, 0.4), 0.0, paper);
        let done = self.work.done(LabTask::WriteLog);
        let pen = Item::new(ItemKind::Pen, done.wrong);
        let ink = Paint::decal(pen.colour(&self.layout.colours));
        let width = 0.35 * (1.0 + 1.5 * done.wrong);
        for line in 0..3 {
            // The second time fills the lines' other ends.
            let written = (done.amount.min(1.0) * 3.0 - line as f32).clamp(0.0, 1.0);
            if written > 0.0 {
                let (from, to) = (place + line_at(line, 0.0), place + line_at(line, written));
                let half = at(0.0, width, 0.0);
                let corners = [from - half, to - half, to + half, from + half];
                stage.face(corners, UP, ink);
            }
        }
    }

    fn timer(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Timer);
        let body = Paint::opaque(mix(
            self.layout.colours.apparatus,
            [90.0, 100.0, 120.0],
            0.4,
        ));
        stage.block(place + at(0.0, 1.0, 0.0), at(11.0, 7.5, 3.0), 0.0, body);
        for (other, rgb) in [(0.0, GREEN), (1.0, RED)] {
            let button = place + button_at(other) - UP * 0.6;
            stage.cylinder(
                button,
                UP,
                0.6,
                1.3,
                Paint::opaque(mix(rgb, [120.0; 3], 0.4)),
            );
        }
        let done = self.work.done(LabTask::SetTimer);
        let lamp = if done.amount > 0.6 {
            mix(GREEN, RED, done.wrong)
        } else {
            LAMP_OFF
        };
        let lamp_place = place + at(0.0, 2.8, 3.0);
        stage.block(lamp_place, at(8.0, 2.2, 0.3), 0.0, Paint::opaque(lamp));
        // The pad of labels, and another beside it.
        let pad = place + at(-6.5, 4.5, 0.0);
        stage.block(pad, at(4.6, 3.4, 0.6), 0.0, Paint::opaque([214.0; 3]));
    }

    fn bin(self, stage: &mut Stage<'_>) {
        let place = self.layout.place(Station::Bin);
        let paint = Paint::opaque([92.0, 100.0, 108.0]);
        let outside = [(0.0, 0.0), (0.0, 4.4), (8.0, 5.2), (8.0, 4.9)];
        stage.turned(place, UP, &outside, paint);
        let inside = [(8.0, 4.9), (1.0, 4.1), (1.0, 0.0)];
        stage.turned(place, UP, &inside, Paint::opaque([60.0, 64.0, 70.0]));
    }

    /// What is in the beaker: liquid, powder, and what was dripped in.
    fn beaker(self, stage: &mut Stage<'_>) {
        let place = self.layout.beaker;
        let colours = &self.layout.colours;
        let shade = |kind, task| Item::new(kind, self.work.done(task).wrong).colour(colours);
        let amount = |task| self.work.done(task).amount;
        let (poured, powder) = (amount(LabTask::PourSolution), amount(LabTask::AddPowder));
        let (stirred, dripped) = (amount(LabTask::StirBeaker), amount(LabTask::AddDrops));
        let radius = BEAKER.0 - 0.3;
        let level = 0.3 + 5.2 * poured.min(1.5);
        let mut colour = shade(ItemKind::Bottle, LabTask::PourSolution);
        let powder_colour = shade(ItemKind::Spoon, LabTask::AddPowder);
        let pale = mix(hue(0.12, 0.25, 0.95), powder_colour, 0.5 * powder.min(1.0));
        let rod = Item::new(ItemKind::Rod, self.work.done(LabTask::StirBeaker).wrong);
        let stir_colour = mix(pale, rod.colour(colours), rod.wrong);
        colour = mix(colour, stir_colour, 0.55 * stirred.min(1.0));
        let drops = shade(ItemKind::Pipette, LabTask::AddDrops);
        colour = mix(colour, drops, 0.6 * dripped.min(1.4));
        if poured > 0.01 {
            stage.cylinder(place.raised(0.2), UP, level, radius, Paint::opaque(colour));
        }
        let mound = powder.min(1.8) * (1.0 - 0.9 * stirred.min(1.0));
        if mound > 0.02 {
            let foot: Vec3 = place.raised(if poured > 0.01 { level } else { 0.2 });
            let width = radius * (0.45 + 0.35 * mound);
            let profile = [
                (0.0, width),
                (0.5 + 1.6 * mound, 0.3),
                (0.6 + 1.6 * mound, 0.0),
            ];
            stage.turned(foot, UP, &profile, Paint::opaque(powder_colour));
        }
    }
}
