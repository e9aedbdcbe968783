//! Where parameters and sub-layers are found.

use std::borrow::Cow;
use std::rc::Rc;

use nnc_base::Name;
use nnc_graph::{Index, Scalar, TensorType};
use nnc_hir::{FieldValue, LayerUse, PackBinding, Path, PathRoot, PathStep, Places};
use nnc_shape::Dim;

use crate::building::{Home, Source};
use crate::frame::Frame;
use crate::instance::{Handed, Instance, Replacement};
use crate::lowerer::{Lowerer, Lowering};
use crate::rewrite::errors::{no_average, read_elsewhere};
use crate::rewrite::rank;
use crate::value::{Tensor, Val};

/// An array of layers that a field of `owner` is: equal ones, or such as depend on their place.
#[derive(Clone, Debug)]
pub(crate) struct LayerArray {
    pub owner: Rc<Instance>,
    /// The layer whose field it is: another one than the owner where it was handed in.
    pub around: Rc<Instance>,
    pub handed: Option<Handed>,
    pub layer: LayerUse,
    pub places: Places,
    /// The field's path and place; items add `.0`, `.1`, ….
    pub path: String,
    pub place: String,
}

/// What a path leads to: a field, or where the last step was none, a layer.
type Found<'a> = (Option<Place<'a>>, Option<Rc<Instance>>);

/// A field on the way of a path.
struct Place<'a> {
    /// In the terms of which the value is.
    owner: Rc<Instance>,
    /// Whose field it is: another one than the owner where the value was handed in.
    around: Rc<Instance>,
    handed: Option<Handed>,
    value: Cow<'a, FieldValue>,
    path: String,
    place: String,
}

impl<'a> Lowerer<'a> {
    /// What a path leads to: a parameter's tensor, a layer, or an array of layers.
    pub(crate) fn path(&mut self, frame: &Frame<'a>, path: &Path) -> Lowering<Val> {
        match self.place_of(frame, path)? {
            (None, Some(instance)) => Ok(Val::Layer(instance)),
            (None, None) => Err(self.internal("a path leads nowhere")),
            (Some(field), _) => self.value_at(frame, &field),
        }
    }

    /// The name and the place of the parameter that a path leads to.
    pub(crate) fn param_at(
        &mut self,
        frame: &Frame<'a>,
        path: &Path,
    ) -> Lowering<Option<(String, String)>> {
        let (field, _) = self.place_of(frame, path)?;
        Ok(field.map(|field| (field.path, field.place)))
    }

    /// The factors of the parameter that a path leads to, if it has a rank.
    pub(crate) fn param_factors(
        &mut self,
        frame: &Frame<'a>,
        path: &Path,
    ) -> Lowering<Option<[Tensor; 2]>> {
        let (Some(field), _) = self.place_of(frame, path)? else { return Ok(None) };
        let FieldValue::Param { ty, .. } = &*field.value else { return Ok(None) };
        self.factors_at(frame, &field, ty)
    }

    fn factors_at(
        &mut self,
        frame: &Frame<'a>,
        field: &Place<'a>,
        ty: &nnc_hir::TensorType,
    ) -> Lowering<Option<[Tensor; 2]>> {
        let Some(rank) = self.rewrites.ranks.get(&field.place).copied() else { return Ok(None) };
        let stored = self.stored_elem(&ty.elem.base)?;
        let wanted = self.elem(frame, &ty.elem.base)?;
        let sizes: Vec<Dim> = ty.axes.iter().map(|it| field.owner.dim(&it.extent())).collect();
        let [rows, columns] = sizes.as_slice() else { return Ok(None) };
        let [left, right] = rank::factors(&field.path);
        let shapes = [[rows.clone(), Dim::constant(rank)], [Dim::constant(rank), columns.clone()]];
        let home = field.around.home;
        let [of_left, of_right] = shapes.map(|it| TensorType::new(stored, it.to_vec()));
        let left = self.param_tensor(home, left, of_left, wanted);
        Ok(Some([left, self.param_tensor(home, right, of_right, wanted)]))
    }

