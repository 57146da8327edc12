//! From the command line to the exit code.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use sopilot_chassis::admin::{record_metrics, serve_admin};
use sopilot_chassis::config::{self, EX_CONFIG};
use sopilot_chassis::{
    Listener, Readiness, Server, Shutdown, ShutdownConfig, Stopped, init_telemetry,
};
use sopilot_proto::DESCRIPTORS;
use tokio_util::sync::CancellationToken;

use crate::arguments::Arguments;
use crate::start::{Start, StartError};
use crate::{Common, Service};

/// How long calls in flight may go on once the work has ended.
const SERVERS_GRACE: Duration = Duration::from_secs(2);

/// How long threads that ignore the end are waited for.
const LAST_WORK: Duration = Duration::from_secs(2);

/// All of a service's `main`.
pub fn main<S: Service>() -> ExitCode {
    // Several crates bring a provider, so that rustls cannot choose by itself. The error says that
    // somebody else has chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (arguments, command) = Arguments::parse::<S>();
    let config = match arguments.settings::<S>() {
        Ok(config) => config,
        Err(errors) => return tell(EX_CONFIG, &errors),
    };
    if arguments.print_config {
        return say(&config::print_config(&config));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(1, &format!("cannot start threads: {error}")),
    };
    let outcome = runtime.block_on(async {
        match command {
            Some(name) => S::command(&name, &config).await,
            None => serve::<S>(&config).await.map(|()| String::new()),
        }
    });
    runtime.shutdown_timeout(LAST_WORK);
    match outcome {
        Ok(text) => say(&text),
        // It was told in the log.
        Err(StartError::Stopped(_)) => ExitCode::SUCCESS,
        Err(error @ StartError::Setting(_)) => tell(EX_CONFIG, &error),
        Err(error @ StartError::Failed(_)) => tell(1, &error),
    }
}

async fn serve<S: Service>(config: &S::Config) -> Result<(), StartError> {
    let common = S::common(config);
    let telemetry =
        init_telemetry(S::NAME, &common.log, &common.trace).map_err(StartError::because)?;
    let outcome = run::<S>(config, common).await;
    match &outcome {
        Ok(()) => {}
        Err(StartError::Stopped(message)) => tracing::info!("{message}"),
        Err(error) => tracing::error!(%error, "cannot serve"),
    }
    telemetry.finish().await;
    outcome
}

async fn run<S: Service>(config: &S::Config, common: &Common) -> Result<(), StartError> {
    let metrics = record_metrics(S::NAME).map_err(StartError::because)?;
    sopilot_chassis::metrics::describe();
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("sopilot_build_info", "version" => version).set(1.0);
    let start = Start {
        name: format!("{}-{}", host_name(), std::process::id()),
        work: Shutdown::new(common.shutdown.clone()),
        servers: Shutdown::new(ShutdownConfig {
            propagation: Duration::ZERO,
            grace: common.shutdown.grace.min(SERVERS_GRACE),
        }),
        readiness: Readiness::new(),
    };
    start.work.on_signals().map_err(StartError::because)?;
    let admin = Listener::bind(common.admin_listen)
        .await
        .map_err(StartError::because)?;
    let grpc = Listener::bind(common.listen)
        .await
        .map_err(StartError::because)?;
    let admin_stop = CancellationToken::new();
    let admin = tokio::spawn(serve_admin(
        admin,
        metrics,
        start.readiness.clone(),
        admin_stop.clone(),
    ));

    let started = S::start(config, &start).await?;
    let server = Server::builder(common.server.clone())
        .with_services(started.services)
        .with_descriptor_set(DESCRIPTORS)
        .with_readiness(start.readiness.clone())
        .build(grpc)
        .map_err(StartError::because)?;
    let (work, servers) = (start.work.clone(), start.servers.clone());
    let serving = tokio::spawn(async move {
        let outcome = server.serve(&servers).await;
        // Whoever serves nobody need not work.
        work.trigger();
        outcome
    });
    start.readiness.set_ready();
    tracing::info!(worker = %start.name, version, "ready");

    start.work.started().await;
    start.readiness.set_stopping();
    let stopped = start.work.complete().await;
    start.servers.trigger();
    start.servers.complete().await;
    if let Some(bus) = started.bus {
        bus.close().await;
    }
    admin_stop.cancel();
    // It has nothing to say that its own log line does not.
    let _ = admin.await;
    if let Stopped::Cut { unfinished } = stopped {
        tracing::warn!(
            unfinished,
            "stopped before all work had ended; others take it over"
        );
    }
    match serving.await {
        Ok(outcome) => outcome.map_err(StartError::because),
        Err(panic) => Err(StartError::new(format!("the server failed: {panic}"))),
    }
}

/// The pod's name on Kubernetes.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "sopilot".to_owned(),
        name => name.to_owned(),
    }
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn tell(code: u8, error: &impl std::fmt::Display) -> ExitCode {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::from(code)
}
