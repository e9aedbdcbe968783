//! What expressions give while a program is being lowered.

use std::rc::Rc;

use nnc_graph::{Affine, Elem, Index, Scalar, Var};
use nnc_shape::Dim;

use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::path::LayerArray;
use crate::point;

/// The value of an expression.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Tensor(Tensor),
    Dim(Dim),
    Tuple(Vec<Val>),
    State(State),
    Layer(Rc<Instance>),
    Layers(LayerArray),
    /// A function, by its place among the lowerer's closures.
    Function(usize),
}

/// A tensor as the scalar at each place: `value` over `vars`, one for each axis.
///
/// The scalar's operands are sources (see [`crate::building::Source`]) and its
/// variables are of the lowerer's table. Most tensors are plain reads of a value
/// in the graph; views of one have other indices.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub vars: Vec<Var>,
    pub shape: Vec<Dim>,
    pub elem: Elem,
    pub value: Scalar,
}

/// A struct or an array of structs: each tensor field is stored in one source, of
/// which this is the part at `prefix`.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub bases: Vec<u32>,
    pub prefix: Vec<Dim>,
}

impl Val {
    /// The layer, if it is one.
    pub(crate) fn into_layer(self) -> Option<Rc<Instance>> {
        match self {
            Val::Layer(instance) => Some(instance),
            Val::Tensor(_)
            | Val::Dim(_)
            | Val::Tuple(_)
            | Val::State(_)
            | Val::Layers(_)
            | Val::Function(_) => None,
        }
    }
}

impl Tensor {
    pub(crate) fn scalar(elem: Elem, value: Scalar) -> Tensor {
        Tensor { vars: Vec::new(), shape: Vec::new(), elem, value }
    }

    /// The scalar at one place.
    pub(crate) fn at(&self, at: &[Index]) -> Scalar {
        point::substitute(&self.value, &|var| {
            let axis = self.vars.iter().position(|it| *it == var)?;
            at.get(axis).cloned()
        })
    }
}

impl Lowerer<'_> {
    /// The tensor that a source holds.
    pub(crate) fn tensor_of(&mut self, source: u32) -> Tensor {
        let ty = self.source_type(source).clone();
        let vars: Vec<Var> = ty.shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let at = vars.iter().map(|var| Index::var(*var)).collect();
        Tensor { value: Scalar::read(source, at), vars, shape: ty.shape, elem: ty.elem }
    }

    /// A tensor field of a state.
    pub(crate) fn field_of(&mut self, state: &State, field: usize) -> Option<Tensor> {
        let source = *state.bases.get(field)?;
        let ty = self.source_type(source).clone();
        let shape = ty.shape.get(state.prefix.len()..)?.to_vec();
        let vars: Vec<Var> = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let prefix = state.prefix.iter().map(|at| Index::Affine(Affine::constant(at.clone())));
        let at = prefix.chain(vars.iter().map(|var| Index::var(*var))).collect();
        Some(Tensor { value: Scalar::read(source, at), vars, shape, elem: ty.elem })
    }

    /// The source that is exactly this tensor, if there is one.
    pub(crate) fn whole_source(&self, tensor: &Tensor) -> Option<u32> {
        let Scalar::Read { operand, at } = &tensor.value else { return None };
        let plain = at.len() == tensor.vars.len()
            && at
                .iter()
                .zip(&tensor.vars)
                .all(|(index, var)| index.as_affine().and_then(Affine::as_var) == Some(*var));
        (plain && !self.is_pending(*operand) && self.source_type(*operand).shape == tensor.shape)
            .then_some(*operand)
    }

    /// Whether reading the tensor in place costs no more than reading a stored copy.
    pub(crate) fn is_view(&self, scalar: &Scalar) -> bool {
        match scalar {
            Scalar::Read { operand, at } => {
                !self.is_pending(*operand) && at.iter().all(|index| index.as_affine().is_some())
            }
            // A parameter that is stored in another type is converted where it is read.
            Scalar::Cast { value, .. } => match &**value {
                Scalar::Read { operand, .. } => self.is_param(*operand) && self.is_view(value),
                Scalar::Index { value, .. } => value.terms.is_empty(),
                _ => false,
            },
            Scalar::Float { .. } | Scalar::Int { .. } | Scalar::Bool(_) => true,
            Scalar::Index { value, .. } => value.terms.is_empty(),
            Scalar::Acc
            | Scalar::Unary(..)
            | Scalar::Binary(..)
            | Scalar::Compare(..)
            | Scalar::Select { .. } => false,
        }
    }

    /// The same tensor, stored unless it is a view.
    pub(crate) fn settled(&mut self, tensor: Tensor) -> Lowering<Tensor> {
        // A number such as `sqrt(Dh)` that depends on sizes alone is none of the tensors.
        let number = tensor.vars.is_empty() && !point::reads(&tensor.value);
        if number || self.is_view(&tensor.value) {
            return Ok(tensor);
        }
        let source = self.stored(&tensor)?;
        Ok(self.tensor_of(source))
    }

    /// A source that is the whole tensor.
    pub(crate) fn stored(&mut self, tensor: &Tensor) -> Lowering<u32> {
        if let Some(source) = self.whole_source(tensor) {
            return Ok(source);
        }
        let groups = vec![1; tensor.vars.len()];
        self.emit(&tensor.vars, &groups, tensor.elem, &tensor.value)
    }

    /// [`Lowerer::settled`] for every tensor in a value.
    pub(crate) fn settled_value(&mut self, value: Val) -> Lowering<Val> {
        Ok(match value {
            Val::Tensor(tensor) => Val::Tensor(self.settled(tensor)?),
            Val::Tuple(parts) => Val::Tuple(
                parts.into_iter().map(|part| self.settled_value(part)).collect::<Lowering<_>>()?,
            ),
            other @ (Val::Dim(_)
            | Val::State(_)
            | Val::Layer(_)
            | Val::Layers(_)
            | Val::Function(_)) => other,
        })
    }
}
