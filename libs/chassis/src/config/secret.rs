//! Values that must not be shown.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

const REDACTED: &str = "(redacted)";

/// A value that is not shown in logs, in error messages, or by
/// [`print_config`](super::print_config).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T: Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if REVEALED.get() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_str(REDACTED)
        }
    }
}

impl<'de> Deserialize<'de> for Secret<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The original error would quote the value.
        let value = String::deserialize(deserializer)
            .map_err(|_| Error::custom("the secret has the wrong type or form"))?;
        if value == REDACTED {
            return Err(Error::custom(
                "`(redacted)` stands where --print-config left out a secret: write the secret, or remove the line and give it as an environment variable",
            ));
        }
        Ok(Self(value))
    }
}

thread_local! {
    static REVEALED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `serialise` with secrets written out: the defaults, as the loader merges them, must survive
/// the round trip.
pub(super) fn revealed<R>(serialise: impl FnOnce() -> R) -> R {
    struct Hide;
    impl Drop for Hide {
        fn drop(&mut self) {
            REVEALED.set(false);
        }
    }
    REVEALED.set(true);
    let _hide = Hide;
    serialise()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_nowhere() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), REDACTED);
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"(redacted)\"");
        assert_eq!(
            revealed(|| serde_json::to_string(&secret).unwrap()),
            "\"hunter2\""
        );
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"(redacted)\"");
        let error = serde_json::from_str::<Secret<String>>("54321").unwrap_err();
        assert!(!error.to_string().contains("54321"));
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn what_stands_for_a_secret_is_none() {
        let shown = serde_json::to_string(&Secret::new("hunter2".to_owned())).unwrap();
        let error = serde_json::from_str::<Secret<String>>(&shown).unwrap_err();
        assert!(error.to_string().contains("write the secret"), "{error}");
    }
}
