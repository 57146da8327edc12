//! Values that have the right type and yet make no sense.

use std::fmt::Debug;
use std::ops::RangeBounds;

/// What a part of the configuration demands of its values beyond their types.
pub trait Validate {
    /// Reports every value that is out of range, and every pair that contradicts itself.
    fn validate(&self, problems: &mut Problems);
}

/// Collects what [`Validate`] finds, each with the path of its value.
#[derive(Debug, Default)]
pub struct Problems {
    prefix: Vec<String>,
    found: Vec<(String, String)>,
}

impl Problems {
    /// An empty collection, for tests of a single [`Validate`]; [`load`](super::load) makes its
    /// own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports a problem with the value of `key` in the present section.
    pub fn add(&mut self, key: &str, problem: impl Into<String>) {
        self.found.push((self.path(key), problem.into()));
    }

    /// Reports `value` unless it lies in `range`.
    pub fn in_range<T: PartialOrd + Debug>(
        &mut self,
        key: &str,
        value: &T,
        range: impl RangeBounds<T> + Debug,
    ) {
        if !range.contains(value) {
            self.add(
                key,
                format!("{value:?} is out of range, must be in {range:?}"),
            );
        }
    }

    /// Reports `value` if it is empty or blank.
    pub fn not_empty(&mut self, key: &str, value: &str) {
        if value.trim().is_empty() {
            self.add(key, "must not be empty");
        }
    }

    /// Validates a section below the present one.
    pub fn section(&mut self, key: &str, part: &impl Validate) {
        self.prefix.push(key.to_owned());
        part.validate(self);
        self.prefix.pop();
    }

    /// Each problem as the path of its value and what is wrong with it.
    pub fn into_vec(self) -> Vec<(String, String)> {
        self.found
    }

    fn path(&self, key: &str) -> String {
        let mut path = self.prefix.clone();
        path.push(key.to_owned());
        path.join(".")
    }
}
