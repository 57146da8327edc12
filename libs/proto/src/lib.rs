//! The wire contracts: messages, clients and servers generated from `proto/`,
//! the descriptor set, protobuf's JSON mapping, and the identifiers that
//! messages carry as strings.
//!
//! The contracts themselves (state machines, units, error codes) are written
//! in the `.proto` files; the generated types repeat that prose.

pub mod id;
pub mod json;
pub mod timestamp;

/// Tasks, videos, jobs, scores, reviews, and the workers' side of jobs.
pub mod catalog {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        unused_qualifications
    )]
    pub mod v1 {
        tonic::include_proto!("sopilot.catalog.v1");
    }
}

/// Clips in, embeddings out.
pub mod embedding {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        unused_qualifications
    )]
    pub mod v1 {
        tonic::include_proto!("sopilot.embedding.v1");
    }
}

/// Two sequences of embeddings in, an alignment out.
pub mod alignment {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        unused_qualifications
    )]
    pub mod v1 {
        tonic::include_proto!("sopilot.alignment.v1");
    }
}

/// Evidence in, a report out.
pub mod scoring {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        unused_qualifications
    )]
    pub mod v1 {
        tonic::include_proto!("sopilot.scoring.v1");
    }
}

/// The encoded `FileDescriptorSet` of all contracts, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// Largest message that a SOPilot server or client accepts, in bytes. The
/// largest legitimate one is a raw clip of high resolution or the alignment
/// of two long videos; everything longer streams in chunks.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// How many bytes of a video or matrix go into one message of a stream.
pub const CHUNK_BYTES: usize = 1024 * 1024;
