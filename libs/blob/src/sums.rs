//! Checksums of objects: one for every block, so that any part of an object can be checked as it
//! is read, and a damaged place is named.
//!
//! They lie beside the object, at `sums/<key>`, and not in it: an object stays what was put, for
//! any other program too, and every store can hold them. [`seal`](crate::seal) says how the two are
//! kept together.

use std::fs::File;
use std::io::{self, Read};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc32fast::Hasher;

/// Bytes under one checksum. What a reader holds back until it is checked, and what it reads too
/// much of at each end of a range.
pub(crate) const BLOCK: u64 = 256 * 1024;

const MAGIC: &[u8; 4] = b"SOPC";
const FORMAT: u32 = 1;
/// More than one where an object was written over: which of them is there, only the object tells.
/// No two attempts write one key, so that more than a few come from tests.
const MAX_VERSIONS: usize = 16;

/// The checksums of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    size: u64,
    blocks: Vec<u32>,
}

impl Sums {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut summing = Summing::default();
        summing.add(bytes);
        summing.finish()
    }
}

/// Makes checksums of bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Summing {
    size: u64,
    blocks: Vec<u32>,
    block: Hasher,
}

impl Summing {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK - self.size % BLOCK;
            let (now, later) = bytes.split_at(bytes.len().min(room as usize));
            self.block.update(now);
            self.size += now.len() as u64;
            if self.size.is_multiple_of(BLOCK) {
                self.close_block();
            }
            bytes = later;
        }
    }

    pub(crate) fn finish(mut self) -> Sums {
        if !self.size.is_multiple_of(BLOCK) {
            self.close_block();
        }
        Sums {
            size: self.size,
            blocks: self.blocks,
        }
    }

    fn close_block(&mut self) {
        self.blocks.push(std::mem::take(&mut self.block).finalize());
    }
}

/// What an object may contain: what was written to its key, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions(Vec<Sums>);

impl Versions {
    pub(crate) fn new(sums: Sums) -> Self {
        Self(vec![sums])
    }

    /// With `newest` before the others.
    pub(crate) fn with(mut self, newest: Sums) -> Self {
        self.0.retain(|known| *known != newest);
        self.0.insert(0, newest);
        self.0.truncate(MAX_VERSIONS);
        self
    }

    /// Little-endian: `SOPC`, format, block size, number of versions; of each its size and the
    /// CRC-32 of its blocks; the CRC-32 of all that.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_slice(MAGIC);
        out.put_u32_le(FORMAT);
        out.put_u32_le(BLOCK as u32);
        out.put_u32_le(self.0.len() as u32);
        for version in &self.0 {
            out.put_u64_le(version.size);
            for block in &version.blocks {
                out.put_u32_le(*block);
            }
        }
        let all = crc32fast::hash(&out);
        out.put_u32_le(all);
        out.freeze()
    }

    /// None if these are not checksums, or damaged ones.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (mut rest, mut all) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc32fast::hash(rest) != all.get_u32_le() || !rest.starts_with(MAGIC) {
            return None;
        }
        rest.advance(MAGIC.len());
        if rest.try_get_u32_le().ok()? != FORMAT || u64::from(rest.try_get_u32_le().ok()?) != BLOCK
        {
            return None;
        }
        let versions = rest.try_get_u32_le().ok()?;
        (0..versions)
            .map(|_| {
                let size = rest.try_get_u64_le().ok()?;
                let blocks = size.div_ceil(BLOCK);
                // Before anything is allocated for them.
                if blocks > rest.remaining() as u64 / 4 {
                    return None;
                }
                let blocks = (0..blocks).map(|_| rest.get_u32_le()).collect();
                Some(Sums { size, blocks })
            })
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Checks the bytes of an object of `size` bytes from the block boundary `from` on.
    pub(crate) fn check(self, size: u64, from: u64) -> Result<Checking, Mismatch> {
        debug_assert!(from.is_multiple_of(BLOCK));
        let written: Vec<u64> = self.0.iter().map(|version| version.size).collect();
        let mut possible = self.0;
        possible.retain(|version| version.size == size);
        if possible.is_empty() {
            return Err(Mismatch::Size { size, written });
        }
        Ok(Checking {
            possible,
            size,
            at: from,
            block: Hasher::new(),
            held: Vec::new(),
        })
    }

    /// Checks a whole object.
    pub(crate) fn check_all(self, bytes: &[u8]) -> Result<(), Mismatch> {
        let mut checking = self.check(bytes.len() as u64, 0)?;
        for block in bytes.chunks(BLOCK as usize) {
            checking.update(block)?;
        }
        Ok(())
    }

    /// Checks what is left to read of a file, whose size is what is found.
    pub(crate) fn check_file(self, file: &mut File) -> io::Result<Result<(), Mismatch>> {
        let size = file.metadata()?.len();
        let mut checking = match self.check(size, 0) {
            Ok(checking) => checking,
            Err(mismatch) => return Ok(Err(mismatch)),
        };
        let mut block = Vec::with_capacity(BLOCK as usize);
        while checking.at < size {
            block.clear();
            if file.take(BLOCK).read_to_end(&mut block)? == 0 {
                let written = vec![size];
                let size = checking.at;
                return Ok(Err(Mismatch::Size { size, written }));
            }
            if let Err(mismatch) = checking.update(&block) {
                return Ok(Err(mismatch));
            }
        }
        Ok(Ok(()))
    }
}

