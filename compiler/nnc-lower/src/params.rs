//! The parameters of a model.

use nnc_base::Span;
use nnc_graph::{Elem, TensorType};
use nnc_hir as hir;
use nnc_hir::{FieldValue, Init};
use nnc_shape::Dim;

use crate::building::Home;
use crate::errors;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::rewrite::{rank, steps};

/// Layers may be nested this deep.
pub(crate) const MOST_NESTING: usize = 64;

/// A model may have this many fields, those of arrays counted one by one.
pub(crate) const MOST_FIELDS: i64 = 1 << 20;

/// A tensor that a checkpoint fills.
#[derive(Clone, PartialEq, Debug)]
pub struct ParamInfo {
    /// The field path, such as `blocks.3.attn.wq.weight`.
    pub name: String,
    pub elem: Elem,
    pub shape: Vec<i64>,
    /// The sizes in terms of the parameters of the model's layer.
    pub formulas: Vec<Dim>,
    /// How it starts without a checkpoint.
    pub init: Init,
    pub span: Span,
    /// How it follows from the parameters of the network as it is written, if a rewrite made
    /// it; else it is the one of its name there.
    pub made: Option<Made>,
}

/// How a parameter that a rewrite makes is come by.
#[derive(Clone, PartialEq, Debug)]
pub enum Made {
    /// A factor of the nearest product of a rank to a matrix.
    Factor { of: String, rank: i64, is_left: bool },
    /// These numbers, whatever a file holds.
    Numbers(Vec<f64>),
    /// Heads of a parameter are left out or averaged, along one axis.
    Heads { of: Box<ParamInfo>, axis: usize, segments: Vec<Segment> },
}

/// A run of an axis that is made of heads: at `start + (outer·count + head)·inner + within`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    pub start: i64,
    pub len: i64,
    /// How far neighbouring heads are apart.
    pub inner: i64,
    /// How many heads there are.
    pub count: i64,
    /// The heads that are kept, in order; `None` for their mean.
    pub kept: Option<Vec<i64>>,
}

impl ParamInfo {
    pub fn tensor_type(&self) -> TensorType {
        TensorType::new(self.elem, self.shape.iter().map(|size| Dim::constant(*size)).collect())
    }

    /// How many elements.
    pub fn size(&self) -> i64 {
        self.shape.iter().product()
    }
}

impl<'a> Lowerer<'a> {
    /// Counts a field that a walk over a model's fields has come to; refused where there are
    /// too many.
    pub(crate) fn count_field(&mut self, place: &str, span: Span) -> Lowering<()> {
        self.fields = self.fields.saturating_add(1);
        if self.fields > MOST_FIELDS {
            let count = self.fields;
            return Err(Box::new(errors::too_many_items(span, place, count, MOST_FIELDS)));
        }
        Ok(())
    }

    /// All parameters of a layer in the order of its fields; `at` is the model or field
    /// that uses it.
    pub(crate) fn params_of(&mut self, instance: &Instance, at: Span) -> Lowering<Vec<ParamInfo>> {
        let mut params = Vec::new();
        (self.fields, self.layers) = (0, 0);
        self.collect(instance, at, 0, &mut params)?;
        Ok(params)
    }

    /// Declares all parameters of a layer in the graph that is being built.
    pub(crate) fn declare_params(
        &mut self,
        instance: &Instance,
        at: Span,
    ) -> Lowering<Vec<String>> {
        let params = self.params_of(instance, at)?;
        for param in &params {
            self.declare_param(&param.name, param.tensor_type(), param.span)?;
        }
        Ok(params.into_iter().map(|param| param.name).collect())
    }

