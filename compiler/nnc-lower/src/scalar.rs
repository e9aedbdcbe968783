//! Index notation: the value at one point.

use nnc_graph::{Affine, Binary, Compare, Elem, Index, Scalar, Unary};
use nnc_hir as hir;
use nnc_hir::{ScalarArg, ScalarKind};
use nnc_shape::Dim;

use crate::errors;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::point;
use crate::rewrite::Stage;
use crate::value::{Tensor, Val};

/// Functions may call each other this deep.
const MOST_CALLS: usize = 100;

/// An entry may have this many calls, all together: each is written down where it stands.
const MOST_CALLS_IN_ALL: usize = 1 << 17;

impl<'a> Lowerer<'a> {
    /// A nest as a tensor: a view of what it reads, or stored.
    pub(crate) fn nest(&mut self, frame: &mut Frame<'a>, nest: &'a hir::Nest) -> Lowering<Tensor> {
        let outer_place = std::mem::take(&mut frame.pack_index);
        let mut vars = Vec::new();
        let mut groups = Vec::new();
        if nest.pack {
            for extent in frame.pack.clone() {
                let var = self.fresh_axis(&extent);
                frame.pack_index.push(Index::var(var));
                vars.push(var);
                groups.push(1);
            }
        }
        let mut axes = nest.axes.iter();
        for &count in &nest.groups {
            let mut kept = 0;
            for axis in axes.by_ref().take(count as usize) {
                let extent = frame.dim(&axis.extent);
                // An axis of size 1 that shares a result axis with others adds nothing.
                let alone = kept == 0 && axis_is_last(nest, axis);
                if extent.as_constant() == Some(1) && count > 1 && !alone {
                    frame.index.insert(axis.var, Affine::constant(0));
                    continue;
                }
                let var = self.fresh(frame.function.index_vars[axis.var].name, extent);
                frame.index.insert(axis.var, Affine::var(var));
                vars.push(var);
                kept += 1;
            }
            groups.push(kept);
        }
        let value = self.scalar(frame, &nest.value);
        frame.pack_index = outer_place;
        let value = value?;
        let elem = self.elem(frame, &nest.value.elem.base)?;
        let value = self.cast(elem, value);

        let plain = groups.iter().all(|count| *count == 1);
        if frame.pointwise || (plain && self.is_view(&value)) {
            if plain {
                let shape = vars.iter().map(|var| self.extent(*var).clone()).collect();
                return Ok(Tensor { vars, shape, elem, value });
            }
            return Err(Box::new(errors::not_at_a_point(self.span, "a tensor with merged axes")));
        }
        let source = self.emit(&vars, &groups, elem, &value)?;
        Ok(self.tensor_of(source))
    }

    pub(crate) fn affine(&self, frame: &Frame<'a>, affine: &hir::Affine) -> Lowering<Affine> {
        let mut sum = Affine::constant(frame.dim(&affine.offset));
        for (var, coefficient) in &affine.terms {
            let Some(value) = frame.index.get(var) else {
                let name = frame.function.index_vars[*var].name;
                return Err(self.internal(format!("the index `{name}` has no range")));
            };
            sum = sum.plus(&value.times(&frame.dim(coefficient)));
        }
        Ok(sum)
    }

    pub(crate) fn scalar(
        &mut self,
        frame: &mut Frame<'a>,
        scalar: &'a hir::Scalar,
    ) -> Lowering<Scalar> {
        let outer = std::mem::replace(&mut self.span, scalar.span);
        let result = self.scalar_at(frame, scalar);
        self.span = outer;
        result
    }

