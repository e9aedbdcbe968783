//! Columns of text.

/// Which side of a column its texts stand at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows as lines with two spaces between columns; the first row is the head.
pub(crate) fn table(sides: &[Side], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max()
    };
    let widths: Vec<usize> = (0..sides.len()).map(|it| width(it).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(sides).zip(&widths).map(|((cell, side), width)| match side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Side, table};

    #[test]
    fn columns_are_aligned_and_lines_end_in_no_space() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(&[Side::Left, Side::Right], &[row(["layer", "n"]), row(["a", "100"])]);
        assert_eq!(text, "layer    n\na      100\n");
        let text = table(&[Side::Right, Side::Left], &[row(["n", "layer"]), row(["100", "a"])]);
        assert_eq!(text, "  n  layer\n100  a\n");
    }
}
