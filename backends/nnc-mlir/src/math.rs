//! Elementary functions.
//!
//! For f32 they are polynomials after a reduction of the range, in whatever lanes
//! the argument has, and err by a few units in the last place; infinities, NaN and
//! the ends of the range come out as in the C library. For f64 each lane goes
//! through the C library. The coefficients are minimax fits (Remez exchange) of the
//! functions named beside them.

mod exponential;
mod power;
mod rounding;
mod sigmoid;
mod trigonometric;

use crate::{Builder, Kind, Type, Value};

impl Builder<'_> {
    /// `c[0] + c[1] x + c[2] x² + …`
    pub(crate) fn polynomial(&self, x: Value, coefficients: &[f64]) -> Value {
        let mut terms = coefficients.iter().rev().map(|&it| self.float(x.ty, it));
        let Some(first) = terms.next() else { return self.float(x.ty, 0.0) };
        terms.fold(first, |sum, term| self.fma(sum, x, term))
    }

    /// Calls a function of the C library on each lane.
    pub(crate) fn library(&self, name: &str, arguments: &[Value]) -> Value {
        let kind = arguments[0].ty.kind;
        let parameters: Vec<Type> = arguments.iter().map(|it| it.ty.kind.one()).collect();
        self.module.declare(name, &parameters, Some(kind.one()));
        let lanes = arguments.iter().map(|it| it.ty.lanes).max().unwrap_or(1);
        let results: Vec<Value> = (0..lanes)
            .map(|lane| {
                let one: Vec<Value> = arguments.iter().map(|&it| self.extract(it, lane)).collect();
                self.call(name, &one, Some(kind.one())).unwrap_or(one[0])
            })
            .collect();
        self.gather_lanes(&results)
    }

    /// Whether the argument goes through the C library.
    pub(crate) fn is_wide(&self, value: Value) -> bool {
        value.ty.kind == Kind::F64
    }
}
