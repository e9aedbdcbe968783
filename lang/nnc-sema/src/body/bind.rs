//! Binding: what the sizes of a callee stand for in a call, read off the arguments' axes.

use std::collections::HashMap;

use nnc_base::{Name, Span};
use nnc_hir::{
    Arrow, Axis, AxisSize, Base, DimOrigin, FunctionId, PackBinding, Places, TensorType, Type,
};
use nnc_shape::Dim;

use super::unify::{Meeting, kinds_match};
use super::{Body, Value};
use crate::cx::Size;
use crate::errors::shapes as errors;

/// What the sizes of a callee stand for.
#[derive(Default)]
pub(super) struct Binding {
    pub(super) sizes: HashMap<Name, Size>,
    /// The arguments that sizes were read off.
    pub(super) origins: Vec<(Name, Span)>,
    pub(super) pack: Option<PackBinding>,
}

impl Body<'_, '_> {
    /// What `float` stands for: the float type of an argument, or else the caller's.
    pub(super) fn bind_float(
        &self,
        id: FunctionId,
        params: &[nnc_hir::Param],
        values: &[Option<Value>],
    ) -> Option<Base> {
        let mut fixed = None;
        for (param, value) in params.iter().zip(values) {
            let Some(value) = value else { continue };
            let (Type::Tensor(formal), Type::Tensor(actual)) = (&param.ty, &value.expr.ty) else {
                continue;
            };
            let float = actual.elem.base.is_float();
            if formal.elem.base == Base::Float && !value.flex && float && fixed.is_none() {
                fixed = Some(actual.elem.base.clone());
            }
        }
        self.cx.function(id).float.then(|| fixed.unwrap_or_else(|| self.default_float()))
    }

    /// Binds the plain names of a parameter's type by the argument's.
    pub(super) fn bind_type(
        &mut self,
        formal: &Type,
        actual: &Type,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        meeting: Meeting<'_>,
    ) -> bool {
        match (formal, actual) {
            (Type::Tensor(formal), Type::Tensor(actual)) => {
                self.bind_tensor(formal, actual, dims, binding, meeting)
            }
            (
                Type::Struct { id, dims: formal_dims, .. },
                Type::Struct { id: actual_id, dims: actual_dims, .. },
            ) if id == actual_id => {
                for (formal, actual) in formal_dims.iter().zip(actual_dims) {
                    self.bind_plain(
                        formal,
                        self.scope.size(actual.clone()),
                        dims,
                        binding,
                        meeting.at,
                    );
                }
                true
            }
            (Type::Array(formal, count), Type::Array(actual, actual_count)) => {
                self.bind_plain(
                    &count.count,
                    self.scope.size(actual_count.count.clone()),
                    dims,
                    binding,
                    meeting.at,
                );
                self.bind_type(formal, actual, dims, binding, meeting)
            }
            (Type::Tuple(formal), Type::Tuple(actual)) => formal
                .iter()
                .zip(actual)
                .all(|(formal, actual)| self.bind_type(formal, actual, dims, binding, meeting)),
            _ => true,
        }
    }

    fn bind_plain(
        &self,
        formal: &Dim,
        actual: Size,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        at: Span,
    ) {
        if let Some(name) = formal.as_var()
            && dims.iter().any(|dim| dim.name == name && dim.origin == DimOrigin::Axis)
        {
            binding.sizes.entry(name).or_insert(actual);
            binding.origins.push((name, at));
        }
    }

