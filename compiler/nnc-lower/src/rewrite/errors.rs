//! What rewrites cannot do, one function a mistake: E0781 to E0789.

use nnc_base::{Code, Diagnostic, Span, nearest};
use nnc_hir::Rewrite;

use super::spots::{Spot, What};
use crate::params::ParamInfo;

/// As messages say what is at a place.
fn what(spot: &Spot) -> String {
    match &spot.what {
        What::Array { count, layers } => {
            let of = if *layers { "layers" } else { "parameters" };
            format!("an array of {count} {of}")
        }
        What::Layer { .. } => "a layer".to_owned(),
        What::Param(info) => format!("a parameter, {}", shape(info)),
    }
}

fn shape(info: &ParamInfo) -> String {
    let shape: Vec<String> = info.shape.iter().map(i64::to_string).collect();
    format!("{}[{}]", info.elem, shape.join(", "))
}

pub(crate) fn no_place(rewrite: &Rewrite, places: &[&str]) -> Diagnostic {
    let pattern = rewrite.place.as_str();
    let text = format!("the model has nothing at `{pattern}`");
    let diagnostic = Diagnostic::error(Code("E0781"), rewrite.place_span, text);
    // Where brackets were meant to be dots.
    let dotted = pattern.replace('[', ".").replace(']', "");
    let near = places.iter().find(|it| **it != pattern && crate::Traces::matches(&dotted, it));
    match near.copied().or_else(|| nearest(pattern, places.iter().copied())) {
        Some(_) if dotted != pattern => {
            diagnostic.help(format!("items are written with dots: `{dotted}`"))
        }
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic
            .note(
                "a place is a field path such as `blocks.3.attn`, in which `*` stands for any text",
            )
            .help("`nnc params` lists the paths of parameters, which begin with those of layers"),
    }
}

/// A rewrite at a place that is no such thing.
pub(crate) fn wrong_place(rewrite: &Rewrite, spot: &Spot, kind: &str) -> Diagnostic {
    let name = rewrite.kind.name();
    let text = format!("`{name}` is not for `{}`, which is no {kind}", spot.place);
    Diagnostic::error(Code("E0782"), rewrite.place_span, text)
        .label(spot.span, format!("`{}` is {}", spot.place, what(spot)))
        .help(
            format!("name a place that `{name}` is for: an {kind}")
                .replace("an layer", "a layer")
                .replace("an parameter", "a parameter"),
        )
}

/// An array that no fold goes over.
pub(crate) fn no_fold(rewrite: &Rewrite, place: &str) -> Diagnostic {
    let name = rewrite.kind.name();
    let text = format!("no entry folds over `{place}`, so there are no steps to `{name}`");
    Diagnostic::error(Code("E0782"), rewrite.place_span, text)
        .note("the items of an array are run in order by `fold`, and that is what is changed")
        .help("write `fold(blocks, x, |h, block| block(h))` in the layer that has the array")
}

pub(crate) fn out_of_range(rewrite: &Rewrite, spot: &Spot, at: i64, count: i64) -> Diagnostic {
    let items = if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    let text = format!("`{}` has {items}, so there is no item {at}", spot.place);
    Diagnostic::error(Code("E0783"), rewrite.args_span, text)
        .label(spot.span, "the array is declared here")
        .help(format!("items are counted from 0: the last is {}", count - 1))
}

pub(crate) fn no_head(at: Span, place: &str, head: i64, count: i64) -> Diagnostic {
    let text = format!("the attention of `{place}` has {count} heads, so there is no head {head}");
    Diagnostic::error(Code("E0783"), at, text)
        .help(format!("heads are counted from 0: the last is {}", count - 1))
}

pub(crate) fn wrong_length(rewrite: &Rewrite, spot: &Spot, given: usize, count: i64) -> Diagnostic {
    let text = format!("`{}` says {given} owners for {count} items", rewrite.kind.name());
    Diagnostic::error(Code("E0783"), rewrite.args_span, text)
        .label(spot.span, format!("`{}` has {count} items", spot.place))
        .help("say for each item, in order, whose parameters it has")
}

/// Items that are to share parameters and have different ones.
pub(crate) fn items_differ(
    rewrite: &Rewrite,
    array: &Spot,
    (at, owner): (i64, i64),
    params: Option<(&ParamInfo, &ParamInfo)>,
) -> Diagnostic {
    let place = &array.place;
    let text = format!("`{place}.{at}` cannot have the parameters of `{place}.{owner}`");
    let diagnostic = Diagnostic::error(Code("E0784"), rewrite.args_span, text)
        .label(array.span, "the items of this array differ");
    let diagnostic = match params {
        Some((mine, theirs)) => diagnostic.note(format!(
            "`{}` is {} and `{}` is {}",
            mine.name,
            shape(mine),
            theirs.name,
            shape(theirs)
        )),
        None => diagnostic.note("one of the two has parameters that the other has not"),
    };
    diagnostic.help("tie items whose parameters have the same names and shapes")
}

/// A fold whose carry is of another size at each step.
pub(crate) fn grows(at: Span, place: &str, fold: Span) -> Diagnostic {
    let text = format!("the steps over `{place}` cannot be changed: each fits its place alone");
    Diagnostic::error(Code("E0784"), at, text)
        .label(fold, "what goes from step to step has another size at each place")
        .help("take the sums away first, in the layer or by `average off`, or tie the items")
}

