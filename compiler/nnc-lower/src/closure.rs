//! Arguments that are functions.
//!
//! A function is inlined where it is called, and so is what it was given: each call makes an
//! instance of its own, and nothing of a function is left when the program runs.

use nnc_hir::{Closure, Expr, LocalId};

use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::Val;

/// A closure with what the names in it meant where it was written.
#[derive(Clone)]
pub(crate) struct Closing<'a> {
    frame: Frame<'a>,
    closure: &'a Closure,
}

impl<'a> Lowerer<'a> {
    pub(crate) fn closure(&mut self, frame: &Frame<'a>, closure: &'a Closure) -> Val {
        self.closures.push(Closing { frame: frame.clone(), closure });
        Val::Function(self.closures.len() - 1)
    }

    /// A parameter that is a function, applied to values.
    pub(crate) fn apply(
        &mut self,
        frame: &mut Frame<'a>,
        function: LocalId,
        args: &'a [Expr],
    ) -> Lowering<Val> {
        let Val::Function(place) = self.local(frame, function)? else {
            return Err(self.internal("something that is no function is applied"));
        };
        let Some(Closing { frame: mut inner, closure }) = self.closures.get(place).cloned() else {
            return Err(self.internal("a function without a body"));
        };
        inner.pointwise = frame.pointwise;
        for (param, arg) in closure.params.iter().zip(args) {
            let value = self.expr(frame, arg)?;
            let value = if frame.pointwise { value } else { self.settled_value(value)? };
            inner.locals.insert(*param, value);
        }
        let result = self.expr(&mut inner, &closure.body)?;
        if frame.pointwise { Ok(result) } else { self.settled_value(result) }
    }
}
