//! Emits what is computed at one point, or in many lanes at once.
//!
//! A template says through [`Scope`] where reads and loop counters come from. What is
//! the same in all lanes stays one lane until it meets something that is not.

use crate::{Builder, Kind, Value};
use nnc_graph::{Affine, Binary, Compare, Elem, Scalar, Unary, Var};
use nnc_shape::Dim;
use std::cell::RefCell;
use std::collections::HashMap;

/// A value in registers and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Typed {
    pub value: Value,
    pub elem: Elem,
}

/// The lanes that are to be computed. Others get any value, and must not be read for.
#[derive(Clone, Copy, Debug)]
pub struct Active {
    /// `None` for all.
    pub mask: Option<Value>,
    /// Whether at least one lane is active for certain.
    pub some: bool,
}

/// A loop's counter.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// In lane 0, an i64.
    pub start: Value,
    /// Whether each lane is one further than the one before.
    pub moves: bool,
}

/// Where an expression's leaves come from.
pub trait Scope {
    /// The element type of a read's buffer.
    fn elem(&self, read: u32) -> Elem;
    /// The read element(s) as loaded from memory, in one lane if all lanes read the
    /// same. Inactive lanes are not read.
    fn read(&self, read: u32, active: Active, emitter: &Emitter<'_>) -> Value;
    /// Whether lanes read different places.
    fn read_varies(&self, read: u32) -> bool;
    /// Whether the read's place is settled here: its loops have counters.
    fn read_is_known(&self, read: u32) -> bool;
    /// A loop's counter; `None` outside the loop.
    fn counter(&self, var: Var) -> Option<Counter>;
    fn dim(&self, dim: &Dim) -> Value;
    /// The value of [`Scalar::Acc`].
    fn accumulator(&self) -> Option<Typed>;
}

/// Values of expressions that were emitted further out, by where the expression lies.
#[derive(Clone, Default, Debug)]
pub struct Hoisted(HashMap<*const Scalar, Typed>);

/// Emits expressions in a scope.
pub struct Emitter<'a> {
    pub builder: &'a Builder<'a>,
    pub scope: &'a dyn Scope,
    pub lanes: u32,
    hoisted: RefCell<Hoisted>,
}

impl Active {
    pub const ALL: Active = Active { mask: None, some: true };

    /// The active lanes for which a mask holds too.
    fn and(self, builder: &Builder<'_>, mask: Value) -> Active {
        let mask = match self.mask {
            Some(outer) => builder.and(outer, mask),
            None => mask,
        };
        Active { mask: Some(mask), some: false }
    }
}

impl Counter {
    /// The same in all lanes.
    pub fn fixed(start: Value) -> Counter {
        Counter { start, moves: false }
    }

    /// One lane one step.
    pub fn moving(start: Value) -> Counter {
        Counter { start, moves: true }
    }
}

impl<'a> Emitter<'a> {
    pub fn new(builder: &'a Builder<'a>, scope: &'a dyn Scope, lanes: u32) -> Emitter<'a> {
        Emitter { builder, scope, lanes, hoisted: RefCell::default() }
    }

    /// With what [`Emitter::hoist`] has emitted further out.
    pub fn with_hoisted(mut self, hoisted: &Hoisted) -> Emitter<'a> {
        self.hoisted = RefCell::new(hoisted.clone());
        self
    }

    /// Emits the largest parts of an expression that can be computed already where
    /// only the counters known in this scope are, so that loops further in find them
    /// done. `certain` says that the expression will be computed at least once, so
    /// that its reads may happen now.
    pub fn hoist(&self, scalar: &Scalar, certain: bool, hoisted: &mut Hoisted) {
        let trivial = matches!(
            scalar,
            Scalar::Float { .. } | Scalar::Int { .. } | Scalar::Bool(_) | Scalar::Acc
        );
        if trivial || hoisted.0.contains_key(&std::ptr::from_ref(scalar)) {
            return;
        }
        if (certain || !reads(scalar)) && self.is_known(scalar) && !self.varies(scalar) {
            let typed = self.emit(scalar, Active::ALL);
            hoisted.0.insert(scalar, typed);
            return;
        }
        match scalar {
            Scalar::Select { condition, then, otherwise } => {
                self.hoist(condition, certain, hoisted);
                self.hoist(then, false, hoisted);
                self.hoist(otherwise, false, hoisted);
            }
            Scalar::Binary(Binary::And | Binary::Or, left, right) => {
                self.hoist(left, certain, hoisted);
                self.hoist(right, false, hoisted);
            }
            _ => {
                for child in scalar.children() {
                    self.hoist(child, certain, hoisted);
                }
            }
        }
    }

