//! Embedding matrices at rest.

use bytes::Bytes;

const MAGIC: [u8; 4] = *b"SOPM";
const VERSION: u16 = 1;
const F32: u16 = 1;
const HEADER: usize = 24;
const CHECKSUM: usize = 4;
const ENTRY: usize = size_of::<f32>();

/// A matrix of finite numbers, one row per clip, row by row.
///
/// At rest it is laid out as follows, all numbers little-endian:
///
/// | bytes       | type             | content                                        |
/// |-------------|------------------|------------------------------------------------|
/// | 0 .. 4      | 4 bytes          | magic: `SOPM`                                  |
/// | 4 .. 6      | u16              | version of the format: 1                       |
/// | 6 .. 8      | u16              | type of the entries: 1 is IEEE 754 binary32    |
/// | 8 .. 16     | u64              | rows                                           |
/// | 16 .. 20    | u32              | dim, entries per row, at least 1               |
/// | 20 .. 24    | u32              | reserved: written as zero, not read            |
/// | 24 .. n - 4 | f32 × rows × dim | the entries, row by row, all finite            |
/// | n - 4 .. n  | u32              | CRC-32 (ISO-HDLC, as in zlib) of bytes 0 .. n - 4 |
///
/// n is exactly 28 + 4 × rows × dim. A CRC-32 finds every change within any 32 neighbouring bits,
/// so no damaged byte goes unseen.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    dim: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// Reads what [`MatrixRef::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, MatrixError> {
        let (rows, dim) = check_frame(bytes)?;
        let body = &bytes[HEADER..bytes.len() - CHECKSUM];
        let mut data = vec![0.0_f32; rows * dim];
        // The bytes may lie at an address no f32 may have; the numbers always may be bytes.
        bytemuck::cast_slice_mut::<f32, u8>(&mut data).copy_from_slice(body);
        swap_on_big_endian(&mut data);
        check_finite(dim, &data)?;
        Ok(Self { rows, dim, data })
    }

    /// `data` as rows of `dim` entries; fails as [`MatrixRef::new`] does.
    pub fn new(dim: usize, data: Vec<f32>) -> Result<Self, MatrixError> {
        let rows = MatrixRef::new(dim, &data)?.rows;
        Ok(Self { rows, dim, data })
    }

    /// Number of rows, one per clip; may be zero.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Entries per row, at least 1.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The entries, row by row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The entries, row by row, without a copy.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The same matrix, borrowed.
    pub fn as_ref(&self) -> MatrixRef<'_> {
        MatrixRef {
            rows: self.rows,
            dim: self.dim,
            data: &self.data,
        }
    }
}

/// A matrix that can be encoded: borrowed, of the right shape, all entries finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatrixRef<'a> {
    rows: usize,
    dim: usize,
    data: &'a [f32],
}

impl<'a> MatrixRef<'a> {
    /// `data` as rows of `dim` entries.
    ///
    /// Fails if `dim` is zero or more than a u32, if `data` is no whole number of rows, or if an
    /// entry is infinite or not a number.
    pub fn new(dim: usize, data: &'a [f32]) -> Result<Self, MatrixError> {
        if dim == 0 || u32::try_from(dim).is_err() || !data.len().is_multiple_of(dim) {
            return Err(MatrixError::Shape {
                entries: data.len(),
                dim,
            });
        }
        check_finite(dim, data)?;
        let rows = data.len() / dim;
        Ok(Self { rows, dim, data })
    }

    /// The matrix at rest: 28 + 4 × rows × dim bytes, laid out as the format says.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(HEADER + size_of_val(self.data) + CHECKSUM);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&F32.to_le_bytes());
        out.extend_from_slice(&(self.rows as u64).to_le_bytes());
        out.extend_from_slice(&(self.dim as u32).to_le_bytes());
        out.extend_from_slice(&0_u32.to_le_bytes());
        if cfg!(target_endian = "little") {
            out.extend_from_slice(bytemuck::cast_slice(self.data));
        } else {
            out.extend(self.data.iter().flat_map(|entry| entry.to_le_bytes()));
        }
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        Bytes::from(out)
    }
}

