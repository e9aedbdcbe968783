//! Putting sizes in place of variables.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use nnc_base::Name;
use nnc_shape::Dim;

use crate::{
    Affine, Arrow, Axis, AxisSize, Base, Candidate, Condition, ConfigValue, Elem, FieldValue,
    LayerArg, LayerUse, MeaningUse, Path, PathStep, Places, SpaceHole, TensorType, Type,
};

/// What variables stand for; `None` leaves one as it is.
pub type Sizes<'a> = dyn Fn(Name) -> Option<Dim> + 'a;

/// What the configs of a layer stand for in a use of it.
pub type Configs<'a> = dyn Fn(Name) -> Option<ConfigValue> + 'a;

fn all(dims: &[Dim], sizes: &Sizes<'_>) -> Vec<Dim> {
    dims.iter().map(|dim| dim.substitute(sizes)).collect()
}

impl Type {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Type {
        match self {
            Type::Tensor(tensor) => Type::Tensor(tensor.substitute(sizes)),
            Type::Dim(dim) => Type::Dim(dim.substitute(sizes)),
            Type::Tuple(parts) => {
                Type::Tuple(parts.iter().map(|part| part.substitute(sizes)).collect())
            }
            Type::Struct { id, dims, lens } => {
                Type::Struct { id: *id, dims: all(dims, sizes), lens: all(lens, sizes) }
            }
            Type::Array(item, places) => {
                let (places, item) =
                    places.substitute(sizes, &none, &|sizes, _| item.substitute(sizes));
                Type::Array(Box::new(item), places)
            }
            Type::Layer(layer) => Type::Layer(layer.substitute(sizes)),
            Type::Function(arrow) => Type::Function(Box::new(Arrow {
                inputs: arrow.inputs.iter().map(|input| input.substitute(sizes)).collect(),
                output: arrow.output.substitute(sizes),
            })),
            Type::Error => Type::Error,
        }
    }
}

fn none(_: Name) -> Option<ConfigValue> {
    None
}

impl Type {
    /// The item of an array at a place.
    pub fn item(&self, at: &Dim) -> Option<Type> {
        let Type::Array(item, places) = self else { return None };
        Some(item.substitute(&|name| (places.name == Some(name)).then(|| at.clone())))
    }

    /// The items of two arrays at one place.
    pub fn items(&self, other: &Type) -> Option<(Type, Type)> {
        let (Type::Array(_, places), Type::Array(_, others)) = (self, other) else { return None };
        let at = places.name.or(others.name).map_or(Dim::constant(0), Dim::var);
        Some((self.item(&at)?, other.item(&at)?))
    }
}

impl Places {
    /// The places and what stands at each of them with sizes in place of variables. Where one
    /// of these sizes has a variable of the place's name, the place gets another.
    fn substitute<T>(
        &self,
        sizes: &Sizes<'_>,
        configs: &Configs<'_>,
        put: &dyn Fn(&Sizes<'_>, &Configs<'_>) -> T,
    ) -> (Places, T) {
        let count = self.count.substitute(sizes);
        let Some(own) = self.name else {
            return (Places { count, name: None }, put(sizes, configs));
        };
        let seen = RefCell::new(BTreeSet::new());
        let mut name = own;
        loop {
            let inside = |it: Name| {
                if it == own {
                    return (name != own).then(|| Dim::var(name));
                }
                let size = sizes(it);
                match &size {
                    Some(size) => seen.borrow_mut().extend(size.vars()),
                    None => seen.borrow_mut().extend([it]),
                }
                size
            };
            let given = |it: Name| {
                let value = configs(it)?;
                match &value {
                    ConfigValue::Dim(dim) => seen.borrow_mut().extend(dim.vars()),
                    ConfigValue::Bool(condition) => seen.borrow_mut().extend(condition.vars()),
                    ConfigValue::Float(_) | ConfigValue::Config(_) | ConfigValue::Layer(_) => {}
                }
                Some(value)
            };
            let item = put(&inside, &given);
            if !seen.borrow().contains(&name) {
                return (Places { count, name: Some(name) }, item);
            }
            name = Name::new(&format!("{name}'"));
        }
    }
}

