//! Some of the videos alone.

use super::*;

#[test]
fn strata_and_subsets_are_judged_alone() {
    let videos = world();
    let judgement = judged(&videos, blind_to_order);
    let f1 = |judgement: &Judgement<'_>| {
        let found = judgement.measures().deviations;
        found.and_then(|found| found.overall.f1.value)
    };
    let strata = judgement.by_stratum("edit");
    assert_eq!(strata.len(), 10);
    assert_eq!(f1(&strata["swap"]), Some(0.0));
    assert_eq!(f1(&strata["drop"]), Some(1.0));
    assert_eq!(f1(&strata["good"]), None);
    let halves = judgement.by_stratum("half");
    assert_eq!(halves["one"].measures().videos, 30);
    assert_eq!(halves["one"].measures().tasks, 3);
    let swaps = halves["one"].only(|video| video.strata["edit"] == "swap");
    assert_eq!(swaps.measures().videos, 3);
    assert!(judgement.by_stratum("colour").is_empty());
    let nothing = judgement.only(|_| false).measures();
    assert_eq!((nothing.videos, nothing.share_not_comparable), (0, None));
    assert_eq!(nothing.area_under_curve.any.value, None);
}

#[test]
fn a_stratum_without_good_videos_borrows_them_for_the_area_alone() {
    let videos = world();
    let whole = judged(&videos, blind_to_order);
    let strata = whole.by_stratum("edit");
    let swap = strata["swap"].measures();
    // As suspicious as the good ones: seen by nobody.
    assert_eq!(swap.area_under_curve.any.value, Some(0.5));
    let drop = strata["drop"].measures();
    assert_eq!(
        (drop.good_videos, drop.area_under_curve.good_videos),
        (0, 12)
    );
    assert!(drop.borrows_good_videos());
    let of_kind = &whole.measures().area_under_curve.by_kind;
    assert_eq!(
        drop.area_under_curve.any,
        of_kind[&DeviationKind::MissingStep]
    );
    let alarms = drop
        .deviations
        .expect("deviations are reported")
        .false_alarms;
    assert_eq!(
        (alarms.share_of_videos, alarms.per_video_upper),
        (None, None)
    );
    // Who has good ones of its own takes those.
    let half = whole.by_stratum("half")["one"].measures();
    assert_eq!(
        (half.good_videos, half.area_under_curve.good_videos),
        (6, 6)
    );
    assert!(!half.borrows_good_videos());
    // Tasks of borrowed videos are no tasks of the stratum.
    let one = whole.only(|video| video.id == "0/drop").measures();
    assert_eq!((one.videos, one.tasks), (1, 1));
    assert_eq!(one.area_under_curve.any.value, Some(1.0));
    let f1 = one.deviations.expect("deviations are reported").overall.f1;
    assert_eq!((f1.value, f1.interval), (Some(1.0), None));
}

#[test]
fn good_videos_are_borrowed_from_what_was_narrowed() {
    let videos = world();
    // Good videos of the second half look worse than any mistake.
    let whole = judged(&videos, |video| {
        let is_odd = video.strata["half"] == "two" && video.truth.deviations.is_empty();
        Prediction {
            suspicion: if is_odd { 9.0 } else { 1.0 },
            ..perfect(video)
        }
    });
    let area = |judgement: &Judgement<'_>| judgement.measures().area_under_curve.any.value;
    let is_swap = |video: &Video| video.strata["edit"] == "swap";
    let of_half = whole.by_stratum("half")["one"].only(is_swap);
    let of_all = whole.only(|video| is_swap(video) && video.strata["half"] == "one");
    assert_eq!(area(&of_half), Some(0.5));
    assert_eq!(area(&of_all), Some(0.25));
    // Narrowed once more, they are still there.
    assert_eq!(area(&of_all.only(|video| video.id == "0/swap")), Some(0.25));
    assert_eq!(
        of_half.compare(&of_all).err(),
        Some(JudgeError::DifferentVideos)
    );
    let perfect =
        judged(&videos, perfect).only(|video| is_swap(video) && video.strata["half"] == "one");
    let better = perfect.compare(&of_all).expect("the same videos");
    assert_eq!(better.area_under_curve_any.value, Some(0.75));
}
