//! Aligns sequences of embeddings and gathers the evidence.
