//! Other ways to find deviations, to be measured beside ours.
