//! Places of a short axis that nothing reads: two reads of one gate, and none of another.

use std::collections::{BTreeMap, BTreeSet};

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    AxisSize, Expr, ExprKind, Index, LayerId, LocalId, Part, Path, PathRoot, PathStep, ScalarKind,
    Stmt, TensorType, ViewAxis,
};
use nnc_shape::Dim;

use crate::cx::Cx;
use crate::errors::intent as errors;

/// An axis with more places than these is a list of things, and not of parts with a meaning
/// each.
const MOST_PLACES: i64 = 16;

/// What is read: a value of a function, or a parameter of a layer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tensor {
    Local(LocalId),
    Param(LayerId, Name),
}

/// Places along an axis, with where they are read.
type Places = Vec<(i64, Span)>;

/// How a tensor is read along its axes.
#[derive(Default)]
struct Reads {
    /// For each axis that is short and was read at single places so far: its size, and the
    /// places with where they are read.
    axes: Vec<Option<(i64, Places)>>,
    whole: bool,
}

/// The reads of the tensors of functions.
#[derive(Default)]
struct Found {
    owner: Option<LayerId>,
    reads: BTreeMap<Tensor, Reads>,
    /// Parameters that other layers read.
    elsewhere: BTreeSet<Name>,
}

impl Cx<'_> {
    /// Warns of a tensor with a short axis of which single places are read, one of them twice,
    /// and another is not. What is given on as a whole may be read there.
    pub(super) fn unread_places(&self) -> Vec<Diagnostic> {
        let mut params = Found::default();
        let mut found = Vec::new();
        for (_, function) in self.program.functions.iter() {
            let mut locals = Found { owner: function.owner, ..Found::default() };
            function.body.parts(&mut |it| locals.part(it));
            let mut made = BTreeSet::new();
            function.body.stmts.iter().for_each(|it| lets(it, &mut made));
            for (tensor, reads) in locals.reads {
                match tensor {
                    Tensor::Local(local) => {
                        if made.contains(&local) {
                            let local = &function.locals[local];
                            found.extend(reads.unread(local.name, local.span, true));
                        }
                    }
                    Tensor::Param(..) => params.reads.entry(tensor).or_default().join(reads),
                }
            }
            params.elsewhere.extend(locals.elsewhere);
        }
        for (tensor, reads) in &params.reads {
            let Tensor::Param(layer, name) = tensor else { continue };
            let field = self.layer(*layer).fields.iter().find(|it| it.name == *name);
            if let Some(field) = field.filter(|it| !params.elsewhere.contains(&it.name)) {
                found.extend(reads.unread(field.name, field.span, false));
            }
        }
        found
    }
}

/// What `let`s make, without what a step of a scan goes on with or gives.
fn lets(stmt: &Stmt, made: &mut BTreeSet<LocalId>) {
    match stmt {
        Stmt::Let(binding) => made.extend(&binding.locals),
        Stmt::Scan(scan) => {
            scan.body.iter().for_each(|it| lets(it, made));
            for carry in &scan.carries {
                made.remove(&carry.before);
                made.remove(&carry.after);
            }
            for it in &scan.yields {
                made.remove(&it.step);
            }
        }
        Stmt::Assert { .. } | Stmt::AssertSizes { .. } => {}
    }
}