    /// Where a path leads: to a field, or else to a layer.
    fn place_of(&mut self, frame: &Frame<'a>, path: &Path) -> Lowering<Found<'a>> {
        let mut layer = match path.root {
            PathRoot::Owner => frame.instance.clone(),
            PathRoot::Local(local) => self.local(frame, local)?.into_layer(),
        };
        let mut place: Option<Place<'a>> = None;
        for step in &path.steps {
            match step {
                PathStep::Field(name) => {
                    if let Some(field) = place.take() {
                        layer = Some(self.layer_at(&field)?);
                    }
                    let Some(owner) = layer.take() else {
                        return Err(self.internal(format!("`{name}` is a field of no layer")));
                    };
                    place = Some(self.field(owner, *name)?);
                }
                PathStep::Index(dim) => {
                    let Some(field) = place.take() else {
                        return Err(self.internal("an index follows no field"));
                    };
                    let at = frame.dim(dim);
                    if let FieldValue::Hole(hole) = &*field.value {
                        // A layer of the chain that stands there.
                        let candidate = self.candidate(&field.place, hole, self.span)?;
                        let at = at.as_constant().and_then(|at| usize::try_from(at).ok());
                        let paths = (field.path.as_str(), field.place.as_str());
                        let at = at.unwrap_or(usize::MAX);
                        layer =
                            Some(self.chain_item(&field.owner, candidate, paths, at, self.span)?);
                        continue;
                    }
                    let (item, places) = match field.value {
                        Cow::Borrowed(FieldValue::Array(item, places)) => {
                            (Cow::Borrowed(&**item), places.clone())
                        }
                        Cow::Owned(FieldValue::Array(item, places)) => (Cow::Owned(*item), places),
                        _ => return Err(self.internal(format!("`{}` is no array", field.path))),
                    };
                    let owner = match places.name {
                        Some(_) => Rc::new(field.owner.at_place(&places, &at)),
                        None => field.owner,
                    };
                    let value = self.chosen_of(&owner, item)?;
                    let at = at.as_constant().ok_or_else(|| {
                        self.internal(format!("an item of `{}` at an open place", field.path))
                    })?;
                    if !self.rewrites.is_kept(&field.place, at) {
                        let line = self.rewrites.orders.get(&field.place).map(|it| it.span);
                        let item = format!("{}.{at}", field.place);
                        let line = line.unwrap_or(self.span);
                        return Err(Box::new(read_elsewhere(self.span, line, &item)));
                    }
                    let (path, item_place) = self.item_paths(&field.path, &field.place, at);
                    let (around, handed) = (field.around, field.handed.map(|it| it.within(&owner)));
                    place = Some(Place { owner, around, handed, value, path, place: item_place });
                }
            }
        }
        Ok((place, layer))
    }

    fn field(&self, owner: Rc<Instance>, name: Name) -> Lowering<Place<'a>> {
        let layer = &self.program.layers[owner.layer];
        let Some(field) = layer.fields.iter().find(|field| field.name == name) else {
            return Err(self.internal(format!("`{}` has no field `{name}`", layer.name)));
        };
        let (path, place) = (owner.field_path(name), owner.field_place(name));
        let around = owner.clone();
        let Some(handed) = owner.handed(name) else {
            let value = Cow::Borrowed(self.chosen(&owner, &field.value)?);
            return Ok(Place { owner, around, handed: None, value, path, place });
        };
        let within = handed.around.clone().unwrap_or_else(|| owner.clone());
        let handed = handed.within(&within);
        match &handed.arg.value {
            Some(made) => {
                let value = Cow::Owned(made.clone());
                Ok(Place { owner: within, around, handed: Some(handed), value, path, place })
            }
            // What is called is somewhere else.
            None => {
                let value = Cow::Borrowed(&field.value);
                Ok(Place { owner, around, handed: Some(handed), value, path, place })
            }
        }
    }

