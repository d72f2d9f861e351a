//! Rows in columns without lines, the one style of our tables. Must not know what is in them.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// Columns without lines, all to the left.
pub(crate) fn left_grid(header: &[&str], rows: Vec<Vec<String>>) -> String {
    aligned(header, rows, &vec![false; header.len()])
}

/// Columns without lines; what consists of numbers stands to the right.
pub(crate) fn grid(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let numeric = |text: &String| {
        text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains([':', '.'])
    };
    let right: Vec<bool> = (0..header.len())
        .map(|column| {
            let mut cells = rows.iter().filter_map(|row| row.get(column)).filter(|c| *c != "-");
            column > 0 && cells.all(numeric)
        })
        .collect();
    aligned(header, rows, &right)
}

fn aligned(header: &[&str], rows: Vec<Vec<String>>, right: &[bool]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header).add_rows(rows);
    for (column, right) in table.column_iter_mut().zip(right) {
        column.set_padding((0, 2));
        if *right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}
