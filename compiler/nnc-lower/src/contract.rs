//! Sums of products, cut into contractions of two tensors.
//!
//! ```text
//! sum [d] { q[t, d] * k[j, d] / sqrt(64) }    =>  sum [d] { q[t, d] * k[j, d] } -> acc / sqrt(64)
//! sum [s, f] { r[t, s] * w[s, d, f] * h[t, s, f] }
//!     =>  a = { r[t, s] * h[t, s, f] };  sum [s, f] { w[s, d, f] * a[t, s, f] }
//! ```
//!
//! A product is cut where a part of it depends on fewer variables than the whole, so
//! that the part is computed once for each of its own points.

use std::collections::BTreeSet;

use nnc_graph::{Binary, Elem, ReduceOp, Reduction, Scalar, Unary, Var};

use crate::building::PendingKind;
use crate::lowerer::{Lowerer, Lowering};
use crate::point;

/// Part of a product, or of what it is divided by.
#[derive(Clone)]
struct Factor {
    scalar: Scalar,
    inverse: bool,
}

/// How long a run-time axis is taken to be when orders are compared.
const TYPICAL: f64 = 256.0;

impl Lowerer<'_> {
    /// Brings the sum of a product over `over` into the form above. Variables that only a
    /// part which was cut off depends on are taken out of `over`.
    pub(crate) fn contract(
        &mut self,
        reduction: &mut Reduction,
        over: &mut Vec<Var>,
    ) -> Lowering<()> {
        if reduction.op != ReduceOp::Sum || !reduction.accumulator.is_float() {
            return Ok(());
        }
        let mut factors = Vec::new();
        self.factors(&reduction.value, false, &mut factors);

        let constant = |factor: &Factor| {
            !point::reads(&factor.scalar)
                && point::free_vars(&factor.scalar).iter().all(|var| !over.contains(var))
        };
        let (outside, mut factors): (Vec<Factor>, Vec<Factor>) =
            factors.into_iter().partition(constant);
        if factors.is_empty() {
            return Ok(());
        }
        for factor in outside {
            let scaled = product(Scalar::Acc, &factor);
            reduction.finish = replace_acc(&reduction.finish, &scaled);
        }

        let fragile = reduction.guard.is_some()
            && factors.iter().any(|factor| !point::delicate_vars(&factor.scalar).is_empty());
        if !fragile {
            while factors.len() > 2 && self.cut(&mut factors, reduction, over)? {}
            if factors.len() == 2 {
                self.store_parts(&mut factors)?;
            }
        }
        reduction.value = whole(&factors, reduction.accumulator);
        Ok(())
    }

    /// Splits a scalar into factors, in the type of the whole.
    fn factors(&self, scalar: &Scalar, inverse: bool, factors: &mut Vec<Factor>) {
        match scalar {
            Scalar::Binary(Binary::Mul, left, right) => {
                self.factors(left, inverse, factors);
                self.factors(right, inverse, factors);
            }
            Scalar::Binary(Binary::Div, left, right) => {
                self.factors(left, inverse, factors);
                self.factors(right, !inverse, factors);
            }
            Scalar::Unary(Unary::Neg, value) => {
                let one = Scalar::Float { elem: self.elem_of(value), value: -1.0 };
                factors.push(Factor { scalar: one, inverse });
                self.factors(value, inverse, factors);
            }
            // A product is converted factor by factor: its rounding is the accumulator's.
            Scalar::Cast { to, value } if self.elem_of(value).is_float() && to.is_float() => {
                let start = factors.len();
                self.factors(value, inverse, factors);
                for factor in &mut factors[start..] {
                    factor.scalar = self.cast(*to, factor.scalar.clone());
                }
            }
            other => factors.push(Factor { scalar: other.clone(), inverse }),
        }
    }

    /// Replaces the two factors that depend on the fewest points by their product, if
    /// that depends on fewer points than all factors together.
    fn cut(
        &mut self,
        factors: &mut Vec<Factor>,
        reduction: &Reduction,
        over: &mut Vec<Var>,
    ) -> Lowering<bool> {
        let vars: Vec<BTreeSet<Var>> =
            factors.iter().map(|factor| point::free_vars(&factor.scalar)).collect();
        let all: BTreeSet<Var> = vars.iter().flatten().copied().collect();
        let mut best: Option<(f64, usize, usize)> = None;
        for left in 0..factors.len() {
            for right in left + 1..factors.len() {
                let points = self.points(&(&vars[left] | &vars[right]));
                if best.is_none_or(|(least, ..)| points < least) {
                    best = Some((points, left, right));
                }
            }
        }
        let Some((points, left, right)) = best else { return Ok(false) };
        if points >= self.points(&all) {
            return Ok(false);
        }

        let pair = [factors[left].clone(), factors[right].clone()];
        let mut kept: BTreeSet<Var> = BTreeSet::new();
        for (at, vars) in vars.iter().enumerate() {
            if at != left && at != right {
                kept.extend(vars);
            }
        }
        if let Some(guard) = &reduction.guard {
            kept.extend(point::free_vars(guard));
        }
        let union = &vars[left] | &vars[right];
        let gone: Vec<Var> =
            union.iter().copied().filter(|var| over.contains(var) && !kept.contains(var)).collect();
        over.retain(|var| !gone.contains(var));
        let elem = reduction.accumulator;
        let value = whole(&pair, elem);
        let value = if gone.is_empty() {
            value
        } else {
            let kind = PendingKind::Reduce { op: ReduceOp::Sum, axes: gone, accumulator: elem };
            self.pend(kind, elem, None, value)
        };
        let scalar = self.stored_scalar(&value)?;
        factors.remove(right);
        factors[left] = Factor { scalar, inverse: false };
        Ok(true)
    }

    /// Stores each factor of a true contraction that is more than a read.
    fn store_parts(&mut self, factors: &mut [Factor]) -> Lowering<()> {
        let vars: Vec<BTreeSet<Var>> =
            factors.iter().map(|factor| point::free_vars(&factor.scalar)).collect();
        let all: BTreeSet<Var> = vars.iter().flatten().copied().collect();
        for (factor, vars) in factors.iter_mut().zip(&vars) {
            if *vars != all && point::reads(&factor.scalar) && !is_read(&factor.scalar) {
                factor.scalar = self.stored_scalar(&factor.scalar)?;
            }
        }
        Ok(())
    }

    /// A read of what the scalar is at each point of its variables.
    fn stored_scalar(&mut self, scalar: &Scalar) -> Lowering<Scalar> {
        let vars: Vec<Var> = point::free_vars(scalar).into_iter().collect();
        let groups = vec![1; vars.len()];
        let source = self.emit(&vars, &groups, self.elem_of(scalar), scalar)?;
        Ok(Scalar::read(source, vars.into_iter().map(nnc_graph::Index::var).collect()))
    }

    fn points(&self, vars: &BTreeSet<Var>) -> f64 {
        vars.iter()
            .map(|var| self.extent(*var).as_constant().map_or(TYPICAL, |size| size as f64))
            .product()
    }
}

fn is_read(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Read { .. } => true,
        Scalar::Cast { value, .. } => is_read(value),
        Scalar::Acc
        | Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Index { .. }
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. } => false,
    }
}

fn product(left: Scalar, right: &Factor) -> Scalar {
    let op = if right.inverse { Binary::Div } else { Binary::Mul };
    Scalar::binary(op, left, right.scalar.clone())
}

/// The product of factors, those it is divided by last.
fn whole(factors: &[Factor], elem: Elem) -> Scalar {
    let one = Scalar::Float { elem, value: 1.0 };
    let (below, above): (Vec<&Factor>, Vec<&Factor>) = factors.iter().partition(|it| it.inverse);
    let mut all = above.into_iter().chain(below);
    let start = match all.next() {
        Some(Factor { scalar, inverse: false }) => scalar.clone(),
        Some(Factor { scalar, inverse: true }) => Scalar::binary(Binary::Div, one, scalar.clone()),
        None => one,
    };
    all.fold(start, product)
}

pub(crate) fn replace_acc(scalar: &Scalar, by: &Scalar) -> Scalar {
    match scalar {
        Scalar::Acc => by.clone(),
        other => other.map_children(&mut |child| replace_acc(child, by)),
    }
}
