//! Ends calls that outlast the grace period of a stop, or their connection.

use std::convert::Infallible;
use std::future::pending;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::connection::ConnectionInfo;
use super::methods::is_infrastructure;
use crate::cut::cut_call;
use crate::error::{ApiError, Reason};
use crate::shutdown::Shutdown;

/// Ends every call with UNAVAILABLE when the stop's grace period is over, and watches of health,
/// which have no end of their own, as soon as draining begins: they would hold up every stop until
/// the last moment. Calls whose connection has ended its age and grace end with UNAVAILABLE too.
#[derive(Debug, Clone)]
pub(super) struct StopLayer {
    shutdown: Shutdown,
}

impl StopLayer {
    pub(super) fn new(shutdown: Shutdown) -> Self {
        Self { shutdown }
    }
}

impl<S> Layer<S> for StopLayer {
    type Service = StopService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        StopService {
            inner,
            shutdown: self.shutdown.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct StopService<S> {
    inner: S,
    shutdown: Shutdown,
}

impl<S> Service<Request<Body>> for StopService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let infrastructure = is_infrastructure(request.uri().path());
        let end = if infrastructure {
            self.shutdown.draining()
        } else {
            self.shutdown.cut()
        };
        let end = end.clone().cancelled_owned();
        let connection = request.extensions().get::<ConnectionInfo>();
        let outlived = connection.and_then(|connection| connection.end);
        let cut = Box::pin(async move {
            let outlived = async {
                match outlived {
                    Some(end) => end.reached().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = end => Status::from(ApiError::new(
                    Reason::Unavailable,
                    "the process is stopping; ask another replica",
                )),
                status = outlived => status,
            }
        });
        Box::pin(cut_call(self.inner.call(request), cut, None))
    }
}
