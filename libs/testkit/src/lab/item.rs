//! Things that a hand can hold.

use super::{
    layout::Colours,
    raster::{Paint, Rgb, mix},
    space::{AWAY, RIGHT, UP, Vec3, at},
    stage::Stage,
};

/// What a hand can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    Sponge,
    Flask,
    Dish,
    Bottle,
    Spoon,
    Rod,
    Pipette,
    Loop,
    Lid,
    Vial,
    Filter,
    Label,
    Stopper,
    Waste,
    Pen,
    Phone,
    Mug,
    Box,
}

/// A thing that a hand can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    /// How far it is from the right one, 0..1.
    pub(super) wrong: f32,
    /// Whether it is the other one, that stands beside the one in use.
    pub(super) spare: bool,
}

/// Where a thing is: the middle of its bottom, or its tip, and where its top
/// points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placing {
    pub(super) base: Vec3,
    pub(super) axis: Vec3,
}

/// What becomes of a thing while work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Wear {
    /// How far the label covers it, its look if it is a wrong one.
    pub(super) label: Option<f32>,
    /// The stopper or lid on it: its look, and how far it is driven in.
    pub(super) closed: Option<(f32, f32)>,
    /// How cloudy, sooty or used it is, 0..1.
    pub(super) used: f32,
    /// How full it is, 0..1.
    pub(super) full: f32,
    /// How hot it is, 0..1.
    pub(super) glow: f32,
}

impl ItemKind {
    pub(super) const ALL: [Self; 18] = [
        Self::Sponge,
        Self::Flask,
        Self::Dish,
        Self::Bottle,
        Self::Spoon,
        Self::Rod,
        Self::Pipette,
        Self::Loop,
        Self::Lid,
        Self::Vial,
        Self::Filter,
        Self::Label,
        Self::Stopper,
        Self::Waste,
        Self::Pen,
        Self::Phone,
        Self::Mug,
        Self::Box,
    ];

    /// How far above its base a hand holds it.
    pub(super) fn grip(self) -> f32 {
        match self {
            Self::Bottle => 8.0,
            Self::Flask => 9.0,
            Self::Rod => 13.0,
            Self::Loop => 10.0,
            Self::Spoon => 11.0,
            Self::Pipette => 12.0,
            Self::Pen => 3.5,
            Self::Vial | Self::Mug | Self::Phone => 5.0,
            Self::Box => 4.0,
            Self::Sponge | Self::Waste => 2.0,
            Self::Dish | Self::Lid | Self::Stopper => 1.5,
            Self::Filter => 3.0,
            Self::Label => 0.6,
        }
    }

    /// How far above its base its top is.
    pub(super) fn height(self) -> f32 {
        match self {
            Self::Bottle => 16.0,
            Self::Vial => 8.0,
            Self::Flask => 12.0,
            _ => self.grip(),
        }
    }

    /// Whether there is always another where it is taken from.
    pub(super) fn is_stock(self) -> bool {
        matches!(self, Self::Lid | Self::Filter | Self::Label | Self::Stopper)
    }

    /// From the thing in use to the spare one beside it.
    pub(super) fn beside(self) -> Vec3 {
        match self {
            Self::Bottle => at(9.0, 1.0, 0.0),
            Self::Flask => at(-1.0, -9.0, 0.0),
            Self::Rod | Self::Spoon | Self::Pipette | Self::Loop => at(2.4, -0.6, 0.0),
            Self::Vial => at(3.6, 0.0, 0.0),
            Self::Sponge | Self::Waste | Self::Dish => at(7.0, -1.5, 0.0),
            Self::Label | Self::Filter => at(5.0, 0.0, 0.0),
            _ => at(4.2, 0.6, 0.0),
        }
    }
}

impl Placing {
    pub(super) fn upright(base: Vec3) -> Self {
        Self { base, axis: UP }
    }
}

impl Item {
    /// The one in use, so far from the right one.
    pub(super) fn new(kind: ItemKind, wrong: f32) -> Self {
        Self {
            kind,
            wrong,
            spare: false,
        }
    }

