//! What announcements are about, and who wants to hear of it.

use std::fmt;
use std::sync::Arc;

use crate::BusError;

/// RabbitMQ's limit for a routing key, in bytes.
const MAX_BYTES: usize = 255;
/// With a prefix a name stays far below RabbitMQ's 255 bytes.
const MAX_NAME: usize = 64;

/// What an announcement is about: words joined by dots, from the general to the particular, such
/// as `job.succeeded`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(Arc<str>);

impl Topic {
    /// Fails with [`BusError::InvalidName`] unless `name` is words of a-z, 0-9, `-` and `_`, joined
    /// by dots, and at most 255 bytes.
    pub fn new(name: &str) -> Result<Self, BusError> {
        if name.len() > MAX_BYTES || !name.split('.').all(is_word) {
            return Err(BusError::InvalidName {
                what: "topic",
                name: name.to_owned(),
                rule: "must be words of a-z, 0-9, '-' and '_', joined by dots",
            });
        }
        Ok(Self(Arc::from(name)))
    }

    /// The topic as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which topics a subscription hears: a topic in which `*` stands for any one word and `#` for any
/// number of words, none included. `#` alone is everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPattern(Arc<str>);

impl TopicPattern {
    /// Fails with [`BusError::InvalidName`] unless `pattern` is a topic whose words may be `*` or
    /// `#`.
    pub fn new(pattern: &str) -> Result<Self, BusError> {
        let allowed = |word| matches!(word, "*" | "#") || is_word(word);
        if pattern.len() > MAX_BYTES || !pattern.split('.').all(allowed) {
            return Err(BusError::InvalidName {
                what: "topic pattern",
                name: pattern.to_owned(),
                rule: "must be a topic whose words may be '*' or '#'",
            });
        }
        Ok(Self(Arc::from(pattern)))
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern stands for the topic.
    pub fn matches(&self, topic: &Topic) -> bool {
        let pattern: Vec<_> = self.0.split('.').collect();
        let topic: Vec<_> = topic.0.split('.').collect();
        matches(&pattern, &topic)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Row by row over the pattern: `reached[n]` is whether its words so far stand for the first `n`
/// words of the topic. Never more than both lengths multiplied, whatever the pattern.
fn matches(pattern: &[&str], topic: &[&str]) -> bool {
    let mut reached = vec![false; topic.len() + 1];
    reached[0] = true;
    for word in pattern {
        let mut next = vec![false; topic.len() + 1];
        for end in 0..=topic.len() {
            next[end] = match *word {
                "#" => reached[end] || (end > 0 && next[end - 1]),
                word => end > 0 && reached[end - 1] && (word == "*" || word == topic[end - 1]),
            };
        }
        reached = next;
    }
    reached[topic.len()]
}

fn is_word(word: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    !word.is_empty() && word.bytes().all(allowed)
}

/// What a listener wants to hear, and whether it is kept for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    name: Option<Arc<str>>,
    pattern: TopicPattern,
}

impl Subscription {
    /// Hears what is announced while its consumer lives, and leaves nothing behind.
    pub const fn passing(pattern: TopicPattern) -> Self {
        Self {
            name: None,
            pattern,
        }
    }

    /// From its first use on, keeps under this name what is announced, heard or not; consumers of
    /// one name share it. When nobody listens for so long that it is full, the oldest goes.
    ///
    /// A name stands for one pattern: used with another, it hears both.
    ///
    /// Fails with [`BusError::InvalidName`] unless the name is 1 to 64 characters of a-z, 0-9 and
    /// `-`.
    pub fn durable(name: &str, pattern: TopicPattern) -> Result<Self, BusError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(allowed) {
            return Err(BusError::InvalidName {
                what: "subscription",
                name: name.to_owned(),
                rule: "must be 1 to 64 characters of a-z, 0-9 and '-'",
            });
        }
        Ok(Self {
            name: Some(Arc::from(name)),
            pattern,
        })
    }

    /// Its name, if it is kept.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What it hears.
    pub const fn pattern(&self) -> &TopicPattern {
        &self.pattern
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "subscription {name}"),
            None => write!(f, "passing subscription to {}", self.pattern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_brokers_do() {
        let yes = [
            ("job.succeeded", "job.succeeded"),
            ("job.*", "job.succeeded"),
            ("*.succeeded", "job.succeeded"),
            ("#", "job.succeeded"),
            ("job.#", "job"),
            ("job.#", "job.succeeded.late"),
            ("#.late", "job.succeeded.late"),
            ("job.#.late", "job.late"),
            ("#.#", "job"),
            ("*.#.*", "job.late"),
        ];
        let no = [
            ("job.succeeded", "job.failed"),
            ("job.*", "job"),
            ("job.*", "job.succeeded.late"),
            ("*", "job.succeeded"),
            ("job.#.late", "job.late.again"),
            ("*.#.*", "job"),
        ];
        let expected = yes.map(|pair| (pair, true)).into_iter();
        for ((pattern, topic), expected) in expected.chain(no.map(|pair| (pair, false))) {
            let found = TopicPattern::new(pattern)
                .unwrap()
                .matches(&Topic::new(topic).unwrap());
            assert_eq!(found, expected, "{pattern} for {topic}");
        }
    }

    #[test]
    fn names_that_would_break_are_refused() {
        for bad in ["", ".", "a.", "a b", "Ä", "UPPER", "a.*", &"x".repeat(256)] {
            assert!(Topic::new(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "a*", "a.#b", "..", &"x".repeat(256)] {
            assert!(TopicPattern::new(bad).is_err(), "{bad:?}");
        }
        let all = TopicPattern::new("#").unwrap();
        for bad in ["", "a.b", "a_b", "A", &"x".repeat(65)] {
            let error = Subscription::durable(bad, all.clone()).unwrap_err();
            assert!(matches!(error, BusError::InvalidName { .. }), "{bad:?}");
        }
        let named = Subscription::durable("audit-2", all).unwrap();
        assert_eq!(named.to_string(), "subscription audit-2");
    }
}
