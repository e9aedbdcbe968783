//! What is known of the index variables of a nest.

use nnc_base::Name;
use nnc_graph::{Affine, Axis, Graph, Nest, Var};
use nnc_shape::{Dim, Fact, Facts};

/// The facts of a graph, and that each index variable lies within its axis.
///
/// What is proved here holds at every point of the index space; over an empty
/// space everything does.
pub(crate) struct Space {
    facts: Facts,
    extents: Vec<Dim>,
}

/// A position along an axis made of several, as a position along each.
pub(crate) enum Parts {
    Found(Vec<Affine>),
    /// Nothing stands in the way but that `var` runs over more than one of the
    /// parts: as `var = inner * v + w` with `w` in `0..inner` there would be more.
    Split {
        var: Var,
        outer: Dim,
        inner: Dim,
    },
    Unknown,
}

impl Space {
    /// Over the result's and the reduction's axes.
    pub(crate) fn of_points(graph: &Graph, nest: &Nest) -> Space {
        Space::new(graph, nest.axes.iter().chain(nest.reduction_axes()))
    }

    /// Over the result's axes alone, where a reduction's `finish` is computed.
    pub(crate) fn of_result(graph: &Graph, nest: &Nest) -> Space {
        Space::new(graph, nest.axes.iter())
    }

    fn new<'a>(graph: &Graph, axes: impl Iterator<Item = &'a Axis>) -> Space {
        let mut facts = facts_of(graph);
        let extents: Vec<Dim> = axes.map(|axis| axis.extent.clone()).collect();
        for (at, extent) in extents.iter().enumerate() {
            let name = name_of(Var(at as u32));
            match extent.as_constant() {
                Some(size) => facts.declare(name, 0, Some(size - 1)),
                None => {
                    facts.declare(name, 0, None);
                    facts.assume_at_least(&(extent - 1), &Dim::var(name));
                }
            }
        }
        Space { facts, extents }
    }

    /// The value of an affine expression, with index variables as dim variables.
    pub(crate) fn dim(&self, affine: &Affine) -> Dim {
        affine.terms.iter().fold(affine.offset.clone(), |sum, (var, coefficient)| {
            sum + coefficient * &Dim::var(name_of(*var))
        })
    }

    pub(crate) fn proves(&self, fact: &Fact) -> bool {
        self.facts.proves(fact)
    }

    /// Takes something more for granted.
    pub(crate) fn assume(&mut self, fact: Fact) {
        self.facts.assume(fact);
    }

    /// Whether `0 <= position < size` everywhere.
    pub(crate) fn is_within(&self, position: &Affine, size: &Dim) -> bool {
        let position = self.dim(position);
        self.facts.proves(&Fact::AtLeast(position.clone(), Dim::constant(0)))
            && self.facts.proves(&Fact::AtLeast(size - 1, position))
    }

    /// Whether two points never give the same position along one axis, when only
    /// the variables of `position` differ: the coefficients make a mixed radix.
    pub(crate) fn is_injective(&self, position: &Affine) -> bool {
        let mut terms: Vec<(i64, &Dim)> = Vec::new();
        for (var, coefficient) in &position.terms {
            let extent = &self.extents[var.0 as usize];
            match coefficient.as_constant() {
                Some(value) => terms.push((value.abs(), extent)),
                None if position.terms.len() == 1 => return true,
                None => return false,
            }
        }
        terms.sort_by_key(|(value, _)| *value);
        let mut reach = Dim::constant(0);
        for (value, extent) in terms {
            if !self.facts.proves(&Fact::AtLeast(Dim::constant(value), &reach + 1)) {
                return false;
            }
            reach = reach + &(extent - 1) * value;
        }
        true
    }

    /// The quotient and the remainder by `size`, both affine.
    pub(crate) fn divide(&self, position: &Affine, size: &Dim) -> Option<(Affine, Affine)> {
        let (outer, inner) = multiples(position, size);
        self.is_within(&inner, size).then_some((outer, inner))
    }

    /// Where `position` lies along each of the axes of these sizes that together
    /// make up one axis, row-major.
    pub(crate) fn decompose(&self, position: &Affine, sizes: &[Dim]) -> Parts {
        let mut parts = Vec::with_capacity(sizes.len());
        let mut rest = position.clone();
        for at in 0..sizes.len() {
            if at + 1 == sizes.len() {
                parts.push(rest);
                break;
            }
            let stride = sizes[at + 1..].iter().fold(Dim::constant(1), |size, it| &size * it);
            match self.divide(&rest, &stride) {
                Some((outer, inner)) => {
                    parts.push(outer);
                    rest = inner;
                }
                None => return self.find_split(&rest, &stride),
            }
        }
        Parts::Found(parts)
    }

    /// A variable that steps by a divisor of `stride` and goes beyond it.
    fn find_split(&self, rest: &Affine, stride: &Dim) -> Parts {
        let (_, inner) = multiples(rest, stride);
        for (var, coefficient) in &inner.terms {
            let extent = &self.extents[var.0 as usize];
            let forwards = Fact::AtLeast(coefficient.clone(), Dim::constant(1));
            let Some(count) = stride.exact_div(coefficient) else { continue };
            if !self.facts.proves(&forwards) {
                continue;
            }
            let Ok(outer) = self.facts.exact_div(extent, &count) else { continue };
            let one = Dim::constant(1);
            if count != one && outer != one {
                return Parts::Split { var: *var, outer, inner: count };
            }
        }
        Parts::Unknown
    }
}

/// Everything a graph says of its run-time dims.
pub(crate) fn facts_of(graph: &Graph) -> Facts {
    let mut facts = graph.facts.clone();
    for dim in &graph.dims {
        facts.declare(dim.name, dim.min, dim.max);
    }
    facts
}

/// What is a multiple of `size` for sure, divided by it, and the rest.
fn multiples(position: &Affine, size: &Dim) -> (Affine, Affine) {
    let (mut outer, mut inner) = (Affine::constant(0), Affine::constant(0));
    for (var, coefficient) in &position.terms {
        match coefficient.exact_div(size) {
            Some(quotient) => outer.terms.push((*var, quotient)),
            None => inner.terms.push((*var, coefficient.clone())),
        }
    }
    match (position.offset.as_constant(), size.as_constant()) {
        (Some(offset), Some(size)) if size > 0 => {
            outer.offset = Dim::constant(offset.div_euclid(size));
            inner.offset = Dim::constant(offset.rem_euclid(size));
        }
        _ => match position.offset.exact_div(size) {
            Some(quotient) => outer.offset = quotient,
            None => inner.offset = position.offset.clone(),
        },
    }
    (outer, inner)
}

/// The dim variable that stands for an index variable; no run-time dim is called so.
fn name_of(var: Var) -> Name {
    Name::new(&format!("#{}", var.0))
}
