//! A catalog on PostgreSQL behind a port, for measuring.

use std::error::Error;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sopilot_blob::BlobStore;
use sopilot_bus::Bus;
use sopilot_catalog::{Catalog, CatalogConfig, DatabaseConfig};
use sopilot_chassis::{
    ClientConfig, Listener, PeerChannel, Secret, Server, ServerConfig, Services, Shutdown,
    ShutdownConfig, connect,
};
use sopilot_proto::{
    catalog::v1::{
        CreateTaskRequest, StartUploadRequest, UploadHeader, UploadVideoRequest, Video, VideoRole,
        task_service_client::TaskServiceClient, upload_video_request::Frame,
        video_service_client::VideoServiceClient,
    },
    id::VideoId,
};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A variable that `scripts/servers` sets.
pub(crate) fn variable(name: &str) -> Result<String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set: run this by scripts/servers, see its head").into())
}

/// The database of `scripts/servers`, with the schema in it.
pub(crate) async fn database() -> Result<DatabaseConfig> {
    let database = DatabaseConfig {
        url: Secret::new(variable("SOPILOT_TEST_POSTGRES_URL")?),
        max_connections: 20,
        ..DatabaseConfig::default()
    };
    Catalog::migrate(&database).await?;
    Ok(database)
}

/// Opens a catalog and begins its work.
pub(crate) async fn catalog(
    database: &DatabaseConfig,
    bus: Arc<dyn Bus>,
    folder: &std::path::Path,
    shutdown: &Shutdown,
) -> Result<Services> {
    let blobs = BlobStore::local(folder)?;
    let config = CatalogConfig::default();
    let catalog = Catalog::open_postgres(database, config, blobs, bus).await?;
    catalog.start(shutdown.tracker(), shutdown.draining());
    Ok(catalog.services(shutdown))
}

/// Puts services behind a free port and answers a channel to them.
pub(crate) async fn serve(
    name: &str,
    services: Services,
    shutdown: &Shutdown,
) -> Result<PeerChannel> {
    let listener = Listener::bind("127.0.0.1:0".parse()?).await?;
    let server = Server::builder(ServerConfig::default())
        .with_services(services)
        .with_descriptor_set(sopilot_proto::DESCRIPTORS)
        .build(listener)?;
    let address = format!("http://{}", server.local_addr());
    let shutdown = shutdown.clone();
    tokio::spawn(async move { server.serve(&shutdown).await });
    Ok(connect(name, &address, &ClientConfig::default())?)
}

pub(crate) fn shutdown() -> Shutdown {
    Shutdown::new(ShutdownConfig::embedded())
}

/// Uploads bytes that nobody will look at.
pub(crate) async fn upload(channel: &PeerChannel, task_id: &str, role: VideoRole) -> Result<Video> {
    let content = VideoId::new().to_string().into_bytes();
    let mut videos = VideoServiceClient::new(channel.clone());
    let hash = Sha256::digest(&content);
    let request = StartUploadRequest {
        task_id: task_id.to_owned(),
        role: role.into(),
        size_bytes: content.len() as u64,
        sha256: hash
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
        ..Default::default()
    };
    let upload = videos.start_upload(request).await?.into_inner().upload;
    let upload_id = upload.ok_or("no upload")?.id;
    let header = UploadHeader {
        upload_id,
        offset: 0,
    };
    let frames = [Frame::Header(header), Frame::Data(content.into())];
    let messages = frames.map(|frame| UploadVideoRequest { frame: Some(frame) });
    let uploaded = videos.upload_video(tokio_stream::iter(messages)).await?;
    Ok(uploaded.into_inner().video.ok_or("no video")?)
}

/// A new task.
pub(crate) async fn task(channel: &PeerChannel) -> Result<String> {
    let request = CreateTaskRequest {
        name: format!("measured {}", VideoId::new()),
        ..Default::default()
    };
    let mut tasks = TaskServiceClient::new(channel.clone());
    let made = tasks.create_task(request).await?.into_inner().task;
    Ok(made.ok_or("no task")?.id)
}

/// The middle of some numbers, and what nine in ten are below.
pub(crate) fn middle_and_high(numbers: &mut [f64]) -> (f64, f64) {
    numbers.sort_by(f64::total_cmp);
    (
        numbers[numbers.len() / 2],
        numbers[(numbers.len() * 9 / 10).min(numbers.len() - 1)],
    )
}