    /// A hole applied to a value: the function of the candidate that stands there.
    pub(crate) fn space_hole(
        &mut self,
        frame: &mut Frame<'a>,
        path: &Path,
        value: Val,
        dims: &[(Name, Dim)],
        pack: &PackBinding,
    ) -> Lowering<Val> {
        let Some((PathStep::Field(name), steps)) = path.steps.split_last() else {
            return Err(self.internal("a hole is no field"));
        };
        let owner = Path { root: path.root, steps: steps.to_vec() };
        let owner = if steps.is_empty() && path.root == PathRoot::Owner {
            frame.instance.clone()
        } else {
            self.path(frame, &owner)?.into_layer()
        };
        let Some(owner) = owner else {
            return Err(self.internal(format!("`{name}` is a hole of no layer")));
        };
        let field = self.field(owner.clone(), *name)?;
        let FieldValue::Hole(hole) = &*field.value else {
            return Err(self.internal(format!("`{}` is no hole", field.path)));
        };
        let candidate = self.candidate(&field.place, hole, self.span)?;
        let program = self.program;
        let Some(function) = candidate.function else {
            return Err(self.internal(format!("`{}` was not checked", candidate.text)));
        };
        let mut inner = Frame::new(&program.functions[function], Some(owner));
        inner.scope.clone_from(&field.place);
        inner.pointwise = frame.pointwise;
        inner.pack = self.pack(frame, pack);
        inner.sizes.extend(dims.iter().map(|(name, dim)| (*name, frame.dim(dim))));
        let value = if frame.pointwise { value } else { self.settled_value(value)? };
        inner.locals.extend(inner.function.params.iter().map(|it| (it.local, value.clone())));
        let result = self.enter(&mut inner)?;
        if frame.pointwise {
            return Ok(result);
        }
        let result = self.settled_value(result)?;
        self.traced(&inner, "", &inner.function.result, result)
    }

