//! All services in one process: the same code as four deployments, over
//! SQLite, a folder and an in-process bus. The services still talk gRPC to
//! each other; none of them knows that it is not alone.

use std::{
    fs::File,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sopilot_alignment::{Alignment, AlignmentConfig};
use sopilot_blob::{BlobError, BlobStore};
use sopilot_bus::{Bus, InProcessBus};
use sopilot_catalog::{Catalog, CatalogConfig, OpenError};
use sopilot_chassis::{
    ApiError, ClientConfig, Listener, LogConfig, PeerChannel, Problems, Readiness, Server,
    ServerConfig, Services, Shutdown, ShutdownConfig, TraceConfig, Validate, client::AddressError,
    connect, server::ServerError,
};
use sopilot_embed::Descriptor;
use sopilot_embedding::{Embedding, EmbeddingConfig};
use sopilot_proto::DESCRIPTORS;
use sopilot_scoring::{Scoring, ScoringConfig};

/// How often the catalog asks its database whether it answers.
const DATABASE_CHECK: Duration = Duration::from_secs(5);

/// How long calls in flight may go on once the work has ended.
const SERVERS_GRACE: Duration = Duration::from_secs(2);

/// Settings of all services in one process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MeshConfig {
    /// Where everything is kept: the database and the objects.
    pub(crate) data_dir: PathBuf,
    /// Where the services listen.
    pub(crate) listen: Listen,
    /// What is logged, and how.
    pub(crate) log: LogConfig,
    /// Where traces go.
    pub(crate) trace: TraceConfig,
    /// How calls come in.
    pub(crate) server: ServerConfig,
    /// How calls go out.
    pub(crate) client: ClientConfig,
    /// How the process stops.
    pub(crate) shutdown: ShutdownConfig,
    /// The catalog service.
    pub(crate) catalog: CatalogConfig,
    /// The embedding service.
    pub(crate) embedding: EmbeddingConfig,
    /// The alignment service.
    pub(crate) alignment: AlignmentConfig,
    /// The scoring service.
    pub(crate) scoring: ScoringConfig,
}

/// Where the services listen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Listen {
    /// The address of all of them.
    pub(crate) host: IpAddr,
    /// Port of the catalog; 0: any that is free.
    pub(crate) catalog: u16,
    /// Port of the embedding service; 0: any that is free.
    pub(crate) embedding: u16,
    /// Port of the alignment service; 0: any that is free.
    pub(crate) alignment: u16,
    /// Port of the scoring service; 0: any that is free.
    pub(crate) scoring: u16,
}

impl Listen {
    /// Loopback, on ports that are free.
    pub(crate) fn anywhere() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            catalog: 0,
            embedding: 0,
            alignment: 0,
            scoring: 0,
        }
    }
}

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("sopilot-data"),
            listen: Listen {
                host: Ipv4Addr::LOCALHOST.into(),
                catalog: 7410,
                embedding: 7411,
                alignment: 7412,
                scoring: 7413,
            },
            log: LogConfig::default(),
            trace: TraceConfig::default(),
            server: ServerConfig::default(),
            client: ClientConfig::default(),
            shutdown: ShutdownConfig::embedded(),
            catalog: CatalogConfig::default(),
            embedding: EmbeddingConfig::default(),
            alignment: AlignmentConfig::default(),
            scoring: ScoringConfig::default(),
        }
    }
}

impl Validate for MeshConfig {
    fn validate(&self, problems: &mut Problems) {
        if self.data_dir.as_os_str().is_empty() {
            problems.add("data_dir", "must not be empty");
        }
        problems.section("listen", &self.listen);
        problems.section("log", &self.log);
        problems.section("trace", &self.trace);
        problems.section("server", &self.server);
        problems.section("client", &self.client);
        problems.section("shutdown", &self.shutdown);
        problems.section("catalog", &self.catalog);
        problems.section("embedding", &self.embedding);
        problems.section("alignment", &self.alignment);
        problems.section("scoring", &self.scoring);
    }
}

impl Validate for Listen {
    fn validate(&self, problems: &mut Problems) {
        if !self.host.is_loopback() {
            problems.add(
                "host",
                "must be a loopback address such as 127.0.0.1: one process without authentication is not for a network",
            );
        }
        let ports = [
            ("catalog", self.catalog),
            ("embedding", self.embedding),
            ("alignment", self.alignment),
            ("scoring", self.scoring),
        ];
        for (index, (name, port)) in ports.iter().enumerate() {
            let earlier = ports[..index]
                .iter()
                .find(|(_, other)| other == port && *port != 0);
            if let Some((other, _)) = earlier {
                problems.add(
                    name,
                    format!("is port {port}, as is listen.{other}: give each its own"),
                );
            }
        }
    }
}

/// Where the services of a running mesh are: "http://127.0.0.1:7410".
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) catalog: String,
    pub(crate) embedding: String,
    pub(crate) alignment: String,
    pub(crate) scoring: String,
}

/// All services, running.
pub(crate) struct Mesh {
    addresses: Addresses,
    /// The workers, the relay and the sweeper.
    work: Shutdown,
    /// The servers, which stop after the work: what is in flight is handed in
    /// through them.
    servers: Shutdown,
    bus: Arc<dyn Bus>,
    /// Held as long as the process uses the data.
    _lock: File,
}