    fn bind_tensor(
        &mut self,
        formal: &TensorType,
        actual: &TensorType,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        meeting: Meeting<'_>,
    ) -> bool {
        let (needed, there) = (formal.axes.len(), actual.axes.len());
        let fits = if formal.pack { there >= needed } else { there == needed && !actual.pack };
        if !fits {
            let before = self.cx.diagnostics.len();
            self.other_rank(actual, formal, meeting);
            let wanted = self.wanted(formal, actual, dims, binding);
            if let Some(wanted) = wanted.filter(|_| !formal.pack) {
                self.tell_repair(before, actual, &wanted, meeting.subject);
            }
            return false;
        }
        let leading = there - needed;
        if formal.pack {
            let pack = PackBinding { outer: actual.pack, axes: actual.axes[..leading].to_vec() };
            match &binding.pack {
                None => binding.pack = Some(pack),
                Some(before) => {
                    let same = before.outer == pack.outer && before.axes.len() == pack.axes.len();
                    if !same {
                        let text = |pack: &PackBinding| {
                            let outer = pack.outer.then(|| "..".to_owned());
                            let axes = pack.axes.iter().map(|axis| axis.to_string());
                            outer.into_iter().chain(axes).collect::<Vec<_>>().join(", ")
                        };
                        let (before, pack) = (text(before), text(&pack));
                        self.report(errors::packs(
                            meeting.at,
                            &before,
                            &pack,
                            meeting.expected_at,
                            meeting.who,
                        ));
                        return false;
                    }
                    let before = before.axes.clone();
                    if !self.axes_fit(&pack.axes, &before, meeting) {
                        return false;
                    }
                }
            }
        }
        // Kinds of all axes at once: a swap shows best when both are seen.
        let expected: Vec<Axis> =
            formal.axes.iter().map(|axis| self.expected_axis(axis, dims, binding)).collect();
        let actual_axes = &actual.axes[leading..];
        if let Some(at) = actual_axes.iter().zip(&expected).position(|(a, b)| !kinds_match(a, b)) {
            let before = self.cx.diagnostics.len();
            self.report(errors::kinds(
                at,
                actual_axes,
                &expected,
                meeting.at,
                meeting.expected_at,
                meeting.who,
            ));
            let own = TensorType { pack: false, axes: actual_axes.to_vec(), ..actual.clone() };
            let wanted = self.wanted(formal, &own, dims, binding);
            if let Some(wanted) = wanted.filter(|_| leading == 0 && !actual.pack) {
                self.tell_repair(before, &own, &wanted, meeting.subject);
            }
            return false;
        }
        for ((formal, actual), expected) in formal.axes.iter().zip(actual_axes).zip(&expected) {
            if let (Some(wanted), Some(found)) = (expected.rate, actual.rate)
                && wanted != found
            {
                self.report(errors::rates(
                    actual,
                    expected,
                    meeting.at,
                    meeting.expected_at,
                    meeting.who,
                    meeting.subject,
                ));
                return false;
            }
            if let AxisSize::Dim(size) = &formal.size {
                let bound = Size {
                    dim: actual.extent(),
                    kind: actual.kind.or(expected.kind),
                    rate: actual.rate.or(expected.rate),
                };
                self.bind_plain(size, bound, dims, binding, meeting.at);
            }
        }
        if let Some(formal) = &formal.elem.meaning
            && let Some(actual) = self.cx.seen_as(&actual.elem, formal.id)
        {
            for (formal, actual) in formal.args.iter().zip(&actual.args) {
                self.bind_plain(formal, self.scope.size(actual.clone()), dims, binding, meeting.at);
            }
        }
        true
    }

    /// A parameter's type in the caller's terms before all its sizes are known: what is
    /// not known yet has the size of the value's axis of the same kind. `None` if that
    /// does not say of each.
    fn wanted(
        &self,
        formal: &TensorType,
        actual: &TensorType,
        dims: &[nnc_hir::DimParam],
        binding: &Binding,
    ) -> Option<TensorType> {
        let mut free: Vec<&Axis> = actual.axes.iter().collect();
        let mut axes = Vec::new();
        for axis in &formal.axes {
            let expected = self.expected_axis(axis, dims, binding);
            let unbound = axis.extent().vars().iter().any(|name| {
                !binding.sizes.contains_key(name) && dims.iter().any(|dim| dim.name == *name)
            });
            let size = if unbound {
                let same = |it: &&Axis| it.kind.is_some() && it.kind == expected.kind;
                let place = free.iter().position(same)?;
                free.remove(place).size.clone()
            } else {
                let bound = |name: Name| binding.sizes.get(&name).map(|size| size.dim.clone());
                AxisSize::Dim(axis.extent().substitute(&bound))
            };
            axes.push(Axis { size, ..expected });
        }
        // Elements are looked at when the axes fit.
        Some(TensorType { elem: actual.elem.clone(), pack: false, axes })
    }