    /// `colour`, as far from it as this thing is from the right one.
    fn shade(self, colour: Rgb) -> Rgb {
        mix(colour, Colours::opposite(colour), self.wrong)
    }

    /// The colour of what is in it, or of the thing itself.
    pub(super) fn colour(self, colours: &Colours) -> Rgb {
        self.shade(match self.kind {
            ItemKind::Bottle => colours.solution(),
            ItemKind::Pipette => colours.indicator(),
            ItemKind::Spoon => colours.powder(),
            ItemKind::Vial => [214.0, 226.0, 190.0],
            ItemKind::Flask => mix(colours.solution(), [235.0; 3], 0.45),
            ItemKind::Lid | ItemKind::Box => colours.accent,
            ItemKind::Stopper => [186.0, 132.0, 92.0],
            ItemKind::Sponge => [232.0, 205.0, 88.0],
            ItemKind::Filter | ItemKind::Label => [244.0, 243.0, 236.0],
            ItemKind::Waste => [205.0, 190.0, 165.0],
            ItemKind::Dish => [226.0, 232.0, 238.0],
            ItemKind::Rod => [170.0, 205.0, 215.0],
            ItemKind::Pen => [35.0, 60.0, 150.0],
            ItemKind::Loop => [150.0, 145.0, 140.0],
            ItemKind::Phone => [28.0, 28.0, 34.0],
            ItemKind::Mug => [196.0, 88.0, 70.0],
        })
    }

    /// Draws what hides what is behind it.
    pub(super) fn draw(self, stage: &mut Stage<'_>, at: Placing, wear: Wear, colours: &Colours) {
        let Placing { base, axis } = at;
        let paint = Paint::opaque(self.colour(colours));
        // The wrong one is also wider, and a little shorter.
        let (wide, tall) = (1.0 + 0.45 * self.wrong, 1.0 - 0.18 * self.wrong);
        match self.kind {
            ItemKind::Flask => self.draw_flask(stage, at, wear, colours),
            ItemKind::Vial => self.draw_vial(stage, at, wear, colours),
            ItemKind::Bottle => {
                let level = (10.0 - 4.5 * wear.full) * tall;
                stage.cylinder(base + axis * 0.3, axis, level, 3.3 * wide, paint);
                let cap = Paint::opaque([52.0, 56.0, 62.0]);
                stage.cylinder(base + axis * (14.6 * tall), axis, 1.4, 1.5 * wide, cap);
            }
            ItemKind::Dish => {
                let profile = [(0.0, 0.0), (0.0, 2.4), (1.4, 3.6), (0.5, 2.2), (0.5, 0.0)];
                stage.turned(base, axis, &profile.map(|(h, r)| (h, r * wide)), paint);
            }
            ItemKind::Lid => {
                let flat = mix(paint.rgb, [255.0; 3], 0.2);
                stage.cylinder(base, axis, 1.6 * tall, 1.75 * wide, paint);
                stage.cylinder(
                    base + axis * 1.6 * tall,
                    axis,
                    0.1,
                    1.2,
                    Paint::opaque(flat),
                );
            }
            ItemKind::Stopper => {
                let profile = [(-0.8, 0.0), (-0.8, 1.0), (2.0, 1.5), (2.0, 0.0)];
                stage.turned(base, axis, &profile.map(|(h, r)| (h, r * wide)), paint);
            }
            ItemKind::Filter => {
                let (foot, rim) = (2.4 - 1.9 * wear.used, 3.2 + 0.9 * wear.used);
                let rise = 0.3 + 3.6 * wear.used;
                let profile = [
                    (0.0, 0.0),
                    (0.0, foot),
                    (rise, rim),
                    (rise - 0.1, rim - 0.2),
                ];
                stage.turned(base, axis, &profile.map(|(h, r)| (h, r * wide)), paint);
                let inner = [(rise - 0.1, rim - 0.2), (0.3, foot - 0.1), (0.3, 0.0)];
                stage.turned(base, axis, &inner.map(|(h, r)| (h, r * wide)), paint);
            }
            ItemKind::Mug => {
                let profile = [(0.0, 0.0), (0.0, 3.0), (7.5, 3.4), (7.5, 2.9), (6.0, 2.8)];
                stage.turned(base, axis, &profile, paint);
                let tea = Paint::opaque([84.0, 52.0, 30.0]);
                stage.cylinder(base + axis * 5.9, axis, 0.1, 2.8, tea);
            }
            _ => self.draw_rest(stage, at, wear, paint, wide),
        }
    }

