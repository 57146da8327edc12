//! Which thumbnails a report shows beside which deviation.

use sopilot_procedure::TimeRange;

use crate::jpeg;
use crate::model::{Report, Side, Thumbnail};

/// Most pictures of one side beside one deviation.
const MOST_A_SIDE: usize = 3;
/// A picture this close to a stretch still shows it, in seconds.
const CLOSE_S: f64 = 2.0;

/// What stands beside one deviation.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Beside<'a> {
    pub(crate) gold: Vec<Picture<'a>>,
    pub(crate) trainee: Vec<Picture<'a>>,
}

impl Beside<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.gold.is_empty() && self.trainee.is_empty()
    }
}

/// A picture that can be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Picture<'a> {
    pub(crate) time_s: f64,
    pub(crate) jpeg: &'a [u8],
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// The pictures of a report.
#[derive(Debug, PartialEq)]
pub(crate) struct Chosen<'a> {
    /// One for each deviation.
    pub(crate) beside: Vec<Beside<'a>>,
    /// Pictures that would stand there had the budget been larger.
    pub(crate) left_out: usize,
}

/// Chooses pictures of at most so many bytes: first one of each side for every
/// deviation, the costliest deviations first, then a second one, and so on.
pub(crate) fn choose(report: &Report, budget_bytes: usize) -> Chosen<'_> {
    let wanted: Vec<[Vec<Picture<'_>>; 2]> = report
        .deviations
        .iter()
        .map(|deviation| {
            let found = &deviation.found;
            let gold = found.gold_time.as_ref();
            [
                gold.map_or_else(Vec::new, |time| during(report, Side::Gold, time)),
                during(report, Side::Trainee, &found.trainee_time),
            ]
        })
        .collect();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| {
        let points = |index: usize| report.deviations[index].found.points_lost;
        points(b).total_cmp(&points(a))
    });
    let mut left_bytes = budget_bytes;
    let mut chosen = Chosen {
        beside: wanted.iter().map(|_| Beside::default()).collect(),
        left_out: 0,
    };
    for place in 0..MOST_A_SIDE {
        for &index in &order {
            for (side, pictures) in wanted[index].iter().enumerate() {
                let Some(picture) = pictures.get(place) else {
                    continue;
                };
                if picture.jpeg.len() > left_bytes {
                    chosen.left_out += 1;
                    continue;
                }
                left_bytes -= picture.jpeg.len();
                let beside = &mut chosen.beside[index];
                let shown = if side == 0 {
                    &mut beside.gold
                } else {
                    &mut beside.trainee
                };
                shown.push(*picture);
            }
        }
    }
    for beside in &mut chosen.beside {
        beside.gold.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
        beside.trainee.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    }
    chosen
}

/// Pictures of a stretch of one video, the most telling one first: from its
/// middle, then its start and its end. Without any, the closest.
fn during<'a>(report: &'a Report, side: Side, time: &TimeRange) -> Vec<Picture<'a>> {
    let of_side = || {
        let thumbnails = report
            .thumbnails
            .iter()
            .filter(|thumbnail| thumbnail.side == side);
        thumbnails.filter_map(picture)
    };
    let distance = |picture: &Picture<'_>| {
        (time.start_s - picture.time_s)
            .max(picture.time_s - time.end_s)
            .max(0.0)
    };
    let mut within: Vec<Picture<'a>> = of_side()
        .filter(|picture| distance(picture) <= 0.0)
        .collect();
    if within.is_empty() {
        let closest = of_side()
            .filter(|picture| distance(picture) <= CLOSE_S)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        return closest.into_iter().collect();
    }
    within.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    let last = within.len() - 1;
    let mut places = vec![last / 2, 0, last];
    places.truncate(MOST_A_SIDE);
    let mut seen = Vec::new();
    for place in places {
        if !seen.contains(&place) {
            seen.push(place);
        }
    }
    seen.into_iter().map(|place| within[place]).collect()
}

fn picture(thumbnail: &Thumbnail) -> Option<Picture<'_>> {
    let (width, height) = jpeg::size(&thumbnail.jpeg)?;
    Some(Picture {
        time_s: thumbnail.time_s,
        jpeg: &thumbnail.jpeg,
        width,
        height,
    })
}
