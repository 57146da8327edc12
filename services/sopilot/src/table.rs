//! Tables for terminals, with foreign text made harmless.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::text::safe;

/// A column: its heading and where its cells stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) Align);

/// Where a cell's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// One line below the heading, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table, wrapped to the width of the terminal if standard output is one.
pub(crate) fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let cell = |column: &Column, text: &str| {
        let alignment = match column.1 {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        };
        Cell::new(safe(text)).set_alignment(alignment)
    };
    table.set_header(columns.iter().map(|column| cell(column, column.0)));
    for row in rows {
        table.add_row(
            columns
                .iter()
                .zip(&row)
                .map(|(column, text)| cell(column, text)),
        );
    }
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}
