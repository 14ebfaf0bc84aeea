//! Tables: with a bar at the edge of each line, or without.

use super::Table;
use crate::markdown::lines::{first_line, skip_empty};

/// A table whose lines need not begin with a bar.
pub(super) fn bare(text: &str) -> Option<(Table, &str)> {
    let (head, rest) = text.split_once('\n')?;
    let (under, rows) = rest.split_once('\n')?;
    let head = head.trim_start_matches(' ');
    let first_cell_ends = under.trim_start_matches(' ').find('|').filter(|at| *at > 0)?;
    let is_under = under.bytes().all(|byte| b" -:|".contains(&byte))
        && under.trim_start_matches(' ')[..first_cell_ends].contains(['-', ':'])
        && !under.trim_start_matches(' ').starts_with('|');
    if !head.contains('|') || head.starts_with('|') || !is_under {
        return None;
    }
    let (lines, rest) = rows_of(rows, |line| line.contains('|'));
    Some((table(head, under, &lines, bare_cells), rest))
}

/// A table whose lines begin with a bar.
pub(super) fn edged(text: &str) -> Option<(Table, &str)> {
    let (head, rest) = text.split_once('\n')?;
    let (under, rows) = rest.split_once('\n')?;
    let (head, under) = (head.trim_start_matches(' '), under.trim_start_matches(' '));
    let marks = under.strip_prefix('|')?;
    let is_under = marks.bytes().all(|byte| b" -:|".contains(&byte))
        && marks.trim_start_matches(' ').starts_with(['-', ':']);
    if head.len() < 2 || !head.starts_with('|') || !is_under {
        return None;
    }
    let (lines, rest) = rows_of(rows, |line| line.trim_start_matches(' ').starts_with('|'));
    Some((table(head, under, &lines, cells), rest))
}

fn rows_of(text: &str, is_row: impl Fn(&str) -> bool) -> (Vec<&str>, &str) {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = first_line(rest);
        if !is_row(line) {
            break;
        }
        rows.push(line);
        rest = after;
    }
    (rows, skip_empty(rest))
}

fn table(head: &str, under: &str, rows: &[&str], cells_of: fn(&str) -> Vec<String>) -> Table {
    let head = cells(head);
    let align = cells(under).iter().map(|cell| alignment(cell)).collect();
    // A table without lines has an empty one.
    let rows = if rows.is_empty() { &[""] } else { rows };
    Table { align, head, rows: rows.iter().map(|row| cells_of(row)).collect() }
}

/// The cells of a line that has no bars at its edges.
fn bare_cells(line: &str) -> Vec<String> {
    line.split('|').map(|cell| cell.trim_matches(' ').to_owned()).collect()
}

/// The cells of a line. Nothing escapes a bar.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim_matches(' ');
    let line = line.strip_prefix('|').unwrap_or(line).trim_start_matches(' ');
    let line = line.trim_end_matches(' ');
    let line = line.strip_suffix('|').unwrap_or(line);
    line.split('|').map(|cell| cell.trim_matches(' ').to_owned()).collect()
}

fn alignment(cell: &str) -> Option<&'static str> {
    let cell = cell.trim_matches(' ');
    match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) if cell.len() > 1 => Some("center"),
        (_, true) => Some("right"),
        (true, _) => Some("left"),
        _ => None,
    }
}
