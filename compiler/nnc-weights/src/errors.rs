//! Messages about checkpoints, one function a mistake.

use std::path::Path;

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_shape::Dim;

use crate::error::shown;
use crate::{Param, Stored};

const SHAPE: Code = Code("E0401");
const TWICE: Code = Code("E0403");
const INDICES: Code = Code("E0405");
const AXES: Code = Code("E0406");
const MISSING: Code = Code("E0407");
const UNEXPECTED: Code = Code("E0408");
const ELEMENT: Code = Code("E0409");
const ROWS: Code = Code("E0411");
const ROWS_TWICE: Code = Code("E0412");
const ROWS_MISSING: Code = Code("E0413");

// Of blocks, with the numbers of a model.

pub(crate) fn open_range(at: Span, index: Name) -> Diagnostic {
    Diagnostic::error(INDICES, at, format!("how far `{index}` goes is not known"))
        .help("give the model's layer a number for each of its parameters")
}

pub(crate) fn open_index(at: Span, array: &str, index: &Dim) -> Diagnostic {
    Diagnostic::error(INDICES, at, format!("`{array}[{index}]` has no number"))
        .help("an index is a number, or an `{i}` of the name in the file")
}

pub(crate) fn outside(at: Span, array: &str, index: i64, count: i64, model: Name) -> Diagnostic {
    Diagnostic::error(INDICES, at, format!("there is no `{array}[{index}]`"))
        .note(format!("in `{model}`, `{array}` has {count} items, from 0 to {}", count - 1))
        .help("leave out the row, or write `{i}` for all of them")
}

pub(crate) fn partly_absent(at: Span, tensor: &str, path: &str, model: Name) -> Diagnostic {
    Diagnostic::error(
        AXES,
        at,
        format!("\"{tensor}\" holds `{path}`, which `{model}` does not have"),
    )
    .note("the parameters of one tensor are all there, or none of them")
    .help(format!("leave `{path}` out of the row"))
}

pub(crate) fn mixed(at: Span, first: &Param, other: &Param) -> Diagnostic {
    let message = format!("`{}` is {}, `{}` is {}", first.name, first.elem, other.name, other.elem);
    Diagnostic::error(AXES, at, message)
        .label(first.span, format!("this is {}", first.elem))
        .label(other.span, format!("this is {}", other.elem))
        .note("a tensor of the file has one element type")
        .help("declare them with one element type")
}

pub(crate) fn axes(at: Span, tensor: &str, why: &str) -> Diagnostic {
    Diagnostic::error(AXES, at, format!("the axes of \"{tensor}\" do not fit: {why}"))
        .note("both sides name the same axes, and sizes that are merged multiply")
        .help("give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`")
}

pub(crate) fn stored_twice(at: Span, tensor: &str, first: Span) -> Diagnostic {
    Diagnostic::error(TWICE, at, format!("\"{tensor}\" is read twice"))
        .label(first, "here already")
        .note("a parameter that no row names is read by its own name")
        .help("leave out one of the rows, or fill several parameters in one")
}

pub(crate) fn filled_twice(at: Span, param: &str, first: Span) -> Diagnostic {
    Diagnostic::error(TWICE, at, format!("`{param}` is filled twice"))
        .label(first, "filled here already")
        .help("leave out one of the rows")
}

/// Rows of a tensor whose number is not known.
pub(crate) fn open_rows(at: Span, tensor: &str) -> Diagnostic {
    Diagnostic::error(ROWS, at, format!("which rows of \"{tensor}\" these are is not known"))
        .help("give the model's layer a number for each of its parameters")
}

/// Rows from a greater number up to a lesser one.
pub(crate) fn no_rows(at: Span, tensor: &str, from: i64, to: i64) -> Diagnostic {
    Diagnostic::error(ROWS, at, format!("\"{tensor}\" has no rows from {from} up to {to}"))
        .note("rows are counted from 0, and the last one is not among them: `[0..D]` are D rows")
        .help("write the lesser number first")
}