    /// Draws the long, the flat and the soft.
    fn draw_rest(
        self,
        stage: &mut Stage<'_>,
        Placing { base, axis }: Placing,
        wear: Wear,
        paint: Paint,
        wide: f32,
    ) {
        let along = |from: f32, to: f32| (base + axis * from, base + axis * to);
        let across = axis.cross(AWAY + RIGHT * 0.01).unit();
        let third = axis.cross(across);
        match self.kind {
            ItemKind::Rod => {
                let (low, high) = along(0.0, 19.0);
                stage.capsule(low, high, (0.42 * wide, 0.42 * wide), paint);
            }
            ItemKind::Spoon => {
                let (low, high) = along(0.5, 16.0);
                let steel = Paint::opaque(mix([188.0, 192.0, 198.0], paint.rgb, 0.35 * self.wrong));
                stage.capsule(low, high, (0.35, 0.5 * wide), steel);
                let load = if wear.full > 0.0 { paint } else { steel };
                stage.ball(base + axis * 0.6, 1.3 * wide, load);
            }
            ItemKind::Pipette => {
                let (low, mid) = along(0.0, 5.0);
                stage.capsule(low, mid, (0.2, 0.45), paint);
                let (mid, high) = along(5.0, 13.0);
                stage.capsule(mid, high, (0.5, 0.5), Paint::opaque([222.0, 228.0, 230.0]));
                let (bulb, top) = along(13.0, 16.0);
                stage.capsule(bulb, top, (1.1 * wide, 0.9 * wide), paint);
            }
            ItemKind::Loop => {
                let hot = mix(
                    mix(paint.rgb, [40.0; 3], wear.used),
                    [255.0, 120.0, 30.0],
                    wear.glow,
                );
                let (low, mid) = along(0.0, 7.0);
                stage.capsule(low, mid, (0.3 * wide, 0.3 * wide), Paint::opaque(hot));
                stage.ball(low, 0.7 * wide, Paint::opaque(hot));
                let (mid, high) = along(7.0, 13.0);
                stage.capsule(mid, high, (0.6, 0.6), Paint::opaque([88.0, 62.0, 44.0]));
            }
            ItemKind::Pen => {
                let (low, high) = along(0.0, 11.0);
                stage.capsule(low, high, (0.2, 0.5 * wide), paint);
            }
            ItemKind::Label => {
                let half = [across * (2.0 * wide), third * 1.4, axis * 0.08];
                stage.slab(base + axis * 0.1, half, paint);
            }
            ItemKind::Phone => {
                let half = [across * 2.6, axis * 5.0, third * 0.5];
                stage.slab(base + axis * 5.0, half, paint);
                let screen = [across * 2.2, axis * 4.3, third * 0.1];
                let lit = Paint::opaque([150.0, 190.0, 226.0]);
                stage.slab(base + axis * 5.0 - third * 0.5, screen, lit);
                stage.slab(base + axis * 5.0 + third * 0.5, screen, lit);
            }
            ItemKind::Box => {
                let half = [across * 4.0, third * 2.8, axis * 2.0];
                stage.slab(base + axis * 2.0, half, paint);
            }
            ItemKind::Waste => {
                for (x, y, r) in [(0.0, 0.0, 1.7), (1.0, 0.4, 1.2), (-0.7, -0.8, 1.3)] {
                    let lump = base + axis * 1.4 + at(x, y, 0.3 * x);
                    stage.ball(lump, r * wide, paint);
                }
            }
            _ => {
                let half = [across * (3.0 * wide), third * 2.0, axis * 1.0];
                stage.slab(base + axis * 1.0, half, paint);
            }
        }
    }

