//! Products of all rows of one sequence with all rows of another.
//!
//! Most go through the `gemm` crate ([`row_products`]). The products that become
//! costs go through a kernel of our own where the processor allows it
//! ([`Panels`]): the trainee is rearranged once for all bands of gold rows, which
//! a library that is called band by band would do each time; and the product of
//! two rows is the same number whatever is computed beside it, so that costs that
//! are computed again are the same costs. On aarch64 all products go through the
//! crate, which has a kernel for NEON.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod panels;
mod rows;

pub(crate) use rows::row_products;

#[cfg(target_arch = "x86_64")]
pub(crate) use panels::{Panels, Rows};

/// Rows of the right side that panels hold together: products are computed for
/// stretches of them that begin at a multiple of this.
pub(crate) const PANEL: usize = 16;
