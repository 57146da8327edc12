//! Which instructions compute the recurrence.

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;
use std::sync::LazyLock;

/// What computes the recurrence of dynamic time warping. For one and the same
/// matrix of costs every engine finds the identical path: costs are rounded to
/// whole numbers before they are added, and sums of whole numbers are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Plain code, on every machine: row by row.
    Portable,
    /// 8 cells an instruction, along anti-diagonals.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 16 cells an instruction, along anti-diagonals.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 4 cells an instruction, along anti-diagonals.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Engine {
    /// The fastest that this machine can run.
    pub fn best() -> Self {
        static BEST: LazyLock<Engine> = LazyLock::new(|| {
            let available = Engine::available();
            available[available.len() - 1]
        });
        *BEST
    }

    /// Every engine that this machine can run, the slowest first.
    pub fn available() -> Vec<Self> {
        let all = [
            Self::Portable,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512,
            #[cfg(target_arch = "aarch64")]
            Self::Neon,
        ];
        all.into_iter()
            .filter(|engine| engine.is_available())
            .collect()
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avx512f"),
            // Always there: the target takes it for granted.
            #[cfg(target_arch = "aarch64")]
            Self::Neon => is_aarch64_feature_detected!("neon"),
        }
    }

    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "cpu-portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "cpu-avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "cpu-avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "cpu-neon",
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::best()
    }
}

#[cfg(all(test, target_arch = "aarch64"))]
mod tests {
    use super::*;

    /// A test of every available engine would pass without it.
    #[test]
    fn neon_is_always_there() {
        assert_eq!(Engine::available(), [Engine::Portable, Engine::Neon]);
        assert_eq!(Engine::best().name(), "cpu-neon");
    }
}
