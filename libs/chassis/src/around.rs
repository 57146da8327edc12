//! What the layers of the server have in common: each does something around a call, and is
//! otherwise a layer of tower like any other.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

/// The answer to a call.
pub(crate) type Answer = BoxFuture<'static, Result<Response<Body>, Infallible>>;

/// Something that answers calls: routes, or another layer.
pub(crate) trait Inner:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
{
}

impl<S> Inner for S where
    S: Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        >
{
}

/// What is done around a call.
pub(crate) trait Around: Clone {
    /// Answers `request`, mostly by having `inner` do it.
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer;
}

/// Puts an [`Around`] around services.
#[derive(Debug, Clone)]
pub(crate) struct AroundLayer<A>(pub(crate) A);

/// A service with an [`Around`] around it.
#[derive(Debug, Clone)]
pub(crate) struct AroundService<A, S> {
    around: A,
    inner: S,
}

impl<A: Around, S> Layer<S> for AroundLayer<A> {
    type Service = AroundService<A, S>;

    fn layer(&self, inner: S) -> Self::Service {
        AroundService {
            around: self.0.clone(),
            inner,
        }
    }
}

impl<A: Around, S: Inner> Service<Request<Body>> for AroundService<A, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.around.call(&mut self.inner, request)
    }
}
