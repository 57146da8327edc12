//! Synthetic procedures with ground truth, and fixtures for tests.
