//! Between wire and domain types.
