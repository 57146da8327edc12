//! The similarity matrix as a PNG, small enough to be part of a page.

use crate::error::ReportError;
use crate::model::SimilarityMatrix;

/// Most rows and most columns of the picture.
const MAX_SIDE: usize = 256;

/// The matrix as a PNG of one hue, from light (unlike) to dark (alike).
pub(crate) fn png(matrix: &SimilarityMatrix) -> Result<Vec<u8>, ReportError> {
    if !matrix.is_whole() {
        return Err(ReportError::BrokenMatrix {
            cells: matrix.cells.len(),
            rows: matrix.rows,
            columns: matrix.columns,
        });
    }
    let (rows, columns, cells) = reduced(matrix);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&cells)?;
    writer.finish()?;
    Ok(file)
}

/// Means over blocks where the matrix is too large.
fn reduced(matrix: &SimilarityMatrix) -> (usize, usize, Vec<u8>) {
    let (rows, columns) = (matrix.rows as usize, matrix.columns as usize);
    let (fewer_rows, fewer_columns) = (rows.min(MAX_SIDE), columns.min(MAX_SIDE));
    let mut cells = Vec::with_capacity(fewer_rows * fewer_columns);
    for row in 0..fewer_rows {
        let block_rows = row * rows / fewer_rows..(row + 1) * rows / fewer_rows;
        for column in 0..fewer_columns {
            let block_columns =
                column * columns / fewer_columns..(column + 1) * columns / fewer_columns;
            let count = (block_rows.len() * block_columns.len()) as u64;
            let sum: u64 = block_rows
                .clone()
                .flat_map(|row| &matrix.cells[row * columns..][block_columns.clone()])
                .map(|&cell| u64::from(cell))
                .sum();
            cells.push(((sum + count / 2) / count) as u8);
        }
    }
    (fewer_rows, fewer_columns, cells)
}

/// Equal steps of lightness in Oklab (Ottosson 2020), so that equal
/// differences of similarity look equal; one hue, strongest in the middle.
fn palette() -> Vec<u8> {
    (0..=255)
        .flat_map(|cell| {
            let share = f64::from(cell) / 255.0;
            let lightness = 0.97 - 0.72 * share;
            let chroma = 0.07 * (4.0 * share * (1.0 - share)) + 0.03 * share;
            oklch(lightness, chroma, 245.0)
        })
        .collect()
}

/// A colour of Oklab in sRGB; the hue in degrees.
fn oklch(lightness: f64, chroma: f64, hue: f64) -> [u8; 3] {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
    .map(|linear| {
        let value = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::IDENTITY);
        let mut reader = decoder.read_info().unwrap();
        let mut cells = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut cells).unwrap();
        (info.height, info.width, cells)
    }

    #[test]
    fn a_small_matrix_keeps_its_cells() {
        let matrix = SimilarityMatrix {
            rows: 2,
            columns: 3,
            cells: vec![0, 1, 2, 253, 254, 255],
        };
        assert_eq!(decoded(&png(&matrix).unwrap()), (2, 3, matrix.cells));
    }

    #[test]
    fn a_large_matrix_is_averaged() {
        let matrix = SimilarityMatrix {
            rows: 512,
            columns: 300,
            cells: (0..512 * 300)
                .map(|cell| if cell / 300 % 2 == 0 { 10 } else { 30 })
                .collect(),
        };
        let (rows, columns, cells) = decoded(&png(&matrix).unwrap());
        assert_eq!((rows, columns), (256, 256));
        assert!(cells.iter().all(|&cell| cell == 20));
    }

    #[test]
    fn a_broken_matrix_is_refused() {
        let matrix = SimilarityMatrix {
            rows: 2,
            columns: 2,
            cells: vec![1],
        };
        assert!(matches!(
            png(&matrix),
            Err(ReportError::BrokenMatrix { cells: 1, .. })
        ));
    }

    #[test]
    fn darker_is_more_alike() {
        let colours = palette();
        let light = |cell: usize| -> u32 {
            let rgb = &colours[3 * cell..3 * cell + 3];
            2 * u32::from(rgb[0]) + 7 * u32::from(rgb[1]) + u32::from(rgb[2])
        };
        assert!((1..256).all(|cell| light(cell) <= light(cell - 1)));
    }
}
