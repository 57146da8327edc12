//! Going on after a break of a long stream.

use std::time::Duration;

use crate::error::{Error, Result};

/// How often, and after how long, a stream that broke is begun anew.
#[derive(Debug)]
pub(crate) struct Patience {
    breaks: u32,
}

impl Patience {
    /// Breaks in a row without any progress after which it is given up: with the delays, half a
    /// minute, in which a server restarts.
    const MOST_BREAKS: u32 = 7;

    pub(crate) fn new() -> Self {
        Self { breaks: 0 }
    }

    /// Waits before the next attempt, longer each time; answers `error` when it is given up.
    pub(crate) async fn wait(&mut self, error: Error) -> Result<()> {
        if self.breaks >= Self::MOST_BREAKS {
            return Err(error);
        }
        let delay = Duration::from_millis(250) * 2_u32.pow(self.breaks);
        self.breaks += 1;
        tracing::warn!(error = %error.message, ?delay, "the stream broke; going on");
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let begin = tokio::time::Instant::now();
        let mut patience = Patience::new();
        let error = Error::new(Exit::UNREACHABLE, "gone");
        let mut waits = 0;
        while patience.wait(error.clone()).await.is_ok() {
            waits += 1;
        }
        assert_eq!(waits, Patience::MOST_BREAKS);
        let waited = begin.elapsed();
        assert!(
            waited > Duration::from_secs(25) && waited < Duration::from_secs(40),
            "{waited:?}"
        );
    }
}
