//! Loops over rows, compiled for the instructions that the machine has.

use std::sync::LazyLock;

use pulp::Arch;

/// Runs `op` with the widest vectors of this machine. What is to profit must be
/// inlined into it. Results do not depend on the machine: sums are taken in an
/// order that is written down, and nothing is fused.
#[inline]
pub(crate) fn vectorised<R>(op: impl FnOnce() -> R) -> R {
    static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);
    ARCH.dispatch(op)
}
