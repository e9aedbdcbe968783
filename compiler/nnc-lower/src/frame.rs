//! A function while it is being inlined.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use nnc_base::Name;
use nnc_graph::{Affine, Elem, Index};
use nnc_hir::{Base, Function, IndexVarId, LocalId, TensorType, Type};
use nnc_shape::Dim;

use crate::errors;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::{Tensor, Val};

/// What the names in a function mean.
#[derive(Clone)]
pub(crate) struct Frame<'a> {
    pub function: &'a Function,
    /// The layer whose function it is.
    pub instance: Option<Rc<Instance>>,
    /// Where the function stands among the calls: what the names of its trace points start
    /// with.
    pub scope: String,
    /// Size variables, those of the layer included.
    pub sizes: HashMap<Name, Dim>,
    /// The axes that `..` stands for.
    pub pack: Vec<Dim>,
    /// What `float` stands for.
    pub float: Elem,
    pub locals: HashMap<LocalId, Val>,
    /// The optional parameters that are left out.
    pub absent: HashSet<LocalId>,
    pub index: HashMap<IndexVarId, Affine>,
    /// The place of `..` in the nest that is being lowered.
    pub pack_index: Vec<Index>,
    /// Whether it is the function that calls a layer which was made to be handed in.
    pub calls_layer: bool,
    /// Inside index notation: values depend on index variables of a nest around, so
    /// nothing is stored.
    pub pointwise: bool,
}

impl<'a> Frame<'a> {
    /// A function that is called in a scope.
    pub(crate) fn called(
        function: &'a Function,
        instance: Option<Rc<Instance>>,
        around: &str,
    ) -> Frame<'a> {
        let around = instance.as_ref().map_or(around, |it| it.place.as_str()).to_owned();
        let scope = match function.name {
            Some(name) if around.is_empty() => name.to_string(),
            Some(name) => format!("{around}.{name}"),
            None => around,
        };
        Frame { scope, ..Frame::new(function, instance) }
    }

    pub(crate) fn new(function: &'a Function, instance: Option<Rc<Instance>>) -> Frame<'a> {
        let sizes = instance.as_ref().map(|it| it.sizes.clone()).unwrap_or_default();
        Frame {
            function,
            instance,
            scope: String::new(),
            sizes,
            pack: Vec::new(),
            float: Elem::F32,
            locals: HashMap::new(),
            absent: HashSet::new(),
            index: HashMap::new(),
            pack_index: Vec::new(),
            calls_layer: false,
            pointwise: false,
        }
    }

    /// Whether an optional parameter of the function is given.
    pub(crate) fn given(&self, name: Name) -> Option<bool> {
        let param = self.function.params.iter().find(|it| it.optional && it.name == name)?;
        Some(!self.absent.contains(&param.local))
    }

    pub(crate) fn dim(&self, dim: &Dim) -> Dim {
        dim.substitute(&|name| self.sizes.get(&name).cloned())
    }

    pub(crate) fn dims(&self, dims: &[Dim]) -> Vec<Dim> {
        dims.iter().map(|dim| self.dim(dim)).collect()
    }

    /// The shape in memory, `..` included.
    pub(crate) fn shape(&self, ty: &TensorType) -> Vec<Dim> {
        let pack: &[Dim] = if ty.pack { &self.pack } else { &[] };
        pack.iter().cloned().chain(ty.axes.iter().map(|axis| self.dim(&axis.extent()))).collect()
    }
}

impl<'a> Lowerer<'a> {
    /// How an element is stored.
    pub(crate) fn elem(&self, frame: &Frame<'a>, base: &Base) -> Lowering<Elem> {
        if *base == Base::Float {
            return Ok(frame.float);
        }
        self.stored_elem(base)
    }

    /// How an element is stored where `float` says nothing else than f32.
    pub(crate) fn stored_elem(&self, base: &Base) -> Lowering<Elem> {
        Ok(match base {
            Base::F64 => Elem::F64,
            Base::F32 | Base::Float => Elem::F32,
            Base::F16 => Elem::F16,
            Base::BF16 => Elem::BF16,
            Base::I64 => Elem::I64,
            Base::I32 => Elem::I32,
            Base::I8 => Elem::I8,
            Base::U8 => Elem::U8,
            Base::Bool => Elem::Bool,
            Base::F8 | Base::Quantised { .. } | Base::Fixed { .. } => {
                return Err(Box::new(errors::no_storage(self.span, base)));
            }
        })
    }

    pub(crate) fn local(&self, frame: &Frame<'a>, local: LocalId) -> Lowering<Val> {
        frame.locals.get(&local).cloned().ok_or_else(|| match frame.function.locals.get(local) {
            Some(it) if it.ty.is_error() => Box::new(errors::value_hole(it.span)),
            Some(it) => self.internal(format!("`{}` has no value yet", it.name)),
            None => self.internal("a local of another function"),
        })
    }

    pub(crate) fn tensor(&self, value: Val) -> Lowering<Tensor> {
        match value {
            Val::Tensor(tensor) => Ok(tensor),
            Val::Dim(dim) => {
                let value = crate::point::integer(Affine::constant(dim));
                Ok(Tensor::scalar(Elem::I32, value))
            }
            Val::Tuple(_) | Val::State(_) | Val::Layer(_) | Val::Layers(_) | Val::Function(_) => {
                Err(self.internal("a tensor was expected"))
            }
        }
    }

    pub(crate) fn tensor_type<'t>(&self, ty: &'t Type) -> Lowering<&'t TensorType> {
        ty.as_tensor().ok_or_else(|| self.internal("a tensor type was expected"))
    }
}