/// As many rows as the parameter does not have.
pub(crate) fn rows(
    at: Span,
    tensor: &str,
    (from, to): (i64, i64),
    found: Option<i64>,
    param: &Param,
) -> Diagnostic {
    let counted = to - from;
    let text = format!("rows {from} to {to} of \"{tensor}\" are {counted}, and `{}`", param.name);
    let has = match found {
        Some(found) => format!("{text} makes {found}"),
        None => format!("{text} has none: it is one number"),
    };
    Diagnostic::error(ROWS, at, has)
        .label(param.span, format!("this is {}", shown(&param.shape)))
        .note("rows are those of the tensor's first axis")
        .help(match found {
            Some(found) => format!("write `[{from}..{}]`", from + found),
            None => "leave out the rows".to_owned(),
        })
}

/// Rows in two pieces.
pub(crate) fn rows_twice(
    at: Span,
    tensor: &str,
    (from, to): (i64, i64),
    first: Span,
) -> Diagnostic {
    let text = format!("rows {from} to {to} of \"{tensor}\" are read twice");
    Diagnostic::error(ROWS_TWICE, at, text)
        .label(first, "here already")
        .note("a tensor of the file is read once, so that it can be written again")
        .help("let one of them end where the other starts")
}

/// Rows in no piece.
pub(crate) fn rows_missing(at: Span, tensor: &str, (from, to): (i64, i64)) -> Diagnostic {
    let text = format!("nothing is said of rows {from} to {to} of \"{tensor}\"");
    Diagnostic::error(ROWS_MISSING, at, text)
        .here("the next rows are these")
        .note("a tensor of the file is written again, so that each of its rows is known")
        .help(format!(
            "add a row: `\"{tensor}\"[{from}..{to}] = ignore`, which is written as zeros"
        ))
}

/// Pieces of one tensor that do not fit each other.
pub(crate) fn other_rows(
    at: Span,
    tensor: &str,
    found: &str,
    (first, wanted): &(Span, String),
) -> Diagnostic {
    let text = format!("a row of \"{tensor}\" is {wanted} and {found}");
    Diagnostic::error(ROWS, at, text)
        .here(format!("each of these rows is {found}"))
        .label(*first, format!("each of these is {wanted}"))
        .note("the rows of a tensor have one shape and one element type")
        .help("give the parameters one width, or the row an axis map")
}

/// Rows that are ignored of a tensor that nothing reads.
pub(crate) fn no_other_rows(at: Span, tensor: &str) -> Diagnostic {
    let text = format!("no other row of \"{tensor}\" is read");
    Diagnostic::error(ROWS_MISSING, at, text)
        .help(format!("write `\"{tensor}\" = ignore` for a tensor that is not read at all"))
}

// Of files.

/// A tensor that is not as the map wants it.
pub(crate) struct Misfit<'a> {
    pub(crate) at: Span,
    /// The name of the checkpoint block.
    pub(crate) block: Option<Name>,
    pub(crate) tensor: &'a str,
    pub(crate) found: &'a [i64],
    pub(crate) wanted: &'a [i64],
    /// How the block names the tensor's axes.
    pub(crate) axes: Option<&'a str>,
    pub(crate) param: &'a Param,
    /// How many parameters are in the tensor.
    pub(crate) params: usize,
    /// Other tensors of the same row that do not fit either.
    pub(crate) others: usize,
    pub(crate) model: Name,
    pub(crate) model_span: Span,
    pub(crate) sizes: &'a [(Name, i64)],
}

