//! Tasks, videos, jobs, results, reviews: the only service with state.