    /// Whether all counters and the accumulator that an expression needs are here.
    fn is_known(&self, scalar: &Scalar) -> bool {
        let mut known = true;
        scalar.visit(&mut |it| match it {
            Scalar::Read { operand, .. } => known &= self.scope.read_is_known(*operand),
            Scalar::Index { value, .. } => {
                known &= value.terms.iter().all(|(var, _)| self.scope.counter(*var).is_some());
            }
            Scalar::Acc => known &= self.scope.accumulator().is_some(),
            _ => {}
        });
        known
    }

    /// Whether lanes may have different values.
    pub fn varies(&self, scalar: &Scalar) -> bool {
        if self.lanes == 1 || self.hoisted.borrow().0.contains_key(&std::ptr::from_ref(scalar)) {
            return false;
        }
        match scalar {
            Scalar::Read { operand, .. } => self.scope.read_varies(*operand),
            Scalar::Index { value, .. } => value
                .terms
                .iter()
                .any(|(var, _)| self.scope.counter(*var).is_some_and(|it| it.moves)),
            Scalar::Acc => self.scope.accumulator().is_some_and(|it| it.value.ty.is_vector()),
            _ => scalar.children().into_iter().any(|it| self.varies(it)),
        }
    }

    /// The type of an expression.
    pub fn elem(&self, scalar: &Scalar) -> Elem {
        match scalar {
            Scalar::Read { operand, .. } => self.scope.elem(*operand),
            Scalar::Acc => self.scope.accumulator().map_or(Elem::F32, |it| it.elem),
            Scalar::Float { elem, .. } | Scalar::Int { elem, .. } | Scalar::Index { elem, .. } => {
                *elem
            }
            Scalar::Bool(_) | Scalar::Compare(..) => Elem::Bool,
            Scalar::Unary(_, value) | Scalar::Binary(_, value, _) => self.elem(value),
            Scalar::Select { then, .. } => self.elem(then),
            Scalar::Cast { to, .. } => *to,
        }
    }

    /// The value of an expression in the active lanes.
    pub fn emit(&self, scalar: &Scalar, active: Active) -> Typed {
        if let Some(&known) = self.hoisted.borrow().0.get(&std::ptr::from_ref(scalar)) {
            return known;
        }
        let builder = self.builder;
        let elem = self.elem(scalar);
        let value = match scalar {
            Scalar::Read { operand, .. } => {
                let loaded = self.scope.read(*operand, active, self);
                builder.from_memory(loaded, elem)
            }
            Scalar::Acc => match self.scope.accumulator() {
                Some(accumulator) => accumulator.value,
                // Verified graphs name it in finishes alone.
                None => unreachable!("an accumulator outside a finish"),
            },
            Scalar::Float { value, .. } => {
                builder.float(Kind::of_register(elem).one(), rounded(*value, elem))
            }
            Scalar::Int { value, .. } => self.number(*value, elem),
            Scalar::Bool(value) => builder.bool(*value),
            Scalar::Index { value, .. } => self.index(value, elem),
            Scalar::Unary(op, value) => {
                let value = self.emit(value, active).value;
                self.unary(*op, value, elem)
            }
            Scalar::Binary(op @ (Binary::And | Binary::Or), left, right) => {
                self.logic(*op, left, right, active)
            }
            Scalar::Binary(op, left, right) => {
                let (left, right) = (self.emit(left, active), self.emit(right, active));
                self.binary(*op, left.value, right.value, elem)
            }
            Scalar::Compare(op, left, right) => {
                let (left, right) = (self.emit(left, active), self.emit(right, active));
                match left.elem {
                    Elem::U8 | Elem::Bool => builder.compare_unsigned(*op, left.value, right.value),
                    _ => builder.compare(*op, left.value, right.value),
                }
            }
            Scalar::Select { condition, then, otherwise } => {
                self.select(condition, then, otherwise, active)
            }
            Scalar::Cast { to, value } => {
                let value = self.emit(value, active);
                builder.cast(value.value, value.elem, *to)
            }
        };
        Typed { value, elem }
    }

    fn number(&self, value: i64, elem: Elem) -> Value {
        let ty = Kind::of_register(elem).one();
        if elem.is_float() {
            return self.builder.float(ty, rounded(value as f64, elem));
        }
        self.builder.constant(ty, value)
    }