    /// An axis of a parameter with the kind and rate it asks for.
    pub(super) fn expected_axis(
        &self,
        axis: &Axis,
        dims: &[nnc_hir::DimParam],
        binding: &Binding,
    ) -> Axis {
        let AxisSize::Dim(size) = &axis.size else { return axis.clone() };
        let Some(name) = size.as_var() else {
            return Axis { kind: None, ..axis.clone() };
        };
        match dims.iter().find(|dim| dim.name == name) {
            Some(dim) => Axis { kind: dim.kind, rate: dim.rate, ..axis.clone() },
            None => match binding.sizes.get(&name) {
                Some(size) => Axis { kind: size.kind, rate: size.rate, ..axis.clone() },
                None => axis.clone(),
            },
        }
    }

    /// A callee's type in the caller's terms.
    pub(super) fn instantiate(
        &self,
        ty: &Type,
        binding: &Binding,
        float: Option<&Base>,
        dims: &[nnc_hir::DimParam],
    ) -> Type {
        let sizes = |name: Name| binding.sizes.get(&name).map(|size| size.dim.clone());
        match ty {
            Type::Tensor(tensor) => {
                let mut result = tensor.substitute(&sizes);
                if let (Base::Float, Some(float)) = (&tensor.elem.base, float) {
                    result.elem.base = float.clone();
                }
                for (axis, formal) in result.axes.iter_mut().zip(&tensor.axes) {
                    let AxisSize::Dim(size) = &formal.size else { continue };
                    match size.as_var().and_then(|name| binding.sizes.get(&name)) {
                        Some(bound) => (axis.kind, axis.rate) = (bound.kind, bound.rate),
                        None => {
                            let size = axis.extent();
                            let fixed =
                                formal.rate.filter(|_| !size_has_dims(&formal.extent(), dims));
                            (axis.kind, axis.rate) =
                                (self.scope.kind_of(&size), self.scope.rate_of(&size).or(fixed));
                        }
                    }
                }
                if tensor.pack
                    && let Some(pack) = &binding.pack
                {
                    result.pack = pack.outer;
                    result.axes.splice(0..0, pack.axes.iter().cloned());
                }
                Type::Tensor(result)
            }
            Type::Tuple(parts) => Type::Tuple(
                parts.iter().map(|part| self.instantiate(part, binding, float, dims)).collect(),
            ),
            Type::Array(element, places) => Type::Array(
                Box::new(self.instantiate(element, binding, float, dims)),
                Places::new(places.count.substitute(&sizes)),
            ),
            Type::Function(arrow) => {
                let instance = |ty: &Type| self.instantiate(ty, binding, float, dims);
                Type::Function(Box::new(Arrow {
                    inputs: arrow.inputs.iter().map(instance).collect(),
                    output: instance(&arrow.output),
                }))
            }
            ty => ty.substitute(&sizes),
        }
    }
}

fn size_has_dims(size: &Dim, dims: &[nnc_hir::DimParam]) -> bool {
    let vars = size.vars();
    dims.iter().any(|dim| vars.contains(&dim.name))
}

pub(super) fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Array(element, _) => innermost(element),
        ty => ty,
    }
}

/// Lengths are values: an expected struct has those that the argument has.
pub(super) fn with_lens_of(expected: Type, actual: &Type) -> Type {
    match (expected, actual) {
        (Type::Struct { id, dims, .. }, Type::Struct { lens, .. }) => {
            Type::Struct { id, dims, lens: lens.clone() }
        }
        (Type::Array(expected, count), Type::Array(actual, _)) => {
            Type::Array(Box::new(with_lens_of(*expected, actual)), count)
        }
        (expected, _) => expected,
    }
}
