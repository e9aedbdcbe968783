//! Layers that were handed to layers.
//!
//! Where a layer is taken only the type of its function is known, so that a call of it is one
//! of a function without a body. What stands in its place is the function of who handed it in,
//! in the frame of that layer: it calls a layer that was made for this, a field, a function.

use std::rc::Rc;

use nnc_hir::{Function, LocalId};

use crate::frame::Frame;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::Val;

impl<'a> Lowerer<'a> {
    /// The function that calls what was handed in, and the frame for it.
    pub(crate) fn handed_in(&self, layer: &Rc<Instance>) -> Lowering<(&'a Function, Frame<'a>)> {
        let Some(handed) = &layer.called_by else {
            return Err(self.internal(format!("nothing was handed in for `{}`", layer.place)));
        };
        let program = self.program;
        let function = &program.functions[handed.arg.function];
        let mut frame = Frame::new(function, handed.around.clone());
        frame.scope.clone_from(&layer.place);
        if handed.arg.value.is_some() {
            frame.calls_layer = true;
            frame.locals.insert(LocalId::from_raw(0), Val::Layer(layer.clone()));
        }
        Ok((function, frame))
    }
}