pub(crate) fn shape(it: &Misfit<'_>) -> Diagnostic {
    let block = it.block.map(|name| format!("checkpoint `{name}`: ")).unwrap_or_default();
    let wants = match it.axes {
        Some(axes) => format!("the row wants {axes} = {}", shown(it.wanted)),
        None => format!("`{}` is {}", it.param.name, with_formulas(it.param)),
    };
    let message = format!("{block}\"{}\" is {}, {wants}", it.tensor, shown(it.found));
    let mut diagnostic = Diagnostic::error(SHAPE, it.at, message);
    if it.axes.is_some() && it.params == 1 {
        let param = format!("`{}` is {}", it.param.name, with_formulas(it.param));
        diagnostic = diagnostic.label(it.param.span, param);
    } else {
        diagnostic = diagnostic.label(it.param.span, "declared here");
    }
    if it.others > 0 {
        let (are, tensors) = if it.others == 1 { ("is", "tensor") } else { ("are", "tensors") };
        let others = it.others;
        diagnostic = diagnostic.note(format!("so {are} {others} more {tensors} of this row"));
    }
    let repair = match (it.axes, turned(it.found, it.wanted)) {
        (Some(_), _) if it.params == 1 && it.found == it.param.shape => {
            "the file has the axes as the parameter has them: leave out the axis map".to_owned()
        }
        // The same sizes in another order.
        (None, Some(map)) => format!("if the file has them in another order: `{map}`"),
        _ => match other_sizes(it) {
            Some((names, values)) => {
                let label = format!("{names} here");
                diagnostic = diagnostic.label(it.model_span, label);
                format!("{values} in `{}`, if the file is the right one", it.model)
            }
            None if product(it.found) == product(it.wanted) => {
                "if axes are merged or split in the file, say how: `[(a b)] -> [a, b]`".to_owned()
            }
            None => "take the file of this model, or change the declaration".to_owned(),
        },
    };
    diagnostic.help(repair)
}

fn product(shape: &[i64]) -> i64 {
    shape.iter().product()
}

/// `[V, D] = [32128, 768]`, or only the numbers where there are no names.
fn with_formulas(param: &Param) -> String {
    if param.formulas.iter().all(|formula| formula.as_constant().is_some()) {
        return shown(&param.shape);
    }
    let formulas: Vec<String> = param.formulas.iter().map(Dim::to_string).collect();
    format!("[{}] = {}", formulas.join(", "), shown(&param.shape))
}

/// The axis map from a shape to another with the same sizes, if there is one choice.
fn turned(found: &[i64], wanted: &[i64]) -> Option<String> {
    let mut sorted = (found.to_vec(), wanted.to_vec());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    let distinct = sorted.0.windows(2).all(|pair| pair[0] != pair[1]);
    if sorted.0 != sorted.1 || !distinct || found.len() > 4 {
        return None;
    }
    let names = ["a", "b", "c", "d"];
    let ours = wanted.iter().map(|size| {
        let at = found.iter().position(|it| it == size).unwrap_or_default();
        names[at]
    });
    let ours: Vec<&str> = ours.collect();
    Some(format!(": [{}] -> [{}]", names[..found.len()].join(", "), ours.join(", ")))
}

/// Sizes of the model with which the tensor would fit: what they are, and what they
/// would have to be.
fn other_sizes(it: &Misfit<'_>) -> Option<(String, String)> {
    if it.axes.is_some() || it.found.len() != it.wanted.len() {
        return None;
    }
    let mut sizes: Vec<(Name, i64, i64)> = Vec::new();
    for ((formula, found), wanted) in it.param.formulas.iter().zip(it.found).zip(it.wanted) {
        if found == wanted {
            continue;
        }
        let name = formula.as_var()?;
        let (_, value) = it.sizes.iter().find(|(it, _)| *it == name)?;
        match sizes.iter().find(|(it, ..)| *it == name) {
            Some((_, _, before)) if before != found => return None,
            Some(_) => {}
            None => sizes.push((name, *value, *found)),
        }
    }
    let is: Vec<String> =
        sizes.iter().map(|(name, value, _)| format!("{name} is {value}")).collect();
    let be: Vec<String> =
        sizes.iter().map(|(name, _, found)| format!("{name} = {found}")).collect();
    Some((is.join(" and "), be.join(" and ")))
}