    fn draw_flask(self, stage: &mut Stage<'_>, at: Placing, wear: Wear, colours: &Colours) {
        let Placing { base, axis } = at;
        let wide = 1.0 + 0.3 * self.wrong;
        let liquid = [(0.3, 0.0), (0.3, 4.2), (3.6, 3.1), (3.6, 0.0)];
        let paint = Paint::opaque(self.colour(colours));
        stage.turned(base, axis, &liquid.map(|(h, r)| (h, r * wide)), paint);
        if let Some(wrong) = wear.label {
            let label = Item::new(ItemKind::Label, wrong).colour(colours);
            let out = (axis.cross(RIGHT) * -1.0).unit();
            let across = axis.cross(out);
            let low = base + axis * 1.6 + out * (4.15 * wide);
            let top = base + axis * 5.4 + out * (2.9 * wide);
            let side = across * (1.9 * (1.0 + 0.45 * wrong));
            let corners = [low - side, low + side, top + side, top - side];
            stage.face(corners, out, Paint::opaque(label));
        }
        if let Some((wrong, depth)) = wear.closed {
            let top = Placing {
                base: base + axis * (12.0 + 1.2 * (1.0 - depth)),
                axis,
            };
            Item::new(ItemKind::Stopper, wrong).draw(stage, top, Wear::default(), colours);
        }
    }

    fn draw_vial(self, stage: &mut Stage<'_>, at: Placing, wear: Wear, colours: &Colours) {
        let Placing { base, axis } = at;
        let wide = 1.0 + 0.3 * self.wrong;
        let cloudy = mix(
            self.colour(colours),
            self.shade([236.0, 120.0, 168.0]),
            wear.used,
        );
        stage.cylinder(
            base + axis * 0.2,
            axis,
            5.0,
            1.3 * wide,
            Paint::opaque(cloudy),
        );
        if let Some((wrong, depth)) = wear.closed {
            let top = Placing {
                base: base + axis * (7.4 - 1.3 * depth),
                axis,
            };
            Item::new(ItemKind::Lid, wrong).draw(stage, top, Wear::default(), colours);
            if depth > 0.0 {
                // The seal's ring shows how far the lid has gone down.
                let ring = Paint::opaque(mix([230.0; 3], [40.0, 160.0, 90.0], depth));
                stage.cylinder(top.base + axis * -0.4, axis, 0.5, 1.9 * wide, ring);
            }
        }
    }

    /// Draws the glass around it, which shows what is behind.
    pub(super) fn draw_glass(self, stage: &mut Stage<'_>, at: Placing) {
        let Placing { base, axis } = at;
        let (wide, tall) = (1.0 + 0.45 * self.wrong, 1.0 - 0.18 * self.wrong);
        let glass = Paint::clear([222.0, 238.0, 242.0], 0.2);
        match self.kind {
            ItemKind::Flask => {
                let wide = 1.0 + 0.3 * self.wrong;
                let profile = [(0.0, 4.6), (8.0, 1.5), (12.0, 1.4), (12.4, 1.8)];
                stage.turned(base, axis, &profile.map(|(h, r)| (h, r * wide)), glass);
            }
            ItemKind::Vial => {
                let wide = 1.0 + 0.3 * self.wrong;
                let profile = [(0.0, 1.6 * wide), (7.4, 1.6 * wide)];
                stage.turned(base, axis, &profile, glass);
            }
            ItemKind::Bottle => {
                let profile = [(0.0, 3.7), (10.8, 3.7), (12.6, 1.5), (14.8, 1.4)];
                let profile = profile.map(|(h, r)| (h * tall, r * wide));
                stage.turned(base, axis, &profile, glass);
            }
            _ => {}
        }
    }

    /// Radius of its shadow.
    pub(super) fn girth(self) -> f32 {
        match self.kind {
            ItemKind::Bottle | ItemKind::Flask | ItemKind::Box | ItemKind::Dish => 3.8,
            ItemKind::Mug | ItemKind::Filter => 3.2,
            ItemKind::Sponge | ItemKind::Waste | ItemKind::Phone => 2.6,
            ItemKind::Vial | ItemKind::Lid | ItemKind::Stopper | ItemKind::Label => 1.8,
            _ => 0.6,
        }
    }
}
