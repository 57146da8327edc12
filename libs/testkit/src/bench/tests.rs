//! What is done at the bench changes the work.

use super::*;
use crate::{Edit, Procedure};

#[test]
fn a_dropped_step_is_missing_to_the_end() {
    let procedure = Procedure::demo(0);
    let last = |edit: Option<Edit>| {
        let good = Performance::new(&procedure, 8);
        let performance = edit.map_or(good.clone(), |edit| good.with(edit).unwrap());
        Choreography::new(&performance).at(1e6).state
    };
    let good = last(None);
    assert_eq!(good.lamp, Some(false));
    assert!(good.wiped > 0.999);
    assert_eq!(good.placed.len(), 4, "board, screws, cover, label");
    assert!(last(Some(Edit::Drop { step: 0 })).wiped < 0.001);
    assert_eq!(last(Some(Edit::Drop { step: 1 })).placed.len(), 3);
    assert_eq!(last(Some(Edit::Drop { step: 6 })).lamp, None);
    assert_eq!(
        last(Some(Edit::WrongObject {
            step: 6,
            difference: 1.0
        }))
        .lamp,
        Some(true)
    );
    let half = last(Some(Edit::Incomplete {
        step: 0,
        fraction: 0.5,
    }));
    assert!((half.wiped - 0.5).abs() < 0.02, "{}", half.wiped);
}

#[test]
fn hands_never_jump() {
    for edit in [
        Edit::Incomplete {
            step: 2,
            fraction: 0.4,
        },
        Edit::Insert {
            after: 3,
            seconds: 5.0,
        },
        Edit::WrongObject {
            step: 5,
            difference: 1.0,
        },
        Edit::Fast {
            step: 4,
            factor: 3.0,
        },
    ] {
        let performance = Performance::new(&Procedure::demo(2), 21)
            .with(edit)
            .unwrap();
        let choreography = Choreography::new(&performance);
        let end = performance.seconds();
        let moments = (0..(end * 200.0) as u32).map(|i| choreography.at(f64::from(i) / 200.0));
        let grips = moments
            .map(|m| (m.right.grip, m.left.grip))
            .collect::<Vec<_>>();
        for pair in grips.windows(2) {
            let right = (pair[1].0 - pair[0].0).length();
            let left = (pair[1].1 - pair[0].1).length();
            assert!(right.max(left) < 0.6, "{edit:?}: {pair:?}");
        }
    }
}