/// Tensors of one row, or one that is read by its own name, that a file does not have.
pub(crate) fn missing(
    at: Span,
    file: &Path,
    tensors: &[&str],
    param: &Param,
    near: Option<&str>,
) -> Diagnostic {
    let first = tensors.first().copied().unwrap_or_default();
    let file = file.display();
    let mut diagnostic = Diagnostic::error(MISSING, at, format!("\"{first}\" is not in `{file}`"))
        .label(param.span, format!("`{}` is declared here", param.name));
    match tensors.len() {
        0 | 1 => {}
        2 => diagnostic = diagnostic.note(format!("nor is \"{}\"", tensors[1])),
        count => {
            let last = tensors.last().copied().unwrap_or_default();
            let count = count - 1;
            diagnostic =
                diagnostic.note(format!("nor are {count} more of this row, up to \"{last}\""));
        }
    }
    diagnostic.help(match near {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "write the name that the tensor has in the file".to_owned(),
    })
}

/// A file that has nothing of what the map wants.
pub(crate) fn another_file(
    at: Span,
    file: &Path,
    wanted: usize,
    example: &str,
    names: &[&str],
) -> Diagnostic {
    let file = file.display();
    let tensors =
        if wanted == 1 { "the tensor".to_owned() } else { format!("any of the {wanted} tensors") };
    let listed: Vec<String> = names.iter().take(3).map(|name| format!("\"{name}\"")).collect();
    let has = match names.len() {
        0 => "it holds no tensors".to_owned(),
        count => format!("it holds {count}, such as {}", listed.join(", ")),
    };
    Diagnostic::error(MISSING, at, format!("`{file}` does not hold {tensors} of this model"))
        .note(format!("wanted are names such as \"{example}\"; {has}"))
        .help("take the file of this model, or write its names in a checkpoint block")
}

/// Tensors that nothing reads.
pub(crate) fn unexpected(
    at: Span,
    file: &Path,
    block: Option<Name>,
    tensors: &[&str],
    patterns: &[String],
) -> Diagnostic {
    let first = tensors.first().copied().unwrap_or_default();
    let file = file.display();
    let message = match tensors.len() {
        0 | 1 => format!("nothing reads \"{first}\" of `{file}`"),
        count => format!("nothing reads \"{first}\" and {} more tensors of `{file}`", count - 1),
    };
    let rows: Vec<String> =
        patterns.iter().take(8).map(|pattern| format!("`\"{pattern}\" = ignore`")).collect();
    let more = if patterns.len() > rows.len() { ", …" } else { "" };
    match block {
        Some(block) => Diagnostic::error(UNEXPECTED, at, message)
            .here(format!("`{block}` has no row for them"))
            .help(format!("give them rows: {}{more}", rows.join(", "))),
        // There is no place yet where it could be said that this is right.
        None => Diagnostic::warning(UNEXPECTED, at, message)
            .help("a checkpoint block says what is ignored: `\"…\" = ignore`"),
    }
}

/// Elements that do not become the parameter's without loss.
pub(crate) fn element(
    at: Span,
    tensor: &str,
    stored: Stored,
    param: &Param,
    others: usize,
    help: Option<&str>,
) -> Diagnostic {
    let elem = param.elem;
    let message = match help {
        Some(_) => format!("\"{tensor}\" is {stored}, which does not become {elem}"),
        None => format!("\"{tensor}\" is {stored}, and is rounded to {elem}"),
    };
    let diagnostic = match help {
        Some(help) => Diagnostic::error(ELEMENT, at, message).help(help),
        None => Diagnostic::warning(ELEMENT, at, message)
            .help(format!("say that it is meant: `\"…\" = … as {elem}`")),
    };
    let diagnostic = diagnostic.label(param.span, format!("`{}` is {elem}", param.name));
    match others {
        0 => diagnostic,
        1 => diagnostic.note("so is 1 more tensor"),
        others => diagnostic.note(format!("so are {others} more tensors")),
    }
}