    fn scalar_at(&mut self, frame: &mut Frame<'a>, scalar: &'a hir::Scalar) -> Lowering<Scalar> {
        let elem = self.elem(frame, &scalar.elem.base)?;
        Ok(match &scalar.kind {
            ScalarKind::Read { tensor, pack, index } => {
                if let Some(value) = self.rewritten_read(frame, scalar, elem)? {
                    return Ok(value);
                }
                let tensor = self.expr(frame, tensor)?;
                let tensor = self.tensor(tensor)?;
                let tensor = if frame.pointwise { tensor } else { self.settled(tensor)? };
                let mut at = if *pack { frame.pack_index.clone() } else { Vec::new() };
                for index in index {
                    at.push(match index {
                        hir::Index::Affine(affine) => Index::Affine(self.affine(frame, affine)?),
                        hir::Index::Data(value) => point::data(self.scalar(frame, value)?),
                    });
                }
                if at.len() != tensor.vars.len() {
                    return Err(self.internal(format!(
                        "a tensor with {} axes is read at {} places",
                        tensor.vars.len(),
                        at.len()
                    )));
                }
                self.cast(elem, tensor.at(&at))
            }
            ScalarKind::Float(value) => Scalar::Float { elem, value: *value },
            ScalarKind::Int(value) => number(elem, *value),
            ScalarKind::Bool(value) => Scalar::Bool(*value),
            ScalarKind::Affine(affine) => {
                let value = self.affine(frame, affine)?;
                size(elem, value)
            }
            ScalarKind::Config(name) => Scalar::Float { elem, value: self.config(frame, *name)? },
            ScalarKind::Unary(op, value) => {
                let value = self.scalar(frame, value)?;
                if let (hir::UnaryOp::Not, Scalar::Bool(holds)) = (op, &value) {
                    return Ok(Scalar::Bool(!holds));
                }
                Scalar::unary(unary(*op), value)
            }
            ScalarKind::Binary(op, left, right) => {
                let left = self.scalar(frame, left)?;
                // What is decided already says whether the right side is there at all.
                match (op, &left) {
                    (hir::BinaryOp::And, Scalar::Bool(false))
                    | (hir::BinaryOp::Or, Scalar::Bool(true)) => return Ok(left),
                    (hir::BinaryOp::And | hir::BinaryOp::Or, Scalar::Bool(_)) => {
                        return self.scalar(frame, right);
                    }
                    _ => {}
                }
                let right = self.scalar(frame, right)?;
                self.binary(*op, left, right)
            }
            ScalarKind::Compare(op, left, right) => {
                let left = self.scalar(frame, left)?;
                let right = self.scalar(frame, right)?;
                let right = self.cast(self.elem_of(&left), right);
                Scalar::compare(compare(*op), left, right)
            }
            ScalarKind::Select { condition, then, otherwise } => {
                let condition = self.scalar(frame, condition)?;
                if let Scalar::Bool(holds) = condition {
                    let taken = self.scalar(frame, if holds { then } else { otherwise })?;
                    return Ok(self.cast(elem, taken));
                }
                let then = self.scalar(frame, then)?;
                let otherwise = self.scalar(frame, otherwise)?;
                let (then, otherwise) = (self.cast(elem, then), self.cast(elem, otherwise));
                Scalar::select(condition, then, otherwise)
            }
            ScalarKind::Cast(value) => {
                let value = self.scalar(frame, value)?;
                self.cast(elem, value)
            }
            ScalarKind::Reduce(reduction) => match self.rewritten_sum(frame, reduction, elem)? {
                Some(sum) => sum,
                None => self.reduction(frame, reduction, elem)?,
            },
            ScalarKind::Softmax { var, guard, value } => {
                self.softmax(frame, *var, guard.as_deref(), value, elem)?
            }
            ScalarKind::Call { function, dims, float, args } => {
                self.scalar_call(frame, *function, dims, float.as_ref(), args)?
            }
            ScalarKind::Error => return Err(Box::new(errors::value_hole(scalar.span))),
        })
    }

    /// Both sides in one type.
    pub(crate) fn binary(&self, op: hir::BinaryOp, left: Scalar, right: Scalar) -> Scalar {
        let right = self.cast(self.elem_of(&left), right);
        let integers = self.elem_of(&left).is_int();
        Scalar::binary(binary(op, integers), left, right)
    }

    pub(crate) fn config(&self, frame: &Frame<'a>, name: nnc_base::Name) -> Lowering<f64> {
        let value = frame.instance.as_ref().and_then(|instance| {
            instance
                .floats
                .get(&name)
                .copied()
                .or_else(|| instance.sizes.get(&name)?.as_constant().map(|value| value as f64))
        });
        value.ok_or_else(|| self.internal(format!("the config `{name}` has no value")))
    }

    /// A function of scalars: its body at this point.
    fn scalar_call(
        &mut self,
        frame: &mut Frame<'a>,
        function: hir::FunctionId,
        dims: &[Dim],
        float: Option<&hir::Base>,
        args: &'a [ScalarArg],
    ) -> Lowering<Scalar> {
        let program = self.program;
        let function = &program.functions[function];
        let mut inner = Frame::new(function, None);
        inner.pointwise = true;
        if let Some(float) = float {
            inner.float = self.elem(frame, float)?;
        }
        for (param, dim) in function.dims.iter().zip(dims) {
            inner.sizes.insert(param.name, frame.dim(dim));
        }
        for (param, arg) in function.params.iter().zip(args) {
            let value = match arg {
                ScalarArg::Value(scalar) => {
                    let value = self.scalar(frame, scalar)?;
                    Val::Tensor(Tensor::scalar(self.elem_of(&value), value))
                }
                ScalarArg::Dim(dim) => Val::Dim(frame.dim(dim)),
            };
            inner.locals.insert(param.local, value);
        }
        let result = self.enter(&mut inner)?;
        Ok(self.tensor(result)?.at(&[]))
    }