impl FieldValue {
    /// With sizes in place of variables, and values in place of configs.
    pub fn substitute(&self, sizes: &Sizes<'_>, configs: &Configs<'_>) -> FieldValue {
        match self {
            FieldValue::Param { ty, init } => {
                FieldValue::Param { ty: ty.substitute(sizes), init: init.clone() }
            }
            FieldValue::Layer(used) => FieldValue::Layer(used.put(sizes, configs)),
            FieldValue::Array(item, places) => {
                let (places, item) = places
                    .substitute(sizes, configs, &|sizes, configs| item.substitute(sizes, configs));
                FieldValue::Array(Box::new(item), places)
            }
            FieldValue::If { condition, then, otherwise } => FieldValue::If {
                condition: condition.put(sizes, configs),
                then: Box::new(then.substitute(sizes, configs)),
                otherwise: Box::new(otherwise.substitute(sizes, configs)),
            },
            FieldValue::Hole(hole) => FieldValue::Hole(SpaceHole {
                input: hole.input.substitute(sizes),
                output: hole.output.substitute(sizes),
                candidates: hole
                    .candidates
                    .iter()
                    .map(|candidate| Candidate {
                        chain: candidate.chain.iter().map(|it| it.put(sizes, configs)).collect(),
                        text: candidate.text.clone(),
                        function: candidate.function,
                    })
                    .collect(),
            }),
            FieldValue::Absent => FieldValue::Absent,
            FieldValue::Error => FieldValue::Error,
        }
    }

    /// The item of an array at a place.
    pub fn item(&self, at: &Dim) -> Option<FieldValue> {
        let FieldValue::Array(item, places) = self else { return None };
        let at = |name| (places.name == Some(name)).then(|| at.clone());
        Some(item.substitute(&at, &none))
    }
}

impl TensorType {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> TensorType {
        TensorType {
            elem: self.elem.substitute(sizes),
            pack: self.pack,
            axes: self.axes.iter().map(|axis| axis.substitute(sizes)).collect(),
        }
    }
}

impl Axis {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Axis {
        let size = match &self.size {
            AxisSize::Dim(dim) => AxisSize::Dim(dim.substitute(sizes)),
            AxisSize::Broadcast => AxisSize::Broadcast,
        };
        Axis { size, kind: self.kind, rate: self.rate }
    }
}

impl Elem {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Elem {
        let base = match &self.base {
            Base::Quantised { bits, groups } => {
                Base::Quantised { bits: *bits, groups: groups.substitute(sizes) }
            }
            base => base.clone(),
        };
        let meaning = self.meaning.as_ref().map(|meaning| meaning.substitute(sizes));
        Elem { base, meaning }
    }
}

impl MeaningUse {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> MeaningUse {
        MeaningUse { id: self.id, args: all(&self.args, sizes) }
    }
}

impl LayerUse {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> LayerUse {
        LayerUse {
            layer: self.layer,
            dims: all(&self.dims, sizes),
            configs: self.configs.iter().map(|config| config.substitute(sizes)).collect(),
            replaced: self.replaced.clone(),
        }
    }
}

impl LayerUse {
    /// With sizes in place of variables, and values in place of configs.
    pub fn put(&self, sizes: &Sizes<'_>, configs: &Configs<'_>) -> LayerUse {
        let value = |value: &ConfigValue| match value {
            ConfigValue::Config(name) => configs(*name).unwrap_or_else(|| value.clone()),
            ConfigValue::Bool(condition) => ConfigValue::Bool(condition.put(sizes, configs)),
            ConfigValue::Dim(dim) => ConfigValue::Dim(dim.substitute(sizes)),
            ConfigValue::Float(_) => value.clone(),
            ConfigValue::Layer(arg) => ConfigValue::Layer(arg.put(sizes, configs)),
        };
        LayerUse {
            layer: self.layer,
            dims: all(&self.dims, sizes),
            configs: self.configs.iter().map(value).collect(),
            replaced: self.replaced.clone(),
        }
    }
}

impl ConfigValue {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> ConfigValue {
        match self {
            ConfigValue::Dim(dim) => ConfigValue::Dim(dim.substitute(sizes)),
            ConfigValue::Float(value) => ConfigValue::Float(*value),
            ConfigValue::Bool(condition) => ConfigValue::Bool(condition.substitute(sizes)),
            ConfigValue::Config(name) => ConfigValue::Config(*name),
            ConfigValue::Layer(arg) => ConfigValue::Layer(arg.put(sizes, &none)),
        }
    }
}

impl LayerArg {
    /// With sizes in place of variables, and values in place of configs. The function stays
    /// that of the layer whose field says what is handed in.
    fn put(&self, sizes: &Sizes<'_>, configs: &Configs<'_>) -> Arc<LayerArg> {
        let value = self.value.as_ref().map(|value| value.substitute(sizes, configs));
        Arc::new(LayerArg { value, ..self.clone() })
    }
}

impl Condition {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Condition {
        match self {
            Condition::Const(value) => Condition::Const(*value),
            Condition::Config(name) => Condition::Config(*name),
            Condition::Given(name) => Condition::Given(*name),
            Condition::Compare(op, left, right) => {
                Condition::Compare(*op, left.substitute(sizes), right.substitute(sizes))
            }
            Condition::Not(inner) => Condition::Not(Box::new(inner.substitute(sizes))),
            Condition::And(left, right) => {
                Condition::And(Box::new(left.substitute(sizes)), Box::new(right.substitute(sizes)))
            }
            Condition::Or(left, right) => {
                Condition::Or(Box::new(left.substitute(sizes)), Box::new(right.substitute(sizes)))
            }
        }
    }

