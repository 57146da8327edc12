//! All services for the time of one command.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sopilot_chassis::ShutdownConfig;
use tempfile::TempDir;

use crate::{
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    mesh::{Listen, Mesh, MeshConfig, StartError},
};

/// A mesh on free ports of this machine, and the folder it works in.
pub(crate) struct LocalMesh {
    mesh: Mesh,
    /// Removed after the mesh has stopped; none if the data is kept.
    temporary: Option<TempDir>,
}

impl LocalMesh {
    /// Starts all services over `data_dir`, which is kept, or over a temporary folder, which
    /// [`stop`](Self::stop) removes.
    pub(crate) async fn start(data_dir: Option<&Path>, interrupt: &Interrupt) -> Result<Self> {
        let temporary = match data_dir {
            Some(_) => None,
            None => Some(temporary_folder(interrupt)?),
        };
        let folder: PathBuf = match (&temporary, data_dir) {
            (Some(temporary), _) => temporary.path().to_owned(),
            (None, folder) => folder.unwrap_or(Path::new(".")).to_owned(),
        };
        let config = MeshConfig {
            data_dir: folder,
            listen: Listen::anywhere(),
            shutdown: ShutdownConfig {
                grace: GRACE,
                ..ShutdownConfig::embedded()
            },
            ..MeshConfig::default()
        };
        let mesh = Mesh::start(&config)
            .await
            .map_err(|error| start_error(&error))?;
        Ok(Self { mesh, temporary })
    }

    /// Its catalog, called like any other.
    pub(crate) fn catalog(&self) -> Result<Catalog> {
        Catalog::connect(&self.mesh.addresses().catalog)
    }

    /// Stops all services, then removes the temporary folder.
    pub(crate) async fn stop(self) {
        self.mesh.stop().await;
        if let Some(temporary) = self.temporary {
            let folder = temporary.path().to_owned();
            if let Err(error) = temporary.close() {
                tracing::warn!(folder = %folder.display(), %error, "cannot remove the temporary folder");
            }
        }
    }
}

/// How long work in flight may go on. There is none unless the user has interrupted and waits for
/// the end; then it is lost, or repeated from the kept folder by the next command.
const GRACE: Duration = Duration::from_millis(500);

/// Why the services do not start, as the user reads it.
pub(crate) fn start_error(error: &StartError) -> Error {
    let exit = match error {
        StartError::DataDir { .. } | StartError::Objects(_) | StartError::Catalog(_) => Exit::IO,
        StartError::InUse { .. } => Exit::TEMPORARY,
        StartError::Embedding(_) | StartError::Server(_) | StartError::Address(_) => Exit::CONFIG,
        StartError::Leases(_) => Exit::INTERNAL,
    };
    Error::new(exit, format!("the services cannot start: {error}"))
}

fn temporary_folder(interrupt: &Interrupt) -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("sopilot-")
        .tempdir()
        .map_err(|error| Error::io(&std::env::temp_dir(), &error).about("no temporary folder"))?;
    interrupt.removes(folder.path());
    Ok(folder)
}
