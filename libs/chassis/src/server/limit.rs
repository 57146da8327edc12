//! One limit on calls in flight for the whole process; what exceeds it is turned away at once.
//! Services that the mesh itself calls have a second one of the same size: the calls that make the
//! work go on must not wait for callers who wait for the work.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;

use super::methods::is_infrastructure;
use crate::around::{Answer, Around, Inner};
use crate::error::{ApiError, Reason};
use crate::metrics::{self, Counted};

/// When a caller that was turned away may come back. Callers add jitter of their own.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Turns calls away with RESOURCE_EXHAUSTED while `max` others are in flight.
///
/// Queueing instead would make every call late under overload and help none. tower's concurrency
/// limit and load-shed cannot say when to come back, and release their permit before a streaming
/// response has ended.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    permits: Arc<Semaphore>,
    /// For the services in `internal`.
    internal_permits: Arc<Semaphore>,
    internal: Arc<HashSet<String>>,
    max: usize,
}

impl Limit {
    /// `internal`: names of services that have a limit of their own.
    pub(super) fn new(max: usize, internal: HashSet<String>) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max)),
            internal_permits: Arc::new(Semaphore::new(max)),
            internal: Arc::new(internal),
            max,
        }
    }

    fn place(&self, path: &str) -> Option<Place> {
        let service = path.trim_start_matches('/').split('/').next();
        let permits = if service.is_some_and(|name| self.internal.contains(name)) {
            &self.internal_permits
        } else {
            &self.permits
        };
        let permit = Arc::clone(permits).try_acquire_owned().ok()?;
        Some(Place {
            _permit: permit,
            _counted: Counted::in_flight(),
        })
    }
}

impl Around for Limit {
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer {
        // A full process must still be able to say that it is healthy.
        if is_infrastructure(request.uri().path()) {
            return Box::pin(inner.call(request));
        }
        let Some(place) = self.place(request.uri().path()) else {
            metrics::server_shed();
            let max = self.max;
            let error = ApiError::new(
                Reason::Overloaded,
                format!("{max} calls are in flight, which is the limit"),
            )
            .with_retry_after(RETRY_AFTER);
            return Box::pin(async { Ok(Status::from(error).into_http()) });
        };
        let call = inner.call(request);
        Box::pin(async move {
            Ok(call.await?.map(|inner| {
                Body::new(PlaceBody {
                    inner,
                    place: Some(place),
                })
            }))
        })
    }
}

/// One of the calls that may be in flight.
struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// Holds the place until the response has ended. Gives it back before the last frame is sent, so
/// that a caller who has the answer finds the place free.
struct PlaceBody {
    inner: Body,
    place: Option<Place>,
}

impl http_body::Body for PlaceBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        let goes_on = match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.is_data(),
            Poll::Ready(Some(Err(_)) | None) => false,
            Poll::Pending => true,
        };
        if !goes_on {
            self.place = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{poll_fn, ready};

    use http::Response;
    use tower::{Layer, Service, service_fn};

    use super::*;
    use crate::around::AroundLayer;
    use crate::cut::trailers_of;

    /// One message and then trailers, but no end until it is dropped.
    struct Answer(u8);

    impl http_body::Body for Answer {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            self.0 += 1;
            match self.0 {
                1 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x"))))),
                2 => {
                    let trailers = trailers_of(&Status::new(tonic::Code::Ok, ""));
                    Poll::Ready(Some(Ok(Frame::trailers(trailers))))
                }
                _ => Poll::Pending,
            }
        }
    }

    #[tokio::test]
    async fn internal_services_have_places_of_their_own() {
        let limit = Limit::new(1, HashSet::from(["test.Worker".to_owned()]));
        let mut service = AroundLayer(limit.clone()).layer(service_fn(|_: Request<Body>| {
            ready(Ok(Response::new(Body::new(Answer(0)))))
        }));
        let mut call = async |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = service.call(request).await.unwrap();
            let refused = response.headers().contains_key("grpc-status");
            (!refused).then_some(response)
        };
        let outside = call("/test.Job/Watch").await;
        assert!(outside.is_some());
        assert!(call("/test.Job/Get").await.is_none());
        let inside = call("/test.Worker/Claim").await;
        assert!(inside.is_some());
        assert!(call("/test.Worker/Claim").await.is_none());
        drop(outside);
        assert!(call("/test.Job/Get").await.is_some());
    }

    #[tokio::test]
    async fn a_place_is_free_once_the_last_frame_goes_out() {
        let limit = Limit::new(1, HashSet::new());
        let mut service = AroundLayer(limit.clone()).layer(service_fn(|_: Request<Body>| {
            ready(Ok(Response::new(Body::new(Answer(0)))))
        }));
        let mut body = service
            .call(Request::new(Body::empty()))
            .await
            .unwrap()
            .into_body();
        for free in [0, 1] {
            let frame = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await;
            frame.unwrap().unwrap();
            assert_eq!(limit.permits.available_permits(), free);
        }
        let unfinished = service.call(Request::new(Body::empty())).await.unwrap();
        assert_eq!(limit.permits.available_permits(), 0);
        drop(unfinished);
        assert_eq!(limit.permits.available_permits(), 1);
    }
}
