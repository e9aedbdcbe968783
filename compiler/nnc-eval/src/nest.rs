//! Nests, point by point.

use crate::program::{Compiler, Float, OutOfRange, Place, Point, Position, Read, Value};
use crate::tensor::{Data, Tensor, strides};
use nnc_base::Name;
use nnc_graph::{Binary, Elem, Nest, NestKind, ReduceOp, Reduction, Scalar, TensorType};

/// Where a nest runs.
pub(crate) struct Context<'a> {
    pub(crate) types: &'a [&'a TensorType],
    pub(crate) operands: &'a [&'a Tensor],
    pub(crate) dims: &'a dyn Fn(Name) -> Option<i64>,
    pub(crate) wide: bool,
}

impl Context<'_> {
    fn compile(&self, scalar: &Scalar, acc: Option<Elem>) -> Result<Value, String> {
        let compiler = Compiler {
            types: self.types,
            operands: self.operands,
            acc,
            dims: self.dims,
            wide: self.wide,
        };
        compiler.value(scalar)
    }

    fn extents(&self, axes: &[nnc_graph::Axis]) -> Result<Vec<usize>, String> {
        axes.iter()
            .map(|axis| {
                let extent = axis.extent.eval(self.dims);
                let extent = extent.and_then(|it| usize::try_from(it).ok());
                extent.ok_or_else(|| format!("{} = {} is no size", axis.name, axis.extent))
            })
            .collect()
    }
}

fn out_of_range(error: OutOfRange) -> String {
    format!(
        "reads position {} of axis {} of operand {}, which has {}",
        error.position, error.axis, error.operand, error.extent
    )
}

/// The values of a nest in the order of its axes.
pub(crate) fn run(nest: &Nest, context: &Context<'_>) -> Result<Data, String> {
    let extents = context.extents(&nest.axes)?;
    let len = extents.iter().product();
    let mut out = Data::zeros(nest.elem, context.wide, len);
    match &nest.kind {
        NestKind::Map { value } => {
            let value = context.compile(value, None)?;
            let mut at = vec![0; extents.len()];
            for index in 0..len {
                store(&mut out, index, &value, &point(&at, context)).map_err(out_of_range)?;
                advance(&mut at, &extents);
            }
        }
        NestKind::Softmax { axis, guard, value } => {
            let guard = guard.as_ref().map(|it| context.compile(it, None)).transpose()?;
            let value = context.compile(value, None)?;
            softmax(&extents, axis.0 as usize, guard.as_ref(), &value, context, &mut out)
                .map_err(out_of_range)?;
        }
        NestKind::Reduce(reduction) => reduce(nest, reduction, &extents, context, &mut out)?,
    }
    Ok(out)
}

fn point<'a>(at: &'a [i64], context: &'a Context<'_>) -> Point<'a> {
    Point { at, operands: context.operands, acc_float: 0.0, acc_int: 0 }
}

/// The next point in row-major order.
fn advance(at: &mut [i64], extents: &[usize]) {
    for (position, extent) in at.iter_mut().zip(extents).rev() {
        *position += 1;
        if *position < *extent as i64 {
            return;
        }
        *position = 0;
    }
}

fn store(out: &mut Data, index: usize, value: &Value, point: &Point<'_>) -> Result<(), OutOfRange> {
    match value {
        Value::Float(value) => out.set_float(index, value.run(point)?),
        Value::Int(value) => out.set_int(index, value.run(point)?),
    }
    Ok(())
}

fn holds(guard: Option<&Value>, point: &Point<'_>) -> Result<bool, OutOfRange> {
    match guard {
        Some(Value::Int(guard)) => Ok(guard.run(point)? != 0),
        Some(Value::Float(_)) | None => Ok(true),
    }
}