    /// `offset + Σ coefficient · counter`
    fn index(&self, affine: &Affine, elem: Elem) -> Value {
        let builder = self.builder;
        let mut start = self.scope.dim(&affine.offset);
        let mut step: Option<Value> = None;
        for (var, coefficient) in &affine.terms {
            let Some(counter) = self.scope.counter(*var) else {
                unreachable!("a loop counter outside its loop");
            };
            let coefficient = self.scope.dim(coefficient);
            start = builder.add(start, builder.mul(counter.start, coefficient));
            if counter.moves {
                step = Some(match step {
                    Some(sum) => builder.add(sum, coefficient),
                    None => coefficient,
                });
            }
        }
        // Integers are narrowed before they are spread over lanes.
        let narrow = if elem.is_int() { Kind::of_register(elem) } else { Kind::I64 };
        let start = builder.truncate(start, narrow);
        let value = match step {
            Some(step) if self.lanes > 1 => {
                let lanes = builder.iota(narrow.lanes(self.lanes));
                let step = builder.truncate(step, narrow);
                builder.add(builder.mul(lanes, step), start)
            }
            _ => start,
        };
        let whole = if elem.is_int() { elem } else { Elem::I64 };
        builder.cast(value, whole, elem)
    }

    /// `And` and `Or` look at their right side only where the left one leaves it open.
    fn logic(&self, op: Binary, left: &Scalar, right: &Scalar, active: Active) -> Value {
        let builder = self.builder;
        let varies = self.varies(left) || self.varies(right);
        let left = self.emit(left, active).value;
        let is_and = op == Binary::And;
        if !reads(right) {
            let right = self.emit(right, active).value;
            return if is_and { builder.and(left, right) } else { builder.or(left, right) };
        }
        let lanes = if varies { self.lanes } else { 1 };
        if left.ty.is_vector() {
            let open = if is_and { left } else { builder.not(left) };
            let right = self.emit(right, active.and(builder, open)).value;
            let right = builder.and(open, right);
            return if is_and { right } else { builder.or(left, right) };
        }
        let open = || vec![builder.broadcast(self.emit(right, active).value, lanes)];
        let settled = || vec![builder.constant(Kind::I1.lanes(lanes), i64::from(!is_and))];
        if is_and {
            builder.branch(left, open, settled)[0]
        } else {
            builder.branch(left, settled, open)[0]
        }
    }

    fn select(
        &self,
        condition: &Scalar,
        then: &Scalar,
        otherwise: &Scalar,
        active: Active,
    ) -> Value {
        let builder = self.builder;
        let varies = self.varies(then) || self.varies(otherwise) || self.varies(condition);
        let chosen = self.emit(condition, active).value;
        if !reads(then) && !reads(otherwise) {
            let then = self.emit(then, active).value;
            let otherwise = self.emit(otherwise, active).value;
            return builder.select(chosen, then, otherwise);
        }
        if chosen.ty.is_vector() {
            let side = |scalar: &Scalar, holds: bool| {
                if !reads(scalar) {
                    return self.emit(scalar, active).value;
                }
                let mask = if holds { chosen } else { builder.not(chosen) };
                self.emit(scalar, active.and(builder, mask)).value
            };
            let (then, otherwise) = (side(then, true), side(otherwise, false));
            return builder.select(chosen, then, otherwise);
        }
        let lanes = if varies { self.lanes } else { 1 };
        let side =
            |scalar: &Scalar| vec![builder.broadcast(self.emit(scalar, active).value, lanes)];
        builder.branch(chosen, || side(then), || side(otherwise))[0]
    }

    fn unary(&self, op: Unary, value: Value, elem: Elem) -> Value {
        let builder = self.builder;
        let float = elem.is_float();
        match op {
            Unary::Neg => builder.neg(value),
            Unary::Not => builder.not(value),
            Unary::Exp => builder.exp(value),
            Unary::Log => builder.log(value),
            Unary::Sqrt => builder.sqrt(value),
            Unary::Rsqrt => builder.div(builder.float(value.ty, 1.0), builder.sqrt(value)),
            Unary::Tanh => builder.tanh(value),
            Unary::Sin => builder.sin(value),
            Unary::Cos => builder.cos(value),
            Unary::Erf => builder.erf(value),
            Unary::Abs if float => builder.abs_float(value),
            Unary::Abs if elem == Elem::U8 => value,
            Unary::Abs => {
                let negative = builder.compare(Compare::Lt, value, builder.zero(value.ty));
                builder.select(negative, builder.neg(value), value)
            }
            Unary::Floor | Unary::Ceil | Unary::Round if !float => value,
            Unary::Floor => builder.floor(value),
            Unary::Ceil => builder.ceil(value),
            Unary::Round => builder.round(value),
            Unary::Sign if elem == Elem::U8 => {
                let one = builder.compare(Compare::Ne, value, builder.zero(value.ty));
                builder.extend_unsigned(one, value.ty.kind)
            }
            Unary::Sign => builder.sign(value),
        }
    }

