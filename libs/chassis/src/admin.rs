//! The port for the platform: metrics, liveness and readiness over HTTP.
//!
//! - `/metrics`: everything that is measured, as Prometheus reads it.
//! - `/livez`: 200 as long as this process answers at all.
//! - `/readyz`: 200 while requests should come, else 503; the body says what is missing.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::{Listener, Readiness};

/// Bounds of the buckets of durations, in seconds: from a lookup to a long alignment.
const SECONDS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
];

/// What is measured, since [`record_metrics`].
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

/// Keeps from here on what is measured with the `metrics` crate. Once per process; `service` is a
/// label of everything.
pub fn record_metrics(service: &'static str) -> Result<Metrics, BuildError> {
    let handle = PrometheusBuilder::new()
        .add_global_label("service", service)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    Ok(Metrics(handle))
}

/// Answers on the admin port until `stop`.
pub async fn serve_admin(
    listener: Listener,
    metrics: Metrics,
    readiness: Readiness,
    stop: CancellationToken,
) {
    tracing::info!(address = %listener.local_addr(), "serving metrics and health over HTTP");
    let app = Router::new()
        .route("/metrics", get(render))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(Admin { metrics, readiness });
    let socket: TcpListener = listener.into_socket();
    let serving = axum::serve(socket, app).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the admin port ended");
    }
}

#[derive(Debug, Clone)]
struct Admin {
    metrics: Metrics,
    readiness: Readiness,
}

async fn render(State(admin): State<Admin>) -> Response {
    // Histograms are drained into their buckets only when asked to.
    admin.metrics.0.run_upkeep();
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (content_type, admin.metrics.0.render()).into_response()
}

async fn ready(State(admin): State<Admin>) -> Response {
    let missing = admin.readiness.missing();
    if missing.is_empty() {
        return "ok\n".into_response();
    }
    let body = format!("{}\n", missing.join("\n"));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}
