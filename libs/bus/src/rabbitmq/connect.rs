//! One connection: socket, TLS, login, each within its time.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::{AsyncTcpStream, RustlsConnector};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where the broker is, and how to get in.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) uri: AMQPUri,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) connection_name: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    #[error("certificates of {place}: {problem}")]
    Certificates { place: String, problem: String },
    #[error(transparent)]
    Client(#[from] lapin::Error),
}

impl Endpoint {
    /// Connects and logs in. Dropped half way, it leaves nothing behind.
    pub(super) async fn connect(&self) -> Result<(Connection, Arc<Socket>), ConnectError> {
        let socket = Arc::new(Socket::default());
        let tls = self.tls()?;
        let runtime = lapin::runtime::default_runtime()?;
        let (reactor, opened, timeout) = (runtime.clone(), Arc::clone(&socket), self.timeout);
        // Runs on a thread of the client's, which would not hear of our giving up.
        let open = async move |uri: AMQPUri, _| {
            let open = async {
                let addresses = tokio::net::lookup_host((&*uri.authority.host, uri.authority.port));
                let addresses: Vec<_> = addresses.await?.collect();
                let stream = AsyncTcpStream::connect(&reactor, addresses).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    plain.get_ref().set_nodelay(true)?;
                    opened.remember(plain.get_ref())?;
                }
                match &tls {
                    Some(tls) => stream.into_rustls(tls, &uri.authority.host).await,
                    None => Ok(stream),
                }
            };
            let opened = tokio::time::timeout(timeout, open).await;
            Ok(opened.map_err(io::Error::from).flatten()?)
        };
        let properties = ConnectionProperties::default()
            .with_connection_name(self.connection_name.as_str().into());
        let connecting = Connection::connector(self.uri.clone(), runtime, open, properties);
        // Whichever way this ends without a connection, the socket closes, and with it ends the
        // client's thread.
        let guard = CutOnDrop(Some(socket));
        let connection = tokio::time::timeout(timeout, connecting)
            .await
            .map_err(|_| ConnectError::Timeout(timeout))??;
        Ok((connection, guard.keep()))
    }

    fn tls(&self) -> Result<Option<RustlsConnector>, ConnectError> {
        if self.uri.scheme != AMQPScheme::AMQPS {
            return Ok(None);
        }
        // That of the process, if it has chosen one.
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(ring::default_provider()));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| certificates("this process", error))?
            .with_root_certificates(self.authorities()?)
            .with_no_client_auth();
        Ok(Some(RustlsConnector::from(config)))
    }

    fn authorities(&self) -> Result<RootCertStore, ConnectError> {
        let mut store = RootCertStore::empty();
        let place = if let Some(file) = &self.ca_file {
            for certificate in read_certificates(file)? {
                store
                    .add(certificate)
                    .map_err(|error| certificates(file.display(), error))?;
            }
            file.display().to_string()
        } else {
            // Some of a system's many may be of a kind that rustls does not know.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            "this system".to_owned()
        };
        if store.is_empty() {
            return Err(certificates(place, "there are none"));
        }
        Ok(store)
    }
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| certificates(file.display(), error))
}

fn certificates(place: impl fmt::Display, problem: impl fmt::Display) -> ConnectError {
    ConnectError::Certificates {
        place: place.to_string(),
        problem: problem.to_string(),
    }
}

/// Host and port, without user and password.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri {
            scheme, authority, ..
        } = &self.uri;
        write!(f, "{scheme}://{}:{}", authority.host, authority.port)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// A second hold on a connection's socket, to close it whatever the client waits for.
#[derive(Debug, Default)]
pub(super) struct Socket(Mutex<SocketState>);

#[derive(Debug, Default)]
enum SocketState {
    #[default]
    Unopened,
    Open(std::net::TcpStream),
    Cut,
}

impl Socket {
    fn remember(&self, stream: &tokio::net::TcpStream) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, SocketState::Cut) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        *state = SocketState::Open(stream.as_fd().try_clone_to_owned()?.into());
        Ok(())
    }

    /// Closes the socket, or what will become one. Twice is the same as once.
    pub(super) fn cut(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let SocketState::Open(stream) = std::mem::replace(&mut *state, SocketState::Cut) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

struct CutOnDrop(Option<Arc<Socket>>);

impl CutOnDrop {
    fn keep(mut self) -> Arc<Socket> {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            socket.cut();
        }
    }
}
