//! Expressions and statements over whole tensors.

use std::rc::Rc;

use nnc_base::Name;
use nnc_graph::{Affine, Scalar};
use nnc_hir::{Arg, Block, Call, Expr, ExprKind, PackBinding, Stmt, Type, UnaryOp};
use nnc_shape::Dim;

use crate::building::Called;
use crate::errors;
use crate::frame::Frame;
use crate::instance::{Instance, Replacement};
use crate::lowerer::{Lowerer, Lowering, Outcome};
use crate::scalar::{compare, number, size, unary};
use crate::value::{Tensor, Val};

impl<'a> Lowerer<'a> {
    pub(crate) fn block(&mut self, frame: &mut Frame<'a>, block: &'a Block) -> Lowering<Val> {
        for stmt in &block.stmts {
            self.stmt(frame, stmt)?;
        }
        self.expr(frame, &block.value)
    }

    pub(crate) fn stmt(&mut self, frame: &mut Frame<'a>, stmt: &'a Stmt) -> Lowering<()> {
        match stmt {
            Stmt::Let(binding) => {
                let value = self.expr(frame, &binding.value)?;
                let value = if frame.pointwise { value } else { self.settled_value(value)? };
                match (binding.tuple, value) {
                    (true, Val::Tuple(parts)) => {
                        for (local, part) in binding.locals.iter().zip(parts) {
                            let part = self.traced_local(frame, *local, part)?;
                            frame.locals.insert(*local, part);
                        }
                    }
                    (true, _) => {
                        return Err(self.internal("something that is no tuple is taken apart"));
                    }
                    (false, value) => {
                        if let Some(local) = binding.locals.first() {
                            let value = self.traced_local(frame, *local, value)?;
                            frame.locals.insert(*local, value);
                        }
                    }
                }
                Ok(())
            }
            Stmt::Scan(scan) => self.scan(frame, scan),
            Stmt::Assert { value, span } => {
                let outer = std::mem::replace(&mut self.span, *span);
                let holds = self.holds_everywhere(frame, value)?;
                let sides = self.sides(frame, value)?;
                self.outcomes.push(Outcome { holds, span: *span, sides });
                self.span = outer;
                Ok(())
            }
            Stmt::AssertSizes { condition: written, span } => {
                let condition = self.condition(frame, written);
                let facts = &self.building()?.graph.facts;
                match crate::condition::decide(facts, &condition) {
                    Some(true) => {}
                    Some(false) => {
                        let sizes = |name: nnc_base::Name| frame.sizes.get(&name).cloned();
                        let at = self.span;
                        return Err(Box::new(errors::entry_fact_fails(at, *span, written, &sizes)));
                    }
                    None => self.asserted.push(condition),
                }
                Ok(())
            }
        }
    }

    pub(crate) fn expr(&mut self, frame: &mut Frame<'a>, expr: &'a Expr) -> Lowering<Val> {
        let outer = std::mem::replace(&mut self.span, expr.span);
        let result = self.expr_at(frame, expr);
        self.span = outer;
        result
    }