impl Found {
    fn part(&mut self, part: Part<'_>) {
        match part {
            Part::Expr(expr) => match &expr.kind {
                ExprKind::View { value, axes } if self.tensor(value).is_some() => {
                    let at = |axis: &ViewAxis| match axis {
                        ViewAxis::At(dim) => Some(dim.as_constant()),
                        ViewAxis::Keep => Some(None),
                        ViewAxis::Broadcast => None,
                    };
                    self.read(value, axes.iter().filter_map(at).collect(), expr.span);
                }
                _ => {
                    if let Some(tensor) = self.tensor(expr) {
                        self.reads.entry(tensor).or_default().whole = true;
                    }
                    expr.parts(&mut |it| self.part(it));
                }
            },
            Part::Scalar(scalar) => match &scalar.kind {
                ScalarKind::Read { tensor, index, .. } if self.tensor(tensor).is_some() => {
                    let at = |index: &Index| match index {
                        Index::Affine(it) => it.as_dim().and_then(Dim::as_constant),
                        Index::Data(_) => None,
                    };
                    self.read(tensor, index.iter().map(at).collect(), scalar.span);
                    for index in index {
                        if let Index::Data(it) = index {
                            self.part(Part::Scalar(it));
                        }
                    }
                }
                _ => scalar.parts(&mut |it| self.part(it)),
            },
        }
    }

    fn tensor(&mut self, expr: &Expr) -> Option<Tensor> {
        match &expr.kind {
            ExprKind::Local(local) => Some(Tensor::Local(*local)),
            ExprKind::Param(Path { root, steps }) => match (root, steps.as_slice(), self.owner) {
                (PathRoot::Owner, [PathStep::Field(name)], Some(owner)) => {
                    Some(Tensor::Param(owner, *name))
                }
                _ => {
                    self.elsewhere.extend(steps.iter().filter_map(|it| match it {
                        PathStep::Field(name) => Some(*name),
                        PathStep::Index(_) => None,
                    }));
                    None
                }
            },
            _ => None,
        }
    }

    fn read(&mut self, tensor: &Expr, places: Vec<Option<i64>>, at: Span) {
        let (Some(key), Some(ty)) = (self.tensor(tensor), tensor.ty.as_tensor()) else { return };
        self.reads.entry(key).or_default().read(ty, &places, at);
    }
}

impl Reads {
    fn read(&mut self, ty: &TensorType, places: &[Option<i64>], at: Span) {
        if places.len() != ty.axes.len() {
            self.whole = true;
            return;
        }
        if self.axes.is_empty() {
            let short = |size: i64| (2..=MOST_PLACES).contains(&size).then(|| (size, Vec::new()));
            self.axes = (ty.axes.iter())
                .map(|axis| match &axis.size {
                    AxisSize::Dim(size) => size.as_constant().and_then(short),
                    AxisSize::Broadcast => None,
                })
                .collect();
        }
        for (axis, place) in self.axes.iter_mut().zip(places) {
            match (axis.as_mut(), place) {
                (Some((_, read)), Some(place)) => read.push((*place, at)),
                (_, None) => *axis = None,
                (None, _) => {}
            }
        }
    }

    fn join(&mut self, other: Reads) {
        self.whole |= other.whole;
        if self.axes.is_empty() {
            self.axes = other.axes;
            return;
        }
        for (axis, other) in self.axes.iter_mut().zip(other.axes) {
            match (axis.as_mut(), other) {
                (Some((_, read)), Some((_, more))) => read.extend(more),
                _ => *axis = None,
            }
        }
    }

    /// A place that is read twice while another is not. Of two places one may be read alone as
    /// often as one likes, unless the tensor was made here.
    fn unread(&self, name: Name, made: Span, here: bool) -> Option<Diagnostic> {
        if self.whole {
            return None;
        }
        for (size, read) in self.axes.iter().flatten() {
            let places: BTreeSet<i64> = read.iter().map(|it| it.0).collect();
            let left: Vec<i64> = (0..*size).filter(|it| !places.contains(it)).collect();
            let most = places.len() > 1 && places.len() >= left.len();
            let both = here && *size == 2 && read.len() > 1;
            if !left.is_empty() && (most || both) {
                let twice = read
                    .iter()
                    .enumerate()
                    .find(|(at, it)| read[..*at].iter().any(|before| before.0 == it.0));
                let twice = twice.map(|(_, it)| *it);
                return Some(errors::unread_place(made, name, *size, &left, twice));
            }
        }
        None
    }
}
