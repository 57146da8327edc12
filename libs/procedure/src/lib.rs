//! Steps, deviations, score and metrics: pure functions.
