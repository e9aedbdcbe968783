//! Checkpoint blocks: E04xx.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::Base;

use super::suggest;

const UNCOVERED: Code = Code("E0402");
const TWICE: Code = Code("E0403");
const PATH: Code = Code("E0404");
const INDICES: Code = Code("E0405");
const AXES: Code = Code("E0406");
const REST: Code = Code("E0410");
const ROWS: Code = Code("E0411");
const CAST: Code = Code("E0310");

pub(crate) fn uncovered(at: Span, block: Name, paths: &[&str], declared: Span) -> Diagnostic {
    let first = paths.first().copied().unwrap_or_default();
    let others = match paths.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Diagnostic::warning(
        UNCOVERED,
        at,
        format!("checkpoint `{block}` has no entry for `{first}`{others}"),
    )
    .label(declared, "the parameter is declared here")
    .note(format!("read by their own names: {}", paths.join(", ")))
    .help(format!("add a row: `\"…\" = {first}`"))
}

pub(crate) fn twice(at: Span, path: &str, first: Span) -> Diagnostic {
    Diagnostic::error(TWICE, at, format!("`{path}` is filled twice"))
        .label(first, "filled here already")
        .help("leave out one of the rows")
}

pub(crate) fn stored_twice(at: Span, stored: &str, first: Span) -> Diagnostic {
    Diagnostic::error(TWICE, at, format!("\"{stored}\" stands in two rows"))
        .label(first, "here already")
        .note("a tensor of the file is read once, so that it can be written again")
        .help("fill several parameters in one row: `{a, b} : [(z i)] -> [z, i]`")
}

pub(crate) fn cast(at: Span, found: &Base, ours: &Base, param: Span) -> Diagnostic {
    Diagnostic::error(CAST, at, format!("the row converts to {found}, the parameter is {ours}"))
        .label(param, format!("this is {ours}"))
        .help(format!("write `as {ours}`"))
}

/// A row for a parameter that is computed.
pub(crate) fn replaced_path(at: Span, path: &str) -> Diagnostic {
    Diagnostic::error(PATH, at, format!("`{path}` is no parameter: `with` replaces it"))
        .help("leave the row out, or write `= ignore` if files have such a tensor")
}

pub(crate) fn unknown_path(at: Span, path: &str, near: Option<&str>) -> Diagnostic {
    suggest(Diagnostic::error(PATH, at, format!("there is no parameter `{path}`")), near)
        .note("a path names fields from the layer down to a `param`")
}

pub(crate) fn outside_array(at: Span, array: &str, index: i64, count: i64) -> Diagnostic {
    let last = count - 1;
    Diagnostic::error(PATH, at, format!("`{array}` has no item {index}: it has {count}"))
        .help(format!("items go from 0 to {last}; for all of them write `{array}[i]`"))
}

pub(crate) fn index(at: Span, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(INDICES, at, format!("index `{name}` {why}"))
        .help("each `{i}` of the name in the file is an index of every path of the row")
}

/// A stored name with an open end for one parameter.
pub(crate) fn rest_alone(at: Span, stored: &str) -> Diagnostic {
    Diagnostic::error(
        REST,
        at,
        format!("\"{stored}\" has an open end, and the row fills one parameter"),
    )
    .note("`*` stands for the rest of a name on both sides, for all parameters of a layer")
    .help("write the name to its end, or `blocks[i].*` on the other side")
}

/// All parameters of a layer for a stored name without an open end.
pub(crate) fn rest_missing(at: Span, stored: &str) -> Diagnostic {
    Diagnostic::error(
        REST,
        at,
        format!("\"{stored}\" is one tensor, and the row fills many parameters"),
    )
    .note("`*` stands for the rest of a name on both sides")
    .help(format!("write `\"{stored}.*\"`, or name one parameter on the other side"))
}

/// `weight.*`
pub(crate) fn nothing_below(at: Span, path: &str) -> Diagnostic {
    Diagnostic::error(REST, at, format!("`{path}` is one parameter, with none in it"))
        .help("leave out the `.*` on both sides")
}

/// `"a.*"[0..3] = b.*`
pub(crate) fn rows_of_rest(at: Span) -> Diagnostic {
    Diagnostic::error(REST, at, "rows are those of one tensor, and `*` stands for many")
        .help("write a row of the block for each tensor of which only some rows are read")
}

/// `[3..3]`
pub(crate) fn no_rows(at: Span, from: &str, to: &str) -> Diagnostic {
    Diagnostic::error(ROWS, at, format!("there are no rows from {from} up to {to}"))
        .note("rows are counted from 0, and the last one is not among them: `[0..D]` are D rows")
        .help("write the lesser number first")
}

/// Parameters of several shapes in one row.
pub(crate) fn stacked(at: Span, why: &str) -> Diagnostic {
    Diagnostic::error(AXES, at, format!("these parameters make no one tensor: {why}"))
        .note("our first axis counts the parameters of a row, so that all have one shape")
        .help("give each its own row, make their shapes equal, or put them one after the other along the axis that differs, as in `[(z o), i] -> [z, o, i]`")
}

pub(crate) fn axes(at: Span, why: &str) -> Diagnostic {
    Diagnostic::error(AXES, at, format!("these axes do not fit: {why}"))
        .help("both sides name the same axes; ours are those of the parameter, after one for several parameters")
}
