//! A network that fails between the bus and its broker.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Carries connections to a broker until told otherwise.
pub(super) struct Proxy {
    pub(super) port: u16,
    network: watch::Sender<Network>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// Connections of earlier generations are cut.
    generation: u32,
    /// Connections of this generation and earlier carry nothing more.
    frozen: u32,
    is_down: bool,
    delay: Duration,
}

impl Proxy {
    /// To what listens on this port of this machine.
    pub(super) async fn to(broker: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = watch::Sender::new(Network {
            generation: 1,
            frozen: 0,
            is_down: false,
            delay: Duration::ZERO,
        });
        let state = network.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let network = *state.borrow();
                // Dropped, it is reset.
                if !network.is_down {
                    let state = state.clone();
                    tokio::spawn(carry(client, broker, state, network.generation));
                }
            }
        });
        Self { port, network }
    }

    /// Cuts all connections there are.
    pub(super) fn cut(&self) {
        self.network.send_modify(|network| network.generation += 1);
    }

    /// Cuts all connections and takes no others until [`heal`](Self::heal).
    pub(super) fn go_down(&self) {
        self.network.send_modify(|network| {
            network.generation += 1;
            network.is_down = true;
        });
    }

    /// The connections there are stay open and carry nothing more, as when a cable is pulled.
    /// Later ones are well.
    pub(super) fn freeze(&self) {
        self.network.send_modify(|network| {
            network.frozen = network.generation;
            network.generation += 1;
        });
    }

    /// Everything takes so long, each way.
    pub(super) fn delay(&self, delay: Duration) {
        self.network.send_modify(|network| network.delay = delay);
    }

    /// Takes connections again.
    pub(super) fn heal(&self) {
        self.network.send_modify(|network| network.is_down = false);
    }
}

/// Until either side leaves or the network cuts it.
async fn carry(client: TcpStream, broker: u16, mut network: watch::Receiver<Network>, born: u32) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", broker)).await else {
        return;
    };
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let there = pump(client_reads, server_writes, network.clone(), born);
    let back = pump(server_reads, client_writes, network.clone(), born);
    let is_cut = |network: &Network| network.generation > born && network.frozen < born;
    tokio::select! {
        () = there => {}
        () = back => {}
        _ = network.wait_for(is_cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut network: watch::Receiver<Network>,
    born: u32,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Network { delay, frozen, .. } = *network.borrow();
        if frozen >= born {
            // Until whoever waits for an answer gives up: nothing thaws.
            let _ = network.wait_for(|network| network.frozen < born).await;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
