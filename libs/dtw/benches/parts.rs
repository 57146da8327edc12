//! Times of the parts: `cargo bench -p sopilot-dtw --bench parts`.

use divan::{Bencher, counter::ItemsCount};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sopilot_dtw::{
    Centring, DropCosts, Engine, MatrixView, Options, Pruning, Side, align, align_costs,
    align_subsequence, align_with_drops, align_with_evidence, discrete_frechet, self_similarity,
    soft_dtw,
};

const SIZES: [usize; 3] = [120, 500, 2000];
const DIM: usize = 1024;

fn main() {
    divan::main();
}

/// A matrix that changes slowly, or does not.
fn rows(seed: u64, count: usize, kept: f32) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut state = vec![0.0_f32; DIM];
    let mut rows = Vec::with_capacity(count * DIM);
    for _ in 0..count {
        for value in &mut state {
            *value = kept * *value + (1.0 - kept) * rng.random_range(-1.0..1.0);
        }
        rows.extend_from_slice(&state);
    }
    rows
}

/// Times something done with two sequences, by cell.
fn pair<R>(
    bencher: Bencher<'_, '_>,
    clips: usize,
    kept: f32,
    work: impl Fn(&MatrixView<'_>, &MatrixView<'_>) -> R + Sync,
) {
    let (gold, trainee) = (rows(1, clips, kept), rows(2, clips, kept));
    let view = |side, values| MatrixView::new(side, clips, DIM, values).expect("rows are finite");
    let (gold, trainee) = (view(Side::Gold, &gold), view(Side::Trainee, &trainee));
    bencher
        .counter(ItemsCount::new(clips * clips))
        .bench(|| work(&gold, &trainee));
}

#[divan::bench(args = Engine::available(), consts = SIZES)]
fn recurrence<const CLIPS: usize>(bencher: Bencher<'_, '_>, engine: Engine) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let cost = |_| rng.random_range(0.0..2.0);
    let costs: Vec<f32> = (0..CLIPS * CLIPS).map(cost).collect();
    let options = Options {
        engine,
        ..Options::default()
    };
    bencher
        .counter(ItemsCount::new(CLIPS * CLIPS))
        .bench(|| align_costs(CLIPS, CLIPS, &costs, &options));
}

#[divan::bench(args = SIZES)]
fn product_alone(bencher: Bencher<'_, '_>, clips: usize) {
    pair(bencher, clips, 0.0, |gold, _| {
        self_similarity(gold, &Options::default())
    });
}

#[divan::bench(args = SIZES)]
fn whole(bencher: Bencher<'_, '_>, clips: usize) {
    let options = Options {
        pruning: Pruning::Off,
        ..Options::default()
    };
    pair(bencher, clips, 0.0, |a, b| align(a, b, &options));
}

#[divan::bench(args = SIZES)]
fn pruned(bencher: Bencher<'_, '_>, clips: usize) {
    pair(bencher, clips, 0.98, |a, b| {
        align(a, b, &Options::default())
    });
}

#[divan::bench(args = SIZES)]
fn band_of_a_tenth(bencher: Bencher<'_, '_>, clips: usize) {
    let options = Options {
        band_radius: Some(clips as u32 / 20),
        ..Options::default()
    };
    pair(bencher, clips, 0.0, |a, b| align(a, b, &options));
}

#[divan::bench(args = SIZES)]
fn with_evidence_of_ten_steps(bencher: Bencher<'_, '_>, clips: usize) {
    let border = |step: usize| (step * clips / 10) as u32;
    let steps: Vec<_> = (0..10).map(|step| border(step)..border(step + 1)).collect();
    let options = Options {
        centring: Centring::OnEach,
        ..Options::default()
    };
    pair(bencher, clips, 0.0, |a, b| {
        align_with_evidence(a, b, &steps, &options)
    });
}

#[divan::bench(args = SIZES)]
fn subsequence(bencher: Bencher<'_, '_>, clips: usize) {
    pair(bencher, clips, 0.0, |a, b| {
        align_subsequence(a, b, &Options::default())
    });
}

#[divan::bench(args = SIZES)]
fn with_drops(bencher: Bencher<'_, '_>, clips: usize) {
    let drop = DropCosts {
        gold: 0.5,
        trainee: 0.5,
    };
    pair(bencher, clips, 0.0, |a, b| {
        align_with_drops(a, b, drop, &Options::default())
    });
}

#[divan::bench(args = SIZES)]
fn soft(bencher: Bencher<'_, '_>, clips: usize) {
    pair(bencher, clips, 0.0, |a, b| {
        soft_dtw(a, b, 0.1, &Options::default())
    });
}

#[divan::bench(args = SIZES)]
fn frechet(bencher: Bencher<'_, '_>, clips: usize) {
    pair(bencher, clips, 0.0, |a, b| {
        discrete_frechet(a, b, &Options::default())
    });
}
