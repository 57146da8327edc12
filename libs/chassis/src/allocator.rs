//! The allocator of every process that is built on the chassis.

use mimalloc::MiMalloc;

/// Embeddings and messages of about a megabyte come and go with every call. glibc's allocator
/// returns such pieces to the kernel at once, and every page of the next one is made anew: a third
/// of an alignment of two short videos went there. mimalloc keeps them for a while.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
