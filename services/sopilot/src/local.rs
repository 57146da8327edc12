//! All services for the time of one command.

use std::{path::Path, time::Duration};

use sopilot_chassis::ShutdownConfig;

use crate::{
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    mesh::{Listen, Mesh, MeshConfig, StartError},
    scratch::Scratch,
};

/// A mesh on free ports of this machine.
pub(crate) struct LocalMesh {
    mesh: Mesh,
}

impl LocalMesh {
    /// Starts all services over `data_dir`, which is kept, or over a temporary folder.
    pub(crate) async fn start(data_dir: Option<&Path>, scratch: &Scratch) -> Result<Self> {
        let folder = match data_dir {
            Some(folder) => folder.to_owned(),
            None => scratch.folder("sopilot-")?,
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
        Ok(Self { mesh })
    }

    /// Its catalog, called like any other.
    pub(crate) fn catalog(&self) -> Result<Catalog> {
        Catalog::connect(&self.mesh.addresses().catalog)
    }

    /// Stops all services.
    pub(crate) async fn stop(self) {
        self.mesh.stop().await;
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
        StartError::Embedding(_)
        | StartError::Server(_)
        | StartError::Listen { .. }
        | StartError::Address(_) => Exit::CONFIG,
        StartError::Leases(_) => Exit::INTERNAL,
    };
    Error::new(exit, format!("the services cannot start: {error}"))
}