    /// Any operation but the lazy ones.
    pub fn binary(&self, op: Binary, left: Value, right: Value, elem: Elem) -> Value {
        let builder = self.builder;
        let float = elem.is_float();
        let unsigned = matches!(elem, Elem::U8 | Elem::Bool);
        let extreme = |op: Compare| {
            let takes_left = if unsigned {
                builder.compare_unsigned(op, left, right)
            } else {
                builder.compare(op, left, right)
            };
            builder.select(takes_left, left, right)
        };
        match op {
            Binary::Add => builder.add(left, right),
            Binary::Sub => builder.sub(left, right),
            Binary::Mul => builder.mul(left, right),
            Binary::Div if float => builder.div(left, right),
            Binary::Div | Binary::FloorDiv if !float => self.divide(left, right, unsigned).0,
            Binary::Rem if !float => self.divide(left, right, unsigned).1,
            Binary::Div | Binary::FloorDiv => builder.floor(builder.div(left, right)),
            Binary::Rem => {
                let quotient = builder.floor(builder.div(left, right));
                builder.sub(left, builder.mul(right, quotient))
            }
            Binary::Pow if float => builder.pow(left, right),
            Binary::Pow => {
                let wide = |value: Value| builder.cast(value, elem, Elem::F64);
                let power = builder.pow(wide(left), wide(right));
                builder.cast(power, Elem::F64, elem)
            }
            Binary::Max if float => builder.max_float(left, right),
            Binary::Min if float => builder.min_float(left, right),
            Binary::Max => extreme(Compare::Gt),
            Binary::Min => extreme(Compare::Lt),
            Binary::And => builder.and(left, right),
            Binary::Or => builder.or(left, right),
            Binary::BitAnd => builder.and(left, right),
            Binary::BitOr => builder.or(left, right),
            Binary::BitXor => builder.xor(left, right),
            Binary::ShiftLeft => builder.shift_left_by(left, right),
            Binary::ShiftRight => builder.shift_right_unsigned_by(left, right),
        }
    }

    /// Floored quotient and remainder; by 0 both are 0, and never a trap.
    fn divide(&self, left: Value, right: Value, unsigned: bool) -> (Value, Value) {
        let builder = self.builder;
        let (left, right) = builder.same_lanes(left, right);
        if let Some(divisor) = right.as_constant().filter(|it| *it > 0 && !unsigned) {
            let quotient = builder.div_floor(left, right);
            let product = builder.mul(quotient, builder.constant(left.ty, divisor));
            return (quotient, builder.sub(left, product));
        }
        let zero = builder.constant(left.ty, 0);
        let one = builder.constant(left.ty, 1);
        let by_zero = builder.compare(Compare::Eq, right, zero);
        if unsigned {
            let safe = builder.select(by_zero, one, right);
            let quotient = builder.div_unsigned(left, safe);
            let rest = builder.rem_unsigned(left, safe);
            return (builder.select(by_zero, zero, quotient), builder.select(by_zero, zero, rest));
        }
        let minus = builder.constant(left.ty, -1);
        let by_minus = builder.compare(Compare::Eq, right, minus);
        let safe = builder.select(builder.or(by_zero, by_minus), one, right);
        let quotient = builder.div_trunc(left, safe);
        let rest = builder.sub(left, builder.mul(quotient, safe));
        // Towards minus infinity: one less where the signs differ and something is left.
        let left_over = builder.compare(Compare::Ne, rest, zero);
        let differ = builder.compare(Compare::Lt, builder.xor(rest, safe), zero);
        let adjust = builder.and(left_over, differ);
        let quotient = builder.select(adjust, builder.sub(quotient, one), quotient);
        let rest = builder.select(adjust, builder.add(rest, safe), rest);
        let quotient = builder.select(by_minus, builder.neg(left), quotient);
        (builder.select(by_zero, zero, quotient), builder.select(by_zero, zero, rest))
    }
}

/// Whether an expression reads memory.
fn reads(scalar: &Scalar) -> bool {
    let mut reads = false;
    scalar.visit(&mut |it| reads |= matches!(it, Scalar::Read { .. }));
    reads
}

/// A literal in the precision of its type.
fn rounded(value: f64, elem: Elem) -> f64 {
    match elem {
        Elem::F16 => half::f16::from_f64(value).to_f64(),
        Elem::BF16 => half::bf16::from_f64(value).to_f64(),
        Elem::F32 => f64::from(value as f32),
        Elem::F64 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => value,
    }
}