/// Why bytes are no matrix, or numbers none that may be stored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatrixError {
    /// The bytes do not begin with the magic.
    #[error("not a matrix: begins with {found:02x?} instead of \"SOPM\"")]
    BadMagic {
        /// The first bytes, up to four.
        found: Vec<u8>,
    },
    /// A newer or damaged format.
    #[error("matrix format version {found} is unknown; this build reads version {VERSION}")]
    UnknownVersion {
        /// The version in the header.
        found: u16,
    },
    /// Entries of a type that this build does not read.
    #[error("matrix entry type {found} is unknown; this build reads type {F32} (32-bit floats)")]
    UnknownType {
        /// The type in the header.
        found: u16,
    },
    /// Fewer bytes than the header promises, or than a header has.
    #[error("matrix is truncated: {found} of {expected} bytes")]
    Truncated {
        /// The length that the header promises, in bytes.
        expected: u128,
        /// The length there is, in bytes.
        found: usize,
    },
    /// More bytes than the header promises.
    #[error("matrix has {found} bytes, more than the {expected} of its header")]
    TooLong {
        /// The length that the header promises, in bytes.
        expected: u128,
        /// The length there is, in bytes.
        found: usize,
    },
    /// The bytes are not those that were written.
    #[error("matrix checksum is {computed:08x} instead of {stored:08x}: the bytes were changed")]
    ChecksumMismatch {
        /// The checksum at the end of the bytes.
        stored: u32,
        /// The checksum of the bytes before it.
        computed: u32,
    },
    /// The shape cannot be: no entries in a row, or not a whole number of rows.
    #[error("{entries} entries cannot be rows of {dim}")]
    Shape {
        /// Number of entries.
        entries: usize,
        /// Entries per row.
        dim: usize,
    },
    /// An entry no distance can be computed with.
    #[error("matrix entry at row {row}, column {column} is {value}; every entry must be finite")]
    NotFinite {
        /// The entry's row, from 0.
        row: usize,
        /// The entry's place in the row, from 0.
        column: usize,
        /// The entry.
        value: f32,
    },
}

/// Checks everything but the entries; gives rows and dim.
fn check_frame(bytes: &[u8]) -> Result<(usize, usize), MatrixError> {
    if !bytes.starts_with(&MAGIC) {
        let found = bytes[..bytes.len().min(MAGIC.len())].to_vec();
        return Err(MatrixError::BadMagic { found });
    }
    let truncated = |expected| MatrixError::Truncated {
        expected,
        found: bytes.len(),
    };
    let smallest = HEADER + CHECKSUM;
    // The version comes first: another one may have another header.
    let version = field(bytes, 4).map(u16::from_le_bytes);
    match version {
        None => return Err(truncated(smallest as u128)),
        Some(VERSION) => {}
        Some(found) => return Err(MatrixError::UnknownVersion { found }),
    }
    let (body, stored) = match bytes.split_last_chunk::<CHECKSUM>() {
        Some((body, stored)) if body.len() >= HEADER => (body, u32::from_le_bytes(*stored)),
        _ => return Err(truncated(smallest as u128)),
    };
    let (rows, dim) = check_length(bytes)?;
    let computed = crc32fast::hash(body);
    if computed != stored {
        return Err(MatrixError::ChecksumMismatch { stored, computed });
    }
    // From here on the header is what was written.
    let found = field(bytes, 6).map_or(0, u16::from_le_bytes);
    if found != F32 {
        return Err(MatrixError::UnknownType { found });
    }
    if dim == 0 {
        return Err(MatrixError::Shape { entries: 0, dim });
    }
    Ok((rows, dim))
}

/// Compares the length with the header's, without overflow whatever the header says.
fn check_length(bytes: &[u8]) -> Result<(usize, usize), MatrixError> {
    let rows = field(bytes, 8).map_or(0, u64::from_le_bytes);
    let dim = field(bytes, 16).map_or(0, u32::from_le_bytes);
    let entries = u128::from(rows) * u128::from(dim);
    let expected = entries * ENTRY as u128 + (HEADER + CHECKSUM) as u128;
    let found = bytes.len();
    match (found as u128).cmp(&expected) {
        std::cmp::Ordering::Less => Err(MatrixError::Truncated { expected, found }),
        std::cmp::Ordering::Greater => Err(MatrixError::TooLong { expected, found }),
        std::cmp::Ordering::Equal => Ok((rows as usize, dim as usize)),
    }
}

