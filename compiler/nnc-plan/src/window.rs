//! Recognises sums over a window of an image: convolutions, dense and depthwise.

use nnc_graph::{Affine, Binary, Compare, Index, Nest, NestKind, ReduceOp, Scalar, Var};
use nnc_shape::{Dim, Facts};
use std::collections::BTreeSet;

/// A convolution's image operand, in whatever order the program names its axes.
pub(crate) struct Window {
    /// The operand that is walked over.
    pub(crate) image: u32,
    /// Its axis without a window that the sum runs over (or that both operands share).
    pub(crate) channel_axis: usize,
    /// The result's axis of output channels.
    pub(crate) result_axis: usize,
    /// How far reads go past each axis of the image, if the guard does nothing but
    /// keep them inside and the distances are numbers.
    pub(crate) border: Option<Vec<(i64, i64)>>,
}

/// The two reads of a sum of products, casts looked through.
pub(crate) fn product_of_reads(value: &Scalar) -> Option<[(u32, &[Index]); 2]> {
    let Scalar::Binary(Binary::Mul, left, right) = value else { return None };
    Some([plain_read(left)?, plain_read(right)?])
}

/// A read, possibly converted.
pub(crate) fn plain_read(scalar: &Scalar) -> Option<(u32, &[Index])> {
    match scalar {
        Scalar::Read { operand, at } => Some((*operand, at)),
        Scalar::Cast { to, value } if to.is_float() => plain_read(value),
        _ => None,
    }
}

/// The variables an affine read walks along; `None` for a gather.
pub(crate) fn variables(at: &[Index]) -> Option<BTreeSet<Var>> {
    let mut vars = BTreeSet::new();
    for index in at {
        vars.extend(index.as_affine()?.terms.iter().map(|(var, _)| *var));
    }
    Some(vars)
}

/// The convolution that a nest is; `shape` gives the shape of an operand, `is_weight`
/// whether it is known before the program runs.
pub(crate) fn window_of<'a>(
    nest: &Nest,
    facts: &Facts,
    shape: &dyn Fn(u32) -> &'a [Dim],
    is_weight: &dyn Fn(u32) -> bool,
) -> Option<Window> {
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    if reduction.op != ReduceOp::Sum {
        return None;
    }
    let reads = product_of_reads(&reduction.value)?;
    let results = nest.axes.len() as u32;
    let vars = [variables(reads[0].1)?, variables(reads[1].1)?];
    // A window is an axis along which a position of the result alone and a summed
    // variable meet; a head or group that both operands share is none.
    let is_window = |side: usize| {
        reads[side].1.iter().filter_map(Index::as_affine).any(|affine| {
            affine.terms.iter().any(|(var, _)| var.0 < results && !vars[1 - side].contains(var))
                && affine.terms.iter().any(|(var, _)| var.0 >= results)
        })
    };
    // A window of one pixel is a product with a weight, which is a convolution if what
    // it walks over is an image.
    let is_pixel = |side: usize| {
        let (operand, other) = (reads[side].0, reads[1 - side].0);
        !is_weight(operand) && is_weight(other) && shape(operand).len() >= 4
    };
    let image_side =
        (0..2).find(|&side| is_window(side)).or_else(|| (0..2).find(|&side| is_pixel(side)))?;
    let (image, at) = reads[image_side];
    let [image_vars, other_vars] = [&vars[image_side], &vars[1 - image_side]];
    // A group axis splits the channel axis into two terms, one of them a result's;
    // a spatial axis's reduced variable is one the other operand walks plainly too, so
    // the channel is the axis whose terms all occur in the other operand.
    let is_channel = |index: &Index| {
        index.as_affine().is_some_and(|affine| {
            !affine.terms.is_empty() && affine.terms.iter().all(|(var, _)| other_vars.contains(var))
        })
    };
    let channel_axis = at.iter().position(is_channel)?;
    if !is_window(image_side) && at.iter().filter(|index| is_channel(index)).count() != 1 {
        return None;
    }
    let own: Vec<Var> = other_vars
        .iter()
        .copied()
        .filter(|var| var.0 < results && !image_vars.contains(var))
        .collect();
    let shared =
        other_vars.iter().copied().rfind(|var| var.0 < results && image_vars.contains(var));
    let result_var = own.last().copied().or(shared)?;
    Some(Window {
        image,
        channel_axis,
        result_axis: result_axis(nest, result_var),
        border: border(nest, reduction.guard.as_ref(), at, shape(image), facts),
    })
}