fn softmax(
    extents: &[usize],
    axis: usize,
    guard: Option<&Value>,
    value: &Value,
    context: &Context<'_>,
    out: &mut Data,
) -> Result<(), OutOfRange> {
    let Value::Float(value) = value else { return Ok(()) };
    let steps = strides(extents);
    let mut outer = extents.to_vec();
    outer[axis] = 1;
    let mut at = vec![0; extents.len()];
    for _ in 0..outer.iter().product() {
        let base: usize = at.iter().zip(&steps).map(|(&at, &step)| at as usize * step).sum();
        let mut row: Vec<Option<f64>> = Vec::with_capacity(extents[axis]);
        for position in 0..extents[axis] {
            at[axis] = position as i64;
            let point = point(&at, context);
            row.push(if holds(guard, &point)? { Some(value.run(&point)?) } else { None });
        }
        at[axis] = 0;
        let mut greatest = f64::NEG_INFINITY;
        for &it in row.iter().flatten() {
            greatest = if it.is_nan() || greatest.is_nan() { f64::NAN } else { greatest.max(it) };
        }
        let powers: Vec<f64> =
            row.iter().map(|it| it.map_or(0.0, |it| (it - greatest).exp())).collect();
        let sum: f64 = powers.iter().sum();
        for (position, power) in powers.iter().enumerate() {
            let value = if row[position].is_some() { power / sum } else { 0.0 };
            out.set_float(base + position * steps[axis], value);
        }
        advance(&mut at, &outer);
    }
    Ok(())
}

fn reduce(
    nest: &Nest,
    reduction: &Reduction,
    extents: &[usize],
    context: &Context<'_>,
    out: &mut Data,
) -> Result<(), String> {
    let reduced = context.extents(&reduction.axes)?;
    let all: Vec<usize> = extents.iter().chain(&reduced).copied().collect();
    let guard = reduction.guard.as_ref().map(|it| context.compile(it, None)).transpose()?;
    let value = context.compile(&reduction.value, None)?;
    let acc = if reduction.op.gives_position() { Elem::I32 } else { reduction.accumulator };
    let finish = context.compile(&reduction.finish, Some(acc))?;
    let rounded = if context.wide && acc.is_float() { Elem::F64 } else { acc };
    let product = (reduction.op == ReduceOp::Sum)
        .then(|| Product::new(&value, guard.as_ref(), nest.axes.len(), &reduced, context))
        .flatten();
    let mut at = vec![0i64; all.len()];
    let results = extents.len();
    for index in 0..extents.iter().product() {
        at[results..].fill(0);
        let mut running = Running::new(reduction.op, rounded);
        if let Some(product) = &product {
            product.sum(&mut at, guard.as_ref(), context, &mut running).map_err(out_of_range)?;
        } else {
            for step in 0..reduced.iter().product() {
                let point = point(&at, context);
                if holds(guard.as_ref(), &point).map_err(out_of_range)? {
                    match &value {
                        Value::Float(value) => {
                            running.float(value.run(&point).map_err(out_of_range)?, step);
                        }
                        Value::Int(value) => {
                            running.int(value.run(&point).map_err(out_of_range)?, step);
                        }
                    }
                }
                advance(&mut at[results..], &reduced);
            }
        }
        let point = Point {
            at: &at[..results],
            operands: context.operands,
            acc_float: running.float,
            acc_int: running.int,
        };
        store(out, index, &finish, &point).map_err(out_of_range)?;
        advance(&mut at[..results], extents);
    }
    Ok(())
}

/// The running result of a reduction; which field counts is known from its type.
pub(crate) struct Running {
    op: ReduceOp,
    elem: Elem,
    pub(crate) float: f64,
    pub(crate) int: i64,
    /// For positions: the best value so far.
    best: Option<f64>,
    empty: bool,
}

impl Running {
    pub(crate) fn new(op: ReduceOp, elem: Elem) -> Running {
        let least = match elem {
            Elem::I64 => i64::MIN,
            Elem::I8 => i64::from(i8::MIN),
            Elem::U8 | Elem::Bool => 0,
            Elem::I32 | Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => i64::from(i32::MIN),
        };
        let greatest = match elem {
            Elem::I64 => i64::MAX,
            Elem::I8 => i64::from(i8::MAX),
            Elem::U8 => i64::from(u8::MAX),
            Elem::Bool => 1,
            Elem::I32 | Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => i64::from(i32::MAX),
        };
        let (float, int) = match op {
            ReduceOp::Sum
            | ReduceOp::Any
            | ReduceOp::First
            | ReduceOp::ArgMax
            | ReduceOp::ArgMin => (0.0, 0),
            ReduceOp::Product | ReduceOp::All => (1.0, 1),
            ReduceOp::Max => (f64::NEG_INFINITY, least),
            ReduceOp::Min => (f64::INFINITY, greatest),
        };
        Running { op, elem, float, int, best: None, empty: true }
    }