    /// The branch of an `if` field that the sizes choose.
    pub(crate) fn chosen<'v>(
        &self,
        owner: &Instance,
        value: &'v FieldValue,
    ) -> Lowering<&'v FieldValue> {
        let mut value = value;
        while let FieldValue::If { condition, then, otherwise } = value {
            let holds =
                owner.holds(condition).ok_or_else(|| self.undecided(self.span, condition))?;
            value = if holds { then } else { otherwise };
        }
        Ok(value)
    }

    fn chosen_of(
        &self,
        owner: &Instance,
        value: Cow<'a, FieldValue>,
    ) -> Lowering<Cow<'a, FieldValue>> {
        Ok(match value {
            Cow::Borrowed(value) => Cow::Borrowed(self.chosen(owner, value)?),
            Cow::Owned(value) => Cow::Owned(self.chosen(owner, &value)?.clone()),
        })
    }

    fn layer_at(&self, field: &Place<'a>) -> Lowering<Rc<Instance>> {
        match &*field.value {
            FieldValue::Layer(layer) => {
                let paths = (field.path.clone(), field.place.clone());
                let (around, owner) = (&field.around, &field.owner);
                let layer =
                    self.instantiate_in(around, owner, layer, around.home, paths, self.span)?;
                Ok(called_by(layer, &field.handed))
            }
            FieldValue::Param { .. }
            | FieldValue::Array(..)
            | FieldValue::If { .. }
            | FieldValue::Hole(_)
            | FieldValue::Absent
            | FieldValue::Error => Err(self.internal(format!("`{}` is no layer", field.path))),
        }
    }

    fn value_at(&mut self, frame: &Frame<'a>, field: &Place<'a>) -> Lowering<Val> {
        match &*field.value {
            FieldValue::Param { ty, init } => {
                let stored = self.stored_elem(&ty.elem.base)?;
                let wanted = self.elem(frame, &ty.elem.base)?;
                let name = field.path.rsplit('.').next().unwrap_or_default();
                if let Some(replacement) = field.owner.replacement(name).cloned() {
                    let tensor = self.replaced(replacement)?;
                    let value = self.cast(wanted, tensor.value.clone());
                    return Ok(Val::Tensor(Tensor { elem: wanted, value, ..tensor }));
                }
                if let Some(line) = self.rewrites.latest.get(&field.place) {
                    return Err(Box::new(no_average(*line, &field.place, self.span)));
                }
                if let Some(factors) = self.factors_at(frame, field, ty)? {
                    return Ok(Val::Tensor(self.multiplied(factors)?));
                }
                let shape: Vec<Dim> =
                    ty.axes.iter().map(|axis| field.owner.dim(&axis.extent())).collect();
                if let Some(owner) = self.test_layer {
                    let value = self.constant_param(owner, &field.place, init, wanted)?;
                    let vars = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
                    return Ok(Val::Tensor(Tensor { vars, shape, elem: wanted, value }));
                }
                let (home, name) = (field.around.home, field.path.clone());
                let ty = TensorType::new(stored, shape);
                Ok(Val::Tensor(self.param_tensor(home, name, ty, wanted)))
            }
            FieldValue::Layer(_) => Ok(Val::Layer(self.layer_at(field)?)),
            FieldValue::Array(item, places) => {
                let FieldValue::Layer(layer) = &**item else {
                    return Err(self.internal(format!("`{}` is no array of layers", field.path)));
                };
                Ok(Val::Layers(LayerArray {
                    owner: field.owner.clone(),
                    around: field.around.clone(),
                    handed: field.handed.clone(),
                    layer: layer.clone(),
                    places: places.clone(),
                    path: field.path.clone(),
                    place: field.place.clone(),
                }))
            }
            FieldValue::If { .. }
            | FieldValue::Hole(_)
            | FieldValue::Absent
            | FieldValue::Error => Err(self.internal(format!("`{}` is not there", field.path))),
        }
    }

    /// An item of an array of layers.
    pub(crate) fn array_item(
        &self,
        array: &LayerArray,
        at: Option<&Dim>,
        home: Home,
        paths: (String, String),
    ) -> Lowering<Rc<Instance>> {
        let owner = match at {
            Some(at) => Rc::new(array.owner.at_place(&array.places, at)),
            None => array.owner.clone(),
        };
        let layer = &array.layer;
        let layer = self.instantiate_in(&array.around, &owner, layer, home, paths, self.span)?;
        Ok(called_by(layer, &array.handed.as_ref().map(|it| it.within(&owner))))
    }

    /// The tensor that stands in the place of a parameter.
    fn replaced(&mut self, replacement: Replacement) -> Lowering<Tensor> {
        let value = match replacement {
            Replacement::Value(value) => value,
            Replacement::Function(id, owner) => {
                let mut inner = Frame::called(&self.program.functions[id], Some(owner), "");
                let value = self.enter(&mut inner)?;
                self.settled_value(value)?
            }
        };
        self.tensor(value)
    }

    fn param_tensor(
        &mut self,
        home: Home,
        name: String,
        ty: TensorType,
        wanted: nnc_graph::Elem,
    ) -> Tensor {
        let vars: Vec<_> = ty.shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let shape = ty.shape.clone();
        let source = self.source(Source::Param { home, name }, ty);
        let read = Scalar::read(source, vars.iter().map(|var| Index::var(*var)).collect());
        Tensor { vars, shape, elem: wanted, value: self.cast(wanted, read) }
    }
}

/// A layer with how it is called, if it was handed in.
fn called_by(layer: Rc<Instance>, handed: &Option<Handed>) -> Rc<Instance> {
    let Some(handed) = handed else { return layer };
    let mut layer = Rc::unwrap_or_clone(layer);
    layer.called_by = Some(handed.clone());
    Rc::new(layer)
}