/// An item that is run twice with state of its own.
pub(crate) fn state(at: Span, place: &str, item: i64, fold: Span) -> Diagnostic {
    let text = format!("item {item} of `{place}` is run twice and has state for one run");
    Diagnostic::error(Code("E0785"), at, text)
        .label(fold, "an array of state goes along in this fold")
        .note("what the first run keeps, a cache of keys for example, is not the second's")
        .help(format!(
            "give the model as many items as steps, and `tie` them: then each has state of its \
             own, and those of one number in the list have the parameters of `{place}.{item}`"
        ))
}

/// An item that is dropped and read elsewhere.
pub(crate) fn read_elsewhere(at: Span, line: Span, path: &str) -> Diagnostic {
    let text = format!("`{path}` is dropped and read here");
    Diagnostic::error(Code("E0785"), line, text)
        .label(at, "it is read here, outside of the fold")
        .help("keep it, or take out what reads it")
}

/// A carry that no mean can be taken of.
pub(crate) fn not_joined(at: Span, fold: Span) -> Diagnostic {
    Diagnostic::error(Code("E0785"), at, "steps side by side give something that has no mean")
        .label(fold, "what goes from step to step here is no tensor of floats")
        .help("run these steps one after the other")
}

/// A layer without two residual branches one behind the other.
pub(crate) fn no_branches(rewrite: &Rewrite, spot: &Spot, function: Option<Span>) -> Diagnostic {
    let text = format!("`{}` has no two residual branches in a row", spot.place);
    let diagnostic = Diagnostic::error(Code("E0786"), rewrite.place_span, text);
    let at = function.unwrap_or(spot.span);
    diagnostic
        .label(at, "no value here is `h + …` with `h = x + …` in front of it")
        .note(
            "what is changed is `let h = x + f(x); h + g(h)`, to `x + f(x) + g(x)`: each branch \
             is added to what entered, and nothing stands between the sums",
        )
        .help("name a layer whose function is such a chain")
}

/// Steps that are to run branch by branch and are no such chains.
pub(crate) fn not_by_branches(at: Span, fold: Span) -> Diagnostic {
    let text = "these steps cannot run side by side branch by branch";
    Diagnostic::error(Code("E0786"), at, text)
        .label(fold, "no step here is a call of a layer that has residual branches in a row")
        .note(
            "each step is `let h = x + f(x); h + g(h)`, without state, and those in `(…)` are \
             items alone",
        )
        .help("write `sum` or `mean` in the place of `branches`")
}

pub(crate) fn no_matrix(rewrite: &Rewrite, spot: &Spot, count: usize) -> Diagnostic {
    let text = match &spot.what {
        What::Param(info) => {
            format!("`{}` is no matrix: it is {}", spot.place, shape(info))
        }
        What::Array { .. } | What::Layer { .. } if count == 0 => {
            format!("`{}` has no matrix among its parameters", spot.place)
        }
        What::Array { .. } | What::Layer { .. } => {
            format!("`{}` has {count} matrices", spot.place)
        }
    };
    Diagnostic::error(Code("E0787"), rewrite.place_span, text)
        .label(spot.span, format!("`{}` is {}", spot.place, what(spot)))
        .help("name a parameter with two axes, or a layer with one such parameter")
}

pub(crate) fn rank_too_great(rewrite: &Rewrite, place: &str, info: &ParamInfo) -> Diagnostic {
    let full = info.shape.iter().copied().min().unwrap_or(1);
    let text = format!("`{place}` has rank {full} at most: it is {}", shape(info));
    Diagnostic::error(Code("E0787"), rewrite.args_span, text)
        .label(info.span, "declared here")
        .help(format!("write a rank from 1 to {full}; at {full} it computes what it did"))
}

/// Something at which no attention can be told.
pub(crate) fn no_attention(at: Span, place: &str) -> Diagnostic {
    Diagnostic::error(Code("E0788"), at, format!("no attention is to be found in `{place}`"))
        .note(
            "an attention is a softmax of products of queries and keys, whose heads lead from \
             parameters to parameters",
        )
        .help("name the layer that has the softmax and the maps before and behind it")
}

/// Heads that something else depends on; `why` says on what.
pub(crate) fn heads_stay(at: Span, place: &str, read: Span, why: &str) -> Diagnostic {
    let text = format!("the heads of `{place}` cannot be changed: {why}");
    Diagnostic::error(Code("E0788"), at, text)
        .label(read, "here")
        .note("a head may be dropped where all that reads it adds it up by a parameter of its own")
        .help("name an attention whose heads are made by maps and put together by a map")
}

/// Weights of averages that do not fit the steps.
pub(crate) fn wrong_weights(at: Span, place: &str, fold: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code("E0789"), at, format!("the weights of `{place}` do not fit: {why}"))
        .label(fold, "this fold runs the steps")
        .help(
            "give a list for each step, of one weight for what enters and one for each step so far",
        )
}

/// A parameter that is no weight of a sum over earlier values.
pub(crate) fn no_average(at: Span, path: &str, read: Span) -> Diagnostic {
    Diagnostic::error(Code("E0789"), at, format!("`{path}` is not the weights of a sum"))
        .label(read, "it is read here")
        .note("taken away are sums such as `sum[j] weights[j] * states[j, b, d]`, of which the last state is left")
        .help("name parameters that are read so, and nowhere else")
}

/// Two lines that say what one place does.
pub(crate) fn twice(spot: &Spot, at: Span, first: Span) -> Diagnostic {
    let text = format!("the steps over `{}` are changed twice", spot.place);
    Diagnostic::error(Code("E0783"), at, text)
        .label(first, "the first time")
        .help("say it in one `order`")
}