/// Why a mesh cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the data folder {path:?} cannot be used: {cause}")]
    DataDir { path: PathBuf, cause: io::Error },
    #[error(
        "the data folder {path:?} is in use by another sopilot process: stop that one, or choose another folder with --data-dir"
    )]
    InUse { path: PathBuf },
    #[error(transparent)]
    Objects(#[from] BlobError),
    #[error(transparent)]
    Catalog(#[from] OpenError),
    #[error("the catalog cannot take back its leases: {0}")]
    Leases(#[from] ApiError),
    #[error("embedding: {0}")]
    Embedding(String),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(
        "{cause}: set another port with --set listen.{service}=PORT, or 0 for any that is free"
    )]
    Listen {
        /// As in the settings.
        service: &'static str,
        cause: ServerError,
    },
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl Mesh {
    /// Starts all services and answers once they are ready.
    pub(crate) async fn start(config: &MeshConfig) -> Result<Self, StartError> {
        let lock = lock(&config.data_dir)?;
        let work = Shutdown::new(config.shutdown.clone());
        let servers = Shutdown::new(ShutdownConfig {
            propagation: Duration::ZERO,
            grace: config.shutdown.grace.min(SERVERS_GRACE),
        });
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let blobs = BlobStore::local(&config.data_dir.join("objects"))?;
        let listeners = Listeners::bind(&config.listen).await?;
        let addresses = listeners.addresses();
        let channel = |peer, address: &str| connect(peer, address, &config.client);

        let database = config.data_dir.join("catalog.sqlite");
        let catalog = Catalog::open_sqlite(
            database,
            config.catalog.clone(),
            blobs.clone(),
            Arc::clone(&bus),
        )
        .await?;
        let catalog = Arc::new(catalog);
        // The lock says that nobody else is alive who could hold one.
        catalog.take_back_leases().await?;
        let embedding = Embedding::open(
            config.embedding.clone(),
            Arc::new(Descriptor::default()),
            blobs.clone(),
        )
        .map_err(|error| StartError::Embedding(error.to_string()))?;
        let alignment = Alignment::new(config.alignment.clone(), blobs.clone());
        let scoring = Scoring::new(
            config.scoring.clone(),
            blobs,
            channel("alignment", &addresses.alignment)?,
        );

        let serving = Serving {
            config,
            work: &work,
            servers: &servers,
        };
        let readiness = [
            serving.serve(listeners.catalog, catalog.services(&servers))?,
            serving.serve(listeners.embedding, embedding.services())?,
            serving.serve(listeners.alignment, alignment.services())?,
            serving.serve(listeners.scoring, scoring.services())?,
        ];

        let jobs: PeerChannel = channel("catalog", &addresses.catalog)?;
        let name = format!("sopilot-{}", std::process::id());
        catalog.start(work.tracker(), work.draining());
        embedding.start(&name, jobs.clone(), Arc::clone(&bus), &work);
        alignment.start(&name, &jobs, &bus, &work);
        scoring.start(&name, jobs, Arc::clone(&bus), &work);
        readiness.iter().for_each(Readiness::set_ready);
        let [catalog_readiness, ..] = readiness;
        tokio::spawn(catalog_readiness.watch_dependency(
            servers.clone(),
            "database".to_owned(),
            DATABASE_CHECK,
            move || {
                let catalog = Arc::clone(&catalog);
                async move { catalog.check_database().await }
            },
        ));
        Ok(Self {
            addresses,
            work,
            servers,
            bus,
            _lock: lock,
        })
    }

    /// Where the services are.
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Begins the stop, or tells that it has begun; [`stop`](Self::stop) leads
    /// it to its end.
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.work
    }

    /// Stops and waits until everything has ended.
    pub(crate) async fn stop(self) {
        self.work.trigger();
        self.work.complete().await;
        self.servers.trigger();
        self.servers.complete().await;
        self.bus.close().await;
    }
}

/// Ports that are bound.
struct Listeners {
    catalog: Listener,
    embedding: Listener,
    alignment: Listener,
    scoring: Listener,
}

impl Listeners {
    async fn bind(listen: &Listen) -> Result<Self, StartError> {
        let bind = async |service, port| {
            let bound = Listener::bind(SocketAddr::new(listen.host, port)).await;
            bound.map_err(|cause| StartError::Listen { service, cause })
        };
        Ok(Self {
            catalog: bind("catalog", listen.catalog).await?,
            embedding: bind("embedding", listen.embedding).await?,
            alignment: bind("alignment", listen.alignment).await?,
            scoring: bind("scoring", listen.scoring).await?,
        })
    }

    fn addresses(&self) -> Addresses {
        let address = |listener: &Listener| format!("http://{}", listener.local_addr());
        Addresses {
            catalog: address(&self.catalog),
            embedding: address(&self.embedding),
            alignment: address(&self.alignment),
            scoring: address(&self.scoring),
        }
    }
}

/// Puts services behind ports.
struct Serving<'a> {
    config: &'a MeshConfig,
    work: &'a Shutdown,
    servers: &'a Shutdown,
}

impl Serving<'_> {
    fn serve(&self, listener: Listener, services: Services) -> Result<Readiness, ServerError> {
        let server = Server::builder(self.config.server.clone())
            .with_services(services)
            .with_descriptor_set(DESCRIPTORS)
            .build(listener)?;
        let readiness = server.readiness();
        let (work, servers) = (self.work.clone(), self.servers.clone());
        tokio::spawn(async move {
            if let Err(error) = server.serve(&servers).await {
                tracing::error!(%error, "a server ended; stopping");
                work.trigger();
            }
        });
        Ok(readiness)
    }
}

/// Creates the folder and makes sure that no other process uses it.
fn lock(data_dir: &Path) -> Result<File, StartError> {
    let unusable = |cause| StartError::DataDir {
        path: data_dir.to_owned(),
        cause,
    };
    std::fs::create_dir_all(data_dir).map_err(unusable)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("lock"))
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StartError::InUse {
            path: data_dir.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}
