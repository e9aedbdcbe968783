//! `parallel`: residual branches that read one value.
//!
//! ```text
//! let h = x + f(x);  h + g(h)      =>      let h = x + f(x);  h + g(x)
//! ```
//!
//! So a block is `x + f(x) + g(x)`, as in GPT-J, PaLM and parallel ViT (Touvron et al., "Three
//! things everyone should know about vision transformers", 2022, section 3; Zhong et al., "A
//! neural ODE interpretation of transformer layers", 2022, equation 10). A chain may be longer
//! than two; between its sums the name of each is what entered the first.

use std::collections::{HashMap, HashSet};

use nnc_graph::{Binary, Index, Scalar};
use nnc_hir::{BinaryOp, Block, Expr, ExprKind, LayerId, LocalId, Program, Rewrite, Stmt};

use super::spots::Spot;
use super::{Rewrites, errors};
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::{Tensor, Val};

/// `stream + branch`.
struct Sum<'e> {
    stream: LocalId,
    branch: &'e Expr,
}

/// Marks a layer one of whose functions has a chain.
pub(super) fn layer(
    program: &Program,
    rewrites: &mut Rewrites,
    rewrite: &Rewrite,
    spot: &Spot,
    layer: LayerId,
) -> Lowering<()> {
    let layer = &program.layers[layer];
    let has = |id: &nnc_hir::FunctionId| !continued(&program.functions[*id].body).is_empty();
    if !layer.functions.iter().any(has) {
        let main = layer.main.map(|id| program.functions[id].span);
        return Err(Box::new(errors::no_branches(rewrite, spot, main)));
    }
    rewrites.parallel.insert(spot.place.clone());
    Ok(())
}

/// A value that is added to something that depends on it, directly or by the block's `let`s.
fn sum<'e>(block: &Block, expr: &'e Expr) -> Option<Sum<'e>> {
    let ExprKind::Binary(BinaryOp::Add, left, right) = &expr.kind else { return None };
    let of = |stream: &Expr, branch: &'e Expr| match stream.kind {
        ExprKind::Local(stream) if depends(block, branch, stream) => Some(Sum { stream, branch }),
        _ => None,
    };
    of(left, right).or_else(|| of(right, left))
}

/// Whether an expression behind the block's `let`s depends on a local.
fn depends(block: &Block, expr: &Expr, local: LocalId) -> bool {
    let mut reached = HashSet::from([local]);
    let reads = |expr: &Expr, reached: &HashSet<LocalId>| {
        let mut found = false;
        expr.locals(&mut |it| found |= reached.contains(&it));
        found
    };
    for stmt in &block.stmts {
        if let Stmt::Let(binding) = stmt
            && reads(&binding.value, &reached)
        {
            reached.extend(&binding.locals);
        }
    }
    reads(expr, &reached)
}

/// How many residual branches a body has in a row; 0 where there are none.
pub(super) fn branches(block: &Block) -> usize {
    let continued = continued(block);
    if continued.is_empty() { 0 } else { continued.len() + 1 }
}

/// Of a function whose branches are computed one at a time: what the sums before were, and
/// the layer whose function it is.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub place: String,
    pub sums: Vec<Val>,
}

/// The sums of a block that are the stream of another.
fn continued(block: &Block) -> HashSet<LocalId> {
    let mut sums: HashSet<LocalId> = HashSet::new();
    let mut found = HashSet::new();
    let mut meet = |local: Option<LocalId>, value: &Expr| {
        let Some(sum) = sum(block, value) else { return };
        if sums.contains(&sum.stream) {
            found.insert(sum.stream);
        }
        sums.extend(local);
    };
    for stmt in &block.stmts {
        let Stmt::Let(binding) = stmt else { continue };
        if let (false, [local]) = (binding.tuple, binding.locals.as_slice()) {
            meet(Some(*local), &binding.value);
        }
    }
    meet(None, &block.value);
    found
}