    /// The value of a function's body.
    pub(crate) fn enter(&mut self, frame: &mut Frame<'a>) -> Lowering<Val> {
        let name = frame.function.name.map_or("fn", |name| name.as_str());
        if self.open.len() == MOST_CALLS {
            return Err(Box::new(errors::too_deep(self.span, name, MOST_CALLS)));
        }
        self.calls += 1;
        if self.calls > MOST_CALLS_IN_ALL {
            return Err(Box::new(errors::too_many_calls(self.span, name, MOST_CALLS_IN_ALL)));
        }
        let path = frame.instance.as_ref().map(|it| it.path.clone());
        let same = |(function, of): &(&hir::Function, Option<String>)| {
            std::ptr::eq(*function, frame.function) && *of == path
        };
        if let Some(first) = self.open.iter().position(same)
            && let Some((_, condition, at)) = self.undecided.iter().find(|(it, ..)| *it > first)
        {
            return Err(Box::new(errors::run_time_recursion(self.span, name, condition, *at)));
        }
        self.uses.add(self.program, self.entry, frame);
        self.open.push((frame.function, path));
        let place = frame.instance.as_ref().map(|it| it.place.as_str());
        let is_staged = |it: &Stage| Some(it.place.as_str()) == place;
        let result = if let Some(stage) = self.stage.take_if(|it| is_staged(it)) {
            self.staged_block(frame, &frame.function.body, &stage)
        } else if place.is_some_and(|it| self.rewrites.parallel.contains(it)) {
            self.parallel_block(frame, &frame.function.body)
        } else {
            self.block(frame, &frame.function.body)
        };
        self.open.pop();
        result
    }
}

/// Whether an axis is the last of the axes that its result axis is made of.
fn axis_is_last(nest: &hir::Nest, axis: &hir::NestAxis) -> bool {
    let mut end = 0;
    for count in &nest.groups {
        end += *count as usize;
        if end > 0 && nest.axes.get(end - 1).is_some_and(|it| it.var == axis.var) {
            return true;
        }
    }
    false
}

/// An integer literal in the element type.
pub(crate) fn number(elem: Elem, value: i64) -> Scalar {
    if elem.is_float() {
        Scalar::Float { elem, value: value as f64 }
    } else {
        Scalar::Int { elem, value }
    }
}

/// The value of an affine expression in the element type.
pub(crate) fn size(elem: Elem, value: Affine) -> Scalar {
    match value.as_dim().and_then(Dim::as_constant) {
        Some(constant) => number(elem, constant),
        None if elem.is_int() => Scalar::Index { elem, value },
        None => Scalar::cast(elem, point::integer(value)),
    }
}

pub(crate) fn unary(op: hir::UnaryOp) -> Unary {
    match op {
        hir::UnaryOp::Neg => Unary::Neg,
        hir::UnaryOp::Not => Unary::Not,
        hir::UnaryOp::Exp => Unary::Exp,
        hir::UnaryOp::Log => Unary::Log,
        hir::UnaryOp::Sqrt => Unary::Sqrt,
        hir::UnaryOp::Rsqrt => Unary::Rsqrt,
        hir::UnaryOp::Tanh => Unary::Tanh,
        hir::UnaryOp::Sin => Unary::Sin,
        hir::UnaryOp::Cos => Unary::Cos,
        hir::UnaryOp::Erf => Unary::Erf,
        hir::UnaryOp::Abs => Unary::Abs,
        hir::UnaryOp::Floor => Unary::Floor,
        hir::UnaryOp::Ceil => Unary::Ceil,
        hir::UnaryOp::Round => Unary::Round,
        hir::UnaryOp::Sign => Unary::Sign,
    }
}

fn binary(op: hir::BinaryOp, integers: bool) -> Binary {
    match op {
        hir::BinaryOp::Add => Binary::Add,
        hir::BinaryOp::Sub => Binary::Sub,
        hir::BinaryOp::Mul => Binary::Mul,
        hir::BinaryOp::Div if integers => Binary::FloorDiv,
        hir::BinaryOp::Div => Binary::Div,
        hir::BinaryOp::FloorDiv => Binary::FloorDiv,
        hir::BinaryOp::Rem => Binary::Rem,
        hir::BinaryOp::Pow => Binary::Pow,
        hir::BinaryOp::Max => Binary::Max,
        hir::BinaryOp::Min => Binary::Min,
        hir::BinaryOp::And => Binary::And,
        hir::BinaryOp::Or => Binary::Or,
        hir::BinaryOp::BitAnd => Binary::BitAnd,
        hir::BinaryOp::BitOr => Binary::BitOr,
        hir::BinaryOp::BitXor => Binary::BitXor,
        hir::BinaryOp::ShiftLeft => Binary::ShiftLeft,
        hir::BinaryOp::ShiftRight => Binary::ShiftRight,
    }
}

pub(crate) fn compare(op: hir::CompareOp) -> Compare {
    match op {
        hir::CompareOp::Eq => Compare::Eq,
        hir::CompareOp::Ne => Compare::Ne,
        hir::CompareOp::Lt => Compare::Lt,
        hir::CompareOp::Le => Compare::Le,
        hir::CompareOp::Gt => Compare::Gt,
        hir::CompareOp::Ge => Compare::Ge,
    }
}