    /// With sizes in place of variables, and values in place of configs.
    pub fn put(&self, sizes: &Sizes<'_>, configs: &Configs<'_>) -> Condition {
        self.substitute(sizes).with_configs(&|name| match configs(name)? {
            ConfigValue::Bool(condition) => Some(condition),
            ConfigValue::Dim(_)
            | ConfigValue::Float(_)
            | ConfigValue::Config(_)
            | ConfigValue::Layer(_) => None,
        })
    }

    /// Puts conditions in place of bool configs.
    pub fn with_configs(&self, configs: &dyn Fn(Name) -> Option<Condition>) -> Condition {
        self.replaced(&|leaf| match leaf {
            Condition::Config(name) => configs(*name),
            _ => None,
        })
    }

    /// Puts in whether optional parameters are given.
    pub fn with_given(&self, given: &dyn Fn(Name) -> Option<bool>) -> Condition {
        self.replaced(&|leaf| match leaf {
            Condition::Given(name) => given(*name).map(Condition::Const),
            _ => None,
        })
    }

    /// Puts others in place of what is made of no other conditions.
    fn replaced(&self, leaves: &dyn Fn(&Condition) -> Option<Condition>) -> Condition {
        match self {
            Condition::Const(_)
            | Condition::Config(_)
            | Condition::Given(_)
            | Condition::Compare(..) => leaves(self).unwrap_or_else(|| self.clone()),
            Condition::Not(inner) => Condition::Not(Box::new(inner.replaced(leaves))),
            Condition::And(left, right) => {
                Condition::And(Box::new(left.replaced(leaves)), Box::new(right.replaced(leaves)))
            }
            Condition::Or(left, right) => {
                Condition::Or(Box::new(left.replaced(leaves)), Box::new(right.replaced(leaves)))
            }
        }
    }

    /// The sizes and configs that it names.
    pub fn vars(&self) -> BTreeSet<Name> {
        match self {
            Condition::Const(_) | Condition::Given(_) => BTreeSet::new(),
            Condition::Config(name) => [*name].into(),
            Condition::Compare(_, left, right) => &left.vars() | &right.vars(),
            Condition::Not(inner) => inner.vars(),
            Condition::And(left, right) | Condition::Or(left, right) => {
                &left.vars() | &right.vars()
            }
        }
    }

    /// Whether it holds; `None` where a variable or config is not given.
    pub fn eval(
        &self,
        sizes: &dyn Fn(Name) -> Option<i64>,
        configs: &dyn Fn(Name) -> Option<bool>,
    ) -> Option<bool> {
        Some(match self {
            Condition::Const(value) => *value,
            Condition::Config(name) => configs(*name)?,
            Condition::Given(_) => return None,
            Condition::Compare(op, left, right) => op.holds(left.eval(sizes)?, right.eval(sizes)?),
            Condition::Not(inner) => !inner.eval(sizes, configs)?,
            Condition::And(left, right) => {
                left.eval(sizes, configs)? && right.eval(sizes, configs)?
            }
            Condition::Or(left, right) => {
                left.eval(sizes, configs)? || right.eval(sizes, configs)?
            }
        })
    }
}

impl crate::CompareOp {
    pub const ALL: [crate::CompareOp; 6] = [
        crate::CompareOp::Eq,
        crate::CompareOp::Ne,
        crate::CompareOp::Lt,
        crate::CompareOp::Le,
        crate::CompareOp::Gt,
        crate::CompareOp::Ge,
    ];

    pub fn holds(self, left: i64, right: i64) -> bool {
        match self {
            crate::CompareOp::Eq => left == right,
            crate::CompareOp::Ne => left != right,
            crate::CompareOp::Lt => left < right,
            crate::CompareOp::Le => left <= right,
            crate::CompareOp::Gt => left > right,
            crate::CompareOp::Ge => left >= right,
        }
    }
}

impl Affine {
    /// Variables stay; sizes are put in.
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Affine {
        Affine {
            terms: self
                .terms
                .iter()
                .map(|(var, coefficient)| (*var, coefficient.substitute(sizes)))
                .filter(|(_, coefficient)| coefficient.as_constant() != Some(0))
                .collect(),
            offset: self.offset.substitute(sizes),
        }
    }
}

impl Path {
    pub fn substitute(&self, sizes: &Sizes<'_>) -> Path {
        let steps = self
            .steps
            .iter()
            .map(|step| match step {
                PathStep::Field(name) => PathStep::Field(*name),
                PathStep::Index(dim) => PathStep::Index(dim.substitute(sizes)),
            })
            .collect();
        Path { root: self.root, steps }
    }
}
