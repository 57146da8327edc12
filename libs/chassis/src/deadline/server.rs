//! The server's side: reads `grpc-timeout`, refuses work that is already too late, and cuts work
//! off in time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::{Deadline, GRPC_TIMEOUT, parse_timeout, scope, sync_scope};
use crate::around::{Answer, Around, Inner};
use crate::cut::cut_call;
use crate::error::{ApiError, Reason};

/// Puts every call under its caller's deadline.
///
/// - The deadline is the request's `grpc-timeout`; a malformed one is refused with
///   INVALID_ARGUMENT.
/// - A call that arrives too late is refused with DEADLINE_EXCEEDED before the handler sees it.
/// - The handler finds the deadline as a request extension and as [`Deadline::current`].
/// - At the deadline the handler is dropped and the caller gets DEADLINE_EXCEEDED; a response that
///   is still streaming ends with it.
///
/// Calls without `grpc-timeout` get the default that [`with_default`](Self::with_default) sets, but
/// only if they are known to be unary: how long a stream should last is for its reader to say, up to
/// the limit that [`with_limit`](Self::with_limit) sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadlines {
    default: Option<Rule>,
    limit: Option<Rule>,
}

/// A duration, and the paths of the methods that it is for.
#[derive(Debug, Clone)]
struct Rule {
    duration: Duration,
    methods: Arc<HashSet<String>>,
}

impl Rule {
    fn new(duration: Duration, methods: HashSet<String>) -> Self {
        Self {
            duration,
            methods: Arc::new(methods),
        }
    }

    fn of(rule: Option<&Self>, path: &str) -> Option<Duration> {
        rule.filter(|rule| rule.methods.contains(path))
            .map(|rule| rule.duration)
    }
}

impl Deadlines {
    /// A layer that puts calls under the deadline of their own request only.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Gives calls of `unary_methods` (paths such as `/package.Service/Method`) that name no
    /// deadline this one.
    #[must_use]
    pub(crate) fn with_default(self, limit: Duration, unary_methods: HashSet<String>) -> Self {
        Self {
            default: Some(Rule::new(limit, unary_methods)),
            ..self
        }
    }

    /// Gives calls of `methods` this deadline at the latest, whatever deadline they name.
    #[must_use]
    pub(crate) fn with_limit(self, limit: Duration, methods: HashSet<String>) -> Self {
        Self {
            limit: Some(Rule::new(limit, methods)),
            ..self
        }
    }

    fn deadline_of(&self, request: &Request<Body>) -> Result<Option<Deadline>, ApiError> {
        let path = request.uri().path();
        let named = parse_timeout(request.headers()).map_err(|text| {
            ApiError::new(
                Reason::InvalidArgument,
                format!("{GRPC_TIMEOUT}: `{text}` is not a timeout; send at most 8 digits and one of H, M, S, m, u, n"),
            )
        })?;
        let wanted = named.or_else(|| Rule::of(self.default.as_ref(), path));
        let most = Rule::of(self.limit.as_ref(), path);
        let deadline = wanted.into_iter().chain(most).min().map(Deadline::after);
        match deadline {
            Some(deadline) if deadline.expired() => Err(deadline.exceeded(path)),
            deadline => Ok(deadline),
        }
    }
}

impl Around for Deadlines {
    fn call(&self, inner: &mut impl Inner, mut request: Request<Body>) -> Answer {
        let deadline = match self.deadline_of(&request) {
            Ok(Some(deadline)) => deadline,
            Ok(None) => return Box::pin(inner.call(request)),
            Err(error) => return Box::pin(async { Ok(Status::from(error).into_http()) }),
        };
        let path = request.uri().path().to_owned();
        request.extensions_mut().insert(deadline);
        let work = scope(deadline, sync_scope(Some(deadline), || inner.call(request)));
        let too_late = Box::pin(async move {
            deadline.passed().await;
            Status::from(deadline.exceeded(path))
        });
        Box::pin(cut_call(work, too_late, Some(deadline)))
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use http::Response;
    use tonic::Code;
    use tower::{Layer, Service, service_fn};

    use super::*;
    use crate::around::AroundLayer;

    #[tokio::test]
    async fn what_comes_too_late_does_not_even_reach_the_next_layer() {
        let mut service = AroundLayer(Deadlines::new()).layer(service_fn(|_: Request<Body>| {
            let deadline = Deadline::current().expect("called without a deadline");
            assert!(!deadline.expired(), "called too late");
            ready(Ok(Response::new(Body::empty())))
        }));
        for (timeout, code) in [("0S", Some(Code::DeadlineExceeded)), ("1H", None)] {
            let mut request = Request::new(Body::empty());
            request
                .headers_mut()
                .insert(GRPC_TIMEOUT, timeout.parse().unwrap());
            let response = service.call(request).await.unwrap();
            let status = Status::from_header_map(response.headers());
            assert_eq!(status.map(|status| status.code()), code);
        }
    }
}