fn check_finite(dim: usize, data: &[f32]) -> Result<(), MatrixError> {
    // A row at a time without an early end, so that the loop vectorises.
    let is_wrong = |row: &[f32]| !row.iter().fold(true, |all, entry| all & entry.is_finite());
    let wrong = data.chunks(dim).position(is_wrong).and_then(|row| {
        let entries = data.iter().skip(row * dim);
        Some(row * dim + entries.clone().position(|entry| !entry.is_finite())?)
    });
    match wrong {
        None => Ok(()),
        Some(at) => Err(MatrixError::NotFinite {
            row: at / dim,
            column: at % dim,
            value: data[at],
        }),
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn swap_on_big_endian(data: &mut [f32]) {
    if cfg!(target_endian = "big") {
        for entry in data {
            *entry = f32::from_bits(entry.to_bits().swap_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(dim: usize, data: &[f32]) -> Vec<u8> {
        MatrixRef::new(dim, data).unwrap().encode().to_vec()
    }

    /// Changes bytes and makes the checksum right again.
    fn forge(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
        let mut forged = bytes[..bytes.len() - CHECKSUM].to_vec();
        forged[at..at + new.len()].copy_from_slice(new);
        let checksum = crc32fast::hash(&forged);
        forged.extend_from_slice(&checksum.to_le_bytes());
        forged
    }

    #[test]
    fn the_layout_is_what_the_documentation_says() {
        let expected = [
            &b"SOPM"[..],
            &[1, 0, 1, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0],
            &[0, 0, 0, 0],
            &[0x00, 0x00, 0x80, 0x3f],
            &[0x00, 0x00, 0x00, 0xc0],
        ]
        .concat();
        let bytes = encode(1, &[1.0, -2.0]);
        assert_eq!(bytes[..32], expected);
        // Computed with zlib.
        assert_eq!(bytes[32..], 0x5bce_19c2_u32.to_le_bytes());
    }

    #[test]
    fn a_matrix_may_have_no_rows() {
        let matrix = Matrix::decode(&encode(384, &[])).unwrap();
        assert_eq!((matrix.rows(), matrix.dim()), (0, 384));
        assert!(matrix.data().is_empty());
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let shape = |entries, dim| Err(MatrixError::Shape { entries, dim });
        assert_eq!(MatrixRef::new(0, &[]), shape(0, 0));
        assert_eq!(MatrixRef::new(2, &[0.0; 3]), shape(3, 2));
        let too_wide = 1 << 32;
        assert_eq!(MatrixRef::new(too_wide, &[]), shape(0, too_wide));
        // No dim, and a loop over rows that would never end.
        let forged = forge(&encode(1, &[]), 8, &[0xff; 8]);
        let forged = forge(&forged, 16, &[0; 4]);
        assert_eq!(
            Matrix::decode(&forged),
            Err(MatrixError::Shape { entries: 0, dim: 0 })
        );
    }

    #[test]
    fn entries_no_distance_can_be_computed_with_are_named() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let data = [0.0, 1.0, 2.0, 3.0, value, 5.0];
            let error = MatrixRef::new(3, &data).unwrap_err();
            assert!(
                matches!(
                    error,
                    MatrixError::NotFinite {
                        row: 1,
                        column: 1,
                        ..
                    }
                ),
                "{error}"
            );
            let forged = forge(&encode(3, &[0.0; 6]), HEADER + 16, &value.to_le_bytes());
            let error = Matrix::decode(&forged).unwrap_err();
            assert!(
                matches!(
                    error,
                    MatrixError::NotFinite {
                        row: 1,
                        column: 1,
                        ..
                    }
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn every_damage_has_its_name() {
        let good = encode(2, &[1.0, 2.0, 3.0, 4.0]);
        let decode = |bytes: &[u8]| Matrix::decode(bytes).unwrap_err();
        assert_eq!(
            decode(b"PNG"),
            MatrixError::BadMagic {
                found: b"PNG".to_vec()
            }
        );
        assert_eq!(decode(b""), MatrixError::BadMagic { found: vec![] });
        let newer = forge(&good, 4, &[2, 0]);
        assert_eq!(decode(&newer), MatrixError::UnknownVersion { found: 2 });
        let halves = forge(&good, 6, &[2, 0]);
        assert_eq!(decode(&halves), MatrixError::UnknownType { found: 2 });
        let cut = MatrixError::Truncated {
            expected: 44,
            found: 43,
        };
        assert_eq!(decode(&good[..43]), cut);
        let cut = MatrixError::Truncated {
            expected: 28,
            found: 5,
        };
        assert_eq!(decode(&good[..5]), cut);
        let long = [&good[..], &[0]].concat();
        assert_eq!(
            decode(&long),
            MatrixError::TooLong {
                expected: 44,
                found: 45
            }
        );
        let endless = forge(&good, 8, &[0xff; 12]);
        assert!(matches!(decode(&endless), MatrixError::Truncated { .. }));
        let mut flipped = good.clone();
        flipped[30] ^= 1;
        assert!(matches!(
            decode(&flipped),
            MatrixError::ChecksumMismatch { .. }
        ));
    }

    fn any_matrix() -> impl Strategy<Value = (usize, Vec<f32>)> {
        let entry = any::<u32>()
            .prop_map(f32::from_bits)
            .prop_filter("finite", |entry| entry.is_finite());
        (1..9_usize, 0..9_usize).prop_flat_map(move |(dim, rows)| {
            prop::collection::vec(entry.clone(), dim * rows).prop_map(move |data| (dim, data))
        })
    }

    proptest! {
        #[test]
        fn comes_back_bit_by_bit((dim, data) in any_matrix(), shift in 0..4_usize) {
            // At any address.
            let bytes = [vec![0; shift], encode(dim, &data)].concat();
            let matrix = Matrix::decode(&bytes[shift..]).unwrap();
            prop_assert_eq!((matrix.rows(), matrix.dim()), (data.len() / dim, dim));
            let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(matrix.data()), bits(&data));
            prop_assert_eq!(matrix.as_ref().encode(), &bytes[shift..]);
        }

        #[test]
        fn no_damaged_byte_goes_unseen((dim, data) in any_matrix(), change in 1..=255_u8) {
            let good = encode(dim, &data);
            for at in 0..good.len() {
                let mut bad = good.clone();
                bad[at] ^= change;
                prop_assert!(Matrix::decode(&bad).is_err(), "byte {}", at);
            }
        }

        #[test]
        fn no_cut_goes_unseen((dim, data) in any_matrix()) {
            let good = encode(dim, &data);
            for length in 0..good.len() {
                prop_assert!(Matrix::decode(&good[..length]).is_err(), "length {}", length);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(tail in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
            bytes.extend(tail);
            let _ = Matrix::decode(&bytes);
        }
    }
}