    fn expr_at(&mut self, frame: &mut Frame<'a>, expr: &'a Expr) -> Lowering<Val> {
        match &expr.kind {
            ExprKind::Local(local) => self.local(frame, *local),
            ExprKind::Param(path) | ExprKind::Layer(path) => self.path(frame, path),
            ExprKind::Dim(dim) => {
                let dim = frame.dim(dim);
                match &expr.ty {
                    Type::Tensor(ty) => {
                        let elem = self.elem(frame, &ty.elem.base)?;
                        Ok(Val::Tensor(Tensor::scalar(elem, size(elem, Affine::constant(dim)))))
                    }
                    Type::Dim(_)
                    | Type::Tuple(_)
                    | Type::Struct { .. }
                    | Type::Array(..)
                    | Type::Layer(_)
                    | Type::Function(_)
                    | Type::Error => Ok(Val::Dim(dim)),
                }
            }
            ExprKind::Nest(nest) => Ok(Val::Tensor(self.nest(frame, nest)?)),
            ExprKind::Call(call) => self.call(frame, call),
            ExprKind::View { value, axes } => self.view(frame, expr, value, axes),
            ExprKind::Split { value, axis, sizes } => self.split(frame, value, *axis, sizes),
            ExprKind::Concat { parts, axis } => self.concat(frame, expr, parts, *axis),
            ExprKind::Sort { value, descending, k } => self.sort(frame, value, *descending, k),
            ExprKind::Append { state, values, axes, at, count: _ } => {
                self.append(frame, state, values, axes, at)
            }
            ExprKind::StructField { value, field } => self.struct_field(frame, expr, value, *field),
            ExprKind::Fold(fold) => self.fold(frame, fold),
            ExprKind::IfSizes { condition, then, otherwise } => {
                match self.decided(frame, condition)? {
                    Some(true) => self.expr(frame, then),
                    Some(false) => self.expr(frame, otherwise),
                    None => {
                        let condition = self.condition(frame, condition);
                        let choice = self.size_condition(&condition)?;
                        self.undecided.push((self.open.len(), condition, expr.span));
                        let chosen = self.choice(frame, choice, then, otherwise);
                        self.undecided.pop();
                        chosen
                    }
                }
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.expr(frame, condition)?;
                let condition = self.tensor(condition)?;
                let condition = if frame.pointwise { condition } else { self.settled(condition)? };
                self.choice(frame, condition.at(&[]), then, otherwise)
            }
            ExprKind::Block(block) => self.block(frame, block),
            ExprKind::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.expr(frame, part));
                Ok(Val::Tuple(parts.collect::<Lowering<_>>()?))
            }
            ExprKind::Project { value, index } => match self.expr(frame, value)? {
                Val::Tuple(mut parts) if *index < parts.len() => Ok(parts.swap_remove(*index)),
                _ => Err(self.internal("a part of something that is no tuple")),
            },
            // A program that was checked without errors has them where a hole is.
            ExprKind::Hole(_) | ExprKind::Error => Err(Box::new(errors::value_hole(expr.span))),
            ExprKind::SpaceHole { path, value, dims, pack } => {
                let value = self.expr(frame, value)?;
                self.space_hole(frame, path, value, dims, pack)
            }
            ExprKind::Closure(closure) => Ok(self.closure(frame, closure)),
            ExprKind::Apply { function, args } => self.apply(frame, *function, args),
            ExprKind::Config(_)
            | ExprKind::Condition(_)
            | ExprKind::Float(_)
            | ExprKind::Int(_)
            | ExprKind::Bool(_)
            | ExprKind::List(_)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Compare(..)
            | ExprKind::Cast { .. }
            | ExprKind::Select { .. } => Ok(Val::Tensor(self.computed(frame, expr)?)),
        }
    }

    /// Literals and what is done element by element.
    fn computed(&mut self, frame: &mut Frame<'a>, expr: &'a Expr) -> Lowering<Tensor> {
        let ty = self.tensor_type(&expr.ty)?;
        let elem = self.elem(frame, &ty.elem.base)?;
        let points = self.points_of(frame, ty);
        let value = match &expr.kind {
            ExprKind::Config(name) => Scalar::Float { elem, value: self.config(frame, *name)? },
            ExprKind::Condition(condition) => {
                let condition = self.condition(frame, condition);
                self.size_condition(&condition)?
            }
            ExprKind::Float(value) => Scalar::Float { elem, value: *value },
            ExprKind::Int(value) => number(elem, *value),
            ExprKind::Bool(value) => Scalar::Bool(*value),
            ExprKind::List(items) => return self.list(frame, expr, items),
            ExprKind::Unary(UnaryOp::Neg, value) => match self.element(frame, &points, value)? {
                Scalar::Float { elem, value } => Scalar::Float { elem, value: -value },
                Scalar::Int { elem, value } => Scalar::Int { elem, value: -value },
                value => Scalar::unary(unary(UnaryOp::Neg), value),
            },
            ExprKind::Unary(op, value) => {
                let value = self.element(frame, &points, value)?;
                Scalar::unary(unary(*op), value)
            }
            ExprKind::Binary(op, left, right) => {
                let left = self.element(frame, &points, left)?;
                let right = self.element(frame, &points, right)?;
                self.binary(*op, left, right)
            }
            ExprKind::Compare(op, left, right) => {
                let left = self.element(frame, &points, left)?;
                let right = self.element(frame, &points, right)?;
                let right = self.cast(self.elem_of(&left), right);
                Scalar::compare(compare(*op), left, right)
            }
            ExprKind::Cast { value, .. } => self.element(frame, &points, value)?,
            ExprKind::Select { condition, then, otherwise } => {
                let condition = self.element(frame, &points, condition)?;
                let then = self.element(frame, &points, then)?;
                let otherwise = self.element(frame, &points, otherwise)?;
                Scalar::select(condition, self.cast(elem, then), self.cast(elem, otherwise))
            }
            ExprKind::Local(_)
            | ExprKind::Param(_)
            | ExprKind::Layer(_)
            | ExprKind::Dim(_)
            | ExprKind::Call(_)
            | ExprKind::Nest(_)
            | ExprKind::View { .. }
            | ExprKind::Split { .. }
            | ExprKind::Concat { .. }
            | ExprKind::Sort { .. }
            | ExprKind::Append { .. }
            | ExprKind::StructField { .. }
            | ExprKind::Fold(_)
            | ExprKind::IfSizes { .. }
            | ExprKind::If { .. }
            | ExprKind::Block(_)
            | ExprKind::Tuple(_)
            | ExprKind::Project { .. }
            | ExprKind::Hole(_)
            | ExprKind::SpaceHole { .. }
            | ExprKind::Closure(_)
            | ExprKind::Apply { .. }
            | ExprKind::Error => return Err(self.internal("not an elementwise operation")),
        };
        Ok(self.at_points(points, elem, value))
    }

    /// A condition on sizes as a bool.
    fn size_condition(&mut self, condition: &nnc_hir::Condition) -> Lowering<Scalar> {
        use nnc_graph::{Binary, Elem, Unary};
        use nnc_hir::Condition;
        if let Some(value) = crate::condition::decide(&self.building()?.graph.facts, condition) {
            return Ok(Scalar::Bool(value));
        }
        Ok(match condition {
            Condition::Const(value) => Scalar::Bool(*value),
            Condition::Config(name) => {
                return Err(self.internal(format!("the config `{name}` has no value")));
            }
            Condition::Given(name) => {
                return Err(self.internal(format!("whether `{name}` is given is not decided")));
            }
            Condition::Compare(op, left, right) => {
                let side = |dim: &Dim| size(Elem::I32, Affine::constant(dim.clone()));
                Scalar::compare(compare(*op), side(left), side(right))
            }
            Condition::Not(inner) => Scalar::unary(Unary::Not, self.size_condition(inner)?),
            Condition::And(left, right) => {
                let left = self.size_condition(left)?;
                Scalar::binary(Binary::And, left, self.size_condition(right)?)
            }
            Condition::Or(left, right) => {
                let left = self.size_condition(left)?;
                Scalar::binary(Binary::Or, left, self.size_condition(right)?)
            }
        })
    }

    /// Both values, of which a bool chooses one.
    fn choice(
        &mut self,
        frame: &mut Frame<'a>,
        condition: Scalar,
        then: &'a Expr,
        otherwise: &'a Expr,
    ) -> Lowering<Val> {
        let then = self.expr(frame, then)?;
        let otherwise = self.expr(frame, otherwise)?;
        self.chosen_value(frame, &condition, then, otherwise)
    }

    fn chosen_value(
        &mut self,
        frame: &Frame<'a>,
        condition: &Scalar,
        then: Val,
        otherwise: Val,
    ) -> Lowering<Val> {
        match (then, otherwise) {
            (Val::Tuple(then), Val::Tuple(otherwise)) if then.len() == otherwise.len() => {
                let parts = then.into_iter().zip(otherwise);
                let parts = parts.map(|(a, b)| self.chosen_value(frame, condition, a, b));
                Ok(Val::Tuple(parts.collect::<Lowering<_>>()?))
            }
            (Val::Tensor(then), Val::Tensor(otherwise))
                if then.vars.len() == otherwise.vars.len() =>
            {
                let (then, otherwise) = if frame.pointwise {
                    (then, otherwise)
                } else {
                    (self.settled(then)?, self.settled(otherwise)?)
                };
                let vars: Vec<_> =
                    then.shape.iter().map(|extent| self.fresh_axis(extent)).collect();
                let at: Vec<_> = vars.iter().map(|var| nnc_graph::Index::var(*var)).collect();
                let otherwise = self.cast(then.elem, otherwise.at(&at));
                let value = Scalar::select(condition.clone(), then.at(&at), otherwise);
                Ok(Val::Tensor(Tensor { vars, shape: then.shape, elem: then.elem, value }))
            }
            _ => Err(self.internal("an `if` chooses between values that cannot be chosen between")),
        }
    }

    /// A function of a module or layer, inlined.
    pub(crate) fn call(&mut self, frame: &mut Frame<'a>, call: &'a Call) -> Lowering<Val> {
        let program = self.program;
        let function = &program.functions[call.function];
        let instance: Option<Rc<Instance>> = match &call.receiver {
            None => None,
            Some(path) => {
                let layer = self.path(frame, path)?.into_layer();
                let none = || self.internal("something that is no layer is called");
                Some(layer.ok_or_else(none)?)
            }
        };
        let instance = self.with_replaced(frame, instance, &call.replaced)?;
        let handed = instance.as_ref().filter(|_| program.is_handed_in(function));
        let (function, mut inner) = match handed {
            Some(layer) => self.handed_in(layer)?,
            None => (function, Frame::called(function, instance, &frame.scope)),
        };
        inner.pointwise = frame.pointwise;
        inner.pack = self.pack(frame, &call.pack);
        if let Some(float) = &call.float {
            inner.float = self.elem(frame, float)?;
        }
        for (param, dim) in function.dims.iter().zip(&call.dims) {
            inner.sizes.insert(param.name, frame.dim(dim));
        }
        for (param, arg) in function.params.iter().zip(&call.args) {
            let value = match arg {
                Arg::Absent => {
                    inner.absent.insert(param.local);
                    continue;
                }
                Arg::Value(Expr { kind: ExprKind::Local(local), .. })
                    if frame.absent.contains(local) =>
                {
                    inner.absent.insert(param.local);
                    continue;
                }
                Arg::Value(value) => {
                    let value = self.expr(frame, value)?;
                    if frame.pointwise { value } else { self.settled_value(value)? }
                }
                Arg::Dim(dim) => Val::Dim(frame.dim(dim)),
                Arg::InOut { before, .. } => self.local(frame, *before)?,
            };
            inner.locals.insert(param.local, value);
        }
        let called = self.called(&inner, call);
        if let Some(called) = &called
            && let Some(known) = self.building()?.called.get(called)
        {
            return Ok(known.clone());
        }
        let result = self.enter(&mut inner)?;
        for (param, arg) in function.params.iter().zip(&call.args) {
            if let (Arg::InOut { after, .. }, Some(last)) = (arg, param.inout) {
                let value = self.local(&inner, last)?;
                frame.locals.insert(*after, value);
            }
        }
        if frame.pointwise {
            return Ok(result);
        }
        let result = self.settled_value(result)?;
        // A layer that was made for this has told its name itself.
        let result = match inner.calls_layer {
            true => result,
            false => self.traced(&inner, "", &function.result, result)?,
        };
        if let Some(called) = called {
            self.building()?.called.insert(called, result.clone());
        }
        Ok(result)
    }

    /// What a call is known by, if it depends on whole tensors and sizes alone.
    fn called(&self, inner: &Frame<'a>, call: &Call) -> Option<Called> {
        // Each call has trace points of its own.
        let traced = self.tracing.is_on();
        if inner.pointwise || traced || call.receiver.is_some() || !inner.absent.is_empty() {
            return None;
        }
        let whole = |local| match inner.locals.get(local)? {
            Val::Tensor(tensor) => self.whole_source(tensor),
            Val::Dim(_)
            | Val::Tuple(_)
            | Val::State(_)
            | Val::Layer(_)
            | Val::Layers(_)
            | Val::Function(_) => None,
        };
        let plain = call.args.iter().all(|it| matches!(it, Arg::Value(_)));
        let args = inner.function.params.iter().map(|param| whole(&param.local));
        Some(Called {
            function: call.function,
            dims: inner.function.dims.iter().map(|it| inner.dim(&Dim::var(it.name))).collect(),
            float: inner.float,
            pack: inner.pack.clone(),
            args: args.collect::<Option<_>>().filter(|_| plain)?,
        })
    }

    /// A layer with other tensors in the place of some parameters.
    fn with_replaced(
        &mut self,
        frame: &mut Frame<'a>,
        instance: Option<Rc<Instance>>,
        replaced: &'a [(Vec<Name>, Expr)],
    ) -> Lowering<Option<Rc<Instance>>> {
        let mut instance = match instance {
            Some(instance) if !replaced.is_empty() => Rc::unwrap_or_clone(instance),
            instance => return Ok(instance),
        };
        for (path, value) in replaced {
            let value = self.expr(frame, value)?;
            let value = if frame.pointwise { value } else { self.settled_value(value)? };
            instance.replaced.insert(0, (path.clone(), Replacement::Value(value)));
        }
        Ok(Some(Rc::new(instance)))
    }

    pub(crate) fn pack(&self, frame: &Frame<'a>, binding: &PackBinding) -> Vec<Dim> {
        let outer: &[Dim] = if binding.outer { &frame.pack } else { &[] };
        outer
            .iter()
            .cloned()
            .chain(binding.axes.iter().map(|axis| frame.dim(&axis.extent())))
            .collect()
    }
}
