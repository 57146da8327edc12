//! What can go wrong.

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The language is not one of those that exist.
    #[error("there is no report in the language {wanted:?}; there is {available}")]
    UnknownLanguage {
        /// What was asked for, cut to a sane length.
        wanted: String,
        /// The tags of the languages that exist, separated by commas.
        available: String,
    },
    /// A file of a language is broken; its tests did not run.
    #[error("the texts of the language {locale:?} cannot be read: {problem}")]
    BrokenTexts {
        /// The language's tag.
        locale: String,
        /// What the reader said.
        problem: String,
    },
    /// A matrix of similarities has another number of cells than rows ×
    /// columns.
    #[error("the similarity matrix has {cells} cells, but {rows} rows of {columns} columns")]
    BrokenMatrix {
        /// Cells that came.
        cells: usize,
        /// Rows.
        rows: u32,
        /// Columns.
        columns: u32,
    },
    /// The picture of the similarities could not be written.
    #[error("the similarities cannot be drawn: {0}")]
    Picture(#[from] png::EncodingError),
    /// The typesetter refused the document.
    #[cfg(feature = "pdf")]
    #[error("the PDF cannot be typeset: {0}")]
    Typesetting(String),
}
