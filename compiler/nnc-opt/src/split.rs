//! Makes two axes of one.

use crate::compose::rename_vars;
use nnc_base::Name;
use nnc_graph::{Affine, Axis, Nest, NestKind, Var};
use nnc_shape::Dim;

/// How an axis is cut: `var = inner * outer_var + inner_var`.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) var: Var,
    pub(crate) outer: Dim,
    pub(crate) inner: Dim,
}

/// Cuts an axis of a nest in two, which lie beside each other in its place.
///
/// The result stays what it is: two axes of the result stay one by grouping.
/// `None` where the operation needs the axis whole.
pub(crate) fn split(nest: &Nest, split: &Split) -> Option<Nest> {
    let at = split.var.0 as usize;
    let mut nest = nest.clone();
    match &mut nest.kind {
        NestKind::Softmax { axis, .. } if *axis == split.var => return None,
        NestKind::Softmax { axis, .. } => *axis = shifted(*axis, split.var),
        NestKind::Reduce(reduction) if reduction.op.gives_position() && at >= nest.axes.len() => {
            return None;
        }
        NestKind::Reduce(_) | NestKind::Map { .. } => {}
    }
    let whole = nest.axis(split.var)?.name;
    let part = |suffix: &str, extent: &Dim| Axis {
        name: Name::new(&format!("{whole}{suffix}")),
        extent: extent.clone(),
    };
    let parts = [part("0", &split.outer), part("1", &split.inner)];
    if at < nest.axes.len() {
        let mut first = 0;
        for count in &mut nest.groups {
            if (first..first + *count).contains(&(at as u32)) {
                *count += 1;
                break;
            }
            first += *count;
        }
        nest.axes.splice(at..=at, parts);
    } else if let NestKind::Reduce(reduction) = &mut nest.kind {
        let at = at - nest.axes.len();
        reduction.axes.splice(at..=at, parts);
    }
    nest.map_scalars(&mut |scalar| {
        rename_vars(scalar, &|var| {
            if var == split.var {
                let outer = Affine::var(var).times(&split.inner);
                outer.plus(&Affine::var(Var(var.0 + 1)))
            } else {
                Affine::var(shifted(var, split.var))
            }
        })
    });
    Some(nest)
}

fn shifted(var: Var, by: Var) -> Var {
    if var > by { Var(var.0 + 1) } else { var }
}
