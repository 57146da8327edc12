//! How long a caller waits for an alignment through gRPC on loopback.
//!
//! `cargo run --release -p sopilot-alignment --example align_latency [GOLD_CLIPS TRAINEE_CLIPS DIM]`
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::{error::Error, time::Duration, time::Instant};

use futures::stream;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sopilot_alignment::{Alignment, AlignmentConfig};
use sopilot_blob::BlobStore;
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
    let service = Alignment::new(AlignmentConfig::default(), BlobStore::in_memory());
    let server = Server::builder(ServerConfig::default())
        .with_services(service.services())
        .build(listener)?;
    server.readiness().set_ready();
    let until = shutdown.clone();
    tokio::spawn(async move { server.serve(&until).await });

    let channel = connect("alignment", &address, &ClientConfig::default())?;
    let request = request(gold, trainee, dim);
    let mut times = Vec::with_capacity(CALLS);
    for call in 0..WARM_UP + CALLS {
        let time = wait_for_answer(channel.clone(), request.clone()).await?;
        if call >= WARM_UP {
            times.push(time);
        }
    }
    times.sort();
    let at = |quantile: f64| times[(quantile * (CALLS - 1) as f64) as usize].as_secs_f64() * 1e3;
    println!(
        "{gold} × {trainee} clips of {dim} dimensions, {STEPS} steps, {CALLS} calls one after the other, engine {}:",
        sopilot_dtw::engine_name()
    );
    println!(
        "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms",
        at(0.5),
        at(0.95),
        at(0.99)
    );
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

fn request(gold: usize, trainee: usize, dim: usize) -> Vec<AlignRequest> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut matrix = |rows: usize| -> Vec<u8> {
        let values = (0..rows * dim).map(|_| rng.random_range(-1.0_f32..1.0));
        values.flat_map(f32::to_le_bytes).collect()
    };
    let (gold_bytes, trainee_bytes) = (matrix(gold), matrix(trainee));
    let inline = |rows: usize| MatrixSource {
        source: Some(Source::Inline(InlineMatrix {
            rows: rows as u32,
            dim: dim as u32,
        })),
    };
    let border = |step: u32| (step as usize * gold / STEPS as usize) as u32;
    let steps = (0..STEPS).map(|step| ClipRange {
        first: border(step),
        end: border(step + 1),
    });
    let header = AlignHeader {
        gold: Some(inline(gold)),
        trainee: Some(inline(trainee)),
        steps: steps.filter(|range| range.first < range.end).collect(),
        options: Some(AlignOptions {
            centring: Centring::OnEach.into(),
            ..AlignOptions::default()
        }),
    };
    let sides = [
        (MatrixSide::Gold, gold_bytes),
        (MatrixSide::Trainee, trainee_bytes),
    ];
    let chunks = sides.iter().flat_map(|(side, bytes)| {
        bytes.chunks(CHUNK_BYTES).map(|piece| {
            Frame::Chunk(MatrixChunk {
                side: (*side).into(),
                data: piece.to_vec().into(),
            })
        })
    });
    std::iter::once(Frame::Header(header))
        .chain(chunks)
        .map(|frame| AlignRequest { frame: Some(frame) })
        .collect()
}
