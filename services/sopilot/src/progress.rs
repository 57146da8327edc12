//! Progress on a terminal: bars on standard error, and nothing at all if that is no terminal.

use std::{fmt, sync::Arc, time::Duration};

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::text::safe;

/// All bars of a command. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    bars: MultiProgress,
}

impl Progress {
    /// A bar for `total` bytes.
    pub(crate) fn bytes(&self, what: &str, total: u64) -> Bar {
        let bar = self.bar(
            what,
            total,
            "{prefix:30!} {bar:24} {binary_bytes}/{binary_total_bytes} {left} {msg}",
        );
        Bar(Arc::new(Cleared(bar)))
    }

    /// A bar for a job.
    pub(crate) fn job(&self, what: &str) -> Bar {
        let bar = self.bar(
            what,
            1000,
            "{prefix:30!} {bar:24} {percent:>3} % {left} {msg}",
        );
        Bar(Arc::new(Cleared(bar)))
    }

    /// A bar for `total` things.
    pub(crate) fn count(&self, what: &str, total: usize) -> Bar {
        let template = "{prefix:30!} {bar:24} {pos}/{len} {left} {msg}";
        Bar(Arc::new(Cleared(self.bar(what, total as u64, template))))
    }

    fn bar(&self, what: &str, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template)
            .expect("the templates in this file are well formed")
            .with_key("left", time_left)
            .progress_chars("━╸─");
        let bar = self.bars.add(ProgressBar::new(length).with_style(style));
        bar.set_prefix(safe(what));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// How long it will still take if it goes on as it went; nothing before it has begun.
fn time_left(state: &ProgressState, text: &mut dyn fmt::Write) {
    let left = state.eta();
    if state.pos() > 0 && left >= Duration::from_secs(1) {
        // A bar that cannot be written shows less.
        let _ = write!(text, "{} left", HumanDuration(left));
    }
}

/// One bar. Clones are the same; it disappears with the last of them, so that only results stay on
/// the screen.
#[derive(Debug, Clone)]
pub(crate) struct Bar(Arc<Cleared>);

#[derive(Debug)]
struct Cleared(ProgressBar);

impl Bar {
    /// Sets how many bytes are done.
    pub(crate) fn at(&self, bytes: u64) {
        self.0.0.set_position(bytes);
    }

    /// One more thing is done.
    pub(crate) fn one_more(&self) {
        self.0.0.inc(1);
    }

    /// Sets the part that is done, from 0 to 1, and what is being done.
    pub(crate) fn fraction(&self, done: f64, doing: &str) {
        self.0
            .0
            .set_position((done.clamp(0.0, 1.0) * 1000.0) as u64);
        self.0.0.set_message(safe(doing));
    }
}

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
