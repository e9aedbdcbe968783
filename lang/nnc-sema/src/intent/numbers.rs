//! Indices that are taken for numbers of another kind: the place of a head minus a time.

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    Affine, ExprKind, Function, FunctionId, Index, IndexVarId, NestAxis, Part, Scalar, ScalarKind,
    Stmt,
};
use std::collections::HashMap;

use crate::cx::Cx;
use crate::errors::intent as errors;

/// The indices of a function with what is known of the axes that they run over.
struct Numbers<'a> {
    function: &'a Function,
    /// The kind of each size.
    sizes: HashMap<Name, Name>,
    kinds: HashMap<IndexVarId, Name>,
    extents: HashMap<IndexVarId, Vec<Name>>,
    found: Vec<Diagnostic>,
}

impl Cx<'_> {
    /// Warns of the difference of two indices of different kinds, and of a position that is
    /// computed from the place in the batch.
    pub(super) fn indices_as_numbers(&self, id: FunctionId) -> Vec<Diagnostic> {
        let function = self.function(id);
        let owner = function.owner.map(|it| self.layer(it).params.as_slice());
        let dims = function.dims.iter().chain(owner.unwrap_or_default());
        let sizes = dims.filter_map(|it| Some((it.name, it.kind?))).collect();
        let (kinds, extents) = (HashMap::new(), HashMap::new());
        let mut numbers = Numbers { function, sizes, kinds, extents, found: Vec::new() };
        function.body.stmts.iter().for_each(|it| numbers.scans(it));
        function.body.parts(&mut |it| numbers.part(it));
        numbers.found
    }
}

impl Numbers<'_> {
    fn axis(&mut self, axis: &NestAxis) {
        let vars: Vec<Name> = axis.extent.vars().into_iter().collect();
        let mut kinds = vars.iter().filter_map(|it| self.sizes.get(it));
        if let Some(kind) = kinds.next().copied()
            && kinds.all(|it| *it == kind)
        {
            self.kinds.insert(axis.var, kind);
        }
        self.extents.insert(axis.var, vars);
    }

    fn scans(&mut self, stmt: &Stmt) {
        if let Stmt::Scan(scan) = stmt {
            self.axis(&NestAxis { var: scan.var, extent: scan.extent.clone() });
            scan.body.iter().for_each(|it| self.scans(it));
        }
    }

    fn part(&mut self, part: Part<'_>) {
        match part {
            Part::Expr(expr) => {
                match &expr.kind {
                    ExprKind::Nest(nest) => nest.axes.iter().for_each(|it| self.axis(it)),
                    ExprKind::Block(block) => block.stmts.iter().for_each(|it| self.scans(it)),
                    _ => {}
                }
                expr.parts(&mut |it| self.part(it));
            }
            Part::Scalar(scalar) => self.scalar(scalar),
        }
    }

    fn scalar(&mut self, scalar: &Scalar) {
        match &scalar.kind {
            ScalarKind::Reduce(reduction) => {
                reduction.axes.iter().for_each(|it| self.axis(it));
            }
            ScalarKind::Affine(affine) => self.difference(affine, scalar.span),
            ScalarKind::Read { tensor, index, .. } => {
                let axes = tensor.ty.as_tensor().map_or(&[][..], |it| &it.axes);
                for (axis, index) in axes.iter().zip(index) {
                    let Index::Data(position) = index else { continue };
                    let size = axis.extent().vars();
                    if axis.kind.is_none_or(|it| it.as_str() != "batch") {
                        self.of_batch(position, &|extent| {
                            !extent.iter().any(|it| size.contains(it))
                        });
                    }
                }
            }
            _ => {}
        }
        scalar.parts(&mut |it| self.part(it));
    }

    /// `i - j`, of which one says a time and the other a head.
    fn difference(&mut self, affine: &Affine, at: Span) {
        let sign = |of: i64| {
            let mut terms = affine.terms.iter();
            terms.find_map(|(var, by)| (by.as_constant() == Some(of)).then_some(*var))
        };
        let (Some(one), Some(other)) = (sign(1), sign(-1)) else { return };
        let (Some(kind), Some(other_kind)) = (self.kinds.get(&one), self.kinds.get(&other)) else {
            return;
        };
        if kind != other_kind {
            let name = |var: IndexVarId| self.function.index_vars[var].name;
            let names = ((name(one), *kind), (name(other), *other_kind));
            self.found.push(errors::difference_of_kinds(at, names));
        }
    }

    /// A number that is worked out from the place in the batch.
    fn of_batch(&mut self, position: &Scalar, other: &dyn Fn(&[Name]) -> bool) {
        if let ScalarKind::Affine(affine) = &position.kind {
            for (var, _) in &affine.terms {
                let batch = self.kinds.get(var).is_some_and(|it| it.as_str() == "batch");
                if batch && self.extents.get(var).is_some_and(|it| other(it)) {
                    let name = self.function.index_vars[*var].name;
                    self.found.push(errors::position_of_batch(position.span, name));
                    return;
                }
            }
        }
        if !matches!(position.kind, ScalarKind::Read { .. } | ScalarKind::Reduce(_)) {
            position.parts(&mut |it| {
                if let Part::Scalar(it) = it {
                    self.of_batch(it, other);
                }
            });
        }
    }
}
