//! What a rendering promises whatever it looks like.

use super::*;
use crate::Procedure;

const SMALL: RenderOptions = RenderOptions {
    width: 160,
    height: 90,
    fps: 5,
};

fn video(performance: &Performance) -> Vec<Vec<u8>> {
    render(performance, SMALL).unwrap().collect()
}

#[test]
fn the_same_seeds_give_the_same_bytes() {
    let procedure = Procedure::demo(4);
    let first = video(&Performance::new(&procedure, 11));
    assert_eq!(first, video(&Performance::new(&procedure, 11)));
    assert_ne!(first[0], video(&Performance::new(&procedure, 12))[0]);
    assert!(first.iter().all(|frame| frame.len() == 160 * 90 * 3));
}

#[test]
fn frames_match_the_truth_and_may_be_skipped() {
    let performance = Performance::new(&Procedure::demo(0), 3);
    let mut frames = render(&performance, SMALL).unwrap();
    assert_eq!(frames.len(), (performance.seconds() * 5.0).ceil() as usize);
    let skipped = frames.nth(60).unwrap();
    assert_eq!(skipped, video(&performance)[60]);
}

#[test]
fn options_out_of_range_are_refused() {
    let performance = Performance::gold(&Procedure::demo(0));
    for (width, height, fps) in [(63, 90, 5), (160, 91, 5), (8192, 90, 5), (160, 90, 0)] {
        let options = RenderOptions { width, height, fps };
        assert!(render(&performance, options).is_err(), "{options:?}");
    }
}
