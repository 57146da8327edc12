//! How long a caller waits for an alignment through gRPC on loopback, with
//! matrices that are stored, as jobs have them, or sent.
//!
//! `cargo run --release -p sopilot-alignment --example align_latency [GOLD_CLIPS TRAINEE_CLIPS DIM]`
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::{error::Error, time::Duration, time::Instant};

use futures::stream;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sopilot_alignment::{Alignment, AlignmentConfig};
use sopilot_blob::{BlobStore, Key, MatrixRef};
use sopilot_chassis::{
    ClientConfig, Listener, PeerChannel, Server, ServerConfig, Shutdown, ShutdownConfig, connect,
};
use sopilot_proto::{
    MAX_MESSAGE_BYTES,
    alignment::v1::{
        AlignHeader, AlignOptions, AlignRequest, Centring, ClipRange, InlineMatrix, MatrixChunk,
        MatrixSide, MatrixSource, align_request::Frame,
        alignment_service_client::AlignmentServiceClient, matrix_source::Source,
    },
};

const CALLS: usize = 1000;
const WARM_UP: usize = 50;
const STEPS: u32 = 10;
/// As the contract recommends.
const CHUNK_BYTES: usize = 1 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sizes: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [gold, trainee, dim] = sizes.try_into().unwrap_or([100, 120, 1024]);

    let shutdown = Shutdown::new(ShutdownConfig::default());
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await?;
    let address = format!("http://{}", listener.local_addr());
    let blobs = BlobStore::in_memory();
    let pair = Pair::new([gold, trainee], dim);
    let stored = pair.store(&blobs).await?;
    let service = Alignment::new(AlignmentConfig::default(), blobs);
    let server = Server::builder(ServerConfig::default())
        .with_services(service.services())
        .build(listener)?;
    server.readiness().set_ready();
    let until = shutdown.clone();
    tokio::spawn(async move { server.serve(&until).await });

    let channel = connect("alignment", &address, &ClientConfig::default())?;
    println!(
        "{gold} × {trainee} clips of {dim} dimensions, {STEPS} steps, {CALLS} calls one after the other, engine {}:",
        sopilot_dtw::engine_name()
    );
    let [stored_gold, stored_trainee] = stored;
    let ways = [
        ("both stored", [Some(&stored_gold), Some(&stored_trainee)]),
        ("gold stored, trainee sent", [Some(&stored_gold), None]),
        ("both sent", [None, None]),
    ];
    for (way, keys) in ways {
        let request = pair.request(keys);
        let mut times = Vec::with_capacity(CALLS);
        for call in 0..WARM_UP + CALLS {
            let time = wait_for_answer(channel.clone(), request.clone()).await?;
            if call >= WARM_UP {
                times.push(time);
            }
        }
        times.sort();
        let [half, most, nearly_all] = [0.5, 0.95, 0.99].map(|quantile: f64| {
            times[(quantile * (CALLS - 1) as f64) as usize].as_secs_f64() * 1e3
        });
        println!("{way}: p50 {half:.2} ms, p95 {most:.2} ms, p99 {nearly_all:.2} ms");
    }
    Ok(())
}

async fn wait_for_answer(
    channel: PeerChannel,
    request: Vec<AlignRequest>,
) -> Result<Duration, Box<dyn Error>> {
    let mut client =
        AlignmentServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let start = Instant::now();
    let answer = client.align(stream::iter(request)).await?.into_inner();
    let time = start.elapsed();
    answer.alignment.ok_or("the answer holds no alignment")?;
    Ok(time)
}

/// Two matrices that have nothing in common.
struct Pair {
    dim: usize,
    /// Gold, trainee.
    values: [Vec<f32>; 2],
}

impl Pair {
    const SIDES: [MatrixSide; 2] = [MatrixSide::Gold, MatrixSide::Trainee];

    fn new(rows: [usize; 2], dim: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut matrix = |rows: usize| -> Vec<f32> {
            let value = |_| rng.random_range(-1.0_f32..1.0);
            (0..rows * dim).map(value).collect()
        };
        Self {
            dim,
            values: rows.map(&mut matrix),
        }
    }

    /// Answers the keys.
    async fn store(&self, blobs: &BlobStore) -> Result<[String; 2], Box<dyn Error>> {
        let keys = ["gold", "trainee"]
            .map(|side| format!("jobs/01890a5d-ac96-774b-bcce-b302099a8057/1/{side}.sopm"));
        for (key, values) in keys.iter().zip(&self.values) {
            let matrix = MatrixRef::new(self.dim, values)?;
            blobs.put_matrix(&Key::parse(key)?, &matrix).await?;
        }
        Ok(keys)
    }

    /// Matrices without a key are sent.
    fn request(&self, keys: [Option<&String>; 2]) -> Vec<AlignRequest> {
        let [gold, trainee] = [0, 1].map(|side| self.source(side, keys[side]));
        let clips = self.values[0].len() / self.dim;
        let border = |step: u32| (step as usize * clips / STEPS as usize) as u32;
        let steps = (0..STEPS).map(|step| ClipRange {
            first: border(step),
            end: border(step + 1),
        });
        let header = AlignHeader {
            gold: Some(gold),
            trainee: Some(trainee),
            steps: steps.filter(|range| range.first < range.end).collect(),
            options: Some(AlignOptions {
                centring: Centring::OnEach.into(),
                ..AlignOptions::default()
            }),
        };
        let sent = (0..2).filter(|&side| keys[side].is_none());
        let chunks = sent.flat_map(|side| {
            let values = self.values[side].iter();
            let bytes: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
            let chunk = |data: &[u8]| MatrixChunk {
                side: Self::SIDES[side].into(),
                data: data.to_vec().into(),
            };
            bytes.chunks(CHUNK_BYTES).map(chunk).collect::<Vec<_>>()
        });
        std::iter::once(Frame::Header(header))
            .chain(chunks.map(Frame::Chunk))
            .map(|frame| AlignRequest { frame: Some(frame) })
            .collect()
    }

    fn source(&self, side: usize, key: Option<&String>) -> MatrixSource {
        let source = match key {
            Some(key) => Source::ObjectKey(key.clone()),
            None => Source::Inline(InlineMatrix {
                rows: (self.values[side].len() / self.dim) as u32,
                dim: self.dim as u32,
            }),
        };
        MatrixSource {
            source: Some(source),
        }
    }
}