    fn collect(
        &mut self,
        instance: &Instance,
        at: Span,
        depth: usize,
        params: &mut Vec<ParamInfo>,
    ) -> Lowering<()> {
        let program = self.program;
        let layer = &program.layers[instance.layer];
        if depth > MOST_NESTING {
            let name = layer.name.as_str();
            return Err(Box::new(errors::too_deep(at, name, MOST_NESTING)));
        }
        for field in &layer.fields {
            let path = instance.field_path(field.name);
            // A layer that contains itself twice has twice as many at each level.
            self.layers +=
                i64::from(matches!(field.value, FieldValue::Layer(_) | FieldValue::If { .. }));
            if self.layers > MOST_FIELDS {
                let count = self.layers;
                return Err(Box::new(errors::too_many_items(at, &path, count, MOST_FIELDS)));
            }
            let place = instance.field_place(field.name);
            let Some((owner, value)) = instance.field_value(field) else { continue };
            let (owners, paths) = ((instance, owner), (path, place));
            self.collect_field(owners, value, paths, field.span, depth, params)?;
        }
        Ok(())
    }

    /// The parameters of a field of `around`, whose value is in the terms of `owner`.
    fn collect_field(
        &mut self,
        (around, owner): (&Instance, &Instance),
        value: &FieldValue,
        (path, place): (String, String),
        span: Span,
        depth: usize,
        params: &mut Vec<ParamInfo>,
    ) -> Lowering<()> {
        self.span = span;
        match self.chosen(owner, value)? {
            FieldValue::Param { .. }
                if owner.replacement(path.rsplit('.').next().unwrap_or_default()).is_some() =>
            {
                Ok(())
            }
            FieldValue::Param { .. } if self.rewrites.latest.contains_key(&place) => Ok(()),
            FieldValue::Param { ty, init } => {
                let info = self.param_info(owner, path, ty, init, span)?;
                match self.rewrites.ranks.get(&place) {
                    Some(rank) => params.extend(rank::params(&info, *rank)),
                    None => params.push(info),
                }
                Ok(())
            }
            FieldValue::Layer(layer) => {
                let (home, paths): (Home, _) = (around.home, (path, place));
                let inner = self.instantiate_in(around, owner, layer, home, paths, span)?;
                self.collect(&inner, span, depth + 1, params)
            }
            FieldValue::Array(item, places) => {
                let Some(count) = owner.dim(&places.count).as_constant() else {
                    return Err(self.internal(format!("the length of `{path}` is open")));
                };
                self.fields = self.fields.saturating_add(count);
                if self.fields > MOST_FIELDS {
                    return Err(Box::new(errors::too_many_items(span, &path, count, MOST_FIELDS)));
                }
                for at in self.rewrites.owners(&place, count) {
                    let paths = (format!("{path}.{at}"), format!("{place}.{at}"));
                    let owner = owner.at_place(places, &Dim::constant(at));
                    self.collect_field((around, &owner), item, paths, span, depth, params)?;
                }
                if let Some((None, _)) = self.rewrites.averages.get(&place) {
                    let steps = steps::averaged_steps(self.rewrites.orders.get(&place), count);
                    params.extend(steps::weights(&path, steps, span));
                }
                Ok(())
            }
            FieldValue::Hole(hole) => {
                let candidate = self.candidate(&place, hole, span)?;
                for item in 0..candidate.chain.len() {
                    let inner = self.chain_item(owner, candidate, (&path, &place), item, span)?;
                    self.collect(&inner, span, depth + 1, params)?;
                }
                Ok(())
            }
            FieldValue::Absent | FieldValue::If { .. } | FieldValue::Error => Ok(()),
        }
    }

    /// A parameter of `owner`.
    pub(crate) fn param_info(
        &self,
        owner: &Instance,
        name: String,
        ty: &hir::TensorType,
        init: &Init,
        span: Span,
    ) -> Lowering<ParamInfo> {
        let mut shape = Vec::new();
        for axis in &ty.axes {
            let size = owner.dim(&axis.extent()).as_constant();
            shape.push(size.ok_or_else(|| {
                self.internal(format!("the size {} of `{name}` is open", axis.extent()))
            })?);
        }
        let size = shape.iter().try_fold(1i64, |size, axis| size.checked_mul(*axis));
        if size.is_none_or(|size| size > i64::from(u32::MAX) * 64) {
            return Err(Box::new(errors::param_too_big(span, &name, &shape)));
        }
        let formulas = ty.axes.iter().map(|axis| owner.formula(&axis.extent())).collect();
        let elem = self.stored_elem(&ty.elem.base)?;
        Ok(ParamInfo { name, elem, shape, formulas, init: init.clone(), span, made: None })
    }
}
