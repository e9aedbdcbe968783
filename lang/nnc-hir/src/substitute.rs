//! Putting sizes in place of variables.

use std::collections::BTreeSet;

use nnc_base::Name;
use nnc_shape::Dim;

use crate::{
    Affine, Axis, AxisSize, Base, Condition, ConfigValue, Elem, LayerUse, MeaningUse, Path,
    PathStep, TensorType, Type,
};

/// What variables stand for; `None` leaves one as it is.
pub type Sizes<'a> = dyn Fn(Name) -> Option<Dim> + 'a;

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
            Type::Array(item, count) => {
                Type::Array(Box::new(item.substitute(sizes)), count.substitute(sizes))
            }
            Type::Layer(layer) => Type::Layer(layer.substitute(sizes)),
            Type::Error => Type::Error,
        }
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
        }
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