impl<'a> Lowerer<'a> {
    /// The body of a function whose chains of sums are changed.
    pub(crate) fn parallel_block(
        &mut self,
        frame: &mut Frame<'a>,
        block: &'a Block,
    ) -> Lowering<Val> {
        let continued = continued(block);
        // What the sums are whose names stand for what entered the first.
        let mut sums: HashMap<LocalId, Val> = HashMap::new();
        for stmt in &block.stmts {
            let Stmt::Let(binding) = stmt else {
                self.stmt(frame, stmt)?;
                continue;
            };
            let (Some(sum), [local]) = (sum(block, &binding.value), binding.locals.as_slice())
            else {
                self.stmt(frame, stmt)?;
                continue;
            };
            let start = self.local(frame, sum.stream)?;
            let value = self.residual(frame, &binding.value, &sum, &mut sums)?;
            let value = self.settled_value(value)?;
            let value = self.traced_local(frame, *local, value)?;
            if continued.contains(local) {
                sums.insert(*local, value);
                frame.locals.insert(*local, start);
            } else {
                frame.locals.insert(*local, value);
            }
        }
        match sum(block, &block.value) {
            Some(sum) => self.residual(frame, &block.value, &sum, &mut sums),
            None => self.expr(frame, &block.value),
        }
    }

    /// The first sum behind those that a stage has, of a function's body.
    pub(crate) fn staged_block(
        &mut self,
        frame: &mut Frame<'a>,
        block: &'a Block,
        stage: &Stage,
    ) -> Lowering<Val> {
        let continued = continued(block);
        let mut known = stage.sums.iter();
        for stmt in &block.stmts {
            let Stmt::Let(binding) = stmt else {
                self.stmt(frame, stmt)?;
                continue;
            };
            let found = sum(block, &binding.value);
            let (Some(sum), [local]) = (found, binding.locals.as_slice()) else {
                self.stmt(frame, stmt)?;
                continue;
            };
            if !continued.contains(local) && !continued.contains(&sum.stream) {
                self.stmt(frame, stmt)?;
                continue;
            }
            match known.next() {
                Some(value) => frame.locals.insert(*local, value.clone()),
                None => return self.expr(frame, &binding.value),
            };
        }
        self.expr(frame, &block.value)
    }

    /// A sum, whose branch reads what entered the chain.
    fn residual(
        &mut self,
        frame: &mut Frame<'a>,
        whole: &'a Expr,
        sum: &Sum<'a>,
        sums: &mut HashMap<LocalId, Val>,
    ) -> Lowering<Val> {
        let Some(stream) = sums.remove(&sum.stream) else { return self.expr(frame, whole) };
        let branch = self.expr(frame, sum.branch)?;
        frame.locals.insert(sum.stream, stream.clone());
        let (stream, branch) = (self.tensor(stream)?, self.tensor(branch)?);
        Ok(Val::Tensor(self.plus(&stream, &branch)?))
    }

    /// Two tensors of one shape, or a tensor and a number, added up.
    pub(super) fn plus(&mut self, left: &Tensor, right: &Tensor) -> Lowering<Tensor> {
        self.combined(&[left, right], &mut |lowerer, parts| {
            let mut parts = parts.iter().cloned();
            let first = parts.next().ok_or_else(|| lowerer.internal("a sum of nothing"))?;
            Ok(parts.fold(first, |sum, it| Scalar::binary(Binary::Add, sum, it)))
        })
    }

    /// What is made of tensors of one shape, of the first's element, point by point.
    pub(super) fn combined(
        &mut self,
        tensors: &[&Tensor],
        value: &mut dyn FnMut(&mut Self, &[Scalar]) -> Lowering<Scalar>,
    ) -> Lowering<Tensor> {
        let Some(first) = tensors.first() else {
            return Err(self.internal("nothing to put together"));
        };
        let (elem, shape) = (first.elem, first.shape.clone());
        let vars: Vec<_> = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let at: Vec<Index> = vars.iter().map(|var| Index::var(*var)).collect();
        let mut parts = Vec::new();
        for tensor in tensors {
            if !tensor.vars.is_empty() && tensor.vars.len() != vars.len() {
                return Err(self.internal("tensors with other axes are put together"));
            }
            let at = if tensor.vars.is_empty() { &[] } else { at.as_slice() };
            parts.push(self.cast(elem, tensor.at(at)));
        }
        let value = value(self, &parts)?;
        Ok(Tensor { vars, shape, elem, value })
    }
}