/// What was read is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    #[error("it has {size} bytes, but {written:?} were written")]
    Size { size: u64, written: Vec<u64> },
    #[error("bytes {start} to {end} do not have the checksum they were written with")]
    Block { start: u64, end: u64 },
}

/// Lets the bytes of an object through once they are checked.
#[derive(Debug)]
pub(crate) struct Checking {
    /// What it may still be.
    possible: Vec<Sums>,
    size: u64,
    at: u64,
    block: Hasher,
    /// Of the block that is not yet whole.
    held: Vec<Bytes>,
}

impl Checking {
    /// Takes the next bytes and gives those that are checked.
    pub(crate) fn pass(&mut self, mut bytes: Bytes) -> Result<Vec<Bytes>, Mismatch> {
        let mut passed = Vec::new();
        while !bytes.is_empty() {
            let now = bytes.split_to(bytes.len().min(self.room()));
            let whole = self.update(&now)?;
            self.held.push(now);
            if whole {
                passed.append(&mut self.held);
            }
        }
        Ok(passed)
    }

    /// Takes bytes of one block, and says whether that is whole and right.
    fn update(&mut self, bytes: &[u8]) -> Result<bool, Mismatch> {
        self.block.update(bytes);
        self.at += bytes.len() as u64;
        if !self.at.is_multiple_of(BLOCK) && self.at != self.size {
            return Ok(false);
        }
        let found = std::mem::take(&mut self.block).finalize();
        let block = (self.at - 1) / BLOCK;
        self.possible
            .retain(|version| version.blocks[block as usize] == found);
        if self.possible.is_empty() {
            let start = block * BLOCK;
            return Err(Mismatch::Block {
                start,
                end: self.at,
            });
        }
        Ok(true)
    }

    /// Up to the end of the block; at least one, so that bytes behind the end get out and are found
    /// to be too many.
    fn room(&self) -> usize {
        let end = (self.at / BLOCK + 1) * BLOCK;
        (end.min(self.size).saturating_sub(self.at)).max(1) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const B: usize = BLOCK as usize;

    fn content(len: usize) -> Bytes {
        (0..len).map(|n| (n / 7 + n / B) as u8).collect()
    }

    #[test]
    fn sums_survive_storage_and_damage_to_them_shows() {
        for len in [0, 1, B - 1, B, B + 1, 3 * B + 5] {
            let versions = Versions::new(Sums::of(&content(len))).with(Sums::of(b"newer"));
            let stored = versions.encode();
            assert_eq!(Versions::decode(&stored), Some(versions));
            for at in 0..stored.len() {
                let mut damaged = stored.to_vec();
                damaged[at] ^= 1;
                assert_eq!(Versions::decode(&damaged), None, "byte {at} of {len}");
            }
            assert_eq!(Versions::decode(&stored[..stored.len() - 1]), None);
        }
        assert_eq!(Versions::decode(b""), None);
    }

    #[test]
    fn the_damaged_block_is_named() {
        let bytes = content(2 * B + 100);
        for (at, start, end) in [
            (0, 0, B),
            (B - 1, 0, B),
            (B, B, 2 * B),
            (2 * B + 99, 2 * B, 2 * B + 100),
        ] {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0x80;
            let found = Versions::new(Sums::of(&bytes)).check_all(&damaged);
            let (start, end) = (start as u64, end as u64);
            assert_eq!(found, Err(Mismatch::Block { start, end }));
        }
        let short = Versions::new(Sums::of(&bytes)).check_all(&bytes[1..]);
        assert!(matches!(short, Err(Mismatch::Size { .. })), "{short:?}");
    }

    #[test]
    fn each_version_is_accepted_and_a_mixture_is_not() {
        let old = content(2 * B);
        let new = Bytes::from(vec![7; 2 * B]);
        let versions = Versions::new(Sums::of(&old)).with(Sums::of(&new));
        assert_eq!(versions.clone().check_all(&old), Ok(()));
        assert_eq!(versions.clone().check_all(&new), Ok(()));
        let mixed = [&old[..B], &new[B..]].concat();
        assert!(versions.clone().check_all(&mixed).is_err());
        assert_eq!(versions.clone().with(Sums::of(&old)).0.len(), 2);
        let many = (0..100_u8).fold(versions, |all, n| all.with(Sums::of(&[n])));
        assert_eq!(many.0.len(), MAX_VERSIONS);
    }

    proptest! {
        #[test]
        fn bytes_pass_in_order_whatever_their_pieces(
            len in 0..3 * B, blocks_skipped in 0..3_usize, piece in 1..2 * B,
        ) {
            let bytes = content(len);
            let from = (blocks_skipped * B).min(len / B * B);
            let mut checking = Versions::new(Sums::of(&bytes)).check(len as u64, from as u64).unwrap();
            let mut passed = Vec::new();
            for at in (from..len).step_by(piece) {
                let chunk = bytes.slice(at..len.min(at + piece));
                passed.extend(checking.pass(chunk).unwrap().concat());
            }
            prop_assert!(passed == bytes[from..]);
        }
    }
}