    pub(crate) fn float(&mut self, value: f64, step: usize) {
        let first = std::mem::replace(&mut self.empty, false);
        match self.op {
            ReduceOp::Sum => self.float = crate::math::round_to(self.elem, self.float + value),
            ReduceOp::Product => self.float = crate::math::round_to(self.elem, self.float * value),
            ReduceOp::Max if self.float.is_nan() || value.is_nan() => self.float = f64::NAN,
            ReduceOp::Max => self.float = self.float.max(value),
            ReduceOp::Min if self.float.is_nan() || value.is_nan() => self.float = f64::NAN,
            ReduceOp::Min => self.float = self.float.min(value),
            ReduceOp::First if first => self.float = value,
            ReduceOp::ArgMax | ReduceOp::ArgMin => self.position(value, step),
            ReduceOp::First | ReduceOp::Any | ReduceOp::All => {}
        }
    }

    pub(crate) fn int(&mut self, value: i64, step: usize) {
        let first = std::mem::replace(&mut self.empty, false);
        match self.op {
            ReduceOp::Sum => {
                self.int = crate::math::wrap_to(self.elem, self.int.wrapping_add(value));
            }
            ReduceOp::Product => {
                self.int = crate::math::wrap_to(self.elem, self.int.wrapping_mul(value));
            }
            ReduceOp::Max => self.int = self.int.max(value),
            ReduceOp::Min => self.int = self.int.min(value),
            ReduceOp::Any => self.int |= i64::from(value != 0),
            ReduceOp::All => self.int &= i64::from(value != 0),
            ReduceOp::First if first => self.int = value,
            ReduceOp::ArgMax | ReduceOp::ArgMin => self.position(value as f64, step),
            ReduceOp::First => {}
        }
    }

    fn position(&mut self, value: f64, step: usize) {
        let better = match self.best {
            None => true,
            Some(best) if self.op == ReduceOp::ArgMax => value > best,
            Some(best) => value < best,
        };
        if better {
            self.best = Some(value);
            self.int = step as i64;
        }
    }
}

/// A sum of products of two plain reads, run as a dot product along one axis on
/// which the guard does not depend.
struct Product {
    sides: [Read; 2],
    /// The reduction variable that is walked, its extent, and the others.
    inner: usize,
    extent: usize,
    outer: Vec<(usize, usize)>,
}

/// Partial sums that one dot product keeps, so that long sums stay accurate and
/// do not wait for one another; which addend goes where depends on sizes alone.
const LANES: usize = 16;

impl Product {
    fn new(
        value: &Value,
        guard: Option<&Value>,
        results: usize,
        reduced: &[usize],
        context: &Context<'_>,
    ) -> Option<Product> {
        let Value::Float(Float::Binary(Binary::Mul, elem, left, right)) = value else {
            return None;
        };
        if !matches!(elem, Elem::F32 | Elem::F64) {
            return None;
        }
        let sides = [plain(left)?, plain(right)?];
        for side in &sides {
            let data = &context.operands[side.operand].data;
            let fits = match data {
                Data::F32(_) => *elem == Elem::F32 || context.wide,
                Data::F64(_) => context.wide,
                _ => false,
            };
            if !fits || side.places.iter().any(|it| matches!(it, Place::Data(_))) {
                return None;
            }
        }
        let vars = || results..results + reduced.len();
        let free = |var: usize| guard.is_none_or(|guard| !depends(guard, var));
        // The longest axis with unit strides, else the longest.
        let inner = vars().filter(|&var| free(var)).max_by_key(|&var| {
            let unit = sides.iter().filter(|side| step(side, var) == 1).count();
            (unit, reduced[var - results])
        })?;
        let outer =
            vars().filter(|&var| var != inner).map(|var| (var, reduced[var - results])).collect();
        Some(Product { sides, inner, extent: reduced[inner - results], outer })
    }

