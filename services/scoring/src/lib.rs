//! Turns evidence into steps, deviations and a score.
