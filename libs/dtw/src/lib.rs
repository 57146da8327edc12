//! Dynamic time warping and the evidence that scoring reads from an alignment.
