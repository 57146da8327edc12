//! The Embedder trait and a descriptor that needs no model.
