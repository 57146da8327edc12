//! Where the time of a piece of work goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The target of spans whose time is added up, by their names: `info_span!(target: STAGE, "decode")`.
pub const STAGE: &str = "sopilot::stage";

/// Adds up how long spans with the target [`STAGE`] are entered, over all threads.
#[derive(Debug, Clone, Default)]
pub struct StageTimings(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

/// When a span was entered.
struct Entered(Option<Instant>);

impl StageTimings {
    /// The time of each stage so far, by name.
    pub fn so_far(&self) -> Vec<(&'static str, Duration)> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.iter().map(|(&name, &time)| (name, time)).collect()
    }
}

impl<S> Layer<S> for StageTimings
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() == STAGE
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Entered(None));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(entered) = span.extensions_mut().get_mut::<Entered>()
        {
            entered.0 = Some(Instant::now());
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let since = span
            .extensions_mut()
            .get_mut::<Entered>()
            .and_then(|entered| entered.0.take());
        if let Some(since) = since {
            let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *times.entry(span.name()).or_default() += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::{info_span, subscriber::with_default};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn only_stages_count_and_each_by_its_name() {
        let timings = StageTimings::default();
        let subscriber = tracing_subscriber::registry().with(timings.clone());
        with_default(subscriber, || {
            for _ in 0..2 {
                info_span!(target: STAGE, "decode").in_scope(|| ());
            }
            info_span!(target: STAGE, "embed").in_scope(|| ());
            info_span!("something else").in_scope(|| ());
        });
        let names: Vec<_> = timings.so_far().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["decode", "embed"]);
    }
}
