//! A broker that loses, doubles and refuses, on purpose and the same way every time.

use std::num::NonZeroU32;

/// How a faulty bus misbehaves. Each fault strikes one publish in so many, on average, and
/// independently of the others; `None` never strikes. The default has no fault.
///
/// Which publishes are struck follows from the seed and their order alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Confirms the message and loses it, as a broker does that dies before it replicates.
    pub lose_one_in: Option<NonZeroU32>,
    /// Delivers the message twice, as a publisher does that retries after a lost confirm.
    pub double_one_in: Option<NonZeroU32>,
    /// Fails with [`Unavailable`](crate::BusError::Unavailable) and takes nothing, as in an
    /// outage.
    pub refuse_one_in: Option<NonZeroU32>,
    /// The same seed strikes the same publishes.
    pub seed: u64,
}

/// What becomes of one publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Enqueued this many times: none when lost, two when doubled.
    Confirmed(u8),
    Refused,
}

/// Draws the fate of one publish after another.
#[derive(Debug)]
pub(super) struct FaultSource {
    faults: Faults,
    state: u64,
}

impl FaultSource {
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            faults,
            state: faults.seed,
        }
    }

    pub(super) fn next(&mut self) -> Fate {
        // Three draws whatever the outcome, so that adding a fault does not move the others.
        let refused = self.strikes(self.faults.refuse_one_in);
        let lost = self.strikes(self.faults.lose_one_in);
        let doubled = self.strikes(self.faults.double_one_in);
        if refused {
            Fate::Refused
        } else if lost {
            Fate::Confirmed(0)
        } else {
            Fate::Confirmed(1 + u8::from(doubled))
        }
    }

    fn strikes(&mut self, one_in: Option<NonZeroU32>) -> bool {
        let draw = self.draw();
        one_in.is_some_and(|n| draw.is_multiple_of(u64::from(n.get())))
    }

    /// `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(faults: Faults, count: usize) -> Vec<Fate> {
        let mut source = FaultSource::new(faults);
        (0..count).map(|_| source.next()).collect()
    }

    #[test]
    fn draws_are_splitmix64() {
        let mut source = FaultSource::new(Faults {
            seed: 1_234_567,
            ..Faults::default()
        });
        // The published test vector for this seed.
        assert_eq!(source.draw(), 6_457_827_717_110_365_317);
        assert_eq!(source.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn without_faults_everything_arrives_once() {
        let healthy = fates(Faults::default(), 1000);
        assert!(healthy.iter().all(|fate| *fate == Fate::Confirmed(1)));
    }

    #[test]
    fn faults_strike_about_as_often_as_asked_and_repeat_with_the_seed() {
        let faults = Faults {
            lose_one_in: NonZeroU32::new(4),
            double_one_in: NonZeroU32::new(3),
            refuse_one_in: NonZeroU32::new(10),
            seed: 7,
        };
        let drawn = fates(faults, 12_000);
        let count = |fate| drawn.iter().filter(|f| **f == fate).count();
        // Expected: 1200 refused, 2700 lost, 2700 doubled; the bounds are over four sigma wide.
        assert!(count(Fate::Refused).abs_diff(1200) < 150);
        assert!(count(Fate::Confirmed(0)).abs_diff(2700) < 200);
        assert!(count(Fate::Confirmed(2)).abs_diff(2700) < 200);
        assert_eq!(drawn, fates(faults, 12_000));
        assert_ne!(drawn, fates(Faults { seed: 8, ..faults }, 12_000));
    }
}