    fn sum(
        &self,
        at: &mut [i64],
        guard: Option<&Value>,
        context: &Context<'_>,
        running: &mut Running,
    ) -> Result<(), OutOfRange> {
        if self.extent == 0 {
            return Ok(());
        }
        let counts: Vec<usize> = self.outer.iter().map(|it| it.1).collect();
        let mut counter = vec![0i64; counts.len()];
        for _ in 0..counts.iter().product() {
            for (&(var, _), &count) in self.outer.iter().zip(&counter) {
                at[var] = count;
            }
            at[self.inner] = 0;
            if holds(guard, &point(at, context))? {
                let sum = self.dot(at, context)?;
                running.float(sum, 0);
            }
            advance(&mut counter, &counts);
        }
        Ok(())
    }

    /// Positions are checked where the walk starts and where it ends, between which
    /// they grow or fall evenly.
    fn dot(&self, at: &mut [i64], context: &Context<'_>) -> Result<f64, OutOfRange> {
        let mut starts = [0usize; 2];
        let mut steps = [0i64; 2];
        for (side, (start, walk)) in self.sides.iter().zip(starts.iter_mut().zip(&mut steps)) {
            at[self.inner] = self.extent as i64 - 1;
            check(side, at)?;
            at[self.inner] = 0;
            *start = check(side, at)?;
            *walk = step(side, self.inner);
        }
        let [left, right] = [0, 1].map(|at| &context.operands[self.sides[at].operand].data);
        let place =
            |side: usize, index: usize| (starts[side] as i64 + steps[side] * index as i64) as usize;
        if let (Data::F32(left), Data::F32(right), false) = (left, right, context.wide) {
            let mut lanes = [0f32; LANES];
            if steps == [1, 1] {
                let left = &left[starts[0]..starts[0] + self.extent];
                let right = &right[starts[1]..starts[1] + self.extent];
                for (a, b) in left.chunks(LANES).zip(right.chunks(LANES)) {
                    for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                        *lane += a * b;
                    }
                }
            } else {
                for index in 0..self.extent {
                    lanes[index % LANES] += left[place(0, index)] * right[place(1, index)];
                }
            }
            return Ok(f64::from(lanes.iter().sum::<f32>()));
        }
        Ok((0..self.extent).map(|it| left.float(place(0, it)) * right.float(place(1, it))).sum())
    }
}

fn check(read: &Read, at: &[i64]) -> Result<usize, OutOfRange> {
    let mut offset = 0;
    for (axis, place) in read.places.iter().enumerate() {
        let Place::Position(position) = place else { continue };
        let position = position.at(at);
        let extent = read.extents[axis];
        if position < 0 || position >= extent as i64 {
            return Err(OutOfRange { operand: read.operand, axis, position, extent });
        }
        offset += position as usize * read.strides[axis];
    }
    Ok(offset)
}

/// How far one step of a variable moves a read.
fn step(read: &Read, var: usize) -> i64 {
    let axis = |(axis, place): (usize, &Place)| match place {
        Place::Position(position) => position.coefficient(var) * read.strides[axis] as i64,
        Place::Data(_) => 0,
    };
    read.places.iter().enumerate().map(axis).sum()
}

fn plain(value: &Float) -> Option<Read> {
    match value {
        Float::Read(read) => Some(read.clone()),
        _ => None,
    }
}

/// Whether a guard may change with a variable.
fn depends(guard: &Value, var: usize) -> bool {
    fn position(position: &Position, var: usize) -> bool {
        position.coefficient(var) != 0
    }
    fn int(value: &crate::program::Int, var: usize) -> bool {
        use crate::program::Int as I;
        match value {
            I::Constant(_) => false,
            I::Position(it, _) => position(it, var),
            I::Unary(_, _, value) | I::CastInts(_, value) => int(value, var),
            I::Binary(_, _, left, right) | I::CompareInts(_, left, right) => {
                int(left, var) || int(right, var)
            }
            I::Select(a, b, c) => int(a, var) || int(b, var) || int(c, var),
            I::Acc | I::Read(_) | I::CompareFloats(..) | I::CastFloats(..) => true,
        }
    }
    match guard {
        Value::Int(guard) => int(guard, var),
        Value::Float(_) => true,
    }
}
