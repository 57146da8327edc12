//! Ends calls that outlast the grace period of a stop, or their connection.

use std::future::pending;

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::connection::ConnectionInfo;
use super::methods::is_infrastructure;
use crate::around::{Answer, Around, Inner};
use crate::cut::cut_call;
use crate::error::{ApiError, Reason};
use crate::shutdown::Shutdown;

/// Ends every call with UNAVAILABLE when the stop's grace period is over, and watches of health,
/// which have no end of their own, as soon as draining begins: they would hold up every stop until
/// the last moment. Calls whose connection has ended its age and grace end with UNAVAILABLE too.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    shutdown: Shutdown,
}

impl Stop {
    pub(super) fn new(shutdown: Shutdown) -> Self {
        Self { shutdown }
    }
}

impl Around for Stop {
    fn call(&self, inner: &mut impl Inner, request: Request<Body>) -> Answer {
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
        Box::pin(cut_call(inner.call(request), cut, None))
    }
}
