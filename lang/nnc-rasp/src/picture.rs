//! Selectors and sequences as pictures of letters.
//!
//! ```text
//!   h e l l o
//! h █ · · · ·
//! e · █ · · ·
//! l · · █ █ ·
//! l · · █ █ ·
//! o · · · · █
//! ```
//!
//! Rows are the places that select, columns the places that are selected.

use crate::object::{Input, Matrix, Sequence, plain};
use crate::value::Atom;
use unicode_width::UnicodeWidthStr;

/// The largest input whose selectors are shown as pictures.
const MOST_PLACES: usize = 64;

/// The picture of a selector; each line ends.
pub(crate) fn selector(matrix: &Matrix, input: &Input) -> String {
    if matrix.size > MOST_PLACES {
        let selected: usize = (0..matrix.size).map(|query| matrix.row(query).count()).sum();
        return format!(
            "{size} x {size} places, of which it selects {selected}; inputs of up to \
             {MOST_PLACES} places are shown\n",
            size = matrix.size
        );
    }
    let tokens: Vec<String> = input.atoms().iter().map(cell).collect();
    let width = widest(&tokens);
    let mut text = format!("{} {}\n", " ".repeat(width), aligned(&tokens, width));
    for (query, token) in tokens.iter().enumerate() {
        let cells: Vec<String> = (0..matrix.size)
            .map(|key| match matrix.selects(query, key) {
                true => "█".repeat(width),
                false => "·".to_owned(),
            })
            .collect();
        text.push_str(&format!("{} {}\n", padded(token, width), aligned(&cells, width)));
    }
    text
}

/// A sequence below its input, place by place; two lines.
pub(crate) fn sequence(sequence: &Sequence, input: &Input) -> String {
    let tokens: Vec<String> = input.atoms().iter().map(cell).collect();
    let values: Vec<String> = sequence.values.iter().map(cell).collect();
    let width = widest(&tokens).max(widest(&values));
    format!("input:  {}\noutput: {}\n", aligned(&tokens, width), aligned(&values, width))
}

/// A value without quotes, in letters that can be seen.
pub(crate) fn cell(value: &Atom) -> String {
    let text = plain(value);
    match text.as_str() {
        "" => "\"\"".to_owned(),
        text => text
            .chars()
            .map(|letter| match letter {
                ' ' => "␣".to_owned(),
                letter if letter.is_control() => letter.escape_default().to_string(),
                letter => letter.to_string(),
            })
            .collect(),
    }
}

fn widest(texts: &[String]) -> usize {
    texts.iter().map(|it| it.width()).max().unwrap_or(1).max(1)
}

fn padded(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

fn aligned(texts: &[String], width: usize) -> String {
    let texts: Vec<String> = texts.iter().map(|it| padded(it, width)).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::evaluated;
    use crate::{Evaluated, Input};
    use insta::assert_snapshot;

    fn picture(program: &str, input: Input) -> String {
        match &*evaluated(program, &input) {
            Evaluated::Selector(matrix) => selector(matrix, &input),
            Evaluated::Sequence(values) => sequence(values, &input),
        }
    }

    #[test]
    fn rows_are_queries_and_columns_keys() {
        let picture =
            picture("it = select(indices, indices + 1, ==);", Input::text("abc").unwrap());
        assert_snapshot!(picture, @r"
          a b c
        a · █ ·
        b · · █
        c · · ·
        ");
    }

    #[test]
    fn wide_and_invisible_tokens_stay_in_their_columns() {
        let tokens = ["語", " ", "\n"].map(Atom::text).to_vec();
        let input = Input::values(tokens).unwrap();
        let picture = picture("it = select(indices, 2, <);", input);
        assert_snapshot!(picture, @r"
           語  ␣ \n
        語 ██ ██  ·
         ␣ ██ ██  ·
        \n ██ ██  ·
        ");
    }

    #[test]
    fn a_sequence_stands_below_its_input() {
        let picture = picture("it = indices * 50;", Input::text("abc").unwrap());
        assert_snapshot!(picture, @r"
        input:    a   b   c
        output:   0  50 100
        ");
    }

    #[test]
    fn large_selectors_are_counted() {
        let input = Input::text(&"x".repeat(65)).unwrap();
        let picture = picture("it = select(indices, 2, <);", input);
        assert!(picture.starts_with("65 x 65 places, of which it selects 130;"), "{picture}");
    }
}