/// The axis of the result that a variable belongs to.
fn result_axis(nest: &Nest, var: Var) -> usize {
    let mut end = 0;
    for (axis, &count) in nest.groups.iter().enumerate() {
        end += count;
        if var.0 < end {
            return axis;
        }
    }
    nest.groups.len()
}

fn border(
    nest: &Nest,
    guard: Option<&Scalar>,
    at: &[Index],
    shape: &[Dim],
    facts: &Facts,
) -> Option<Vec<(i64, i64)>> {
    let mut bounds = Vec::new();
    if let Some(guard) = guard {
        collect_bounds(guard, &mut bounds)?;
    }
    let mut border = Vec::new();
    for (index, extent) in at.iter().zip(shape) {
        let affine = index.as_affine()?;
        let lower = bounds.iter().find(|bound| same_up_to_offset(bound, affine));
        let upper = bounds.iter().find(|bound| same_up_to_offset(bound, &negate(affine)));
        if lower.is_none() && upper.is_none() {
            border.push((0, 0));
            continue;
        }
        // A guard that hides more than what lies outside does more than a border can.
        if lower.is_some_and(|bound| bound.offset != affine.offset)
            || upper.is_some_and(|bound| &bound.offset + &affine.offset != extent - 1)
        {
            return None;
        }
        let (low, high) = span_of(nest, affine);
        let before = -facts.range(&low).0?;
        let after = facts.range(&(high - extent + 1)).1?;
        border.push((before.max(0), after.max(0)));
    }
    let all_used = bounds.iter().all(|bound| {
        at.iter().filter_map(Index::as_affine).any(|affine| {
            same_up_to_offset(bound, affine) || same_up_to_offset(bound, &negate(affine))
        })
    });
    all_used.then_some(border)
}

/// The least and the greatest value of an index whose coefficients are known signs.
fn span_of(nest: &Nest, affine: &Affine) -> (Dim, Dim) {
    let mut low = affine.offset.clone();
    let mut high = affine.offset.clone();
    for (var, coefficient) in &affine.terms {
        let Some(axis) = nest.axis(*var) else { continue };
        let reach = coefficient * &(&axis.extent - 1);
        if coefficient.as_constant().is_some_and(|it| it < 0) {
            low = low + reach;
        } else {
            high = high + reach;
        }
    }
    (low, high)
}

fn negate(affine: &Affine) -> Affine {
    affine.times(&Dim::constant(-1))
}

fn same_up_to_offset(left: &Affine, right: &Affine) -> bool {
    left.terms == right.terms
}

/// Splits a conjunction of comparisons between affine integers into `e >= 0` forms.
pub(crate) fn collect_bounds(guard: &Scalar, bounds: &mut Vec<Affine>) -> Option<()> {
    match guard {
        Scalar::Binary(Binary::And, left, right) => {
            collect_bounds(left, bounds)?;
            collect_bounds(right, bounds)
        }
        Scalar::Bool(true) => Some(()),
        Scalar::Compare(op, left, right) => {
            bounds.push(bound(*op, left, right)?);
            Some(())
        }
        _ => None,
    }
}

/// `e` such that the comparison says `e >= 0`.
pub(crate) fn bound(op: Compare, left: &Scalar, right: &Scalar) -> Option<Affine> {
    let left = affine_value(left)?;
    let right = affine_value(right)?;
    let minus_one = Affine::constant(-1);
    Some(match op {
        Compare::Ge => left.plus(&negate(&right)),
        Compare::Gt => left.plus(&negate(&right)).plus(&minus_one),
        Compare::Le => right.plus(&negate(&left)),
        Compare::Lt => right.plus(&negate(&left)).plus(&minus_one),
        Compare::Eq | Compare::Ne => return None,
    })
}

/// An integer scalar as an affine expression in index variables.
pub(crate) fn affine_value(scalar: &Scalar) -> Option<Affine> {
    match scalar {
        Scalar::Int { value, .. } => Some(Affine::constant(*value)),
        Scalar::Index { value, .. } => Some(value.clone()),
        Scalar::Binary(Binary::Add, left, right) => {
            Some(affine_value(left)?.plus(&affine_value(right)?))
        }
        Scalar::Binary(Binary::Sub, left, right) => {
            Some(affine_value(left)?.plus(&negate(&affine_value(right)?)))
        }
        Scalar::Cast { to, value } if to.is_int() => affine_value(value),
        _ => None,
    }
}
